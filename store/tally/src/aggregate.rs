//! Sums of a region in a contest, kept up to date form by form (promise P5).
//!
//! Invariant: an aggregate is the sum of its children's, down to the stations. A form enters every ancestor
//! of its station in the same decision that stores it, and leaves by the exact inverse.

use alloc::vec::Vec;

use crate::form::Form;
use crate::ids::LogTime;

/// What one form, or all forms of a region, add up to. Nothing is derived from `votes`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Votes by option, in the order of the contest's options.
    pub votes: Vec<u64>,
    /// Valid votes.
    pub valid: u64,
    /// Invalid votes.
    pub invalid: u64,
    /// Valid and invalid votes.
    pub total: u64,
    /// Voters on the roll, as the forms say.
    pub registered: u64,
    /// Voters who voted.
    pub turnout: u64,
}

impl Totals {
    /// Sums of no form at all, with every option present.
    #[must_use]
    pub fn zero(options: usize) -> Self {
        Self { votes: alloc::vec![0; options], ..Self::default() }
    }

    /// What one form adds up to; a part that is not known adds nothing.
    #[must_use]
    pub fn of(form: &Form) -> Self {
        let count = |count: Option<u32>| u64::from(count.unwrap_or(0));
        Self {
            votes: form.votes.iter().copied().map(u64::from).collect(),
            valid: count(form.valid),
            invalid: count(form.invalid),
            total: count(form.total),
            registered: count(form.registered.map(|people| people.total)),
            turnout: count(form.turnout.map(|turnout| turnout.total.total)),
        }
    }
}

/// Kept row of a region in a contest.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Aggregate {
    /// Sums over the counted forms.
    pub totals: Totals,
    /// Stations with a current form in any state.
    pub reported: u64,
    /// Of these, held.
    pub held: u64,
    /// Of these, with at least one flag.
    pub flagged: u64,
    /// Of these, with at least one part not known.
    pub partial: u64,
    /// Of these, certified.
    pub certified: u64,
    /// Last log index that changed this row.
    pub index: u64,
    /// Log time of that.
    pub updated_at: LogTime,
    /// How often this row was changed: once by each event below it.
    pub version: u64,
}
