//! What a search found, on the wire.

use serde::{Deserialize, Serialize};
use tally::region::{RegionCode, StationCode};
use utoipa::ToSchema;

use super::regions::{PathStep, path_above, path_to};
use super::text::station_name;
use crate::ports::{ReadError, StateView};
use crate::search::Found;

/// Answer of `/search`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SearchPage {
    /// What fits best comes first.
    pub results: Vec<SearchResult>,
}

/// A region or a station.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SearchResult {
    /// `region` or `station`.
    pub kind: String,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What lies above it, from the nation down.
    pub path: Vec<PathStep>,
}

impl SearchPage {
    /// Names what was found; what is gone from the view since is left out.
    pub(crate) fn of(view: &dyn StateView, found: &[Found]) -> Result<Self, ReadError> {
        let mut results = Vec::with_capacity(found.len());
        for found in found {
            results.extend(match found {
                Found::Region(code) => region(view, *code)?,
                Found::Station(code) => station(view, *code)?,
            });
        }
        Ok(Self { results })
    }
}

fn region(view: &dyn StateView, code: RegionCode) -> Result<Option<SearchResult>, ReadError> {
    let Some(region) = view.region(code)? else { return Ok(None) };
    let path = path_above(view, code)?;
    Ok(Some(SearchResult { kind: "region".to_owned(), code: code.to_string(), name: region.name, path }))
}

fn station(view: &dyn StateView, code: StationCode) -> Result<Option<SearchResult>, ReadError> {
    let Some(station) = view.station(code)? else { return Ok(None) };
    let path = path_to(view, code.village())?;
    let (code, name) = (code.to_string(), station_name(&station));
    Ok(Some(SearchResult { kind: "station".to_owned(), code, name, path }))
}
