//! Slips of the eye and of the hand, undone.
//!
//! Invariant: an edit undoes one slip, of boxes that a broken sum names; where what a box must hold follows from the sum, only
//! that is tried. So the work grows with the boxes of the form and not faster, however many options a contest has.

use alloc::collections::BTreeSet;
use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;

use super::digits;
use crate::form::{Field, Form, People};

/// What went wrong between paper and form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slip {
    /// One digit was read for another.
    Misread {
        /// The digit on the form.
        read: u8,
        /// The digit on paper.
        written: u8,
    },
    /// A digit is on the form that is not on paper.
    ExtraDigit,
    /// A digit is on paper that is not on the form.
    DroppedDigit,
    /// Two boxes have each other's numbers.
    Swapped,
}

/// A slip undone.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    /// Boxes, with what would stand in them.
    pub(super) boxes: Vec<(Field, u32)>,
    pub(super) slip: Slip,
    /// How often such a slip happens, against others.
    pub(super) weight: u32,
}

/// Of 933 wrong numbers 358 had a digit before the first one: 40 for each digit that it can be.
const EXTRA_FIRST_DIGIT: u32 = 40;
/// These were seen now and then, and were not counted one by one.
const EXTRA_DIGIT: u32 = 5;
const SWAPPED: u32 = 8;
const DROPPED_DIGIT: u32 = 2;

impl Edit {
    /// The form with it; `None` where the form lacks a box.
    pub(super) fn apply(&self, form: &Form) -> Option<Form> {
        let mut changed = form.clone();
        for (field, count) in &self.boxes {
            *place(&mut changed, *field)? = *count;
        }
        Some(changed)
    }
}

fn column(people: &mut People, column: u16) -> Option<&mut u32> {
    match column {
        0 => Some(&mut people.male),
        1 => Some(&mut people.female),
        2 => Some(&mut people.total),
        _ => None,
    }
}

/// The box of a form.
fn place(form: &mut Form, field: Field) -> Option<&mut u32> {
    if let Some(position) = field.option_position() {
        return form.votes.get_mut(position);
    }
    let first = |row: u16| field.0.saturating_sub(row);
    match field.0 {
        0..=2 => column(form.registered.as_mut()?, first(0)),
        3..=5 => column(&mut form.turnout.as_mut()?.dpt, first(3)),
        6..=8 => column(&mut form.turnout.as_mut()?.dptb, first(6)),
        9..=11 => column(&mut form.turnout.as_mut()?.dpk, first(9)),
        12..=14 => column(&mut form.turnout.as_mut()?.total, first(12)),
        15 => Some(&mut form.ballots.as_mut()?.received),
        16 => Some(&mut form.ballots.as_mut()?.used),
        17 => Some(&mut form.ballots.as_mut()?.returned),
        18 => Some(&mut form.ballots.as_mut()?.unused),
        19..=21 => column(form.disabled.as_mut()?, first(19)),
        22 => form.valid.as_mut(),
        23 => form.invalid.as_mut(),
        24 => form.total.as_mut(),
        _ => None,
    }
}

/// The sum of the votes, and what it must be for R07 to hold.
struct Votes {
    sum: u64,
    valid: Option<u64>,
}

impl Votes {
    /// Whether the sum holds with another number in a box of votes.
    fn fit(&self, before: u32, after: u32) -> bool {
        let sum = self.sum.saturating_sub(u64::from(before)).saturating_add(u64::from(after));
        self.valid == Some(sum)
    }
}

/// Every slip in the boxes named that could have made the form what it is. No box holds more than `count_max`.
pub(super) fn edits(form: &Form, named: &BTreeSet<Field>, count_max: u32) -> Vec<Edit> {
    let votes = Votes { sum: form.votes_sum(), valid: form.valid.map(u64::from) };
    let one_digit = form.boxes().filter(|(field, _)| named.contains(field)).flat_map(|(field, count)| {
        let mut edits = one_digit(field, count);
        // Votes stand in no other sum.
        let may_hold = |after: u32| field.option_position().is_none() || votes.fit(count, after);
        edits.retain(|edit| edit.boxes.iter().all(|(_, after)| *after <= count_max && may_hold(*after)));
        edits
    });
    one_digit.chain(swapped_columns(form, named)).chain(swapped_invalid(form, &votes)).collect()
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(*digit)))
}

fn one_digit(field: Field, count: u32) -> Vec<Edit> {
    let digits: Vec<u8> = count.to_string().bytes().map(|byte| byte.saturating_sub(b'0')).collect();
    let mut found = Vec::new();
    let mut add = |digits: &[u8], slip: Slip, weight: u32| {
        // Nobody writes a zero before a number.
        if digits.len() == 1 || digits.first().is_some_and(|first| *first != 0) {
            found.push(Edit { boxes: vec![(field, number(digits))], slip, weight });
        }
    };
    for (position, read) in digits.iter().copied().enumerate() {
        for written in (0..10).filter(|digit| *digit != read) {
            let mut changed = digits.clone();
            changed.iter_mut().skip(position).take(1).for_each(|digit| *digit = written);
            // Also what was never counted can happen.
            let weight = digits::times(read, written).saturating_add(1);
            add(&changed, Slip::Misread { read, written }, weight);
        }
        if digits.len() > 1 {
            let mut changed = digits.clone();
            changed.remove(position);
            let weight = if position == 0 { EXTRA_FIRST_DIGIT } else { EXTRA_DIGIT };
            add(&changed, Slip::ExtraDigit, weight);
        }
    }
    for (position, digit) in (0..=digits.len()).flat_map(|place| (0..10).map(move |digit| (place, digit))) {
        let mut changed = digits.clone();
        changed.insert(position, digit);
        add(&changed, Slip::DroppedDigit, DROPPED_DIGIT);
    }
    // Of two equal digits it does not matter which one was too many; the likelier one stands for both.
    found.sort_by(|one, other| (&one.boxes, other.weight).cmp(&(&other.boxes, one.weight)));
    found.dedup_by(|later, first| later.boxes == first.boxes);
    found
}

fn swapped(one: (Field, u32), other: (Field, u32)) -> Edit {
    Edit { boxes: vec![(one.0, other.1), (other.0, one.1)], slip: Slip::Swapped, weight: SWAPPED }
}

/// Two columns of a row of people of which one is named.
fn swapped_columns(form: &Form, named: &BTreeSet<Field>) -> Vec<Edit> {
    let pairs = form.people_rows().flat_map(|(first, People { male, female, total })| {
        let at = |place: u16| Field(first.0.saturating_add(place));
        let (male, female, total) = ((at(0), male), (at(1), female), (at(2), total));
        [(male, female), (male, total), (female, total)]
    });
    let concerned = pairs.filter(|(one, other)| named.contains(&one.0) || named.contains(&other.0));
    concerned.filter(|(one, other)| one.1 != other.1).map(|(one, other)| swapped(one, other)).collect()
}

/// The invalid votes and those of an option. Two options that were swapped leave every sum as it was.
fn swapped_invalid(form: &Form, votes: &Votes) -> Vec<Edit> {
    let Some(invalid) = form.invalid else { return Vec::new() };
    let options = form.votes.iter().enumerate().filter(|(_, count)| **count != invalid);
    let fitting = options.filter(|(_, count)| votes.fit(**count, invalid));
    let boxes = fitting.filter_map(|(position, count)| Some((Field::votes(position)?, *count)));
    boxes.map(|option| swapped((Field::INVALID, invalid), option)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sample::whole_form;

    #[test]
    fn every_box_of_a_form_can_be_set() {
        let form = whole_form();
        for (field, count) in form.boxes() {
            let boxes = vec![(field, count + 1)];
            let changed = Edit { boxes, slip: Slip::ExtraDigit, weight: 1 }.apply(&form).unwrap();
            let differing: Vec<_> =
                form.boxes().zip(changed.boxes()).filter(|(old, new)| old != new).collect();
            assert_eq!(differing, [((field, count), (field, count + 1))]);
        }
        let foreign = Edit { boxes: vec![(Field(99), 1)], slip: Slip::Swapped, weight: 1 };
        assert_eq!(foreign.apply(&form), None);
    }

    #[test]
    fn a_digit_is_changed_taken_away_or_added() {
        let counts: Vec<u32> = one_digit(Field::VALID, 41).iter().map(|edit| edit.boxes[0].1).collect();
        assert!([91, 40, 4, 1, 141, 401, 410].iter().all(|count| counts.contains(count)), "{counts:?}");
        // "01" is no number that anybody writes.
        assert_eq!(counts.iter().filter(|count| **count == 1).count(), 1);
        let zero: Vec<u32> = one_digit(Field::VALID, 0).iter().map(|edit| edit.boxes[0].1).collect();
        assert!(zero.contains(&7) && zero.contains(&10));
    }

    #[test]
    fn equal_digits_make_no_two_edits() {
        let mut counts: Vec<u32> = one_digit(Field::VALID, 114).iter().map(|edit| edit.boxes[0].1).collect();
        let all = counts.len();
        counts.dedup();
        assert_eq!(counts.len(), all);
        let edits = one_digit(Field::VALID, 114);
        let fewer = edits.iter().find(|edit| edit.boxes[0].1 == 14).unwrap();
        assert_eq!(fewer.weight, EXTRA_FIRST_DIGIT);
    }

    fn all_named(form: &Form) -> BTreeSet<Field> {
        form.boxes().map(|(field, _)| field).collect()
    }

    #[test]
    fn the_work_grows_with_the_boxes_and_not_faster() {
        let count = |options: usize| {
            let form =
                Form { votes: vec![120; options], valid: Some(7), invalid: Some(9), ..Form::default() };
            edits(&form, &all_named(&form), 999).len()
        };
        // None of so many options explains so much alone: what is left are valid and invalid votes.
        assert_eq!(count(2_000), count(3));
        assert!(count(3) < 100, "{}", count(3));
    }

    #[test]
    fn no_box_is_made_to_hold_more_than_it_can() {
        let form = whole_form();
        let most = |count_max: u32| {
            let edits = edits(&form, &all_named(&form), count_max);
            edits.iter().flat_map(|edit| &edit.boxes).map(|(_, count)| *count).max()
        };
        assert!(most(999).is_some_and(|most| most > 900 && most < 1_000));
        assert!(most(9_999).is_some_and(|most| most > 9_000 && most < 10_000));
    }
}
