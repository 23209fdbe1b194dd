//! Times as Indonesian pages write them: `14 Februari 2024 15.50.03 WIB`.
//!
//! Invariant: the zone follows from the region's code, so every node writes the same text.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
pub(super) use tally::calendar::Zone;
use tally::ids::LogTime;

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

/// A log time as people read it; a dash for none.
#[must_use]
pub(super) fn written(time: LogTime, zone: Zone) -> String {
    if time == LogTime::default() {
        return "\u{2013}".to_owned();
    }
    let timestamp = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let offset = i8::try_from(zone.hours()).ok().and_then(|hours| Offset::from_hours(hours).ok());
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
        zone.name()
    )
}

#[cfg(test)]
mod tests {
    use tally::region::RegionCode;

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
        assert_eq!(written(LogTime(0), Zone::West), "\u{2013}");
        assert_eq!(written(LogTime(u64::MAX), Zone::West), "\u{2013}");
    }
}
