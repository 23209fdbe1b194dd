//! Forms that rules found something in, or that are held, on the wire.

use serde::{Deserialize, Serialize};
use tally::aggregate::Aggregate;
use tally::contest::Contest;
use tally::region::{RegionCode, StationCode};
use tally::station::{Station, Tally, TallyState};
use utoipa::ToSchema;

use super::flags::{Flag, Subject};
use super::text::station_name;
use crate::ports::{ReadError, StateView};
use crate::walk::{Seeker, walk};

/// Answer of `/anomalies/{contest}/{region}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AnomaliesPage {
    /// Stations by code. A page may be short, or empty, and still have a next one.
    pub items: Vec<Anomaly>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// A station whose form deserves a look.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Anomaly {
    /// Code of the station.
    pub station: String,
    /// State of the form.
    pub state: String,
    /// What the rules found; none for a form that is held by hand.
    pub flags: Vec<Flag>,
    /// Name of the station.
    pub name: String,
    /// Name of its village.
    pub village: String,
}

/// Reads a page of the anomalies below a region, beginning after a station; `None` when the contest is not held there.
pub fn read(
    view: &dyn StateView,
    contest: &Contest,
    (region, after): (RegionCode, Option<StationCode>),
    limit: usize,
) -> Result<Option<AnomaliesPage>, ReadError> {
    if !contest.held_in(region) || view.region(region)?.is_none() {
        return Ok(None);
    }
    let mut gathered = Gathered { contest, limit, items: Vec::new() };
    let next = walk(view, contest, (region, after), &mut gathered)?;
    Ok(Some(AnomaliesPage { items: gathered.items, next: next.map(|next| next.to_string()) }))
}

struct Gathered<'a> {
    contest: &'a Contest,
    limit: usize,
    items: Vec<Anomaly>,
}

impl Seeker for Gathered<'_> {
    fn possible_in(&self, sums: Option<&Aggregate>, _: u64) -> bool {
        sums.is_some_and(|sums| sums.flagged > 0 || sums.held > 0)
    }

    fn meet(&mut self, station: &Station, village: &str, tally: Option<&Tally>) -> bool {
        if let Some(tally) = tally.filter(|tally| tally.flagged() || tally.state == TallyState::Held) {
            let subject = Subject { form: &tally.form, contest: self.contest, station };
            self.items.push(Anomaly {
                station: station.code.to_string(),
                state: tally.state.name().to_owned(),
                flags: Flag::all(&tally.flags, subject),
                name: station_name(station),
                village: village.to_owned(),
            });
        }
        self.items.len() < self.limit
    }
}
