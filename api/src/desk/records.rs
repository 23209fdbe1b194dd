//! The audit log and the check of one transaction.
//!
//! Invariant: lines are shown by log index, newest first, from a window that the page names; what a window leaves out it
//! says.

use axum::response::Response;

use super::address::{self, escaped, parameter};
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::files;
use super::frame::{self, Failure, Frame};
use super::gate::Visitor;
use crate::dto::audit::{AuditLine, AuditPage};
use crate::dto::changes::Changes;
use crate::dto::requests::RequestFound;
use crate::dto::session::Account;
use crate::export::Value;
use crate::ports::AuditPlace;
use crate::web::{event_words, when};

/// Log entries a page looks through.
const WINDOW: u64 = 5_000;
/// Lines of a window that are read.
const LINES_MAX: usize = 10_000;
/// Lines that are read at once.
const PAGE: usize = 1_000;

/// Lines after one index, up to another, that fit; and whether some were left out.
async fn lines(visitor: &Visitor, (after, upto): (u64, u64)) -> Result<(Vec<AuditLine>, bool), Failure> {
    let (who, what) = (visitor.asked("akun").to_owned(), visitor.asked("kejadian").to_owned());
    let fits = |line: &AuditLine| {
        let about = line.actor == who || line.subject.as_deref() == Some(who.as_str());
        (who.is_empty() || about) && (what.is_empty() || line.event == what)
    };
    let mut next = Some(AuditPlace { index: after, item: u16::MAX, number: u32::MAX }.to_string());
    let (mut found, mut read) = (Vec::new(), 0_usize);
    while let Some(place) = next {
        let page =
            visitor.client.read::<AuditPage>(format!("/api/v1/audit?limit={PAGE}&next={place}")).await?.value;
        read = read.saturating_add(page.records.len());
        let past = page.records.last().is_some_and(|line| line.index > upto);
        found.extend(page.records.into_iter().filter(|line| line.index <= upto && fits(line)));
        next = page.next.filter(|_| !past);
        if read >= LINES_MAX {
            return Ok((found, next.is_some()));
        }
    }
    Ok((found, false))
}

/// A log index that is asked for, as people write it; none when nothing is.
fn index_asked(visitor: &Visitor, name: &str) -> Result<Option<u64>, Failure> {
    match visitor.asked(name).replace('.', "").as_str() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Failure::wrong("Nomor indeks terdiri dari angka saja.")),
    }
}

/// `GET /meja/catatan`.
pub(super) async fn page(visitor: Visitor) -> Result<Response, Failure> {
    let me = visitor.client.read::<Account>("/api/v1/me").await?;
    let newest = me.index.unwrap_or_default();
    let upto = index_asked(&visitor, "sampai")?.unwrap_or(newest).min(newest);
    let after = match index_asked(&visitor, "dari")? {
        Some(from) => from.saturating_sub(1),
        None => upto.saturating_sub(WINDOW),
    };
    let (mut found, cut) = lines(&visitor, (after, upto)).await?;
    found.reverse();
    let table = table(&found, (after, upto));
    if let Some(file) = files::asked(&visitor)? {
        return file.of(&table, "log-audit", (newest, cut)).await;
    }
    let fields = vec![
        Field::new("akun", "Akun", Kind::Text).optional().holding(visitor.asked("akun")),
        Field::new("kejadian", "Kejadian", Kind::Text)
            .optional()
            .holding(visitor.asked("kejadian"))
            .with_hint("misalnya signed_in, sign_in_failed, account_changed"),
        Field::new("dari", "Dari indeks", Kind::Text).optional().holding(visitor.asked("dari")),
        Field::new("sampai", "Sampai indeks", Kind::Text).optional().holding(visitor.asked("sampai")),
    ];
    let mut blocks = vec![Block::Form(Form::looking("/meja/catatan", fields))];
    if cut {
        let text = "Jendela ini terlalu ramai; sebagian baris terbaru tidak terbaca. Persempit indeksnya.";
        blocks.push(Block::Warning(text.to_owned()));
    }
    blocks.push(Block::Table(table));
    if after > 0 {
        let address = address::with(&visitor, "sampai", &after.to_string());
        blocks.push(Block::Links(vec![Link::new(address, "Yang lebih lama")]));
    }
    blocks.push(files::links(&visitor));
    let frame = Frame::inside("Log audit", &visitor).of(me.node, me.index);
    Ok(frame::page(frame, "Log audit", vec![Section::new("", blocks)]))
}

fn table(lines: &[AuditLine], (after, upto): (u64, u64)) -> Table {
    let rows = lines.iter().map(|line| {
        let details = line.details.iter().map(|(name, value)| format!("{name}={value}"));
        let cells = vec![
            Value::Text(when(&line.at, "0")),
            line.actor.as_str().into(),
            line.event.as_str().into(),
            line.subject.clone().unwrap_or_default().into(),
            details.collect::<Vec<_>>().join(", ").into(),
            line.index.into(),
        ];
        Row { cells, ..Row::default() }
    });
    Table {
        caption: format!("Log audit, indeks {} sampai {upto}, yang terbaru di atas", after.saturating_add(1)),
        columns: columns(&["Waktu", "Pelaku", "Kejadian", "Tentang", "Rincian", "#Indeks"]),
        rows: rows.collect(),
        empty: "Tidak ada catatan seperti itu di jendela indeks ini.".to_owned(),
    }
}

/// `GET /meja/transaksi`.
pub(super) async fn transaction(visitor: Visitor) -> Result<Response, Failure> {
    let by_index = vec![
        Field::new("indeks", "Nomor indeks pada tanda terima", Kind::Text).holding(visitor.asked("indeks")),
    ];
    let by_key = vec![
        Field::new("kunci-lama", "Kunci permintaan (UUID)", Kind::Text).holding(visitor.asked("kunci-lama")),
        Field::new("akun", "Akun", Kind::Text)
            .optional()
            .holding(visitor.asked("akun"))
            .with_hint("kosong = akun ini"),
    ];
    let ask = vec![
        Block::Form(Form::looking("/meja/transaksi", by_index)),
        Block::Form(Form::looking("/meja/transaksi", by_key)),
    ];
    let mut sections = vec![Section::new("Cari", ask)];
    if let Some(index) = index_asked(&visitor, "indeks")? {
        sections.push(at_index(&visitor, index).await?);
    }
    if !visitor.asked("kunci-lama").is_empty() {
        sections.push(under_key(&visitor).await?);
    }
    Ok(frame::page(Frame::inside("Cek transaksi", &visitor), "Cek transaksi", sections))
}

async fn at_index(visitor: &Visitor, index: u64) -> Result<Section, Failure> {
    let path = format!("/api/v1/changes?after={}&limit=1", index.saturating_sub(1));
    let changes = visitor.client.read::<Changes>(path).await?.value.changes;
    let rows = changes.iter().filter(|change| change.index == index).map(|change| Row {
        cells: vec![
            change.station.as_str().into(),
            change.contest.as_str().into(),
            event_words(&change.kind).into(),
            u64::from(change.revision).into(),
            when(&change.at, &change.station).into(),
            change.digest.as_str().into(),
        ],
        address: Some(format!("/meja/formulir/{}/{}", change.contest, change.station)),
        pick: None,
    });
    let table = Table {
        caption: format!("Yang tersimpan pada indeks {index}"),
        columns: columns(&["Kode TPS", "Pemilihan", "Kejadian", "#Revisi", "Waktu", "Sidik data"]),
        rows: rows.collect(),
        empty: "Tidak ada perubahan formulir pada indeks ini.".to_owned(),
    };
    Ok(Section::new("Hasil", vec![Block::Table(table)]))
}

async fn under_key(visitor: &Visitor) -> Result<Section, Failure> {
    let account = parameter("account", visitor.asked("akun"));
    let path = format!("/api/v1/requests/{}?{account}", escaped(visitor.asked("kunci-lama")));
    let found = visitor.client.read::<RequestFound>(path).await?.value;
    let outcome = match found.outcome.as_str() {
        "tallied" => "Tersimpan sebagai perubahan formulir",
        "refused" => "Ditolak; tidak ada yang berubah",
        "defined" => "Data induk disimpan",
        _ => "Dikerjakan",
    };
    let mut pairs = vec![
        ("Akun".to_owned(), found.username),
        ("Kunci".to_owned(), found.key),
        ("Jawaban".to_owned(), outcome.to_owned()),
    ];
    let more = [("Kode penolakan", found.code), ("Indeks", found.index.map(|index| index.to_string()))];
    pairs.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let mut blocks = vec![Block::Pairs(pairs)];
    if let Some((contest, station)) = found.contest.zip(found.station) {
        let address = format!("/meja/formulir/{contest}/{station}");
        blocks.push(Block::Links(vec![Link::new(address, format!("Formulir TPS {station}"))]));
    }
    Ok(Section::new("Hasil", blocks))
}
