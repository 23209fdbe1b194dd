//! Stations and their forms on the wire.

use serde::{Deserialize, Serialize};
use tally::contest::Contest;
use tally::ids::hex;
use tally::region::StationCode;
use tally::station::{CountKind, Event, Station};
use utoipa::ToSchema;

use super::flags::{Flag, Subject, pointer};
use super::form::Form;
use super::regions::{PathStep, path_to};
use super::text::{station_name, time};
use crate::ports::{ReadError, StateView};

/// Answer of `/stations/{station}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct StationPage {
    /// Code.
    pub code: String,
    /// Number within the village.
    pub number: u16,
    /// Name.
    pub name: String,
    /// `home`, `special`, `tpsln`, `ksk` or `pos`.
    pub kind: String,
    /// The regions it lies in, from the nation down to its village.
    pub path: Vec<PathStep>,
    /// Voters in the register, where known.
    #[schema(required)]
    pub registered: Option<u32>,
    /// Where it stands, where known.
    #[schema(required)]
    pub location: Option<Location>,
    /// Contests it holds.
    pub contests: Vec<String>,
}

/// Where a station stands.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Location {
    /// Street address.
    pub address: String,
}

/// Answer of `/stations/{station}/{contest}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TallyPage {
    /// The station.
    pub station: String,
    /// The contest.
    pub contest: String,
    /// State of the form, `absent` when there is none.
    pub state: String,
    /// Revision of the form, 0 when there is none.
    pub revision: u32,
    /// The form.
    #[schema(required)]
    pub form: Option<Form>,
    /// What the rules found.
    pub flags: Vec<Flag>,
    /// What happened to it, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Photos named with the current revision.
    pub attachments: Vec<Attachment>,
    /// The highest level that certified it: `district`, `regency`, `province` or `nation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certified_level: Option<String>,
    /// Whether a large correction waits for a second person's approval (R27); false when missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approval_pending: bool,
}

/// One event of a form's history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// Revision after it.
    pub revision: u32,
    /// Log time.
    pub at: String,
    /// `report`, `correction`, `review`, `hold`, `release`, `certification` or `approval`.
    pub kind: String,
    /// Role of who did it.
    pub role: String,
    /// Why.
    #[schema(required)]
    pub reason: Option<String>,
    /// The form at that revision.
    #[schema(required)]
    pub form: Option<Form>,
    /// Its digest, hexadecimal.
    pub digest: String,
    /// Log index.
    pub index: u64,
    /// How the form came to be counted where that was not in the regular way: `recount`, `revote` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_kind: Option<String>,
    /// What was read, with a second reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Form>,
    /// JSON pointers of the boxes in which two readings differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// The level, with a certification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A photo of a form.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Attachment {
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Media type, where known.
    #[schema(required)]
    pub media_type: Option<String>,
    /// Size in bytes, where known.
    #[schema(required)]
    pub size: Option<u64>,
    /// Page of the form, where known.
    #[schema(required)]
    pub page: Option<u32>,
    /// Where its bytes are.
    pub url: String,
}

/// Reads the page of a station; `None` when there is no such station.
pub fn read(view: &dyn StateView, code: StationCode) -> Result<Option<StationPage>, ReadError> {
    let Some(station) = view.station(code)? else { return Ok(None) };
    let contests = view.contests()?;
    let held = contests.iter().filter(|contest| contest.held_at(code));
    Ok(Some(StationPage {
        code: code.to_string(),
        number: code.station_number(),
        name: station_name(&station),
        kind: station.kind.name().to_owned(),
        path: path_to(view, code.village())?,
        registered: station.registered,
        location: None,
        contests: held.map(|contest| contest.id.to_string()).collect(),
    }))
}

/// Reads the form of a station with its history.
pub fn read_tally(
    view: &dyn StateView,
    contest: &Contest,
    station: &Station,
) -> Result<TallyPage, ReadError> {
    let tally = view.tally(&contest.id, station.code)?;
    let events = view.events(&contest.id, station.code)?;
    let flags = tally.as_ref().map_or_else(Vec::new, |tally| {
        Flag::all(&tally.flags, Subject { form: &tally.form, contest, station })
    });
    let named = events.iter().rev().find(|event| event.form.is_some());
    Ok(TallyPage {
        station: station.code.to_string(),
        contest: contest.id.to_string(),
        state: tally.as_ref().map_or("absent", |tally| tally.state.name()).to_owned(),
        revision: tally.as_ref().map_or(0, |tally| tally.revision),
        form: tally.as_ref().map(|tally| Form::of(&tally.form, contest)),
        flags,
        history: history(&events, contest),
        attachments: named.map_or_else(Vec::new, attachments),
        certified_level: tally
            .as_ref()
            .and_then(|tally| tally.certified)
            .map(|level| level.name().to_owned()),
        approval_pending: tally.as_ref().is_some_and(|tally| tally.approval_pending),
    })
}

/// Events that carry no form repeat the one they leave in place.
fn history(events: &[Event], contest: &Contest) -> Vec<HistoryEntry> {
    let mut form = None;
    let mut entries = Vec::with_capacity(events.len());
    for event in events {
        if let Some(new) = &event.form {
            form = Some(Form::of(new, contest));
        }
        entries.push(HistoryEntry {
            revision: event.revision,
            at: time(event.at),
            kind: event.kind.name().to_owned(),
            role: event.role.name().to_owned(),
            reason: event.reason.clone(),
            form: form.clone(),
            digest: hex(&event.digest.0),
            index: event.index,
            count_kind: (event.count_kind != CountKind::Regular).then(|| event.count_kind.name().to_owned()),
            reading: event.reading.as_ref().map(|reading| Form::of(reading, contest)),
            differences: event.differences.iter().map(|field| pointer(*field, contest)).collect(),
            level: event.level.map(|level| level.name().to_owned()),
        });
    }
    entries
}

fn attachments(event: &Event) -> Vec<Attachment> {
    let named = event.attachments.iter().map(|attachment| {
        let sha256 = hex(&attachment.0);
        let url = format!("/api/v1/attachments/{sha256}");
        Attachment { sha256, media_type: None, size: None, page: None, url }
    });
    named.collect()
}
