//! Times as Indonesian pages write them: `14 Februari 2024 15.50.03 WIB`.
//!
//! Invariant: the zone follows from the region's code, so every node writes the same text.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use tally::ids::LogTime;
use tally::region::{Level, RegionCode};

const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// One of the three zones of the country.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Zone {
    /// What it is called: WIB, WITA or WIT.
    pub(super) name: &'static str,
    hours: i8,
}

impl Zone {
    /// The capital's, used for the nation and for stations abroad.
    pub(super) const WEST: Self = Self { name: "WIB", hours: 7 };
    const CENTRAL: Self = Self { name: "WITA", hours: 8 };
    const EAST: Self = Self { name: "WIT", hours: 9 };

    /// The zone of a region, by its province.
    #[must_use]
    pub(super) fn of(region: RegionCode) -> Self {
        let province = region.ancestry().find(|above| above.level() == Level::Province);
        match province.map(RegionCode::number) {
            Some(51..=53 | 63..=65 | 71..=76) => Self::CENTRAL,
            Some(81 | 82 | 91..=97) => Self::EAST,
            _ => Self::WEST,
        }
    }
}

/// A log time as people read it; a dash for none.
#[must_use]
pub(super) fn written(time: LogTime, zone: Zone) -> String {
    if time == LogTime::default() {
        return "\u{2013}".to_owned();
    }
    let timestamp = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let offset = Offset::from_hours(zone.hours).ok();
    let Some((timestamp, offset)) = timestamp.zip(offset) else {
        return "\u{2013}".to_owned();
    };
    let local = timestamp.to_zoned(TimeZone::fixed(offset));
    let month = usize::try_from(local.month().saturating_sub(1)).ok().and_then(|place| MONTHS.get(place));
    format!(
        "{} {} {} {:02}.{:02}.{:02} {}",
        local.day(),
        month.copied().unwrap_or_default(),
        local.year(),
        local.hour(),
        local.minute(),
        local.second(),
        zone.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELECTION_NIGHT: LogTime = LogTime(1_707_900_603_999);

    #[test]
    fn a_time_is_written_in_the_zone_of_its_region() {
        let at = |code: &str| written(ELECTION_NIGHT, Zone::of(RegionCode::parse(code).unwrap()));
        assert_eq!(at("0"), "14 Februari 2024 15.50.03 WIB");
        assert_eq!(at("3175"), "14 Februari 2024 15.50.03 WIB");
        assert_eq!(at("99"), "14 Februari 2024 15.50.03 WIB");
        assert_eq!(at("517101"), "14 Februari 2024 16.50.03 WITA");
        assert_eq!(at("9471011001"), "14 Februari 2024 17.50.03 WIT");
    }

    #[test]
    fn no_time_is_a_dash() {
        assert_eq!(written(LogTime(0), Zone::WEST), "\u{2013}");
        assert_eq!(written(LogTime(u64::MAX), Zone::WEST), "\u{2013}");
    }
}
