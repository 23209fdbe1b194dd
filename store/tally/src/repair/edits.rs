//! Slips of the eye and of the hand, undone.
//!
//! Invariant: an edit undoes one slip: one digit of one box, or two boxes that stand beside each other on paper.

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
/// No box of a station at home has more digits.
const DIGITS_MAX: usize = 3;

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

/// Every slip that could have made the form what it is.
pub(super) fn edits(form: &Form) -> Vec<Edit> {
    let boxes: Vec<(Field, u32)> = form.boxes().collect();
    let of_one = boxes.iter().flat_map(|(field, count)| one_digit(*field, *count));
    of_one.chain(swaps(form, &boxes)).collect()
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
    if digits.len() < DIGITS_MAX {
        for (position, digit) in (0..=digits.len()).flat_map(|place| (0..10).map(move |digit| (place, digit)))
        {
            let mut changed = digits.clone();
            changed.insert(position, digit);
            add(&changed, Slip::DroppedDigit, DROPPED_DIGIT);
        }
    }
    // Of two equal digits it does not matter which one was too many.
    found.dedup_by(|later, first| later.boxes == first.boxes);
    found
}

/// Votes of two options, of an option and the invalid ones, and the columns of a row of people.
fn swaps(form: &Form, boxes: &[(Field, u32)]) -> Vec<Edit> {
    let option = |field: &Field| field.option_position().is_some();
    let votes: Vec<(Field, u32)> = boxes.iter().copied().filter(|(field, _)| option(field)).collect();
    let invalid = form.invalid.map(|count| (Field::INVALID, count));
    let counted: Vec<(Field, u32)> = invalid.into_iter().chain(votes).collect();
    let rows = form.people_rows().map(|(first, people)| {
        let counts = [people.male, people.female, people.total];
        (first.0..).map(Field).zip(counts).collect::<Vec<_>>()
    });
    let mut found = Vec::new();
    for group in rows.chain([counted]) {
        for (position, one) in group.iter().enumerate() {
            let others = group.iter().skip(position.saturating_add(1)).filter(|other| other.1 != one.1);
            found.extend(others.map(|other| Edit {
                boxes: vec![(one.0, other.1), (other.0, one.1)],
                slip: Slip::Swapped,
                weight: SWAPPED,
            }));
        }
    }
    found
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
        assert!(counts.iter().all(|count| *count < 1_000));
        let zero: Vec<u32> = one_digit(Field::VALID, 0).iter().map(|edit| edit.boxes[0].1).collect();
        assert!(zero.contains(&7) && zero.contains(&10));
    }
}
