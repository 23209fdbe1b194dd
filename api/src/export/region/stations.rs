//! The stations of a region with their forms, village after village.
//!
//! Invariant: one view throughout, so a file is of one log index; in memory is one village at a time, and the way to it.

use std::sync::Arc;

use tally::contest::Contest;
use tally::region::{Level, RegionCode};
use tally::station::{Station, Tally};

use crate::dto::regions::path_to;
use crate::ports::{ReadError, StateView};
use crate::walk::with_forms;

/// A walk over all villages of a region in which a contest is held.
pub(super) struct Villages {
    view: Arc<dyn StateView>,
    contest: Arc<Contest>,
    /// Regions still to be entered with their names and those above, the next one last.
    waiting: Vec<(RegionCode, Vec<String>)>,
}

/// A village.
pub(super) struct Village {
    /// Names from the nation down to the village.
    pub(super) names: Vec<String>,
    /// Its stations with their forms, by code.
    pub(super) stations: Vec<(Station, Option<Tally>)>,
}

impl Villages {
    /// Begins at a region that holds the contest.
    pub(super) fn below(
        view: Arc<dyn StateView>,
        contest: Arc<Contest>,
        region: RegionCode,
    ) -> Result<Self, ReadError> {
        let names = path_to(&*view, region)?.into_iter().map(|step| step.name).collect();
        Ok(Self { view, contest, waiting: vec![(region, names)] })
    }

    /// The contest.
    pub(super) fn contest(&self) -> &Contest {
        &self.contest
    }

    /// The next village; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Village>, ReadError> {
        while let Some((code, names)) = self.waiting.pop() {
            if code.level() == Level::Village {
                let stations = with_forms(&*self.view, &self.contest, code)?;
                return Ok(Some(Village { names, stations }));
            }
            for region in self.view.regions_below(code)?.into_iter().rev() {
                if self.contest.held_in(region.code) {
                    let mut below = names.clone();
                    below.push(region.name);
                    self.waiting.push((region.code, below));
                }
            }
        }
        Ok(None)
    }
}
