//! All sums counted anew from the forms and stations themselves.
//!
//! Invariant: nothing here calls the code that keeps the sums. Regions are found by cutting the digits of a
//! code as text, counts by plain addition, so that a mistake would have to be made twice.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::aggregate::{Aggregate, Totals};
use crate::form::Form;
use crate::ids::ContestId;
use crate::region::{RegionCode, StationCode};
use crate::row::{Row, RowKey};
use crate::station::{Event, Tally, TallyState};

use super::Rows;

/// What a region's row counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RegionCounts {
    /// Stations in it.
    pub stations: u64,
    /// Voters in the register.
    pub registered: u64,
    /// Stations with a known register.
    pub stations_registered: u64,
}

/// Everything counted anew.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recount {
    /// Sums by contest and region; only where something was reported.
    pub aggregates: BTreeMap<(ContestId, RegionCode), Aggregate>,
    /// Counts by region; only where there are stations.
    pub regions: BTreeMap<RegionCode, RegionCounts>,
}

/// Counts everything from the rows of forms, events and stations.
#[must_use]
pub fn recount(rows: &Rows) -> Recount {
    let mut recount = Recount::default();
    for (key, row) in rows {
        recount.count(key, row);
    }
    recount
}

impl Recount {
    /// Counts one row more.
    pub fn count(&mut self, key: &RowKey, row: &Row) {
        match (key, row) {
            (RowKey::Station(code), Row::Station(station)) => {
                for region in regions_above(*code) {
                    let counts = self.regions.entry(region).or_default();
                    add(&mut counts.stations, 1);
                    add(&mut counts.registered, station.registered.unwrap_or(0));
                    add(&mut counts.stations_registered, u32::from(station.registered.is_some()));
                }
            }
            (RowKey::Tally(contest, station), Row::Tally(tally)) => {
                for region in regions_above(*station) {
                    count_form(self.aggregates.entry((*contest, region)).or_default(), tally);
                }
            }
            (RowKey::Event(contest, station, _), Row::Event(event)) => {
                for region in regions_above(*station) {
                    count_event(self.aggregates.entry((*contest, region)).or_default(), event);
                }
            }
            _ => {}
        }
    }
}

/// The five regions above a station, cut from its thirteen digits.
fn regions_above(station: StationCode) -> Vec<RegionCode> {
    let digits = station.to_string();
    let cuts = [2, 4, 6, 10].into_iter().filter_map(|cut| RegionCode::parse(digits.get(..cut)?));
    cuts.chain(RegionCode::parse("0")).collect()
}

fn add(sum: &mut u64, count: u32) {
    *sum = sum.saturating_add(u64::from(count));
}

fn count_form(sums: &mut Aggregate, tally: &Tally) {
    let Form { registered, turnout, ballots, disabled, votes, valid, invalid, total } = &tally.form;
    add(&mut sums.reported, 1);
    let flagged = !tally.flags.is_empty() || tally.state == TallyState::Disputed;
    add(&mut sums.flagged, u32::from(flagged));
    let known = registered.is_some() && turnout.is_some() && ballots.is_some() && disabled.is_some();
    let whole = known && valid.is_some() && invalid.is_some() && total.is_some();
    add(&mut sums.partial, u32::from(!whole));
    add(&mut sums.certified, u32::from(tally.state == TallyState::Certified));
    if sums.totals.votes.len() < votes.len() {
        sums.totals.votes.resize(votes.len(), 0);
    }
    if tally.state == TallyState::Held {
        add(&mut sums.held, 1);
        return;
    }
    let Totals { votes: votes_sum, valid: valid_sum, invalid: invalid_sum, total: total_sum, .. } =
        &mut sums.totals;
    for (sum, votes) in votes_sum.iter_mut().zip(votes) {
        add(sum, *votes);
    }
    add(valid_sum, valid.unwrap_or(0));
    add(invalid_sum, invalid.unwrap_or(0));
    add(total_sum, total.unwrap_or(0));
    add(&mut sums.totals.registered, registered.map_or(0, |people| people.total));
    add(&mut sums.totals.turnout, turnout.map_or(0, |turnout| turnout.total.total));
}

fn count_event(sums: &mut Aggregate, event: &Event) {
    add(&mut sums.version, 1);
    sums.index = sums.index.max(event.index);
    sums.updated_at = sums.updated_at.max(event.at);
}

/// Adds the sums of a region to those of the region above it.
pub(super) fn add_sums(sum: &mut Aggregate, child: &Aggregate) {
    let plus = |sum: &mut u64, count: u64| *sum = sum.saturating_add(count);
    if sum.totals.votes.len() < child.totals.votes.len() {
        sum.totals.votes.resize(child.totals.votes.len(), 0);
    }
    for (sum, votes) in sum.totals.votes.iter_mut().zip(&child.totals.votes) {
        plus(sum, *votes);
    }
    plus(&mut sum.totals.valid, child.totals.valid);
    plus(&mut sum.totals.invalid, child.totals.invalid);
    plus(&mut sum.totals.total, child.totals.total);
    plus(&mut sum.totals.registered, child.totals.registered);
    plus(&mut sum.totals.turnout, child.totals.turnout);
    plus(&mut sum.reported, child.reported);
    plus(&mut sum.held, child.held);
    plus(&mut sum.flagged, child.flagged);
    plus(&mut sum.partial, child.partial);
    plus(&mut sum.certified, child.certified);
    plus(&mut sum.version, child.version);
    sum.index = sum.index.max(child.index);
    sum.updated_at = sum.updated_at.max(child.updated_at);
}
