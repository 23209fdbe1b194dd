//! Keeping the sums: a form leaves every region above its station by the exact inverse of how it came in (P5).

use crate::aggregate::{Aggregate, Totals};
use crate::row::{Row, RowKey};
use crate::station::{Tally, TallyState};

use super::draft::{Case, Draft};
use super::tallying::Target;
use super::{Contradiction, DecideError};

/// Puts one form in place of another, or of none, in the sums of all regions above the station.
pub(super) fn replace(
    case: &Case<'_>,
    draft: &mut Draft,
    target: Target,
    options: usize,
    before: Option<&Tally>,
    after: &Tally,
) -> Result<(), DecideError> {
    let out = before.map(|tally| of_one(tally, options));
    let into = of_one(after, options);
    for region in target.station.village().ancestry() {
        let kept = case.rows.aggregate(target.contest, region)?;
        let mut sums = kept.cloned().unwrap_or_else(|| of_none(options));
        if let Some(out) = &out {
            shift(&mut sums, out, Direction::Out)?;
        }
        shift(&mut sums, &into, Direction::In)?;
        sums.index = case.place.index;
        sums.updated_at = case.now;
        sums.version = sums.version.checked_add(1).ok_or(Contradiction::Overflow)?;
        draft.put(RowKey::Aggregate(target.contest, region), Row::Aggregate(sums));
    }
    Ok(())
}

/// The sums over no form.
fn of_none(options: usize) -> Aggregate {
    Aggregate { totals: Totals::zero(options), ..Aggregate::default() }
}

/// The sums over one form: a held one is reported but adds nothing to the totals.
fn of_one(tally: &Tally, options: usize) -> Aggregate {
    Aggregate {
        totals: if tally.state.counted() { Totals::of(&tally.form) } else { Totals::zero(options) },
        reported: 1,
        held: u64::from(tally.state == TallyState::Held),
        flagged: u64::from(tally.flagged()),
        partial: u64::from(tally.form.partial()),
        certified: u64::from(tally.state == TallyState::Certified),
        ..Aggregate::default()
    }
}

#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

impl Direction {
    fn step(self, sum: &mut u64, amount: u64) -> Result<(), Contradiction> {
        *sum = match self {
            Self::In => sum.checked_add(amount).ok_or(Contradiction::Overflow)?,
            Self::Out => sum.checked_sub(amount).ok_or(Contradiction::Underflow)?,
        };
        Ok(())
    }
}

/// Moves one form into the sums or out of them.
fn shift(sums: &mut Aggregate, one: &Aggregate, direction: Direction) -> Result<(), Contradiction> {
    direction.step(&mut sums.reported, one.reported)?;
    direction.step(&mut sums.held, one.held)?;
    direction.step(&mut sums.flagged, one.flagged)?;
    direction.step(&mut sums.partial, one.partial)?;
    direction.step(&mut sums.certified, one.certified)?;
    let (totals, one) = (&mut sums.totals, &one.totals);
    if totals.votes.len() != one.votes.len() {
        return Err(Contradiction::Options);
    }
    for (sum, votes) in totals.votes.iter_mut().zip(&one.votes) {
        direction.step(sum, *votes)?;
    }
    direction.step(&mut totals.valid, one.valid)?;
    direction.step(&mut totals.invalid, one.invalid)?;
    direction.step(&mut totals.total, one.total)?;
    direction.step(&mut totals.registered, one.registered)?;
    direction.step(&mut totals.turnout, one.turnout)
}
