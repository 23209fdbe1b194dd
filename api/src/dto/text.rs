//! Values as text: times, hexadecimal, names of stations, grouped numbers.

use tally::calendar::{Day, Zone};
use tally::ids::LogTime;
use tally::region::StationCode;
use tally::station::{Station, StationKind};

/// A time as RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn time(at: LogTime) -> String {
    let millisecond = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millisecond)
        .map_or_else(|_| "9999-12-30T22:00:00.000Z".to_owned(), |timestamp| format!("{timestamp:.3}"))
}

/// A time in a zone of Indonesia, to the second, as `2024-02-14 15:40:00`; `None` beyond what a calendar holds.
#[must_use]
pub fn local_seconds(at: LogTime, zone: Zone) -> Option<String> {
    let timestamp = jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
    let offset = jiff::tz::Offset::from_hours(i8::try_from(zone.hours()).ok()?).ok()?;
    Some(offset.to_datetime(timestamp).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Reads an RFC 3339 time; `None` before 1970 or when it is none.
#[must_use]
pub fn parse_time(text: &str) -> Option<LogTime> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(timestamp.as_millisecond()).ok().map(LogTime)
}

/// A day as `YYYY-MM-DD`.
#[must_use]
pub fn day(day: Day) -> String {
    jiff::civil::Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().days(i64::from(day.0).min(2_000_000)))
        .map_or_else(|_| "9999-12-31".to_owned(), |date| date.to_string())
}

/// Reads `YYYY-MM-DD`; `None` before 1970 or when it is none.
#[must_use]
pub fn parse_day(text: &str) -> Option<Day> {
    let date: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let since = date.since(jiff::civil::Date::constant(1970, 1, 1)).ok()?;
    u32::try_from(since.get_days()).ok().map(Day)
}

/// Reads hexadecimal digits of exactly `N` bytes, lower case.
#[must_use]
pub fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let mut number = 0_u8;
        for digit in pair {
            let nibble = match digit {
                b'0'..=b'9' => digit.checked_sub(b'0')?,
                b'a'..=b'f' => digit.checked_sub(b'a')?.checked_add(10)?,
                _ => return None,
            };
            number = number.checked_mul(16)?.checked_add(nibble)?;
        }
        *byte = number;
    }
    Some(bytes)
}

/// What a station is called: its own name, or its kind and number.
#[must_use]
pub fn station_name(station: &Station) -> String {
    station.name.clone().unwrap_or_else(|| numbered_name(station.kind, station.code))
}

fn numbered_name(kind: StationKind, code: StationCode) -> String {
    let word = match kind {
        StationKind::Home | StationKind::Special => "TPS",
        StationKind::Tpsln => "TPSLN",
        StationKind::Ksk => "KSK",
        StationKind::Pos => "POS",
    };
    format!("{word} {:03}", code.station_number())
}

/// A number with a dot between thousands, as Indonesians write it.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_add(digits.len() / 3));
    for (position, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(position);
        if position > 0 && left.is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        let at = LogTime(1_707_900_000_007);
        assert_eq!(time(at), "2024-02-14T08:40:00.007Z");
        assert_eq!(parse_time(&time(at)), Some(at));
        assert_eq!(time(LogTime(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse_time("2024-02-14T15:40:00.007+07:00"), Some(at));
        assert_eq!(local_seconds(at, Zone::West).as_deref(), Some("2024-02-14 15:40:00"));
        for wrong in ["", "yesterday", "1969-12-31T23:59:59Z", "2024-02-14"] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1.000"), (96_214_691, "96.214.691")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn hexadecimal_is_strict() {
        assert_eq!(parse_hex::<2>("0aff"), Some([10, 255]));
        for wrong in ["0af", "0AFF", "0aff0", "0ag0", ""] {
            assert_eq!(parse_hex::<2>(wrong), None, "{wrong}");
        }
    }
}
