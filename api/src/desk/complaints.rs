//! Complaints at the desk: those of a region that wait, and one of them with its form to answer it.
//!
//! Invariant: what somebody wrote is shown as text of theirs; an answer goes to the complaint that was shown, under the key
//! of the page that showed it.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Method;
use tally::complaint::ComplaintVerdict;

use super::address::{self, escaped, parameter};
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::{Posted, Visitor};
use super::paper;
use super::recap::region_of;
use crate::client::Call;
use crate::dto::complaints::{
    ComplaintAnswerBody, ComplaintEntry, ComplaintTaken, StationComplaints, WaitingComplaint,
    WaitingComplaints,
};
use crate::dto::contests::{Contest, Contests};
use crate::export::Value;
use crate::web::{complaint_words, role_words, verdict_words, when};

/// Complaints on one page.
const PAGE: usize = 100;

/// Who may answer.
const ANSWERING: [&str; 4] = ["super_admin", "admin", "certifier", "reviewer"];

/// `GET /meja/laporan`.
pub(super) async fn list(visitor: Visitor) -> Result<Response, Failure> {
    let region = match visitor.asked("wilayah") {
        "" => region_of(&visitor.account.scope).to_owned(),
        region => region.to_owned(),
    };
    let next = parameter("next", visitor.asked("lanjut"));
    let path = format!("/api/v1/complaints?limit={PAGE}{}{next}", parameter("region", &region));
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value.contests;
    let answer = visitor.client.read::<WaitingComplaints>(path).await?;
    let (node, index) = (answer.node, answer.index);
    let field =
        Field::new("wilayah", "Kode wilayah", Kind::Text).holding(&region).with_hint("0 = seluruh negeri");
    let filter = Form::looking("/meja/laporan", vec![field]);
    let rows = answer.value.complaints.into_iter().map(|waiting| row(waiting, &contests)).collect();
    let table = Table {
        caption: format!("Laporan yang menunggu jawaban di wilayah {region}"),
        columns: columns(&["Laporan", "TPS", "Jenis", "Kotak", "Keterangan", "#Revisi", "Waktu"]),
        rows,
        empty: "Tidak ada laporan yang menunggu jawaban di bagian ini.".to_owned(),
    };
    let mut blocks = vec![Block::Table(table)];
    if let Some(next) = &answer.value.next {
        blocks
            .push(Block::Links(vec![Link::new(address::with(&visitor, "lanjut", next), "Lanjutkan daftar")]));
    }
    let sections = vec![Section::new("Saring", vec![Block::Form(filter)]), Section::new("", blocks)];
    let title = "Laporan warga";
    Ok(frame::page(Frame::inside(title, &visitor).of(node, index), title, sections))
}

fn row(waiting: WaitingComplaint, contests: &[Contest]) -> Row {
    let WaitingComplaint { station, name, complaint } = waiting;
    let contest = contests.iter().find(|contest| contest.id == complaint.contest);
    let address = Some(format!("/meja/laporan/{}/{station}/{}", complaint.contest, complaint.number));
    let cells = vec![
        format!("{station} nomor {}", complaint.number).into(),
        name.into(),
        complaint_words(&complaint.kind).into(),
        contest.map_or_else(String::new, |contest| place(&complaint, contest)).into(),
        complaint.text.into(),
        u64::from(complaint.revision).into(),
        Value::from(when(&complaint.at, &station)),
    ];
    Row { cells, address, pick: None }
}

/// Which box is meant, and what was read there.
fn place(complaint: &ComplaintEntry, contest: &Contest) -> String {
    let Some(field) = &complaint.field else { return String::new() };
    let name = paper::names(contest, std::slice::from_ref(field)).concat();
    complaint.read.map_or_else(|| name.clone(), |read| format!("{name}: terbaca {read}"))
}

/// A complaint by what its address names.
async fn found(
    visitor: &Visitor,
    (contest, station, number): (&str, &str, &str),
) -> Result<(Contest, ComplaintEntry, Frame), Failure> {
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value.contests;
    let contest = contests.into_iter().find(|other| other.id == contest).ok_or_else(Failure::absent)?;
    let path = format!("/api/v1/stations/{}/complaints", escaped(station));
    let answer = visitor.client.read::<StationComplaints>(path).await?;
    let frame = Frame::inside("Laporan warga", visitor).of(answer.node, answer.index);
    let complaint = answer
        .value
        .complaints
        .into_iter()
        .find(|complaint| complaint.contest == contest.id && complaint.number.to_string() == number);
    Ok((contest, complaint.ok_or_else(Failure::absent)?, frame))
}

/// `GET /meja/laporan/{contest}/{station}/{number}`.
pub(super) async fn one(
    Path((contest, station, number)): Path<(String, String, String)>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let (contest, complaint, frame) = found(&visitor, (&contest, &station, &number)).await?;
    let mut pairs = vec![
        ("Kode TPS".to_owned(), station.clone()),
        ("Pemilihan".to_owned(), contest.name.clone()),
        ("Jenis".to_owned(), complaint_words(&complaint.kind).to_owned()),
        ("Tentang revisi".to_owned(), complaint.revision.to_string()),
        ("Waktu".to_owned(), when(&complaint.at, &station)),
    ];
    let place = place(&complaint, &contest);
    if !place.is_empty() {
        pairs.push(("Kotak".to_owned(), place));
    }
    if !complaint.text.is_empty() {
        pairs.push(("Keterangan pelapor".to_owned(), complaint.text.clone()));
    }
    let form = format!("/meja/formulir/{}/{station}", contest.id);
    let blocks = vec![Block::Pairs(pairs), Block::Links(vec![Link::new(form, "Lihat formulirnya")])];
    let mut sections = vec![Section::new("", blocks)];
    if let Some(answer) = &complaint.answer {
        let pairs = vec![
            ("Keputusan".to_owned(), verdict_words(&answer.verdict).to_owned()),
            ("Alasan".to_owned(), answer.text.clone()),
            ("Oleh".to_owned(), role_words(&answer.role).to_owned()),
            ("Waktu".to_owned(), when(&answer.at, &station)),
        ];
        sections.push(Section::new("Jawaban", vec![Block::Pairs(pairs)]));
    } else if visitor.is(&ANSWERING) {
        let action = format!("/meja/laporan/{}/{station}/{}", contest.id, complaint.number);
        let verdicts = ComplaintVerdict::ALL.map(|verdict| (verdict.name(), verdict_words(verdict.name())));
        let fields = vec![
            Field::choice("keputusan", "Keputusan", &verdicts, ComplaintVerdict::Declined.name()),
            Field::new("alasan", "Alasan", Kind::Lines)
                .with_hint("Tampil untuk semua orang. Mengoreksi formulir adalah langkah tersendiri."),
        ];
        let form = Form { grave: true, ..Form::posting(action, "Jawab laporan", fields) };
        sections.push(Section::new("Jawab", vec![Block::Form(form)]));
    }
    let heading = format!("Laporan {} tentang {station}", complaint.number);
    Ok(frame::page(frame, &heading, sections))
}

/// `POST /meja/laporan/{contest}/{station}/{number}`.
pub(super) async fn answer(
    Path((contest, station, number)): Path<(String, String, String)>,
    posted: Posted,
) -> Result<Response, Failure> {
    // A browser sends lines as they were typed; an answer is one line.
    let text = posted.text("alasan").split_whitespace().collect::<Vec<_>>().join(" ");
    let body = ComplaintAnswerBody { verdict: posted.text("keputusan").to_owned(), text };
    let (contest, station, number) = (escaped(&contest), escaped(&station), escaped(&number));
    let path = format!("/api/v1/stations/{station}/complaints/{contest}/{number}/answer");
    let call = Call::new(Method::POST, path).with_json(&body)?.with_key(posted.key()?)?;
    posted.visitor.client.call::<ComplaintTaken>(&call).await?;
    let address = format!("/meja/laporan/{contest}/{station}/{number}?pesan=laporan-dijawab");
    Ok(Redirect::to(&address).into_response())
}
