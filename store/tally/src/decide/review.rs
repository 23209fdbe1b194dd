//! Review: the form is read a second time by another account (R18). Two readings that differ make it disputed; a third
//! that equals one of them decides, as a correction if it is the second.
//!
//! Invariant: no account is counted as two readers of one form.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::account::Role;
use crate::digest::form_digest;
use crate::form::{Field, Form};
use crate::outcome::Refusal;
use crate::rules::{Flag, READINGS_DIFFER, Severity};
use crate::station::{EventKind, Reading, Readings, Tally, TallyState};

use super::Verdict;
use super::acceptance::{Acceptance, accept_reading, possible_form};
use super::draft::{Case, Draft};
use super::rights::Caller;
use super::tallying::{Remarks, StateChange, TargetRevision, current, find, restate, state_forbids};

/// Most differing boxes that are named.
const DIFFERENCES_MAX: usize = 200;

pub(super) fn decide(
    case: &Case<'_>,
    caller: &Caller<'_>,
    draft: &mut Draft,
    seen: TargetRevision,
    form: &Form,
) -> Verdict {
    let found = find(case, seen.target)?;
    let by = caller.station_step(Role::reviews, seen.target.station)?;
    let before = current(case, seen)?;
    if before.state == TallyState::Certified {
        return Err(state_forbids(before));
    }
    let second_reader = before.readings.differing().map(|reading| reading.account);
    if before.author == by.id || second_reader == Some(by.id) {
        return Err(Refusal::SamePerson.into());
    }
    possible_form(&found, by, form)?;
    let digest = form_digest(form, found.contest);
    if digest != before.digest
        && let Some(second) = before.readings.differing().filter(|second| second.digest == digest)
    {
        let differences = differences(&before.form, form);
        let acceptance = Acceptance { before, second, differences };
        return accept_reading(case, draft, &found, by, acceptance);
    }
    let agrees = digest == before.digest;
    let differences = if agrees { Vec::new() } else { differences(&before.form, form) };
    // The first of two differing readings stays the second one, until a third equals it or the form.
    let reading = Reading { account: by.id, form: form.clone(), digest };
    let readings = match (agrees, &before.readings) {
        (true, _) => Readings::Agreed,
        (false, Readings::Differ(second)) => Readings::Differ(second.clone()),
        (false, Readings::One | Readings::Agreed) => Readings::Differ(reading),
    };
    let disputed = readings.differing().map(|second| self::differences(&before.form, &second.form));
    let flags = flags_with(&before.flags, disputed);
    let after = Tally { readings, flags, ..before.clone() };
    let remarks = Remarks { reading: Some(form.clone()), differences, ..Remarks::default() };
    let change = StateChange { kind: EventKind::Review, before, after, remarks };
    Ok(restate(case, draft, seen.target, found.contest.options.len(), by, change)?)
}

/// The flags of a form with R18 put right.
fn flags_with(flags: &[Flag], differences: Option<Vec<Field>>) -> Vec<Flag> {
    let mut flags: Vec<Flag> = flags.iter().filter(|flag| flag.rule != READINGS_DIFFER).cloned().collect();
    flags.extend(differences.map(|fields| Flag { rule: READINGS_DIFFER, severity: Severity::Note, fields }));
    flags.sort_by_key(|flag| flag.rule);
    flags
}

/// The boxes in which two readings differ; a part that only one of them has differs in all its boxes.
fn differences(one: &Form, other: &Form) -> Vec<Field> {
    let mut boxes: BTreeMap<Field, [Option<u32>; 2]> = BTreeMap::new();
    for (field, count) in one.boxes() {
        boxes.entry(field).or_default()[0] = Some(count);
    }
    for (field, count) in other.boxes() {
        boxes.entry(field).or_default()[1] = Some(count);
    }
    let differing = boxes.into_iter().filter(|(_, [one, other])| one != other);
    differing.map(|(field, _)| field).take(DIFFERENCES_MAX).collect()
}
