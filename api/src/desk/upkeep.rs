//! Master data and upkeep: what is loaded, files to load, pages to render anew, attachments to look at again.
//!
//! Invariant: what concerns one node only names that node.

use axum::response::{IntoResponse as _, Redirect, Response};
use http::Method;

use super::blocks::{Block, Field, Form, Kind, Row, Section, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::{Posted, Visitor};
use super::recap::region_of;
use crate::client::Call;
use crate::dto::attachments::Rescanned;
use crate::dto::contests::Contests;
use crate::dto::regions::{RegionChild, RegionPage};
use crate::dto::upkeep::PagesReloaded;
use crate::export::Value;
use crate::web::when;

/// `GET /meja/perawatan`.
pub(super) async fn page(visitor: Visitor) -> Result<Response, Failure> {
    let title = "Data dan perawatan";
    let rescanned = visitor.client.read::<Rescanned>("/api/v1/attachments/rescan").await?;
    let region = match visitor.asked("wilayah") {
        "" => region_of(&visitor.account.scope).to_owned(),
        region => region.to_owned(),
    };
    let mut sections = vec![contests(&visitor).await?];
    sections.push(regions(&visitor, &region).await?);
    if visitor.is(&["super_admin"]) {
        sections.push(super::master::section());
    }
    let node = rescanned.node.unwrap_or_default();
    sections.push(Section::new(
        "Halaman yang sudah dibuat",
        vec![
            Block::Text(format!(
                "Simpul {node} membuat ulang semua halaman publiknya. Pembaca tetap dilayani."
            )),
            doing("halaman", "Buat ulang halaman"),
        ],
    ));
    sections.push(scanning(node, &rescanned.value));
    let frame = Frame::inside(title, &visitor).of(rescanned.node, rescanned.index);
    Ok(frame::page(frame, title, sections))
}

fn doing(what: &str, button: &str) -> Block {
    Block::Form(Form::posting("/meja/perawatan", button, vec![Field::hidden("langkah", what)]))
}

async fn contests(visitor: &Visitor) -> Result<Section, Failure> {
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value.contests;
    let rows = contests.iter().map(|contest| Row {
        cells: vec![
            contest.id.as_str().into(),
            contest.name.as_str().into(),
            contest.kind.as_str().into(),
            contest.region.as_str().into(),
            u64::try_from(contest.options.len()).unwrap_or(u64::MAX).into(),
            contest.poll_day.clone().map_or(Value::Unknown, Value::Text),
        ],
        address: Some(format!("/meja/rekap?pemilihan={}&wilayah={}", contest.id, contest.region)),
        pick: None,
    });
    let table = Table {
        caption: "Pemilihan yang dimuat".to_owned(),
        columns: columns(&["Kode", "Nama", "Jenis", "Wilayah", "#Pilihan", "Hari pemungutan suara"]),
        rows: rows.collect(),
        empty: "Belum ada pemilihan.".to_owned(),
    };
    Ok(Section::new("Pemilihan", vec![Block::Table(table)]))
}

async fn regions(visitor: &Visitor, region: &str) -> Result<Section, Failure> {
    let field =
        Field::new("wilayah", "Kode wilayah", Kind::Text).holding(region).with_hint("0 = seluruh negeri");
    let mut blocks = vec![Block::Form(Form::looking("/meja/perawatan", vec![field]))];
    let path = format!("/api/v1/regions/{}", super::address::escaped(region));
    let page = match visitor.client.read::<RegionPage>(path).await {
        Ok(answer) => answer.value,
        // Nothing is loaded yet, or nothing under that code.
        Err(error) if error.code() == Some("not-found") => {
            blocks.push(Block::Text("Wilayah ini belum dimuat.".to_owned()));
            return Ok(Section::new("Wilayah dan TPS", blocks));
        }
        Err(error) => return Err(error.into()),
    };
    let rows = page.children.iter().map(|child| match child {
        RegionChild::Region(line) => Row {
            cells: vec![
                line.code.as_str().into(),
                line.name.as_str().into(),
                line.stations.into(),
                Value::Unknown,
            ],
            address: Some(format!("/meja/perawatan?wilayah={}", line.code)),
            pick: None,
        },
        RegionChild::Station(line) => Row {
            cells: vec![
                line.code.as_str().into(),
                line.name.as_str().into(),
                Value::Count(1),
                line.registered.map_or(Value::Unknown, |voters| Value::Count(u64::from(voters))),
            ],
            ..Row::default()
        },
    });
    blocks.push(Block::Table(Table {
        caption: format!("{}: {} TPS", page.name, crate::dto::text::grouped(page.stations)),
        columns: columns(&["Kode", "Nama", "#TPS", "#Pemilih terdaftar"]),
        rows: rows.collect(),
        empty: "Belum ada yang dimuat di bawahnya.".to_owned(),
    }));
    Ok(Section::new("Wilayah dan TPS", blocks))
}

fn scanning(node: u64, told: &Rescanned) -> Section {
    let state = match told.state.as_str() {
        "running" => "sedang berjalan",
        "done" => "selesai",
        "failed" => "gagal",
        _ => "belum pernah sejak simpul ini dijalankan",
    };
    let mut pairs = vec![("Keadaan".to_owned(), state.to_owned())];
    if told.state != "never" {
        pairs.push(("Diperiksa".to_owned(), crate::dto::text::grouped(told.scanned)));
        pairs.push(("Terinfeksi, tidak disajikan lagi".to_owned(), crate::dto::text::grouped(told.infected)));
    }
    let times = [("Dimulai", told.began_at.as_deref()), ("Selesai", told.ended_at.as_deref())];
    pairs.extend(times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), when(at?, "0")))));
    let words = [("Mesin", told.engine.clone()), ("Sebab gagal", told.failure.clone())];
    pairs.extend(words.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))));
    let text = format!("Semua lampiran di simpul {node} diperiksa lagi dengan tanda virus terbaru.");
    let blocks = vec![Block::Text(text), Block::Pairs(pairs), doing("virus", "Periksa ulang lampiran")];
    Section::new("Periksa virus", blocks)
}

/// `POST /meja/perawatan`.
pub(super) async fn begin(posted: Posted) -> Result<Response, Failure> {
    let client = &posted.visitor.client;
    match posted.text("langkah") {
        "halaman" => {
            let call = Call::new(Method::POST, "/api/v1/pages/reload");
            client.call::<PagesReloaded>(&call).await?;
        }
        "virus" => {
            client.rescan().await?;
        }
        _ => return Err(Failure::unreadable()),
    }
    Ok(Redirect::to("/meja/perawatan?pesan=dimulai").into_response())
}
