//! Repairs to propose: a form read wrong in one digit.
//!
//! Invariant: only what makes R07 and R08 hold with one digit of one box changed, and only when there is one
//! such change. It is shown, never applied.

use std::collections::BTreeMap;

use tally::contest::Contest;
use tally::form::{Field, Form};
use tally::rules;

use super::flags::{Proposal, pointer};
use super::text::grouped;

/// The one repair of a form whose flags name R07 or R08; nothing when there is none or more than one.
#[must_use]
pub(crate) fn proposals(form: &Form, contest: &Contest, flags: &[rules::Flag]) -> Vec<Proposal> {
    let repairs: Vec<String> = flags
        .iter()
        .filter(|flag| matches!(flag.rule.number(), 7 | 8))
        .map(|flag| flag.rule.to_string())
        .collect();
    if repairs.is_empty() {
        return Vec::new();
    }
    let mut found = None;
    for (field, count) in boxes(form) {
        for changed in one_digit_changes(count) {
            if sums_hold(&with(form, field, changed)) && found.replace((field, count, changed)).is_some() {
                return Vec::new();
            }
        }
    }
    let Some((field, count, changed)) = found else { return Vec::new() };
    let reason = format!(
        "Mungkin salah baca satu angka: {} menjadi {}.",
        grouped(u64::from(count)),
        grouped(u64::from(changed))
    );
    vec![Proposal { fields: BTreeMap::from([(pointer(field, contest), changed)]), reason, repairs }]
}

/// The boxes that R07 and R08 look at.
fn boxes(form: &Form) -> Vec<(Field, u32)> {
    let mut boxes: Vec<(Field, u32)> = form
        .votes
        .iter()
        .enumerate()
        .filter_map(|(position, votes)| Some((Field::votes(position)?, *votes)))
        .collect();
    boxes.extend(form.valid.map(|count| (Field::VALID, count)));
    boxes.extend(form.invalid.map(|count| (Field::INVALID, count)));
    boxes.extend(form.total.map(|count| (Field::TOTAL, count)));
    boxes
}

/// Numbers of the same length that differ in one digit.
fn one_digit_changes(count: u32) -> Vec<u32> {
    let digits = count.to_string().into_bytes();
    let mut found = Vec::new();
    for position in 0..digits.len() {
        for digit in b'0'..=b'9' {
            let mut changed = digits.clone();
            let Some(place) = changed.get_mut(position) else { continue };
            if *place == digit || (position == 0 && digit == b'0' && digits.len() > 1) {
                continue;
            }
            *place = digit;
            found.extend(std::str::from_utf8(&changed).ok().and_then(|text| text.parse::<u32>().ok()));
        }
    }
    found
}

fn with(form: &Form, field: Field, count: u32) -> Form {
    let mut changed = form.clone();
    if let Some(votes) = field.option_position().and_then(|position| changed.votes.get_mut(position)) {
        *votes = count;
    } else if field == Field::VALID {
        changed.valid = Some(count);
    } else if field == Field::INVALID {
        changed.invalid = Some(count);
    } else if field == Field::TOTAL {
        changed.total = Some(count);
    }
    changed
}

fn sums_hold(form: &Form) -> bool {
    let options = form.valid.is_none_or(|valid| form.votes_sum() == u64::from(valid));
    let totals = match (form.valid, form.invalid, form.total) {
        (Some(valid), Some(invalid), Some(total)) => {
            u64::from(valid).saturating_add(u64::from(invalid)) == u64::from(total)
        }
        _ => true,
    };
    options && totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_keep_the_length_and_differ_in_one_digit() {
        assert_eq!(one_digit_changes(0), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let changes = one_digit_changes(41);
        assert_eq!(changes.len(), 8 + 9);
        assert!(changes.contains(&91) && changes.contains(&40) && !changes.contains(&1));
    }
}
