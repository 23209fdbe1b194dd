//! The page of a station: its form laid out as the paper is, its state, its flags, its history.
//!
//! Invariant: figures stand as they are on paper; a part that is not known is a dash, never a zero.

use askama::Template;
use tally::contest::Contest;
use tally::form::{Form, People};
use tally::ids::hex;
use tally::region::StationCode;
use tally::station::{Event, Station, Tally};

use crate::dto::flags::{Flag, Subject};
use crate::dto::text::{grouped, station_name};
use crate::ports::{ReadError, StateView};

use super::complaints::{self, ComplaintLine};
use super::frame::{Conditions, Frame};
use super::moment::{self, Zone};
use super::paper;
use super::region::ballot_order;
use super::trail::{self, Choice, Step};
use super::words;

/// History entries shown; older ones are in the JSON.
const HISTORY_MAX: usize = 50;
/// What stands for a part that is not known.
const UNKNOWN: &str = "\u{2013}";

/// What the page of a station shows.
#[derive(Template)]
#[template(path = "form.html")]
pub(super) struct FormPage {
    frame: Frame,
    contest_name: String,
    choices: Vec<Choice>,
    above: Vec<Step>,
    name: String,
    code: String,
    kind: &'static str,
    registered: Option<String>,
    revision: u32,
    time: Option<String>,
    state: &'static str,
    state_class: &'static str,
    state_meaning: &'static str,
    flags: Vec<FlagLine>,
    form: Option<Paper>,
    photos: Vec<String>,
    history: Vec<EventLine>,
    older: usize,
    complaints: Vec<ComplaintLine>,
    complaints_older: usize,
    /// Where a complaint is handed in, once there is a form.
    complain_address: Option<String>,
}

struct FlagLine {
    rule: String,
    severity: &'static str,
    class: &'static str,
    message: String,
}

/// The form in the parts of the paper.
pub(super) struct Paper {
    pub(super) voters: Vec<PeopleRow>,
    pub(super) ballots: Vec<CountRow>,
    pub(super) disabled: PeopleRow,
    pub(super) votes: Vec<VotesRow>,
    pub(super) sums: Vec<CountRow>,
}

pub(super) struct PeopleRow {
    pub(super) name: &'static str,
    pub(super) male: String,
    pub(super) female: String,
    pub(super) total: String,
    pub(super) sum: bool,
}

pub(super) struct CountRow {
    pub(super) name: &'static str,
    pub(super) count: String,
}

pub(super) struct VotesRow {
    pub(super) order: u32,
    pub(super) name: String,
    pub(super) count: String,
}

struct EventLine {
    kind: &'static str,
    revision: u32,
    state: &'static str,
    time: String,
    role: &'static str,
    index: String,
    digest: String,
    digest_short: String,
    votes: Option<String>,
    reason: Option<String>,
}

/// Renders a station's form in a contest; `None` when there is no such station or it does not hold the contest.
pub(super) fn render(
    view: &dyn StateView,
    contest: &Contest,
    code: StationCode,
    conditions: Conditions,
) -> Result<Option<FormPage>, ReadError> {
    let Some(station) = view.station(code)?.filter(|_| contest.held_at(code)) else {
        return Ok(None);
    };
    let tally = view.tally(&contest.id, code)?;
    let events = view.events(&contest.id, code)?;
    let zone = Zone::of(code.village());
    let name = station_name(&station);
    let above = trail::steps(view, contest, code.village())?;
    let contests = view.contests()?;
    let offered = |other: &Contest| other.held_at(code);
    let choices = trail::choices(&contests, contest, offered, |other| format!("/tps/{code}/{}", other.id));
    let village = above.last().map(|step| step.name.as_str()).unwrap_or_default();
    let mut frame = Frame::new(format!("{name}, {village} \u{2013} {}", contest.name), conditions);
    frame.next_poll_ms = conditions.next_poll_ms;
    frame.data_address = Some(format!("/api/v1/stations/{code}/{}", contest.id));
    let kept = tally.as_ref().map(|tally| tally.state);
    let told = view.complaints(&contest.id, code)?;
    let (complaints, complaints_older) = complaints::lines(&told, contest, zone);
    Ok(Some(FormPage {
        frame,
        contest_name: contest.name.clone(),
        choices,
        above,
        name,
        code: code.to_string(),
        kind: words::station_kind(station.kind),
        registered: station.registered.map(|voters| grouped(u64::from(voters))),
        revision: tally.as_ref().map_or(0, |tally| tally.revision),
        time: tally.as_ref().map(|tally| moment::written(tally.at, zone)),
        state: words::state(kept),
        state_class: kept.map_or("absent", |state| state.name()),
        state_meaning: words::state_meaning(kept),
        flags: flag_lines(tally.as_ref(), contest, &station),
        form: tally.as_ref().map(|tally| paper(&tally.form, contest)),
        photos: photos(&events),
        older: events.len().saturating_sub(HISTORY_MAX),
        history: history(&events, contest, zone),
        complaints,
        complaints_older,
        complain_address: tally.is_some().then(|| format!("/lapor/{code}/{}", contest.id)),
    }))
}

/// Addresses of the photos that the current revision names.
fn photos(events: &[Event]) -> Vec<String> {
    let reported = events.iter().rev().find(|event| event.form.is_some());
    let named = reported.map_or(&[][..], |event| &event.attachments);
    named.iter().map(|photo| format!("/api/v1/attachments/{}", hex(&photo.0))).collect()
}

fn flag_lines(tally: Option<&Tally>, contest: &Contest, station: &Station) -> Vec<FlagLine> {
    let Some(tally) = tally else { return Vec::new() };
    let subject = Subject { form: &tally.form, contest, station };
    let line = |flag: &tally::rules::Flag| FlagLine {
        rule: flag.rule.to_string(),
        severity: words::severity(flag.severity),
        class: flag.severity.name(),
        message: Flag::of(flag, subject).message,
    };
    tally.flags.iter().map(line).collect()
}

/// The boxes of a form as the paper has them.
pub(super) fn paper(form: &Form, contest: &Contest) -> Paper {
    let turnout = form.turnout;
    let ballots = form.ballots;
    let votes = ballot_order(contest).into_iter().filter_map(|position| {
        let option = contest.options.get(position)?;
        let count = written(form.votes.get(position).copied());
        Some(VotesRow { order: option.order, name: option.name.clone(), count })
    });
    let [registered, dpt, dptb, dpk, all, disabled] = paper::PEOPLE.map(|(_, _, name)| name);
    let [received, used, returned, unused] = paper::BALLOTS.map(|(_, name)| name);
    let [valid, invalid, total] = paper::SUMS.map(|(_, name)| name);
    let all = people(all, turnout.map(|part| part.total));
    Paper {
        voters: vec![
            people(registered, form.registered),
            people(dpt, turnout.map(|part| part.dpt)),
            people(dptb, turnout.map(|part| part.dptb)),
            people(dpk, turnout.map(|part| part.dpk)),
            PeopleRow { sum: true, ..all },
        ],
        ballots: vec![
            count(received, ballots.map(|part| part.received)),
            count(used, ballots.map(|part| part.used)),
            count(returned, ballots.map(|part| part.returned)),
            count(unused, ballots.map(|part| part.unused)),
        ],
        disabled: people(disabled, form.disabled),
        votes: votes.collect(),
        sums: vec![count(valid, form.valid), count(invalid, form.invalid), count(total, form.total)],
    }
}

fn written(count: Option<u32>) -> String {
    count.map_or_else(|| UNKNOWN.to_owned(), |count| grouped(u64::from(count)))
}

fn people(name: &'static str, people: Option<People>) -> PeopleRow {
    PeopleRow {
        name,
        male: written(people.map(|people| people.male)),
        female: written(people.map(|people| people.female)),
        total: written(people.map(|people| people.total)),
        sum: false,
    }
}

fn count(name: &'static str, count: Option<u32>) -> CountRow {
    CountRow { name, count: written(count) }
}

fn history(events: &[Event], contest: &Contest, zone: Zone) -> Vec<EventLine> {
    let line = |event: &Event| {
        let digest = hex(&event.digest.0);
        EventLine {
            kind: words::event(event.kind),
            revision: event.revision,
            state: words::state(Some(event.state)),
            time: moment::written(event.at, zone),
            role: words::role(event.role),
            index: grouped(event.index),
            digest_short: digest.get(..12).unwrap_or_default().to_owned(),
            digest,
            votes: event.form.as_ref().map(|form| votes_line(form, contest)),
            reason: event.reason.clone(),
        }
    };
    events.iter().rev().take(HISTORY_MAX).map(line).collect()
}

/// The votes of a form in ballot order: old and new revisions stay readable side by side.
fn votes_line(form: &Form, contest: &Contest) -> String {
    let votes = ballot_order(contest).into_iter().map(|position| {
        let order = contest.options.get(position).map_or(0, |option| option.order);
        format!("{order}: {}", written(form.votes.get(position).copied()))
    });
    votes.collect::<Vec<_>>().join(", ")
}
