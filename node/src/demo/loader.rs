//! Loads master data: the regions, the stations that play, the contest.
//!
//! Invariant: parents are in before children. Everything may be sent again: an equal definition changes nothing.

use std::sync::Arc;

use api::dto::master::{RegionEntry, RegionsBody, StationEntry};
use tally::region::Level;
use tokio::task::JoinSet;

use super::count::SEED;
use super::play::Play;
use super::register::{BrokenAsset, Register};
use super::remote::Remote;
use super::screen::{Screen, figure};
use crate::failure::Failure;
use crate::text;

/// Definitions in one call.
const CHUNK: usize = 2_000;
/// Calls on their way at once.
const CALLS_MAX: usize = 6;
/// Sends definitions, several at once, and says how far it is.
pub(super) struct Loader {
    remote: Arc<Remote>,
    screen: Screen,
    what: String,
    whole: u64,
    done: u64,
    calls: usize,
    on_their_way: JoinSet<Result<u64, Failure>>,
}

impl Loader {
    /// A loader that will say `what` it loads, of `whole` rows.
    fn new(remote: &Arc<Remote>, screen: &Screen, what: String, whole: u64) -> Self {
        Self {
            remote: Arc::clone(remote),
            screen: screen.clone(),
            what,
            whole,
            done: 0,
            calls: 0,
            on_their_way: JoinSet::new(),
        }
    }

    async fn send(&mut self, body: RegionsBody) -> Result<(), Failure> {
        while self.on_their_way.len() >= CALLS_MAX {
            self.one_done().await?;
        }
        let turn = self.calls;
        self.calls = turn.wrapping_add(1);
        let remote = Arc::clone(&self.remote);
        drop(self.on_their_way.spawn(async move {
            let rows = body.regions.len().saturating_add(body.stations.len());
            remote.define(turn, "regions", &body).await?;
            Ok(u64::try_from(rows).unwrap_or(0))
        }));
        Ok(())
    }

    async fn all_done(&mut self) -> Result<(), Failure> {
        while !self.on_their_way.is_empty() {
            self.one_done().await?;
        }
        Ok(())
    }

    async fn one_done(&mut self) -> Result<(), Failure> {
        match self.on_their_way.join_next().await {
            None => Ok(()),
            Some(Ok(rows)) => {
                let before = self.done;
                self.done = before.saturating_add(rows?);
                let tenth = |done: u64| done.saturating_mul(10).checked_div(self.whole);
                if tenth(before) != tenth(self.done) || self.screen.moving() {
                    let (done, whole, what) = (figure(self.done), figure(self.whole), &self.what);
                    self.screen.progress(self.done, self.whole, &format!("{what}: {done}/{whole}"));
                }
                Ok(())
            }
            Some(Err(error)) => Err(Failure::failed(error.to_string())),
        }
    }
}

/// Loads the regions, level by level, and the contest.
pub(super) async fn regions(
    remote: &Arc<Remote>,
    screen: &Screen,
    register: &Register,
    contest: &serde_json::Value,
) -> Result<(), Failure> {
    let whole = u64::try_from(register.regions.len()).unwrap_or(0);
    let mut loader = Loader::new(remote, screen, text!("wilayah", "regions"), whole);
    for level in Level::ALL {
        let of_level: Vec<RegionEntry> = register
            .regions
            .iter()
            .filter(|region| region.code.level() == level)
            .map(|region| RegionEntry { code: region.code.to_string(), name: region.name.clone() })
            .collect();
        for chunk in of_level.chunks(CHUNK) {
            loader.send(RegionsBody { regions: chunk.to_vec(), stations: Vec::new() }).await?;
        }
        loader.all_done().await?;
    }
    remote.define(0, "contests", contest).await
}

/// Loads stretch `from..until` of the play's stations, with the voters of their forms as their register.
pub(super) async fn stations(
    remote: &Arc<Remote>,
    screen: &Screen,
    register: &Register,
    (from, until): (u64, u64),
) -> Result<(), Failure> {
    let mut entries: Vec<StationEntry> = Play::new(register, SEED)
        .map_err(|error: BrokenAsset| Failure::failed(error.to_string()))?
        .take(usize::try_from(until).unwrap_or(usize::MAX))
        .skip(usize::try_from(from).unwrap_or(usize::MAX))
        .map(|station| StationEntry {
            code: station.place.code.to_string(),
            kind: station.place.kind.name().to_owned(),
            name: None,
            registered: station.form.registered.map(|people| people.total),
        })
        .collect();
    // Neighbours together: a call then touches few regions' rows.
    entries.sort_by(|left, right| left.code.cmp(&right.code));
    let mut loader = Loader::new(remote, screen, text!("TPS", "stations"), until.saturating_sub(from));
    for chunk in entries.chunks(CHUNK) {
        loader.send(RegionsBody { regions: Vec::new(), stations: chunk.to_vec() }).await?;
    }
    loader.all_done().await
}
