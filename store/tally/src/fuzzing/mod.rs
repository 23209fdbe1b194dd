//! Inputs from a fuzzer, played against the rules; `tests/fuzz` feeds them, the tests below replay what is kept.
//!
//! Invariant: whatever bytes come, nothing here panics but on a promise that was broken. Not part of any release: this
//! module is there for tests and for builds that set `cfg(fuzzing)`.
#![allow(clippy::missing_panics_doc, reason = "to panic on a broken promise is what these functions are for")]

mod country;
mod script;
mod steps;

use alloc::vec::Vec;

use crate::account::{Role, Scope};
use crate::command::{Item, Principal, RequestIdentity};
use crate::digest::form_digest;
use crate::ids::{ContestId, Fingerprint};
use crate::outcome::{Outcome, Refusal};
use crate::region::{RegionCode, StationCode};
use crate::repair::repairs;
use crate::rules::{RuleId, check};

use country::Country;
use script::Script;

const UNAUTHENTICATED: Outcome = Outcome::Refused(Refusal::Unauthenticated);
/// Most steps of one history: long enough for every state, short enough for many a second.
const STEPS_MAX: usize = 60;
/// Steps from one look at all invariants to the next.
const STEPS_UNCHECKED: usize = 8;

/// A history of commands in a small country, each judged by the model's invariants, the sums counted anew among them.
/// What was remembered is asked for again: the answer must be the same, and the state too.
pub fn commands(data: &[u8]) {
    let mut country = Country::founded();
    let mut script = Script::of(data);
    for number in 0..STEPS_MAX {
        let Some(step) = steps::next(&mut script, &country) else { break };
        let mut items = Vec::from([Item { request: step.request, command: step.command }]);
        if step.twice {
            items.extend(items.first().cloned());
        }
        country.wait(step.wait_ms);
        let answers = country.enter(step.principal, items.clone());
        // To count everything anew takes longer than a step does.
        if number % STEPS_UNCHECKED == 0 {
            assert_eq!(country.model.violations(), [], "after step {number}: {items:?}");
        }
        if let [first, second] = answers.as_slice()
            && step.request.is_some()
            && second.outcome != UNAUTHENTICATED
        {
            assert_eq!(first.outcome, second.outcome, "one key, one outcome: {items:?}");
        }
        if let Some(first) = answers.first().filter(|_| step.asked_again) {
            ask_again(&mut country, step.principal, &items, &first.outcome);
        }
    }
    assert_eq!(country.model.violations(), [], "at the end");
}

/// The same request again changes nothing but the time; under another fingerprint it is refused.
fn ask_again(country: &mut Country, principal: Principal, items: &[Item], first: &Outcome) {
    let Some(item) = items.first() else { return };
    let Some(request) = item.request.filter(|_| *first != UNAUTHENTICATED) else { return };
    let before = country.rows_but_ledger();
    let again = country.enter(principal, Vec::from([item.clone()]));
    // Whose session is over is told nothing any more.
    let same = |outcome: &Outcome, expected: &Outcome| outcome == expected || *outcome == UNAUTHENTICATED;
    assert!(again.iter().all(|answer| same(&answer.outcome, first)), "{item:?}: {first:?}, then {again:?}");
    // None that a step can have.
    let other = RequestIdentity { fingerprint: Fingerprint(*b"another request!"), ..request };
    let other = country.enter(principal, Vec::from([Item { request: Some(other), ..item.clone() }]));
    let mismatch = Outcome::Refused(Refusal::IdempotencyMismatch);
    assert!(other.iter().all(|answer| same(&answer.outcome, &mismatch)), "{item:?}: {other:?}");
    assert!(country.rows_but_ledger() == before, "a retry has no effect: {item:?}");
}

/// Any figures in a form: rules, proposals of repairs, digest. Flags are in order and name boxes that there are; a repair
/// repairs what it says.
pub fn forms(data: &[u8]) {
    let mut script = Script::of(data);
    let (contest, station) = (country::contest(), country::station_of(&mut script));
    let form = script.wild_form();
    let flags = check(&form, &contest, &station);
    assert!(flags.is_sorted_by(|left, right| left.rule < right.rule), "{flags:?}");
    for flag in &flags {
        assert!(!flag.fields.is_empty(), "{flag:?}");
        let known = |field| form.boxes().any(|(known, _)| known == field);
        assert!(flag.fields.iter().all(|field| known(*field)), "{flag:?} of {form:?}");
    }
    for repair in repairs(&form, &contest, &station) {
        assert!(!repair.boxes.is_empty() && !repair.rules.is_empty(), "{repair:?}");
    }
    assert_eq!(form_digest(&form, &contest), form_digest(&form.clone(), &contest));
}

/// Codes and names as texts: what is read is written as it was read.
pub fn names(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let same = |written: Option<alloc::string::String>| {
        assert!(written.is_none_or(|written| written == text), "{text:?} is read and written otherwise");
    };
    let written = |value: &dyn core::fmt::Display| alloc::format!("{value}");
    same(RegionCode::parse(text).map(|code| written(&code)));
    same(StationCode::parse(text).map(|code| written(&code)));
    same(ContestId::parse(text).map(|id| written(&id)));
    same(Scope::parse(text).map(|scope| written(&scope)));
    same(Role::parse(text).map(|role| role.name().into()));
    same(RuleId::parse(text).map(|rule| written(&rule)));
    if let Some(id) = ContestId::parse(text) {
        assert_eq!(ContestId::from_bytes(*id.bytes()), Some(id));
    }
    if let Some(region) = RegionCode::parse(text) {
        assert_eq!(region.ancestry().last(), Some(RegionCode::NATION));
        assert!(region.ancestry().all(|above| above.contains(region)));
    }
}

#[cfg(test)]
#[path = "../../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn kept_commands_break_nothing() {
        replay("tally_commands", super::commands);
    }

    #[test]
    fn kept_forms_break_nothing() {
        replay("tally_forms", super::forms);
    }

    #[test]
    fn kept_names_break_nothing() {
        replay("tally_names", super::names);
    }
}
