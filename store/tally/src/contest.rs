//! A contest: what is counted, where, and which names stand on its ballot.
//!
//! Invariant: the options of a contest never change once it is defined, so votes are kept by position.

use alloc::string::String;
use alloc::vec::Vec;

use crate::calendar::Day;
use crate::ids::ContestId;
use crate::region::{RegionCode, StationCode};
use crate::rules::RuleId;

/// Most options a contest can have.
pub const OPTIONS_MAX: usize = 2_000;
/// Most regions a contest can be held in.
pub const CONTEST_REGIONS_MAX: usize = 1_000;

/// One line of the ballot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContestOption {
    /// Identifier on the wire, such as `100025`.
    pub id: String,
    /// Name as on the ballot.
    pub name: String,
    /// Ballot number (nomor urut).
    pub order: u32,
    /// Neutral colour as `#RRGGBB`, if one is given.
    pub color: Option<String>,
    /// Party or parties, if given.
    pub party: Option<String>,
}

/// A rule that does not apply in a region of a contest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Exemption {
    /// The rule left out.
    pub rule: RuleId,
    /// Where it is left out.
    pub region: RegionCode,
}

/// A contest as defined.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contest {
    /// Its identifier.
    pub id: ContestId,
    /// Its name in Indonesian.
    pub name: String,
    /// What is elected, in the words of `api.md`: `ppwp`, `pdpr`, `pdpd`, `pdprdp`, `pdprdk`, `pkwkp`, `pkwkk`.
    pub kind: String,
    /// Where it is held; every station inside one of them holds it.
    pub regions: Vec<RegionCode>,
    /// Whether officers may leave parts of the form out (imports of older feeds).
    pub partial_forms: bool,
    /// Whether a confirmation wants a photo.
    pub photo_required: bool,
    /// Whether a correction wants a reason.
    pub reason_required: bool,
    /// Day of the poll, where it is known; R28 asks for it.
    pub poll_day: Option<Day>,
    /// The ballot.
    pub options: Vec<ContestOption>,
    /// Rules that do not apply in some regions.
    pub exemptions: Vec<Exemption>,
    /// Log index that defined it.
    pub index: u64,
}

impl Contest {
    /// Whether a station holds this contest.
    #[must_use]
    pub fn held_at(&self, station: StationCode) -> bool {
        self.regions.iter().any(|region| region.contains(station.village()))
    }

    /// Whether a region has, or could have, stations that hold this contest.
    #[must_use]
    pub fn held_in(&self, region: RegionCode) -> bool {
        self.regions.iter().any(|held| held.contains(region) || region.contains(*held))
    }

    /// The smallest region that contains all of [`Self::regions`].
    #[must_use]
    pub fn region(&self) -> RegionCode {
        let Some(first) = self.regions.first() else {
            return RegionCode::NATION;
        };
        first
            .ancestry()
            .find(|candidate| self.regions.iter().all(|region| candidate.contains(*region)))
            .unwrap_or(RegionCode::NATION)
    }
}
