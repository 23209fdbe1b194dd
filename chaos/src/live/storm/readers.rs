//! Readers of every kind: linearizable, with the index of what they saw last, and of sums.
//!
//! Invariant: a reader who is not answered complains about nothing; what is answered is judged on the spot.

use std::cell::Cell;
use std::time::Duration;

use api::client::Client;
use api::dto::results::{ResultChild, ResultsPage};
use api::dto::stations::TallyPage;

use super::officers::{RACED, STATIONS};
use super::record::{Call, Record};
use crate::chance::Chance;
use crate::judges::session::Session;
use crate::live::country;
use crate::live::transport::HttpTransport;
use crate::report::Ended;

/// Between two reads of one reader.
const PAUSE: Duration = Duration::from_millis(4);
/// The same for sums, which are larger.
const PAUSE_SUMS: Duration = Duration::from_millis(20);

/// What a reader is given.
#[derive(Clone, Copy)]
pub(super) struct Desk<'r> {
    pub(super) nodes: &'r [Client<HttpTransport>],
    pub(super) record: &'r Record,
    pub(super) stop: &'r Cell<bool>,
}

impl<'r> Desk<'r> {
    fn pick(&self, chance: &mut Chance) -> Option<(usize, &'r Client<HttpTransport>)> {
        let place = chance.place(self.nodes.len());
        self.nodes.get(place).map(|node| (place, node))
    }
}

fn some_station(chance: &mut Chance) -> u64 {
    if chance.percent(70) { chance.below(RACED) } else { chance.between(RACED, STATIONS.saturating_sub(1)) }
}

/// Reads stations so that every write that ended before must be seen, at any node.
pub(super) async fn linearizable(desk: Desk<'_>, mut chance: Chance) {
    while !desk.stop.get() {
        tokio::time::sleep(PAUSE).await;
        let station = some_station(&mut chance);
        let Some((place, node)) = desk.pick(&mut chance) else { return };
        let code = country::station(station);
        let client = format!("reader at node {place}");
        let call = Call { client, station, called_us: desk.record.now_us() };
        let path = format!("/api/v1/stations/{code}/{}?consistency=linearizable", country::CONTEST);
        match node.read::<TallyPage>(path).await {
            Ok(page) => {
                let value = page.value.form.as_ref().map_or(0, country::number_of);
                desk.record.read(&call, page.value.revision, value, page.index.unwrap_or_default());
            }
            Err(_) => desk.record.looked(&call, "read-linearizable", (Ended::Refused, 0, 0)),
        }
    }
}

/// Reads what any node has, but never older than what was seen before.
pub(super) async fn session(desk: Desk<'_>, mut chance: Chance) {
    let mut session = Session::default();
    while !desk.stop.get() {
        tokio::time::sleep(PAUSE).await;
        let station = some_station(&mut chance);
        let Some((place, node)) = desk.pick(&mut chance) else { return };
        let (code, asked) = (country::station(station), session.min_index());
        let client = format!("session at node {place}");
        let call = Call { client, station, called_us: desk.record.now_us() };
        let path = format!("/api/v1/stations/{code}/{}?min_index={asked}", country::CONTEST);
        match node.read::<TallyPage>(path).await {
            Ok(page) => {
                let (index, revision) = (page.index.unwrap_or_default(), page.value.revision);
                desk.record.judged("session", session.saw(asked, index, station, revision));
                desk.record.looked(&call, "read-session", (Ended::Done, revision, index));
            }
            Err(_) => desk.record.looked(&call, "read-session", (Ended::Refused, 0, 0)),
        }
    }
}

/// Reads regions and adds up what lies below them, in one answer of one node.
pub(super) async fn sums(desk: Desk<'_>, mut chance: Chance) {
    let regions = country::region_codes();
    while !desk.stop.get() {
        tokio::time::sleep(PAUSE_SUMS).await;
        let Some(region) = regions.get(chance.place(regions.len())) else { return };
        let Some((place, node)) = desk.pick(&mut chance) else { return };
        if let Ok(page) = node.results(country::CONTEST, region).await {
            desk.record.judged("sums", judge_sums(place, &page.value));
        }
    }
}

fn judge_sums(place: usize, page: &ResultsPage) -> Option<String> {
    let below = |option: &str| {
        let votes = page.children.iter().map(|child| match child {
            ResultChild::Region(line) => line.totals.votes.of(option),
            ResultChild::Station(line) => line.totals.as_ref().and_then(|totals| totals.votes.of(option)),
        });
        votes.flatten().fold(0, u64::saturating_add)
    };
    country::OPTIONS.into_iter().find_map(|option| {
        let (has, should) = (page.totals.votes.of(option).unwrap_or_default(), below(option));
        let region = &page.region.code;
        (has != should).then(|| {
            format!("node {place}, region {region}: {has} votes for {option}, its parts sum up to {should}")
        })
    })
}
