//! Readers who follow the change feed, now at this node and now at that, with what they have read so far.
//!
//! Invariant: a reader has one cursor and asks one question at a time; in the end it reads on until it has passed all
//! that was acknowledged.

use std::time::Duration;

use api::client::{Client, ClientError};
use api::dto::changes::Changes;
use tokio::time::{Instant, sleep};

use super::readers::Desk;
use super::readings::READ_FIRST;
use super::record::Record;
use crate::chance::Chance;
use crate::judges::acknowledged::{Place, Written};
use crate::judges::feed::Feed;
use crate::live::country;
use crate::live::transport::HttpTransport;
use crate::report::Ended;

/// Longest that a node may keep a question when there is nothing new.
const WAIT_MS_MAX: u64 = 400;
/// Changes in one answer, at most so many that a reader is seldom behind.
const LIMIT: (u64, u64) = (1, 200);
/// After no answer.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest that a reader needs in the end, when all nodes are there and nobody writes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Follows until told to stop.
pub(super) async fn follow(desk: Desk<'_>, mut chance: Chance) -> Feed {
    let mut feed = Feed::default();
    let mut place = chance.place(desk.nodes.len());
    while !desk.stop.get() {
        let (limit, wait_ms) = (chance.between(LIMIT.0, LIMIT.1), chance.below(WAIT_MS_MAX));
        let Some(node) = desk.nodes.get(place) else { break };
        let answered = ask((place, node), desk.record, &mut feed, (limit, wait_ms)).await;
        if answered.is_err() {
            sleep(PAUSE).await;
        }
        if answered.is_err() || chance.percent(10) {
            place = chance.place(desk.nodes.len());
        }
    }
    feed
}

/// One question; the judge hears the answer.
async fn ask(
    (place, node): (usize, &Client<HttpTransport>),
    record: &Record,
    feed: &mut Feed,
    (limit, wait_ms): (u64, u64),
) -> Result<(), ClientError> {
    let (called_us, after) = (record.now_us(), feed.after());
    let path = format!("/api/v1/changes?after={after}&limit={limit}&wait_ms={wait_ms}");
    let answer = node.read::<Changes>(path).await;
    let call = (format!("feed reader at node {place}"), format!("changes after {after}"), called_us);
    match answer {
        Ok(page) => {
            let complaint = read(feed, &page.value);
            record.judged("feed", complaint.map(|said| format!("feed of node {place}: {said}")));
            let count = u64::try_from(page.value.changes.len()).unwrap_or(u64::MAX);
            record.did(call, "read-feed", (Ended::Done, count, page.value.next_after));
            Ok(())
        }
        Err(error) => {
            record.did(call, "read-feed", (Ended::Refused, 0, 0));
            Err(error)
        }
    }
}

/// Lets the judge see a page.
fn read(feed: &mut Feed, page: &Changes) -> Option<String> {
    let mut changes: Vec<(Place, Written)> = Vec::with_capacity(page.changes.len());
    let mut steps: Vec<(u64, u64)> = Vec::new();
    for change in &page.changes {
        let named =
            country::number_of_station(&change.station).filter(|_| change.contest == country::CONTEST);
        // What was done to forms that are read a second time is judged by their histories.
        if let Some(station) = named.filter(|station| *station >= READ_FIRST) {
            steps.push((station, change.index));
            continue;
        }
        let Some(station) = named.filter(|_| matches!(change.kind.as_str(), "report" | "correction")) else {
            return Some(format!("nobody did this: {change:?}"));
        };
        let written = Written { value: country::number_of(&change.form), index: change.index };
        changes.push(((station, change.revision), written));
    }
    let stepped = feed.stepped(&steps);
    feed.saw(&changes, page.next_after).or(stepped)
}

/// Each reader reads on, each at another node, until it has passed everything; then it is judged as a whole.
pub(super) async fn finish(nodes: &[Client<HttpTransport>], record: &Record, feeds: &mut [Feed]) {
    let (told, sent, index) = (record.acknowledged(), record.sent(), record.index());
    for (reader, feed) in (0..).zip(feeds.iter_mut()) {
        let began = Instant::now();
        let mut place: usize = reader;
        while feed.after() < index && began.elapsed() < PATIENCE {
            let Some(node) = nodes.get(place.checked_rem(nodes.len()).unwrap_or(0)) else { break };
            if ask((place, node), record, feed, (LIMIT.1, 0)).await.is_err() {
                place = place.saturating_add(1);
            }
        }
        let number = u64::try_from(reader).unwrap_or(u64::MAX);
        let late = (feed.after() < index)
            .then(|| format!("feed reader {reader} is at {} and does not come to {index}", feed.after()));
        record.judged("feed", late.or_else(|| feed.end(number, &told, &sent)));
    }
    for (one, two) in feeds.iter().zip(feeds.iter().skip(1)) {
        record.judged("feed", one.agrees(two));
    }
}
