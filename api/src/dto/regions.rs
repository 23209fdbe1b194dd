//! Regions on the wire.

use serde::{Deserialize, Serialize};
use tally::region::{Level, RegionCode};
use utoipa::ToSchema;

use super::text::station_name;
use crate::ports::{ReadError, StateView};

/// One step of a path.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct PathStep {
    /// Code of the region.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Answer of `/regions/{region}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RegionPage {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `nation`, `province`, `regency`, `district` or `village`.
    pub level: String,
    /// What lies above it, from the nation down.
    pub path: Vec<PathStep>,
    /// Stations in it, whatever contests they hold.
    pub stations: u64,
    /// What lies right below, by code.
    pub children: Vec<RegionChild>,
}

/// A region or, below a village, a station.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RegionChild {
    /// A station of a village.
    Station(StationLine),
    /// A region.
    Region(RegionLine),
}

/// A region as a line of the one above.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RegionLine {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Stations in it.
    pub stations: u64,
}

/// A station as a line of its village.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct StationLine {
    /// Code.
    pub code: String,
    /// Number within the village.
    pub number: u16,
    /// Name.
    pub name: String,
    /// `home`, `special`, `tpsln`, `ksk` or `pos`.
    pub kind: String,
    /// Voters in the register, where known.
    #[schema(required)]
    pub registered: Option<u32>,
}

/// The names of what lies above a region, from the nation down.
pub fn path_above(view: &dyn StateView, region: RegionCode) -> Result<Vec<PathStep>, ReadError> {
    region.parent().map_or_else(|| Ok(Vec::new()), |parent| path_to(view, parent))
}

/// The names from the nation down to a region.
pub fn path_to(view: &dyn StateView, region: RegionCode) -> Result<Vec<PathStep>, ReadError> {
    let mut path = Vec::new();
    for code in region.ancestry() {
        let name = view.region(code)?.map(|region| region.name).unwrap_or_default();
        path.push(PathStep { code: code.to_string(), name });
    }
    path.reverse();
    Ok(path)
}

/// Reads the page of a region; `None` when there is no such region.
pub fn read(view: &dyn StateView, code: RegionCode) -> Result<Option<RegionPage>, ReadError> {
    let Some(region) = view.region(code)? else { return Ok(None) };
    let children = if code.level() == Level::Village {
        let stations = view.stations_of(code)?;
        stations
            .iter()
            .map(|station| {
                RegionChild::Station(StationLine {
                    code: station.code.to_string(),
                    number: station.code.station_number(),
                    name: station_name(station),
                    kind: station.kind.name().to_owned(),
                    registered: station.registered,
                })
            })
            .collect()
    } else {
        let below = view.regions_below(code)?;
        below
            .into_iter()
            .map(|region| {
                let code = region.code.to_string();
                RegionChild::Region(RegionLine { code, name: region.name, stations: region.stations })
            })
            .collect()
    };
    Ok(Some(RegionPage {
        code: code.to_string(),
        name: region.name,
        level: code.level().name().to_owned(),
        path: path_above(view, code)?,
        stations: region.stations,
        children,
    }))
}
