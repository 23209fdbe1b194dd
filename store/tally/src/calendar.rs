//! Days and the clocks of the country: what a rule about "13.00 local time" needs.
//!
//! Invariant: the zone follows from the region's code, so every node and every page say the same. The zones have no
//! summer time.

use crate::ids::LogTime;
use crate::region::{Level, RegionCode, StationCode};

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A day of the calendar: days since 1970-01-01, wherever one stands.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Day(pub u32);

/// One of the three zones of the country.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Zone {
    /// WIB, seven hours ahead of UTC.
    West,
    /// WITA, eight hours.
    Central,
    /// WIT, nine hours.
    East,
}

impl Zone {
    /// The zone of a region, by its province; the capital's for the nation and for stations abroad.
    #[must_use]
    pub fn of(region: RegionCode) -> Self {
        let province = region.ancestry().find(|above| above.level() == Level::Province);
        match province.map(RegionCode::number) {
            Some(51..=53 | 63..=65 | 71..=76) => Self::Central,
            Some(81 | 82 | 91..=97) => Self::East,
            _ => Self::West,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::West => "WIB",
            Self::Central => "WITA",
            Self::East => "WIT",
        }
    }

    /// Hours ahead of UTC.
    #[must_use]
    pub const fn hours(self) -> u8 {
        match self {
            Self::West => 7,
            Self::Central => 8,
            Self::East => 9,
        }
    }
}

/// The moment when it is so many full hours of that day at a station at home; `None` abroad, where the poll is held on
/// other days.
#[must_use]
pub fn local_hour(station: StationCode, day: Day, hour: u8) -> Option<LogTime> {
    if station.abroad() {
        return None;
    }
    let zone = u64::from(Zone::of(station.village()).hours());
    let as_if_utc =
        u64::from(day.0).checked_mul(DAY_MS)?.checked_add(u64::from(hour).checked_mul(HOUR_MS)?)?;
    as_if_utc.checked_sub(zone.checked_mul(HOUR_MS)?).map(LogTime)
}

#[cfg(test)]
mod tests {
    use super::{Day, local_hour};
    use crate::ids::LogTime;
    use crate::region::StationCode;

    #[test]
    fn one_o_clock_comes_earlier_in_the_east() {
        // 14 February 2024 is day 19,767.
        let at = |code| local_hour(StationCode::parse(code).unwrap(), Day(19_767), 13);
        assert_eq!(at("3175091001087"), Some(LogTime(1_707_890_400_000)));
        assert_eq!(at("5104042004002"), Some(LogTime(1_707_886_800_000)));
        assert_eq!(at("9101012001001"), Some(LogTime(1_707_883_200_000)));
        assert_eq!(at("9949010001001"), None);
    }
}
