//! Those who follow a region's events, now at this node and now at that, and come back with the last identifier they saw.
//!
//! Invariant: a listener has one connection at a time and leaves it before the next; in the end each hears of the last state
//! at every node.

use std::time::Duration;

use api::dto::results::{AsOf, Progress, Totals};
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::{PATIENCE, Square};
use crate::chance::Chance;
use crate::course::{Course, Sums};
use crate::judges::events::{Said, Stream};
use crate::judges::pages::Pages;
use crate::live::country;
use crate::live::storm::plant::StormPlant;
use crate::live::storm::record::Record;
use crate::live::visitor::{Heard, Message, Visitor};
use crate::report::Ended;

/// How long somebody stays at a node, in milliseconds.
const STAY_MS: (u64, u64) = (200, 3_000);
/// Between two connections.
const PAUSE: Duration = Duration::from_millis(50);
/// How often a listener looks up from a quiet stream.
const TICK: Duration = Duration::from_millis(100);
/// Longest until a node that is at rest has sent its last state.
const REST_MAX: Duration = Duration::from_secs(20);

/// What an event carries, as far as anybody here looks.
#[derive(Deserialize)]
struct Body {
    contest: String,
    as_of: AsOf,
    progress: Progress,
    totals: Totals,
}

/// What one of them was sent.
pub(super) struct Followed {
    region: String,
    stream: Stream,
    /// Connections so far.
    connections: u64,
}

impl Followed {
    /// What the whole count says of it.
    pub(super) fn judge(&self, record: &Record, course: &Course, pages: &Pages) {
        let region = &self.region;
        let (complaint, met) = self.stream.end(region, course, pages);
        record.judged("events", complaint.map(|said| format!("region {region}: {said}")));
        (0..met).for_each(|_| record.judged("events", None));
    }
}

/// Where the events of a region are.
pub(super) fn path(region: &str) -> String {
    format!("/api/v1/events?contest={}&region={region}", country::CONTEST)
}

/// What an event says; none when it is not what one should be.
pub(super) fn read(message: &Message) -> Option<(u64, Said)> {
    let id = message.id.filter(|_| message.kind == "result")?;
    let body: Body = serde_json::from_str(&message.data).ok()?;
    let Body { progress, totals, .. } = body;
    let said = Said {
        index: body.as_of.index,
        version: body.as_of.version,
        reported: progress.reported,
        stations: progress.stations,
        votes: country::OPTIONS.map(|option| totals.votes.of(option).unwrap_or_default()).into(),
        sums: [totals.valid, totals.invalid, totals.total],
    };
    (body.contest == country::CONTEST).then_some((id, said))
}

/// Follows until told to stop.
pub(super) async fn follow(square: Square<'_>, region: &str, mut chance: Chance) -> Followed {
    let (region, stream) = (region.to_owned(), Stream::default());
    let mut followed = Followed { region, stream, connections: 0 };
    while !square.stop.get() {
        let stay = Duration::from_millis(chance.between(STAY_MS.0, STAY_MS.1));
        let Some(visitor) = square.pick(&mut chance) else { break };
        followed.stay(square, visitor, stay).await;
        sleep(PAUSE).await;
    }
    followed
}

impl Followed {
    /// One connection to a node.
    async fn stay(&mut self, square: Square<'_>, visitor: &Visitor, stay: Duration) {
        let (last, called_us) = (self.stream.last(), square.record.now_us());
        let call = (format!("listener at node {}", visitor.id), self.region.clone(), called_us);
        let Some((visit, heard)) = visitor.listen(&path(&self.region), last, PATIENCE).await else {
            return square.record.did(call, "read-events", (Ended::Refused, 0, 0));
        };
        if visit.status != 200 {
            return square.record.did(call, "read-events", (Ended::Refused, 0, 0));
        }
        let before = self.stream.seen().len();
        self.connects(square);
        self.listen(square, (visitor.id, heard), stay).await;
        let count = u64::try_from(self.stream.seen().len().saturating_sub(before)).unwrap_or(u64::MAX);
        square.record.did(call, "read-events", (Ended::Done, count, self.stream.last().unwrap_or_default()));
    }

    fn connects(&mut self, square: Square<'_>) {
        self.stream.connects();
        self.connections = self.connections.saturating_add(1);
        if square.planted.has(StormPlant::OldEvent)
            && let [.., before, _] = self.stream.seen()
        {
            let (id, said) = before.clone();
            square.record.judged("events", self.stream.saw(id, said));
        }
    }

    async fn listen(&mut self, square: Square<'_>, (node, mut heard): (u64, Heard), stay: Duration) {
        let began = Instant::now();
        while !square.stop.get() && began.elapsed() < stay {
            match timeout(TICK, heard.next()).await {
                Err(_) => {}
                Ok(None) => return,
                Ok(Some(message)) => self.hear(square, node, &message),
            }
        }
    }

    fn hear(&mut self, square: Square<'_>, node: u64, message: &Message) {
        let region = &self.region;
        let Some((id, mut said)) = read(message) else {
            let complaint = format!("node {node}, region {region}: no event at all: {message:?}");
            return square.record.judged("events", Some(complaint));
        };
        if square.planted.has(StormPlant::OtherEvent)
            && let Some((_, before)) = self.stream.seen().last().filter(|(before, _)| *before <= id)
        {
            (said.votes, said.sums) = (before.votes.clone(), before.sums);
        }
        let complaint = self.stream.saw(id, said);
        square.record.judged("events", complaint.map(|said| format!("node {node}, region {region}: {said}")));
    }
}

/// Each comes to every node once more and waits for the last state.
pub(super) async fn finish(square: Square<'_>, course: &Course, streams: &mut [Followed]) {
    for followed in streams {
        for visitor in square.visitors {
            let complaint = followed.rest(square, visitor, course).await;
            square.record.judged("events", complaint);
        }
    }
}

impl Followed {
    /// What a node at rest sends whoever comes back.
    async fn rest(&mut self, square: Square<'_>, visitor: &Visitor, course: &Course) -> Option<String> {
        let (region, node, began) = (self.region.clone(), visitor.id, Instant::now());
        let should = course.last(&region);
        let mut shown = None;
        while began.elapsed() < REST_MAX {
            let heard = visitor.listen(&path(&region), self.stream.last(), PATIENCE).await;
            let Some((_, mut heard)) = heard else {
                sleep(PAUSE).await;
                continue;
            };
            self.stream.connects();
            while let Ok(Some(message)) = timeout(PATIENCE, heard.next()).await {
                self.hear(square, node, &message);
                let said = read(&message).map(|(_, said)| said);
                shown = said.map(|said| Sums { reported: said.reported, votes: said.votes }.trimmed());
                if shown.as_ref() == Some(&should) {
                    return None;
                }
            }
        }
        Some(format!(
            "node {node}, region {region}: nobody writes, events end with {shown:?}, not {should:?}"
        ))
    }
}
