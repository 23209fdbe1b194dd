//! `DefineRegions`: regions are defined or renamed, parents before children.
//!
//! Invariant: a defined region's parent is defined. The nation comes by itself with the first province.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::audit::AuditEvent;
use crate::command::{NAME_BYTES_MAX, RegionDefinition};
use crate::outcome::{DefinitionProblem, Refusal};
use crate::region::{Level, Region, RegionCode};
use crate::row::{MissingRow, Row, RowKey};

use super::definitions::{Count, checked_length, each, malformed};
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::{Stop, Verdict};

/// Name of the nation when nobody gave it one.
const NATION_NAME: &str = "INDONESIA";

/// The nation that comes by itself is not counted in the answer: nobody asked for it.
pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    definitions: &[RegionDefinition],
) -> Verdict {
    caller.master_data(|scope| definitions.iter().all(|definition| scope.covers_region(definition.code)))?;
    checked_length(definitions)?;
    let mut regions = Regions { case, changed: BTreeMap::new() };
    let mut count = Count::default();
    for (position, definition) in each(definitions) {
        let name = &definition.name;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(malformed(position));
        }
        if let Some(parent) = definition.code.parent() {
            regions.parent_defined(parent, position)?;
        }
        match regions.get(definition.code)? {
            Some(region) if region.name == *name => count.unchanged()?,
            Some(region) => {
                let renamed = Region { name: name.clone(), index: case.place.index, ..region.clone() };
                regions.changed.insert(definition.code, renamed);
                count.changed()?;
            }
            None => {
                regions.create(definition.code, name.clone());
                count.created()?;
            }
        }
    }
    for (code, region) in regions.changed {
        draft.put(RowKey::Region(code), Row::Region(region));
    }
    if let Some((created, changed)) = count.touched() {
        draft.note(AuditEvent::RegionsDefined { created, changed });
    }
    Ok(count.outcome())
}

/// The regions as the list read so far leaves them.
struct Regions<'a, 'case> {
    case: &'a Case<'case>,
    changed: BTreeMap<RegionCode, Region>,
}

impl Regions<'_, '_> {
    fn get(&self, code: RegionCode) -> Result<Option<&Region>, MissingRow> {
        match self.changed.get(&code) {
            Some(region) => Ok(Some(region)),
            None => self.case.rows.region(code),
        }
    }

    fn create(&mut self, code: RegionCode, name: String) {
        let index = self.case.place.index;
        let region = Region { code, name, stations: 0, registered: 0, stations_registered: 0, index };
        self.changed.insert(code, region);
    }

    fn parent_defined(&mut self, parent: RegionCode, position: u32) -> Result<(), Stop> {
        if self.get(parent)?.is_some() {
            return Ok(());
        }
        if parent.level() != Level::Nation {
            return Err(Refusal::DefinitionConflict(DefinitionProblem::ParentUnknown { position }).into());
        }
        self.create(parent, NATION_NAME.to_owned());
        Ok(())
    }
}
