//! Shares as Indonesian pages write them: `58,59 %`. (Counts are grouped by `dto::text`.)
//!
//! Invariant: integer arithmetic only, so every node writes the same digits.

/// Hundredths of a percent in a whole.
const WHOLE: u128 = 10_000;

/// A share of a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Share {
    basis_points: u128,
}

impl Share {
    /// `part` of `whole`, rounded half up to a hundredth of a percent; `None` of nothing.
    #[must_use]
    pub(super) fn of(part: u64, whole: u64) -> Option<Self> {
        let twice = u128::from(whole).checked_mul(2)?;
        let scaled = u128::from(part).checked_mul(WHOLE)?.checked_mul(2)?;
        let basis_points = scaled.checked_add(u128::from(whole))?.checked_div(twice)?;
        Some(Self { basis_points })
    }

    /// `part` of `whole` as progress: 100 % only when nothing is missing, and more than 0 % as soon as
    /// something is there.
    #[must_use]
    pub(super) fn of_progress(part: u64, whole: u64) -> Option<Self> {
        let rounded = Self::of(part, whole)?;
        let basis_points = if part < whole { rounded.basis_points.min(9_999) } else { rounded.basis_points };
        let basis_points = if part > 0 { basis_points.max(1) } else { basis_points };
        Some(Self { basis_points })
    }

    /// As people read it: `58,59 %`.
    #[must_use]
    pub(super) fn text(self) -> String {
        format!("{},{:02}\u{a0}%", self.basis_points / 100, self.basis_points % 100)
    }

    /// As an SVG length, at most the whole width: `58.59%`.
    #[must_use]
    pub(super) fn length(self) -> String {
        let shown = self.basis_points.min(WHOLE);
        format!("{}.{:02}%", shown / 100, shown % 100)
    }
}

/// A share as text, or a dash where there is none.
#[must_use]
pub(super) fn percent(part: u64, whole: u64) -> String {
    Share::of(part, whole).map_or_else(|| "\u{2013}".to_owned(), Share::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_half_up_as_the_official_result_prints_them() {
        let (one, two, three) = (40_971_906, 96_214_691, 27_040_878);
        let whole = one + two + three;
        let written = [one, two, three].map(|votes| percent(votes, whole));
        assert_eq!(written, ["24,95\u{a0}%", "58,59\u{a0}%", "16,47\u{a0}%"]);
        assert_eq!(percent(1, 20_000), "0,01\u{a0}%");
        assert_eq!(percent(1, 20_001), "0,00\u{a0}%");
        assert_eq!(percent(u64::MAX, u64::MAX), "100,00\u{a0}%");
        assert_eq!(percent(0, 0), "\u{2013}");
    }

    #[test]
    fn progress_is_whole_only_when_nothing_is_missing() {
        let text = |part, whole| Share::of_progress(part, whole).map(Share::text);
        assert_eq!(text(820_160, 820_161).as_deref(), Some("99,99\u{a0}%"));
        assert_eq!(text(820_161, 820_161).as_deref(), Some("100,00\u{a0}%"));
        assert_eq!(text(1, 820_161).as_deref(), Some("0,01\u{a0}%"));
        assert_eq!(text(0, 820_161).as_deref(), Some("0,00\u{a0}%"));
        assert_eq!(text(0, 0), None);
    }

    #[test]
    fn lengths_never_leave_the_bar() {
        assert_eq!(Share::of(5, 4).map(Share::length).as_deref(), Some("100.00%"));
        assert_eq!(Share::of(1, 3).map(Share::length).as_deref(), Some("33.33%"));
    }
}
