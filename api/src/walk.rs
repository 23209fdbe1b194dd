//! Walking over the stations of a region in the order of their codes, a page at a time.
//!
//! Invariant: a page looks at a bounded number of villages, and goes below a region only when its sums say that what is
//! looked for may be there; what it leaves out it says by the station to go on after.

use tally::aggregate::Aggregate;
use tally::contest::Contest;
use tally::region::{Level, RegionCode, StationCode};
use tally::station::{Station, Tally};

use crate::ports::{ReadError, StateView};

/// Villages looked at for one page.
const VILLAGES_MAX: usize = 2_000;

/// What a walk is for.
pub(crate) trait Seeker {
    /// Whether a region with these sums and so many stations may have what is looked for.
    fn possible_in(&self, sums: Option<&Aggregate>, stations: u64) -> bool;
    /// Looks at a station of a village of that name; answers whether there is room for more.
    fn meet(&mut self, station: &Station, village: &str, tally: Option<&Tally>) -> bool;
}

/// Walks until the seeker has enough, the page's villages are used up, or the region ends; answers the last station that
/// was looked at, unless it ended.
pub(crate) fn walk(
    view: &dyn StateView,
    contest: &Contest,
    (region, after): (RegionCode, Option<StationCode>),
    seeker: &mut dyn Seeker,
) -> Result<Option<StationCode>, ReadError> {
    let mut walk = Walk { view, contest, after, seeker, villages: VILLAGES_MAX, next: None };
    walk.region(region)?;
    Ok(walk.next)
}

/// Whether a cursor lies beyond all stations of a region.
pub(crate) fn passed(after: Option<StationCode>, region: RegionCode) -> bool {
    let Some(after) = after else { return false };
    let above = after.village().ancestry().find(|above| above.level() == region.level());
    above.is_some_and(|above| region.number() < above.number())
}

/// The stations of a village that hold a contest, each with its form, by code.
pub(crate) fn with_forms(
    view: &dyn StateView,
    contest: &Contest,
    village: RegionCode,
) -> Result<Vec<(Station, Option<Tally>)>, ReadError> {
    let mut tallies = view.tallies_of(&contest.id, village)?.into_iter().peekable();
    let mut stations = Vec::new();
    for station in view.stations_of(village)? {
        while tallies.next_if(|(other, _)| *other < station.code).is_some() {}
        let tally = tallies.next_if(|(other, _)| *other == station.code).map(|(_, tally)| tally);
        if contest.held_at(station.code) {
            stations.push((station, tally));
        }
    }
    Ok(stations)
}

struct Walk<'a> {
    view: &'a dyn StateView,
    contest: &'a Contest,
    after: Option<StationCode>,
    seeker: &'a mut dyn Seeker,
    villages: usize,
    /// The last station looked at, once the page is full.
    next: Option<StationCode>,
}

impl Walk<'_> {
    /// No deeper than the tree has levels.
    fn region(&mut self, code: RegionCode) -> Result<(), ReadError> {
        if self.next.is_some() || passed(self.after, code) {
            return Ok(());
        }
        let Some(region) = self.view.region(code)? else { return Ok(()) };
        // Where not all of it takes part nobody knows how many stations do: all is looked at.
        let stations = if self.contest.held_in(code) { region.stations } else { return Ok(()) };
        let sums = self.view.aggregate(&self.contest.id, code)?;
        if !self.seeker.possible_in(sums.as_ref(), stations) {
            return Ok(());
        }
        if code.level() == Level::Village {
            return self.village(code, &region.name);
        }
        for below in self.view.regions_below(code)? {
            self.region(below.code)?;
        }
        Ok(())
    }

    fn village(&mut self, code: RegionCode, name: &str) -> Result<(), ReadError> {
        for (station, tally) in with_forms(self.view, self.contest, code)? {
            let new = self.after.is_none_or(|after| station.code > after);
            if new && !self.seeker.meet(&station, name, tally.as_ref()) {
                self.next = Some(station.code);
                return Ok(());
            }
        }
        self.villages = self.villages.saturating_sub(1);
        if self.villages == 0 {
            self.next = code.stations().map(|(_, last)| last);
        }
        Ok(())
    }
}
