//! The first page: how far each contest is in the account's region, and what waits for this account.
//!
//! Invariant: every number is one of the API's; nothing is counted here.

use axum::response::Response;

use super::blocks::{Block, Link, Row, Section, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::Visitor;
use super::recap::{held_in, region_of};
use crate::dto::contests::{Contest, Contests};
use crate::dto::results::ResultsPage;
use crate::export::Value;

/// Contests summed up on the page; the others are in the reports.
const CONTESTS_MAX: usize = 8;

/// `GET /meja/`.
pub(super) async fn page(visitor: Visitor) -> Result<Response, Failure> {
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?;
    let (node, index) = (contests.node, contests.index);
    let region = region_of(&visitor.account.scope);
    let mut rows = Vec::new();
    let mut links = Vec::new();
    let held: Vec<&Contest> =
        contests.value.contests.iter().filter(|contest| held_in(contest, region)).collect();
    for contest in held.iter().take(CONTESTS_MAX) {
        let path = format!("/api/v1/results/{}/{region}", contest.id);
        let results = match visitor.client.read::<ResultsPage>(path).await {
            Ok(results) => results,
            // The region is not there (yet).
            Err(error) if error.code() == Some("not-found") => continue,
            Err(error) => return Err(error.into()),
        };
        let progress = results.value.progress;
        let counts =
            [progress.stations, progress.reported, progress.flagged, progress.held, progress.certified];
        let mut cells = vec![Value::Text(contest.name.clone())];
        cells.extend(counts.map(Value::Count));
        let address = Some(format!("/meja/rekap?pemilihan={}&wilayah={region}", contest.id));
        rows.push(Row { cells, address, pick: None });
        links.extend(waiting(&visitor, &contest.id, region));
    }
    let table = Table {
        caption: format!("Wilayah {region}"),
        columns: columns(&["Pemilihan", "#TPS", "#Masuk", "#Bertanda", "#Ditahan", "#Disahkan"]),
        rows,
        empty: "Belum ada pemilihan di wilayah akun ini. Admin memuatnya di Data dan perawatan.".to_owned(),
    };
    let mut blocks = vec![Block::Table(table)];
    if held.len() > CONTESTS_MAX {
        blocks.push(Block::Links(vec![Link::new("/meja/rekap", "Pemilihan lainnya ada di Laporan")]));
    }
    let mut sections = vec![Section::new("Kemajuan", blocks)];
    if !links.is_empty() {
        sections.push(Section::new("Menunggu Anda", vec![Block::Links(links)]));
    }
    if visitor.is(&["officer"]) {
        let text = "Mengisi dan mengoreksi formulir dilakukan di aplikasi entri.".to_owned();
        let links = Block::Links(vec![Link::new("/entri/", "Buka aplikasi entri")]);
        sections.insert(0, Section::new("", vec![Block::Text(text), links]));
    }
    let frame = Frame::inside("Ringkasan", &visitor).of(node, index);
    Ok(frame::page(frame, "Ringkasan", sections))
}

fn waiting(visitor: &Visitor, contest: &str, region: &str) -> Vec<Link> {
    let list = |query: &str, words: &str| {
        Link::new(
            format!("/meja/formulir?pemilihan={contest}&wilayah={region}&{query}"),
            format!("{words} ({contest})"),
        )
    };
    match visitor.account.role.as_str() {
        "reviewer" => vec![
            list("keadaan=reported", "Belum dibaca dua kali"),
            list("keadaan=disputed", "Dua bacaan berbeda"),
            list("keadaan=held", "Ditahan"),
        ],
        "certifier" | "super_admin" => vec![
            list("setuju=ya", "Menunggu persetujuan"),
            list("keadaan=held", "Ditahan"),
            Link::new(
                format!("/meja/sahkan?pemilihan={contest}&wilayah={region}"),
                format!("Siap disahkan ({contest})"),
            ),
        ],
        "auditor" => vec![list("bertanda=ya", "Bertanda"), list("keadaan=held", "Ditahan")],
        _ => vec![list("keadaan=absent", "Belum masuk")],
    }
}
