//! `DefineStations`: stations are defined or changed, and every region above counts them.
//!
//! Invariant: a region's counts are sums over the stations below it. Many stations share their regions, so
//! the differences are gathered first and each region is written once.

use alloc::collections::BTreeMap;

use crate::audit::AuditEvent;
use crate::command::{NAME_BYTES_MAX, StationDefinition};
use crate::outcome::{DefinitionProblem, Refusal};
use crate::region::{Region, RegionCode, StationCode};
use crate::row::{Row, RowKey};
use crate::station::{Station, StationKind};

use super::definitions::{Count, checked_length, each, malformed};
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::{Contradiction, Stop, Verdict};

/// Stations numbered from here on are special locations, at home.
const SPECIAL_NUMBER_MIN: u16 = 900;

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    definitions: &[StationDefinition],
) -> Verdict {
    caller.master_data(|scope| definitions.iter().all(|definition| scope.covers(definition.code)))?;
    checked_length(definitions)?;
    let mut stations: BTreeMap<StationCode, Station> = BTreeMap::new();
    let mut villages: BTreeMap<RegionCode, Difference> = BTreeMap::new();
    let mut count = Count::default();
    for (position, definition) in each(definitions) {
        if !well_formed(definition) {
            return Err(malformed(position));
        }
        let village = definition.code.village();
        if case.rows.region(village)?.is_none() {
            return Err(Refusal::DefinitionConflict(DefinitionProblem::ParentUnknown { position }).into());
        }
        let before = match stations.get(&definition.code) {
            Some(station) => Some(station),
            None => case.rows.station(definition.code)?,
        };
        if before.is_some_and(|station| same(station, definition)) {
            count.unchanged()?;
            continue;
        }
        if before.is_some() { count.changed() } else { count.created() }?;
        villages.entry(village).or_default().add(before, definition)?;
        stations.insert(definition.code, defined(definition, case.place.index));
    }
    for (code, station) in stations {
        draft.put(RowKey::Station(code), Row::Station(station));
    }
    write_regions(case, draft, villages)?;
    if let Some((created, changed)) = count.touched() {
        draft.note(AuditEvent::StationsDefined { created, changed });
    }
    Ok(count.outcome())
}

/// Whether the name has a length and the kind goes with the code.
fn well_formed(definition: &StationDefinition) -> bool {
    let named = definition.name.as_ref().is_none_or(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX);
    let abroad = definition.code.abroad();
    let special = definition.code.station_number() >= SPECIAL_NUMBER_MIN;
    let fits = match definition.kind {
        StationKind::Home => !abroad && !special,
        StationKind::Special => !abroad && special,
        StationKind::Tpsln | StationKind::Ksk | StationKind::Pos => abroad,
    };
    named && fits
}

fn same(station: &Station, definition: &StationDefinition) -> bool {
    station.kind == definition.kind
        && station.name == definition.name
        && station.registered == definition.registered
}

fn defined(definition: &StationDefinition, index: u64) -> Station {
    let StationDefinition { code, kind, name, registered } = definition.clone();
    Station { code, kind, name, registered, index }
}

/// What the counts of a region gain and lose.
#[derive(Clone, Copy, Default)]
struct Difference {
    gained: Counts,
    lost: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    stations: u64,
    registered: u64,
    stations_registered: u64,
}

impl Counts {
    fn add(&mut self, other: Self) -> Result<(), Contradiction> {
        let sum = |left: u64, right: u64| left.checked_add(right).ok_or(Contradiction::Overflow);
        self.stations = sum(self.stations, other.stations)?;
        self.registered = sum(self.registered, other.registered)?;
        self.stations_registered = sum(self.stations_registered, other.stations_registered)?;
        Ok(())
    }

    fn of(registered: Option<u32>) -> Self {
        Self {
            stations: 1,
            registered: u64::from(registered.unwrap_or(0)),
            stations_registered: u64::from(registered.is_some()),
        }
    }
}

impl Difference {
    fn add(&mut self, before: Option<&Station>, after: &StationDefinition) -> Result<(), Contradiction> {
        if let Some(before) = before {
            self.lost.add(Counts::of(before.registered))?;
        }
        self.gained.add(Counts::of(after.registered))
    }

    fn apply(self, region: &mut Region) -> Result<(), Contradiction> {
        let moved = |count: u64, gained: u64, lost: u64| {
            count
                .checked_add(gained)
                .ok_or(Contradiction::Overflow)?
                .checked_sub(lost)
                .ok_or(Contradiction::Underflow)
        };
        let Self { gained, lost } = self;
        region.stations = moved(region.stations, gained.stations, lost.stations)?;
        region.registered = moved(region.registered, gained.registered, lost.registered)?;
        region.stations_registered =
            moved(region.stations_registered, gained.stations_registered, lost.stations_registered)?;
        Ok(())
    }
}

fn write_regions(
    case: &Case<'_>,
    draft: &mut Draft,
    villages: BTreeMap<RegionCode, Difference>,
) -> Result<(), Stop> {
    let mut differences: BTreeMap<RegionCode, Difference> = BTreeMap::new();
    for (village, difference) in villages {
        for region in village.ancestry() {
            let sum = differences.entry(region).or_default();
            sum.gained.add(difference.gained)?;
            sum.lost.add(difference.lost)?;
        }
    }
    for (code, difference) in differences {
        let mut region = case.rows.region(code)?.ok_or(Contradiction::Ancestor)?.clone();
        difference.apply(&mut region)?;
        region.index = case.place.index;
        draft.put(RowKey::Region(code), Row::Region(region));
    }
    Ok(())
}
