//! R28: nothing is counted before the polls have closed.

use crate::calendar::local_hour;

use super::identities::vote_fields;
use super::{Finding, Severity, Sheet, finding};

/// Polling ends at 13.00 local time, and nothing is counted before.
const POLL_END_HOUR: u8 = 13;

/// R28: received before the polls closed, or read off a form before the day of the poll.
pub(super) fn counted_after_the_poll(sheet: &Sheet<'_>) -> Option<Finding> {
    let day = sheet.contest.poll_day?;
    let station = sheet.station.code;
    let received = sheet.circumstances.received_at;
    let early =
        received.is_some_and(|at| local_hour(station, day, POLL_END_HOUR).is_some_and(|end| at < end));
    let observed = sheet.circumstances.observed_at;
    let read_early = observed.is_some_and(|at| local_hour(station, day, 0).is_some_and(|start| at < start));
    if early || read_early { finding(Severity::Note, vote_fields(sheet.form)) } else { None }
}

#[cfg(test)]
mod tests {
    use crate::calendar::Day;
    use crate::contest::Contest;
    use crate::ids::LogTime;
    use crate::rules::{Circumstances, check_in};
    use crate::tests::sample::{contest, station, whole_form};

    /// 14 February 2024, 13.00 WIB.
    const POLL_END: u64 = 1_707_890_400_000;
    const MIDNIGHT: u64 = POLL_END - 13 * 60 * 60 * 1_000;

    fn noted(received_at: u64, observed_at: Option<u64>) -> bool {
        let contest = Contest { poll_day: Some(Day(19_767)), ..contest() };
        let circumstances = Circumstances {
            received_at: Some(LogTime(received_at)),
            observed_at: observed_at.map(LogTime),
            ..Circumstances::default()
        };
        let flags = check_in(&whole_form(), &contest, &station(), circumstances);
        assert!(flags.iter().all(|flag| flag.rule.number() == 28));
        !flags.is_empty()
    }

    #[test]
    fn r28_a_form_from_before_the_count() {
        assert!(noted(POLL_END - 1, None));
        assert!(!noted(POLL_END, None));
        assert!(noted(POLL_END, Some(MIDNIGHT - 1)));
        assert!(!noted(POLL_END, Some(MIDNIGHT)));
    }
}
