//! The list of forms by contest, region, state and flag: what reviewers work from, and a report to take away.
//!
//! Invariant: what is shown and what a file holds are answers to the same question; a file that was cut says so.

use axum::response::Response;

use super::address::{self, escaped, parameter};
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::files;
use super::frame::{self, Failure, Frame};
use super::gate::Visitor;
use super::recap::{chosen, contest_field, region_of};
use crate::dto::contests::Contests;
use crate::dto::forms::{FormEntry, Forms};
use crate::export::Value;
use crate::web::{state_words, when};

/// Forms on one page.
const PAGE: usize = 100;

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
        let chosen = |name: &str| if visitor.asked(name) == "ya" { "true" } else { "" };
        let query = [
            parameter("region", &region),
            parameter("state", visitor.asked("keadaan")),
            parameter("rule", &visitor.asked("aturan").to_uppercase()),
            parameter("flagged", chosen("bertanda")),
            parameter("approval_pending", chosen("setuju")),
        ];
        Self { contest, region, query: query.concat() }
    }

    fn path(&self, limit: usize, next: Option<&str>) -> String {
        let next = parameter("next", next.unwrap_or_default());
        format!("/api/v1/tallies/{}?limit={limit}{}{next}", escaped(&self.contest), self.query)
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
    if let Some(file) = files::asked(&visitor)? {
        let found = files::gathered::<Forms>(&visitor, |limit, next| asked.path(limit, next)).await?;
        let name = format!("formulir-{}-{}", asked.contest, asked.region);
        return file.of(&table(&asked, found.rows), &name, (found.index, found.cut)).await;
    }
    let next = Some(visitor.asked("lanjut")).filter(|next| !next.is_empty());
    let answer = visitor.client.read::<Forms>(asked.path(PAGE, next)).await?;
    let (node, index) = (answer.node, answer.index);
    let mut blocks = vec![Block::Table(table(&asked, answer.value.forms))];
    if let Some(next) = &answer.value.next {
        blocks
            .push(Block::Links(vec![Link::new(address::with(&visitor, "lanjut", next), "Lanjutkan daftar")]));
    }
    blocks.push(files::links(&visitor));
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

fn table(asked: &Asked, forms: Vec<FormEntry>) -> Table {
    let rows = forms.into_iter().map(|form| {
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
