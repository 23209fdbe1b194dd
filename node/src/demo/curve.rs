//! The curve of election night: how many stations had arrived by when.
//!
//! Invariant: monotonic; from noon of 14 to noon of 15 February 2024, Jakarta time, in steps of ten minutes,
//! as photos of forms really arrived. A play of any size follows its shape.

use super::register::BrokenAsset;
use super::spread::share;

const ARRIVAL: &str = include_str!("../../assets/arrival.csv");
/// Seconds of election night in one step of the table.
const STEP_S: u64 = 600;

/// Arrivals up to the end of each step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Curve {
    arrived: Vec<u64>,
}

impl Curve {
    /// Reads the shipped table.
    pub(super) fn shipped() -> Result<Self, BrokenAsset> {
        let mut arrived = Vec::new();
        let mut sum = 0_u64;
        for line in ARRIVAL.lines().skip(1) {
            let broken = || BrokenAsset { file: "arrival.csv", what: line.to_owned() };
            let figure = line.split(',').nth(1).and_then(|cell| cell.parse::<u64>().ok());
            sum = sum.saturating_add(figure.ok_or_else(broken)?);
            arrived.push(sum);
        }
        Ok(Self { arrived })
    }

    /// Length of the night in milliseconds.
    pub(super) fn length_ms(&self) -> u64 {
        u64::try_from(self.arrived.len()).unwrap_or(0).saturating_mul(STEP_S).saturating_mul(1000)
    }

    /// How many of `stations` have arrived at a time of the night, in milliseconds since noon.
    pub(super) fn arrived(&self, stations: u64, night_ms: u64) -> u64 {
        let step_ms = STEP_S.saturating_mul(1000);
        let step = usize::try_from(night_ms.checked_div(step_ms).unwrap_or(0)).unwrap_or(usize::MAX);
        let Some(after) = self.arrived.get(step).copied() else {
            return stations;
        };
        let before = step.checked_sub(1).and_then(|step| self.arrived.get(step)).copied().unwrap_or(0);
        let within = night_ms.checked_rem(step_ms).unwrap_or(0);
        let now = before.saturating_add(share(after.saturating_sub(before), within, step_ms));
        share(stations, now, self.arrived.last().copied().unwrap_or(0))
    }

    /// When the form at that place of the play arrives, in milliseconds since noon: the first time by which
    /// more than `place` have.
    pub(super) fn time_ms(&self, stations: u64, place: u64) -> u64 {
        let (mut early, mut late) = (0, self.length_ms());
        while early < late {
            let middle = early.midpoint(late);
            if self.arrived(stations, middle) > place {
                late = middle;
            } else {
                early = middle.saturating_add(1);
            }
        }
        early
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_begins_with_nothing_and_ends_with_all() {
        let curve = Curve::shipped().unwrap();
        assert_eq!(curve.length_ms(), 24 * 3600 * 1000);
        for stations in [1, 999, 823_366] {
            assert_eq!(curve.arrived(stations, 0), 0);
            assert_eq!(curve.arrived(stations, curve.length_ms()), stations);
            let mut last = 0;
            for time in (0..curve.length_ms()).step_by(100_000) {
                let now = curve.arrived(stations, time);
                assert!(now >= last && now <= stations);
                last = now;
            }
        }
    }

    #[test]
    fn the_time_of_a_place_is_when_it_arrives() {
        let curve = Curve::shipped().unwrap();
        for place in [0, 1, 500, 9_999] {
            let time = curve.time_ms(10_000, place);
            assert!(curve.arrived(10_000, time) > place);
            assert!(time == 0 || curve.arrived(10_000, time - 1) <= place);
        }
    }

    #[test]
    fn most_of_the_night_arrives_before_midnight() {
        let curve = Curve::shipped().unwrap();
        let midnight = 12 * 3600 * 1000;
        assert!(curve.arrived(1000, midnight) > 600);
        assert!(curve.arrived(1000, midnight) < 750);
    }
}
