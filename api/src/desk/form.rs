//! One form at the desk: its numbers as on paper, what the rules found, its photos and history, and the steps that the
//! account may take.
//!
//! Invariant: a step is taken at the revision that was shown, under the key of the page that showed it.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Limited};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::address::escaped;
use super::blocks::{Block, Field, Form, Kind, Link, Row, Section, Table, columns};
use super::frame::{self, Failure, Frame};
use super::gate::{Posted, Visitor};
use super::{Desk, paper};
use crate::client::{Call, ClientError};
use crate::dto::contests::{Contest, Contests};
use crate::dto::outcome::Moved;
use crate::dto::stations::{HistoryEntry, StationPage, TallyPage};
use crate::dto::steps::StepBody;
use crate::error::ProblemBody;
use crate::export::Value;
use crate::limits::JSON_BYTES_MAX;
use crate::web::{event_words, level_words, role_words, state_words, when};

/// Events shown; older ones are in the API.
const HISTORY_MAX: usize = 50;

/// Levels of certification, with their words.
pub(super) const LEVELS: [(&str, &str); 5] = [
    ("", "Tingkat akun ini"),
    ("district", "Kecamatan"),
    ("regency", "Kabupaten/Kota"),
    ("province", "Provinsi"),
    ("nation", "Nasional"),
];

/// A form that is meant, at a revision.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) contest: &'a str,
    pub(super) station: &'a str,
    pub(super) revision: u32,
}

/// A form with all that its page shows.
pub(super) struct Shown {
    pub(super) contest: Contest,
    pub(super) station: StationPage,
    pub(super) tally: TallyPage,
    pub(super) frame: Frame,
}

/// Reads a form by what its address names.
pub(super) async fn shown(visitor: &Visitor, contest: &str, station: &str) -> Result<Shown, Failure> {
    let contests = visitor.client.read::<Contests>("/api/v1/contests").await?.value.contests;
    let contest = contests.into_iter().find(|other| other.id == contest).ok_or_else(Failure::absent)?;
    let station =
        visitor.client.read::<StationPage>(format!("/api/v1/stations/{}", escaped(station))).await?.value;
    let path = format!("/api/v1/stations/{}/{}", station.code, contest.id);
    let answer = visitor.client.read::<TallyPage>(path).await?;
    let title = format!("{} \u{2013} {}", station.name, contest.name);
    let frame = Frame::inside(&title, visitor).of(answer.node, answer.index);
    Ok(Shown { contest, station, tally: answer.value, frame })
}

/// `GET /meja/formulir/{contest}/{station}`.
pub(super) async fn page(
    Path((contest, station)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let shown = shown(&visitor, &contest, &station).await?;
    let Shown { contest, station, tally, frame } = shown;
    let mut sections = vec![state(&contest, &station, &tally)];
    let steps = steps(&visitor, &contest, &tally);
    if !steps.is_empty() {
        sections.push(Section::new("Langkah", steps));
    }
    if !tally.attachments.is_empty() {
        sections.push(Section::new("Foto formulir", photos(&tally)));
    }
    if let Some(form) = &tally.form {
        let tables = paper::tables(form, &contest).into_iter().map(Block::Table).collect();
        sections.push(Section::new("Isi formulir C.Hasil", tables));
    }
    sections.push(Section::new("Riwayat", vec![Block::Table(history(&contest, &tally))]));
    let heading = frame.title.clone();
    Ok(frame::page(frame, &heading, sections))
}

fn state(contest: &Contest, station: &StationPage, tally: &TallyPage) -> Section {
    let place: Vec<&str> = station.path.iter().skip(1).map(|step| step.name.as_str()).collect();
    let mut pairs = vec![
        ("Keadaan".to_owned(), state_words(&tally.state).to_owned()),
        ("Revisi".to_owned(), tally.revision.to_string()),
        ("Kode TPS".to_owned(), station.code.clone()),
        ("Letak".to_owned(), place.join(" \u{203a} ")),
    ];
    if let Some(level) = &tally.certified_level {
        pairs.push(("Disahkan di tingkat".to_owned(), level_words(level).to_owned()));
    }
    let mut blocks = vec![Block::Pairs(pairs)];
    if tally.approval_pending {
        blocks.push(Block::Warning("Koreksi besar menunggu persetujuan orang kedua (R27).".to_owned()));
    }
    let disputed = tally.history.iter().rev().find(|event| !event.differences.is_empty());
    if let Some(event) = disputed.filter(|_| tally.state == "disputed") {
        let names = paper::names(contest, &event.differences).join("; ");
        blocks.push(Block::Warning(format!("Dua bacaan berbeda pada: {names}.")));
    }
    for flag in &tally.flags {
        blocks.push(Block::Text(format!("{}: {}", flag.rule, flag.message)));
    }
    Section::new("", blocks)
}

/// Photos as pictures, documents as links.
pub(super) fn photos(tally: &TallyPage) -> Vec<Block> {
    let named = (1_u32..).zip(&tally.attachments).map(|(number, attachment)| {
        let picture = attachment.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
        (picture, Link::new(format!("/meja/lampiran/{}", attachment.sha256), format!("Lampiran {number}")))
    });
    let (pictures, documents): (Vec<_>, Vec<_>) = named.partition(|(picture, _)| *picture);
    let links = |all: Vec<(bool, Link)>| all.into_iter().map(|(_, link)| link).collect::<Vec<_>>();
    vec![Block::Pictures(links(pictures)), Block::Links(links(documents))]
}

fn steps(visitor: &Visitor, contest: &Contest, tally: &TallyPage) -> Vec<Block> {
    if tally.state == "absent" {
        return Vec::new();
    }
    let address = format!("/meja/formulir/{}/{}", contest.id, tally.station);
    let step = |step: &str, button: &str, extra: Vec<Field>| {
        let mut fields = vec![
            Field::hidden("langkah", step),
            Field::hidden("revisi", tally.revision.to_string()),
            Field::new("alasan", "Alasan", Kind::Lines),
        ];
        fields.extend(extra);
        let form = Form::posting(format!("{address}/langkah"), button, fields);
        Block::Form(Form { inline: true, grave: true, ..form })
    };
    let mut blocks = Vec::new();
    let certifies = visitor.is(&["certifier", "super_admin"]);
    let reviews = visitor.is(&["reviewer", "super_admin"]);
    if reviews && tally.state != "certified" {
        blocks.push(Block::Links(vec![Link::new(format!("{address}/baca"), "Baca kedua kali dari foto")]));
    }
    if certifies && tally.approval_pending {
        blocks.push(step("approvals", "Setujui koreksi", Vec::new()));
    }
    if certifies && matches!(tally.state.as_str(), "reviewed" | "certified") {
        blocks.push(step("certifications", "Sahkan", vec![Field::choice("tingkat", "Tingkat", &LEVELS, "")]));
    }
    if certifies && tally.state == "held" {
        blocks.push(step("releases", "Cabut penahanan", Vec::new()));
    } else if certifies {
        blocks.push(step("holds", "Tahan", Vec::new()));
    }
    blocks
}

fn history(contest: &Contest, tally: &TallyPage) -> Table {
    let votes = |entry: &HistoryEntry| {
        let form = entry.reading.as_ref().or(entry.form.as_ref());
        let counts = contest.options.iter().map(|option| {
            form.and_then(|form| form.votes.of(&option.id))
                .map_or_else(|| "\u{2013}".to_owned(), |votes| votes.to_string())
        });
        counts.take(12).collect::<Vec<_>>().join(" / ")
    };
    let rows = tally.history.iter().rev().take(HISTORY_MAX).map(|entry| {
        let cells = vec![
            Value::Text(event_words(&entry.kind).to_owned()),
            u64::from(entry.revision).into(),
            when(&entry.at, &tally.station).into(),
            role_words(&entry.role).into(),
            entry.reason.clone().unwrap_or_default().into(),
            votes(entry).into(),
            entry.index.into(),
        ];
        Row { cells, ..Row::default() }
    });
    Table {
        caption: "Yang terbaru di atas".to_owned(),
        columns: columns(&["Kejadian", "#Revisi", "Waktu", "Oleh", "Alasan", "Suara", "#Indeks"]),
        rows: rows.collect(),
        empty: "Belum ada formulir dari TPS ini.".to_owned(),
    }
}

/// A key made from a page's key and a station.
pub(super) fn derived(key: uuid::Uuid, station: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(key.as_bytes());
    hash.update(station.as_bytes());
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

/// Certifies one form.
pub(super) async fn certify(
    visitor: &Visitor,
    target: Target<'_>,
    key: uuid::Uuid,
    (reason, level): (&str, &str),
) -> Result<(), Failure> {
    take(visitor, ("certifications", target), key, (reason, level)).await
}

async fn take(
    visitor: &Visitor,
    (step, target): (&str, Target<'_>),
    key: uuid::Uuid,
    (reason, level): (&str, &str),
) -> Result<(), Failure> {
    let level = Some(level.to_owned()).filter(|level| !level.is_empty());
    let body = StepBody { reason: reason.to_owned(), level };
    let path = format!("/api/v1/tallies/{}/{}/{step}", escaped(target.contest), escaped(target.station));
    let call = Call::new(Method::POST, path)
        .with_json(&body)?
        .with_key(key)?
        .with_header("if-match", &format!("\"{}\"", target.revision))?;
    visitor.client.call::<Moved>(&call).await?;
    Ok(())
}

/// `POST /meja/formulir/{contest}/{station}/langkah`.
pub(super) async fn step(
    Path((contest, station)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Failure> {
    const STEPS: [(&str, &str); 4] = [
        ("holds", "ditahan"),
        ("releases", "dilepas"),
        ("certifications", "disahkan"),
        ("approvals", "disetujui"),
    ];
    let (step, message) = STEPS
        .into_iter()
        .find(|(step, _)| *step == posted.text("langkah"))
        .ok_or_else(Failure::unreadable)?;
    let revision = posted.text("revisi").parse().map_err(|_| Failure::unreadable())?;
    let target = Target { contest: &contest, station: &station, revision };
    take(&posted.visitor, (step, target), posted.key()?, (posted.text("alasan"), posted.text("tingkat")))
        .await?;
    let address = format!("/meja/formulir/{}/{}?pesan={message}", escaped(&contest), escaped(&station));
    Ok(Redirect::to(&address).into_response())
}

/// `GET /meja/lampiran/{sha256}`: the bytes as the API gives them, part by part, for a page of the desk to show.
pub(super) async fn attachment(
    State(desk): State<Desk>,
    Path(sha256): Path<String>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let token = visitor.client.token().unwrap_or_default();
    let request = Request::builder()
        .uri(format!("/api/v1/attachments/{}", escaped(&sha256)))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .map_err(|_| Failure::absent())?;
    let mut response = match desk.routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if !response.status().is_success() {
        return Err(told(response).await);
    }
    let picture = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("image/")));
    if picture {
        // Opened by itself it is shown, not saved; its own policy keeps it from being a page.
        response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    }
    Ok(response)
}

/// What an answer of the API says that is no file.
async fn told(response: Response) -> Failure {
    let body = Limited::new(response.into_body(), JSON_BYTES_MAX).collect().await;
    let problem = body.ok().and_then(|body| serde_json::from_slice::<ProblemBody>(&body.to_bytes()).ok());
    problem.map_or_else(Failure::absent, |problem| Failure::from(ClientError::Refused(Box::new(problem))))
}
