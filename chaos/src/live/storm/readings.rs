//! Second readings and certification: some people take steps on the same few forms, two at once, most of them right, some
//! of them not allowed to who takes them or as the form is.
//!
//! Invariant: a step that was not answered is sent again with its key; given up, it counts as unknown. What the forms are
//! is judged in the end, from the history that each node shows.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use api::client::{Call, Client, ClientError};
use api::dto::outcome::Moved;
use api::dto::stations::{HistoryEntry, TallyPage};
use api::dto::steps::{ReviewBody, StepBody};
use futures_util::future::join;
use http::Method;
use tokio::time::sleep;
use uuid::Uuid;

use super::officers::{PATIENCE, STATIONS};
use super::people::Person;
use super::plant::{Planted, StormPlant};
use super::record::Record;
use crate::chance::Chance;
use crate::judges::readings::life::{Asked, Deed, Role};
use crate::judges::readings::{Entry, Held, Step, Told, judge};
use crate::live::country;
use crate::live::transport::HttpTransport;
use crate::report::Ended;
use crate::steps::{Sheet, takes};

/// The first of the stations whose forms are read a second time.
pub(super) const READ_FIRST: u64 = STATIONS;
/// Stations whose forms are: all of a few villages.
pub(super) const READ: u64 = 24;
const _: () = assert!(READ_FIRST + READ <= country::STATIONS);
/// From one step of a worker to the next.
const PACE: Duration = Duration::from_millis(150);
/// Of a hundred steps, so many are taken by just anybody.
const ANYBODY_PERCENT: u64 = 15;
/// Of a hundred steps, so many are done by who has not seen the newest form.
const BEHIND_PERCENT: u64 = 3;
const REASON: &str = "rapat pleno";

/// What was done to all forms.
#[derive(Default)]
pub(super) struct Book {
    sheets: RefCell<BTreeMap<u64, Sheet>>,
    steps: RefCell<BTreeMap<u64, Vec<Step>>>,
}

/// Where people work.
#[derive(Clone, Copy)]
pub(super) struct Hall<'r> {
    pub(super) people: &'r [Person<'r>],
    pub(super) record: &'r Record,
    pub(super) planted: Planted<'r>,
}

/// Two steps at a time until told to stop.
pub(super) async fn work(hall: Hall<'_>, mut seed: Chance, stop: &Cell<bool>) -> Book {
    let book = Book::default();
    let (one, other) = (Chance::new(seed.next()), Chance::new(seed.next()));
    join(hall.take_steps(&book, one, stop), hall.take_steps(&book, other, stop)).await;
    book
}

impl Hall<'_> {
    async fn take_steps(&self, book: &Book, mut chance: Chance, stop: &Cell<bool>) {
        while !stop.get() {
            sleep(PACE).await;
            let station = READ_FIRST.saturating_add(chance.below(READ));
            let sheet = book.sheets.borrow().get(&station).cloned().unwrap_or_default();
            let deed = sheet.next(self.record.next_form(), &mut chance);
            let Some(person) = self.somebody(deed, &mut chance) else { return };
            let behind = chance.percent(BEHIND_PERCENT) && sheet.revision > 1;
            let seen = sheet.revision.saturating_sub(u32::from(behind));
            let mut asked = Asked { by: person.number, role: person.role, seen, deed };
            if self.planted.has(StormPlant::BorrowedName) && matches!(deed, Deed::Read { .. }) {
                (asked.by, asked.role) = (sheet.author, Role::Chief);
            }
            self.take(book, (station, person.client), asked).await;
        }
    }

    /// Who takes a step: most times somebody who may.
    fn somebody(&self, deed: Deed, chance: &mut Chance) -> Option<Person<'_>> {
        let anybody = chance.percent(ANYBODY_PERCENT);
        let people: Vec<Person<'_>> =
            self.people.iter().copied().filter(|person| anybody || takes(person.role, deed)).collect();
        people.get(chance.place(people.len())).copied()
    }

    async fn take(&self, book: &Book, (station, client): (u64, &Client<HttpTransport>), asked: Asked) {
        let (key, called_us) = (Uuid::new_v4(), self.record.now_us());
        let mut told = Told::Unknown;
        for _ in 0..PATIENCE {
            told = match send(client, &country::station(station), &asked, key).await {
                Ok((state, revision, index)) => Told::Done { state, revision, index },
                Err(ClientError::Refused(problem)) if problem.code != "disk-full" => {
                    Told::Refused(problem.code)
                }
                Err(ClientError::Unavailable { .. } | ClientError::Refused(_)) => continue,
                Err(ClientError::Malformed(said)) => Told::Refused(said),
            };
            break;
        }
        let ended_us = self.record.now_us();
        let (ended, index) = match &told {
            Told::Done { index, .. } => (Ended::Done, *index),
            Told::Refused(_) => (Ended::Refused, 0),
            Told::Unknown => (Ended::Unknown, 0),
        };
        let called = (format!("person {}", asked.by), country::station(station), called_us);
        self.record.did(called, kind_of(asked.deed), (ended, u64::from(asked.seen), index));
        self.record.judged("readings", None);
        let newest = match &told {
            Told::Done { .. } => book.learn(station, &asked, &told),
            Told::Refused(code) => code != "stale-revision",
            Told::Unknown => false,
        };
        let step = Step { asked, called_us, ended_us, told };
        book.steps.borrow_mut().entry(station).or_default().push(step);
        if !newest {
            book.look(client, station).await;
        }
    }
}

impl Book {
    /// A step was taken. Whether that is all there is to know of the form now.
    fn learn(&self, station: u64, asked: &Asked, told: &Told) -> bool {
        let Told::Done { state, revision, .. } = told else { return false };
        self.sheets.borrow_mut().entry(station).or_default().learn(asked, state, *revision);
        true
    }

    /// Looks at a form again, for what to do next; nothing here is judged.
    async fn look(&self, client: &Client<HttpTransport>, station: u64) {
        let path = format!("/api/v1/stations/{}/{}", country::station(station), country::CONTEST);
        let Ok(page) = client.read::<TallyPage>(path).await else { return };
        let page = page.value;
        let mut sheets = self.sheets.borrow_mut();
        let sheet = sheets.entry(station).or_default();
        sheet.state = page.state;
        sheet.revision = page.revision;
        sheet.value = page.form.as_ref().map_or(0, country::number_of);
        sheet.corrected = page.approval_pending;
    }

    /// Places in the log of all steps that were acknowledged, by station.
    pub(super) fn acknowledged(&self) -> Vec<(u64, u64)> {
        let steps = self.steps.borrow();
        let done = steps.iter().flat_map(|(station, steps)| {
            steps.iter().filter_map(|step| match step.told {
                Told::Done { index, .. } => Some((*station, index)),
                Told::Refused(_) | Told::Unknown => None,
            })
        });
        done.collect()
    }
}

const fn kind_of(deed: Deed) -> &'static str {
    match deed {
        Deed::Write { .. } => "step-write",
        Deed::Read { .. } => "step-review",
        Deed::Hold => "step-hold",
        Deed::Release => "step-release",
        Deed::Approve => "step-approve",
        Deed::Certify(_) => "step-certify",
    }
}

/// Sends a step. Answers state, revision and place in the log.
async fn send(
    client: &Client<HttpTransport>,
    station: &str,
    asked: &Asked,
    key: Uuid,
) -> Result<(String, u32, u64), ClientError> {
    let (named, seen) = ((country::CONTEST, station), asked.seen);
    let form = |value: u64| country::body(value).map_err(|error| ClientError::Malformed(error.to_string()));
    let (state, receipt) = match asked.deed {
        Deed::Write { value, reason } => {
            let mut body = form(value)?;
            body.reason = reason.then(|| REASON.to_owned());
            let answer = client.put_tally(named, seen, key, &body).await?.value;
            (answer.state, answer.receipt)
        }
        Deed::Read { value } => {
            let answer =
                client.review(named, seen, key, &ReviewBody { form: form(value)?.form }).await?.value;
            (answer.state, answer.receipt)
        }
        Deed::Hold => moved(client.hold(named, seen, key, REASON).await?.value),
        Deed::Release => moved(client.release(named, seen, key, REASON).await?.value),
        Deed::Approve => moved(client.approve(named, seen, key, REASON).await?.value),
        Deed::Certify(level) => {
            let path = format!("/api/v1/tallies/{}/{station}/certifications", country::CONTEST);
            let body = StepBody { reason: REASON.to_owned(), level: Some(level.name().to_owned()) };
            let call = Call::new(Method::POST, path).with_json(&body)?.with_key(key)?;
            let call = call.with_header("if-match", &format!("\"{seen}\""))?;
            moved(client.call::<Moved>(&call).await?.value)
        }
    };
    Ok((state, receipt.revision, receipt.index))
}

fn moved(answer: Moved) -> (String, api::dto::receipt::Receipt) {
    (answer.state, answer.receipt)
}

/// When nobody does anything any more: each node is asked for every form.
pub(super) async fn finish(
    nodes: &[(u64, &Client<HttpTransport>)],
    (record, planted): (&Record, Planted<'_>),
    book: &Book,
) {
    let steps = book.steps.borrow().clone();
    // Steps have places of their own in the log, beyond those of other writes.
    let index = book.acknowledged().into_iter().map(|(_, index)| index).max().unwrap_or(0);
    let index = index.max(record.index());
    for (place, (id, node)) in nodes.iter().enumerate() {
        for (station, steps) in &steps {
            let code = country::station(*station);
            let path = format!("/api/v1/stations/{code}/{}?min_index={index}", country::CONTEST);
            let complaint = match node.read::<TallyPage>(path).await {
                Ok(page) => {
                    let mut held = held(&page.value);
                    if place == 0 && planted.has(StormPlant::LostStep) {
                        held.history.pop();
                    }
                    judge(steps, &held, country::is_large_change)
                }
                Err(error) => Some(format!("it does not answer: {error}")),
            };
            let said = complaint.map(|said| format!("node {id}, station {code}: {said}"));
            record.judged("readings", said);
        }
    }
}

fn held(page: &TallyPage) -> Held {
    let entry = |entry: &HistoryEntry| Entry {
        kind: entry.kind.clone(),
        revision: entry.revision,
        value: entry.form.as_ref().map_or(0, country::number_of),
        reading: entry.reading.as_ref().map(country::number_of),
        level: entry.level.clone(),
        index: entry.index,
    };
    Held {
        state: page.state.clone(),
        revision: page.revision,
        value: page.form.as_ref().map_or(0, country::number_of),
        history: page.history.iter().map(entry).collect(),
    }
}
