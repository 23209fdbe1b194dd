//! Results of a region on the wire: progress, totals, and those of its children.
//!
//! Invariant: all numbers come from one view, so a page's totals are the sum of its children's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tally::aggregate::{self, Aggregate};
use tally::contest::Contest;
use tally::form::Form;
use tally::region::{Level, Region, RegionCode, StationCode};
use tally::station::{Station, Tally};
use utoipa::ToSchema;

use super::form::Votes;
use super::regions::{PathStep, path_above};
use super::text::{station_name, time};
use crate::limits::NEXT_POLL_MS;
use crate::ports::{ReadError, StateView};

/// Sums over the counted forms.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Totals {
    /// Votes by option.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub votes: Votes,
    /// Valid votes.
    pub valid: u64,
    /// Invalid votes.
    pub invalid: u64,
    /// Valid and invalid votes.
    pub total: u64,
    /// Voters on the roll, as the forms say.
    pub registered: u64,
    /// Voters who voted.
    pub turnout: u64,
}

/// How far the count is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Progress {
    /// Stations where the contest is held.
    pub stations: u64,
    /// Of these, with a current form in any state.
    pub reported: u64,
    /// Of these, held.
    pub held: u64,
    /// Of these, with at least one flag.
    pub flagged: u64,
    /// Of these, with at least one part not known.
    pub partial: u64,
    /// Of these, certified.
    pub certified: u64,
    /// Voters in the register, where known.
    #[schema(required)]
    pub registered: Option<u64>,
    /// When this last changed.
    #[schema(required)]
    pub updated_at: Option<String>,
}

/// The region of a page.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct ResultRegion {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Level.
    pub level: String,
    /// What lies above it, from the nation down.
    pub path: Vec<PathStep>,
}

/// Which state of the count a page shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct AsOf {
    /// Last log index that changed this region and contest; 0 before the first form.
    pub index: u64,
    /// Log time of that.
    #[schema(required)]
    pub at: Option<String>,
    /// Count of such changes.
    pub version: u64,
}

/// Answer of `/results/{contest}/{region}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ResultsPage {
    /// The contest.
    pub contest: String,
    /// The region.
    pub region: ResultRegion,
    /// Which state of the count this is.
    pub as_of: AsOf,
    /// How far the count is.
    pub progress: Progress,
    /// The sums.
    pub totals: Totals,
    /// What lies right below, by code.
    pub children: Vec<ResultChild>,
    /// When to ask again, in milliseconds.
    pub next_poll_ms: u32,
}

/// A region or, below a village, a station.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ResultChild {
    /// A region.
    Region(ResultRegionLine),
    /// A station of a village.
    Station(ResultStationLine),
}

/// A region as a line of the one above.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ResultRegionLine {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Count of changes.
    pub version: u64,
    /// How far the count is.
    pub progress: Progress,
    /// The sums.
    pub totals: Totals,
}

/// A station as a line of its village.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ResultStationLine {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// State of its form, `absent` when there is none.
    pub state: String,
    /// Revision of its form, 0 when there is none.
    pub revision: u32,
    /// How many rules its form breaks.
    pub flags: u64,
    /// What it contributes; null when absent or held.
    #[schema(required)]
    pub totals: Option<Totals>,
}

impl Totals {
    /// The wire shape of kept sums, with every option present.
    #[must_use]
    pub fn of(totals: &aggregate::Totals, contest: &Contest) -> Self {
        Self {
            votes: Votes::named(contest, totals.votes.iter().copied()),
            valid: totals.valid,
            invalid: totals.invalid,
            total: totals.total,
            registered: totals.registered,
            turnout: totals.turnout,
        }
    }

    /// What one counted form adds.
    #[must_use]
    pub fn of_form(form: &Form, contest: &Contest) -> Self {
        Self {
            votes: Votes::named(contest, form.votes.iter().copied().map(u64::from)),
            valid: u64::from(form.valid.unwrap_or(0)),
            invalid: u64::from(form.invalid.unwrap_or(0)),
            total: u64::from(form.total.unwrap_or(0)),
            registered: form.registered.map_or(0, |people| u64::from(people.total)),
            turnout: form.turnout.map_or(0, |turnout| u64::from(turnout.total.total)),
        }
    }
}

/// Stations and register of a contest inside a region.
struct Held {
    stations: u64,
    registered: Option<u64>,
}

impl Held {
    fn of(view: &dyn StateView, contest: &Contest, region: &Region) -> Result<Self, ReadError> {
        if contest.regions.iter().any(|held| held.contains(region.code)) {
            return Ok(Self::whole(std::slice::from_ref(region)));
        }
        let mut parts = Vec::new();
        for code in contest.regions.iter().filter(|code| region.code.contains(**code)) {
            let covered = contest.regions.iter().any(|other| other != code && other.contains(*code));
            if !covered && let Some(part) = view.region(*code)? {
                parts.push(part);
            }
        }
        Ok(Self::whole(&parts))
    }

    fn whole(regions: &[Region]) -> Self {
        let stations = regions.iter().fold(0_u64, |sum, region| sum.saturating_add(region.stations));
        let known = regions.iter().any(|region| region.stations_registered > 0);
        let registered = regions.iter().fold(0_u64, |sum, region| sum.saturating_add(region.registered));
        Self { stations, registered: known.then_some(registered) }
    }
}

impl Progress {
    fn of(held: &Held, aggregate: Option<&Aggregate>) -> Self {
        let empty = Aggregate::default();
        let kept = aggregate.unwrap_or(&empty);
        Self {
            stations: held.stations,
            reported: kept.reported,
            held: kept.held,
            flagged: kept.flagged,
            partial: kept.partial,
            certified: kept.certified,
            registered: held.registered,
            updated_at: aggregate.map(|aggregate| time(aggregate.updated_at)),
        }
    }
}

/// Reads the results of a region; `None` when there is no such region or the contest is not held there.
pub fn read(
    view: &dyn StateView,
    contest: &Contest,
    code: RegionCode,
) -> Result<Option<ResultsPage>, ReadError> {
    let Some(page) = read_sums(view, contest, code)? else { return Ok(None) };
    let children = if code.level() == Level::Village {
        station_lines(view, contest, code)?
    } else {
        region_lines(view, contest, code)?
    };
    Ok(Some(ResultsPage { children, ..page }))
}

/// The same without what lies below, for those who show only the region.
pub(crate) fn read_sums(
    view: &dyn StateView,
    contest: &Contest,
    code: RegionCode,
) -> Result<Option<ResultsPage>, ReadError> {
    if !contest.held_in(code) {
        return Ok(None);
    }
    let Some(region) = view.region(code)? else { return Ok(None) };
    let aggregate = view.aggregate(&contest.id, code)?;
    let progress = Progress::of(&Held::of(view, contest, &region)?, aggregate.as_ref());
    let as_of = AsOf {
        index: aggregate.as_ref().map_or(0, |aggregate| aggregate.index),
        at: progress.updated_at.clone(),
        version: aggregate.as_ref().map_or(0, |aggregate| aggregate.version),
    };
    Ok(Some(ResultsPage {
        contest: contest.id.to_string(),
        region: ResultRegion {
            code: code.to_string(),
            name: region.name,
            level: code.level().name().to_owned(),
            path: path_above(view, code)?,
        },
        as_of,
        progress,
        totals: Totals::of(&aggregate.unwrap_or_default().totals, contest),
        children: Vec::new(),
        next_poll_ms: NEXT_POLL_MS,
    }))
}

fn region_lines(
    view: &dyn StateView,
    contest: &Contest,
    above: RegionCode,
) -> Result<Vec<ResultChild>, ReadError> {
    let aggregates: BTreeMap<RegionCode, Aggregate> =
        view.aggregates_below(&contest.id, above)?.into_iter().collect();
    let mut lines = Vec::new();
    for region in view.regions_below(above)?.into_iter().filter(|region| contest.held_in(region.code)) {
        let aggregate = aggregates.get(&region.code);
        let empty = aggregate::Totals::default();
        let totals = Totals::of(aggregate.map_or(&empty, |aggregate| &aggregate.totals), contest);
        lines.push(ResultChild::Region(ResultRegionLine {
            code: region.code.to_string(),
            version: aggregate.map_or(0, |aggregate| aggregate.version),
            progress: Progress::of(&Held::of(view, contest, &region)?, aggregate),
            totals,
            name: region.name,
        }));
    }
    Ok(lines)
}

fn station_lines(
    view: &dyn StateView,
    contest: &Contest,
    village: RegionCode,
) -> Result<Vec<ResultChild>, ReadError> {
    let tallies: BTreeMap<StationCode, Tally> = view.tallies_of(&contest.id, village)?.into_iter().collect();
    let stations = view.stations_of(village)?;
    let held = stations.iter().filter(|station| contest.held_at(station.code));
    Ok(held.map(|station| station_line(station, tallies.get(&station.code), contest)).collect())
}

fn station_line(station: &Station, tally: Option<&Tally>, contest: &Contest) -> ResultChild {
    let counted = tally.filter(|tally| tally.state.counted());
    ResultChild::Station(ResultStationLine {
        code: station.code.to_string(),
        name: station_name(station),
        state: tally.map_or("absent", |tally| tally.state.name()).to_owned(),
        revision: tally.map_or(0, |tally| tally.revision),
        flags: tally.map_or(0, |tally| u64::try_from(tally.flags.len()).unwrap_or(u64::MAX)),
        totals: counted.map(|tally| Totals::of_form(&tally.form, contest)),
    })
}
