//! Complaints that wait for an answer.
//!
//! Invariant: places sort as the store does, and the text of a place reads back as the same place.

use std::fmt;

use tally::complaint::Complaint;
use tally::ids::ContestId;
use tally::region::StationCode;

/// A form that complaints are about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ComplaintPlace {
    /// The station.
    pub station: StationCode,
    /// The contest.
    pub contest: ContestId,
}

impl ComplaintPlace {
    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (station, contest) = text.split_once('.')?;
        Some(Self { station: StationCode::parse(station)?, contest: ContestId::parse(contest)? })
    }
}

impl fmt::Display for ComplaintPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.station, self.contest)
    }
}

/// One page of complaints that wait for an answer.
#[derive(Clone, Debug, Default)]
pub struct OpenComplaints {
    /// Where each stands, its number there, and what it says.
    pub complaints: Vec<(ComplaintPlace, u32, Complaint)>,
    /// Where the next page goes on; none at the end. A page may be short, or empty, and still have a next one.
    pub next: Option<ComplaintPlace>,
}
