//! The list of forms by contest, region, state and flag: what reviewers work from, and a report to take away.
//!
//! Invariant: what is shown and what a file holds are answers to the same question; a file that was cut says so.

use axum::response::Response;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::Visitor;
use super::recap::{chosen, contest_field, region_of};
use crate::dto::contests::Contests;
use crate::dto::forms::Forms;
use crate::export::{Shape, Value};
use crate::web::{state_words, when};

/// Forms on one page.
const PAGE: usize = 100;
/// Forms in a file, and calls to gather them.
const FILE_ROWS_MAX: usize = 10_000;
const FILE_CALLS_MAX: usize = 200;

const STATES: [(&str, &str); 7] = [
    ("", "Semua keadaan"),
    ("absent", "Belum masuk"),
    ("reported", "Diterima, belum dibaca dua kali"),
    ("disputed", "Dua bacaan berbeda"),
    ("held", "Ditahan"),
    ("reviewed", "Dua bacaan sesuai"),
    ("certified", "Disahkan"),
];

/// What a visitor asks to see.
struct Asked {
    contest: String,
    region: String,
    query: String,
}

impl Asked {
    fn read(visitor: &Visitor, contests: &Contests) -> Self {
        let contest = chosen(visitor, contests);
        let region = match visitor.asked("wilayah") {
            "" => region_of(&visitor.account.scope).to_owned(),
            region => region.to_owned(),
        };
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                query.extend(["&", name, "=", &escaped(value)]);
            }
        };
        add("region", &region);
        add("state", visitor.asked("keadaan"));
        add("rule", &visitor.asked("aturan").to_uppercase());
        add("flagged", if visitor.asked("bertanda") == "ya" { "true" } else { "" });
        add("approval_pending", if visitor.asked("setuju") == "ya" { "true" } else { "" });
        Self { contest, region, query }
    }

    fn path(&self, limit: usize, next: Option<&str>) -> String {
        let next = next.map_or_else(String::new, |next| format!("&next={}", escaped(next)));
        format!("/api/v1/tallies/{}?limit={limit}{}{next}", escaped(&self.contest), self.query)
    }
}

/// What stands in an address as it is (RFC 3986, unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as a part of an address.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The address of this page with one parameter changed.
pub(super) fn address_with(visitor: &Visitor, name: &str, value: &str) -> String {
    let kept = visitor.query.iter().filter(|(key, _)| key != name && key != "pesan");
    let pairs = kept.map(|(key, value)| format!("{}={}", escaped(key), escaped(value)));
    let all: Vec<String> = pairs.chain([format!("{name}={}", escaped(value))]).collect();
    format!("{}?{}", visitor.here, all.join("&"))
}

/// Links to the same as files.
pub(super) fn files(visitor: &Visitor) -> Block {
    let link = |(_, name): (Shape, &str)| {
        Link::new(address_with(visitor, "berkas", name), format!("Unduh {}", name.to_uppercase()))
    };
    Block::Links(Shape::ALL.into_iter().map(link).collect())
}

/// The kind of file that is asked for, if one is.
pub(super) fn file_asked(visitor: &Visitor) -> Result<Option<Shape>, Failure> {
    match visitor.asked("berkas") {
        "" => Ok(None),
        text => {
            Shape::parse(text).map(Some).ok_or_else(|| Failure::wrong("Bentuk berkas: csv, xlsx, atau pdf."))
        }
    }
}

/// `GET /meja/formulir`.
pub(super) async fn list(visitor: Visitor) -> Result<Response, Failure> {
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value;
    let asked = Asked::read(&visitor, &contests);
    let title = "Formulir";
    let filter = filter(&visitor, &contests, &asked);
    if asked.contest.is_empty() {
        let frame = Frame::inside(title, &visitor);
        return Ok(frame::page(frame, title, vec![Section::new("", vec![Block::Form(filter)])]));
    }
    if let Some(shape) = file_asked(&visitor)? {
        return file(&visitor, &asked, shape).await;
    }
    let next = Some(visitor.asked("lanjut")).filter(|next| !next.is_empty());
    let answer = visitor.client.read::<Forms>(asked.path(PAGE, next)).await?;
    let (node, index) = (answer.node, answer.index);
    let table = table(&asked, vec![answer.value.clone()]);
    let mut blocks = vec![Block::Table(table)];
    if let Some(next) = &answer.value.next {
        blocks
            .push(Block::Links(vec![Link::new(address_with(&visitor, "lanjut", next), "Lanjutkan daftar")]));
    }
    blocks.push(files(&visitor));
    let sections = vec![Section::new("Saring", vec![Block::Form(filter)]), Section::new("", blocks)];
    Ok(frame::page(Frame::inside(title, &visitor).of(node, index), title, sections))
}

fn filter(visitor: &Visitor, contests: &Contests, asked: &Asked) -> Form {
    const FLAGS: [(&str, &str); 2] = [("", "Dengan atau tanpa tanda"), ("ya", "Hanya yang bertanda")];
    const APPROVAL: [(&str, &str); 2] = [("", "Semua"), ("ya", "Menunggu persetujuan koreksi")];
    let fields = vec![
        contest_field(contests, &asked.contest),
        Field::new("wilayah", "Kode wilayah", Kind::Text)
            .holding(&asked.region)
            .with_hint("0 = seluruh negeri"),
        Field::choice("keadaan", "Keadaan", &STATES, visitor.asked("keadaan")),
        Field::choice("bertanda", "Tanda", &FLAGS, visitor.asked("bertanda")),
        Field::new("aturan", "Aturan", Kind::Text)
            .optional()
            .holding(visitor.asked("aturan"))
            .with_hint("misalnya R14"),
        Field::choice("setuju", "Koreksi besar", &APPROVAL, visitor.asked("setuju")),
    ];
    Form::looking("/meja/formulir", fields)
}

fn table(asked: &Asked, pages: Vec<Forms>) -> Table {
    let forms = pages.into_iter().flat_map(|page| page.forms);
    let rows = forms.map(|form| {
        let at = form.updated_at.as_deref().map_or(Value::Unknown, |at| when(at, &form.station).into());
        let state = if form.approval_pending {
            format!("{}, menunggu persetujuan", state_words(&form.state))
        } else {
            state_words(&form.state).to_owned()
        };
        let address = Some(format!("/meja/formulir/{}/{}", asked.contest, form.station));
        let cells = vec![
            form.station.into(),
            form.name.into(),
            form.village.into(),
            state.into(),
            u64::from(form.revision).into(),
            form.rules.join(" ").into(),
            at,
        ];
        Row { cells, address, pick: None }
    });
    Table {
        caption: format!("Formulir {} di wilayah {}", asked.contest, asked.region),
        columns: columns(&[
            "Kode TPS",
            "TPS",
            "Kelurahan/Desa",
            "Keadaan",
            "#Revisi",
            "Tanda",
            "Terakhir berubah",
        ]),
        rows: rows.collect(),
        empty: "Tidak ada formulir seperti itu di bagian ini.".to_owned(),
    }
}

async fn file(visitor: &Visitor, asked: &Asked, shape: Shape) -> Result<Response, Failure> {
    let (mut pages, mut found, mut next) = (Vec::new(), 0_usize, None::<String>);
    let (mut index, mut cut) = (0, false);
    for call in 0..FILE_CALLS_MAX {
        let answer = visitor.client.read::<Forms>(asked.path(1_000, next.as_deref())).await?;
        index = answer.index.unwrap_or(index);
        found = found.saturating_add(answer.value.forms.len());
        next.clone_from(&answer.value.next);
        pages.push(answer.value);
        if next.is_none() {
            break;
        }
        cut = found >= FILE_ROWS_MAX || call.saturating_add(1) == FILE_CALLS_MAX;
        if cut {
            break;
        }
    }
    let file = format!("formulir-{}-{}", asked.contest, asked.region);
    let sheet = table(asked, pages).sheet(&file, source(index), cut);
    sheet.answer(shape).map_err(|error| exported(&error))
}

/// The line that says where a file is from.
pub(super) fn source(index: u64) -> String {
    format!("Sumber: Rakit, indeks log {index}. Hasil sementara, bukan hasil resmi.")
}

/// A file that could not be made.
pub(super) fn exported(error: &crate::export::ExportError) -> Failure {
    tracing::error!(%error, "a file was not written");
    Failure::wrong("Berkas ini tidak dapat dibuat. Pilih bentuk lain.")
}
