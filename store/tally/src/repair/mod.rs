//! What a form that breaks its sums most likely says on paper: R19 (misread) and R20 (swapped).
//!
//! Invariant: a repair changes what one slip of the eye or of the hand changes, makes at least one broken sum hold and breaks
//! none. It is proposed and never applied: of the forms of February 2024 whose only repair by one digit fits, 9 of 100 had
//! another number on paper.

mod digits;
mod edits;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::contest::Contest;
use crate::form::{Field, Form};
use crate::rules::{self, Flag, RuleId, RuleSet, Severity};
use crate::station::Station;

pub use edits::Slip;

/// More are no help to anybody.
pub const REPAIRS_MAX: usize = 20;
/// Sums that a repair is about: R07 to R13.
const SUMS: core::ops::RangeInclusive<u8> = 7..=13;

/// One way to read the paper.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Repair {
    /// Boxes, with what would stand in them.
    pub boxes: Vec<(Field, u32)>,
    /// What would have gone wrong.
    pub slip: Slip,
    /// Rules that are broken and would hold, by number.
    pub rules: Vec<RuleId>,
}

/// Repairs of a form, the likeliest first: those that make more sums hold, then those whose slip happens more often (a
/// digit for another by how often the one was read for the other), then by box. At most [`REPAIRS_MAX`].
#[must_use]
pub fn repairs(form: &Form, contest: &Contest, station: &Station) -> Vec<Repair> {
    // What is only noted is no reason to think that the paper says something else.
    let grave = |flag: &&Flag| flag.severity > Severity::Note;
    let broken = |flags: &[Flag]| flags.iter().filter(grave).map(|flag| flag.rule).collect::<RuleSet>();
    let mut flags = rules::check(form, contest, station);
    let before = broken(&flags);
    flags.retain(|flag| SUMS.contains(&flag.rule.number()));
    let sums: Vec<RuleId> = flags.iter().map(|flag| flag.rule).collect();
    let named: BTreeSet<Field> = flags.into_iter().flat_map(|flag| flag.fields).collect();
    if sums.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u32, Repair)> = Vec::new();
    for edit in edits::edits(form, &named, station.kind.count_max()) {
        let Some(changed) = edit.apply(form) else { continue };
        let after = broken(&rules::check(&changed, contest, station));
        // One that only moves the fault to another rule explains nothing.
        if after.0 & !before.0 != 0 {
            continue;
        }
        let held: Vec<RuleId> = sums.iter().copied().filter(|rule| !after.contains(*rule)).collect();
        if !held.is_empty() {
            found.push((edit.weight, Repair { boxes: edit.boxes, slip: edit.slip, rules: held }));
        }
    }
    found.sort_by_cached_key(|(weight, repair)| {
        (Reverse((repair.rules.len(), *weight)), repair.boxes.first().copied())
    });
    found.into_iter().map(|(_, repair)| repair).take(REPAIRS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::tests::sample::{contest, station, whole_form};

    /// A form of which only votes and valid votes are known.
    fn counted(votes: [u32; 3], valid: u32) -> Form {
        Form { votes: votes.into(), valid: Some(valid), ..Form::default() }
    }

    fn proposed(form: &Form) -> Vec<(Vec<(u16, u32)>, Slip)> {
        let plain = |repair: Repair| {
            (repair.boxes.iter().map(|(field, count)| (field.0, *count)).collect(), repair.slip)
        };
        repairs(form, &contest(), &station()).into_iter().map(plain).collect()
    }

    #[test]
    fn a_form_whose_sums_hold_needs_no_repair() {
        assert_eq!(proposed(&whole_form()), vec![]);
    }

    #[test]
    fn a_digit_too_many_is_taken_away() {
        // 3175091001100: 897 for 97.
        let found = proposed(&counted([897, 106, 27], 230));
        assert_eq!(found.first(), Some(&(vec![(Field::VOTES, 97)], Slip::ExtraDigit)));
    }

    #[test]
    fn a_misread_digit_is_read_again() {
        // 1310022008014: 59 for 69.
        let found = proposed(&counted([42, 59, 2], 113));
        let second = Field::VOTES + 1;
        assert!(found.contains(&(vec![(second, 69)], Slip::Misread { read: 5, written: 6 })), "{found:?}");
    }

    #[test]
    fn more_sums_that_hold_come_first() {
        // The valid votes were misread: that breaks R07 and R08, and only they mend both.
        let form = Form { valid: Some(241), ..whole_form() };
        let found = repairs(&form, &contest(), &station());
        let numbers: Vec<u8> = found[0].rules.iter().map(|rule| rule.number()).collect();
        assert_eq!((found[0].boxes.clone(), numbers), (vec![(Field::VALID, 247)], vec![7, 8]));
    }

    #[test]
    fn two_boxes_that_were_swapped_are_put_right() {
        let mut form = whole_form();
        // Votes of the second pair and the invalid ones.
        form.invalid = Some(38);
        form.votes[1] = 6;
        let found = proposed(&form);
        let wanted = (vec![(Field::INVALID.0, 6), (Field::VOTES + 1, 38)], Slip::Swapped);
        assert_eq!(found.first(), Some(&wanted));
        let mut form = whole_form();
        let people = form.registered.as_mut().unwrap();
        (people.male, people.total) = (people.total, people.male);
        let found = proposed(&form);
        assert!(found.iter().any(|(_, slip)| *slip == Slip::Swapped), "{found:?}");
    }

    #[test]
    fn nothing_is_proposed_that_breaks_another_rule() {
        // 247 valid votes and 253 in all: with 256 in all R08 would hold, and R09 and R10 would not.
        let form = Form { invalid: Some(9), ..whole_form() };
        let found = repairs(&form, &contest(), &station());
        assert!(!found.is_empty());
        assert!(found.iter().all(|repair| !repair.boxes.iter().any(|(field, _)| *field == Field::TOTAL)));
    }
}
