//! Histories that are right, and each way to make them wrong.

use super::life::{Level, Person, Role};
use super::*;

const fn never(_: u64, _: u64) -> bool {
    false
}

/// A step that took from ten times its number to five later.
fn step(number: u64, by: Person, seen: u32, deed: Deed, told: Told) -> Step {
    let role = match by {
        1 => Role::Officer,
        2 | 3 => Role::Reviewer,
        4 => Role::Certifier,
        _ => Role::Chief,
    };
    let called_us = number.saturating_mul(10);
    Step { asked: Asked { by, role, seen, deed }, called_us, ended_us: called_us.saturating_add(5), told }
}

fn done(state: &str, revision: u32, index: u64) -> Told {
    Told::Done { state: state.to_owned(), revision, index }
}

fn refused(code: &str) -> Told {
    Told::Refused(code.to_owned())
}

fn entry(kind: &str, revision: u32, value: u64, index: u64) -> Entry {
    let reading = (kind == "review").then_some(value);
    let level = (kind == "certification").then(|| "district".to_owned());
    Entry { kind: kind.to_owned(), revision, value, reading, level, index }
}

fn held(state: &str, revision: u32, value: u64, history: &[Entry]) -> Held {
    Held { state: state.to_owned(), revision, value, history: history.to_vec() }
}

const WRITE: Deed = Deed::Write { value: 10, reason: false };
const READ: Deed = Deed::Read { value: 10 };
const CERTIFY: Deed = Deed::Certify(Level::District);

/// A form that was reported, read and certified.
fn certified() -> (Vec<Step>, Held) {
    let steps = vec![
        step(1, 1, 0, WRITE, done("reported", 1, 5)),
        step(2, 2, 1, READ, done("reviewed", 1, 6)),
        step(3, 4, 1, CERTIFY, done("certified", 1, 7)),
        step(4, 1, 1, Deed::Write { value: 11, reason: true }, refused("invalid-state")),
    ];
    let history = [entry("report", 1, 10, 5), entry("review", 1, 10, 6), entry("certification", 1, 10, 7)];
    (steps, held("certified", 1, 10, &history))
}

#[test]
fn a_form_that_went_its_way_is_right() {
    let (steps, shown) = certified();
    assert_eq!(judge(&steps, &shown, never), None);
    assert_eq!(judge(&[], &held("absent", 0, 0, &[]), never), None);
}

#[test]
fn what_was_acknowledged_and_is_lost_is_noticed() {
    let (steps, mut shown) = certified();
    shown.history.pop();
    shown.state = "reviewed".to_owned();
    assert!(judge(&steps, &shown, never).unwrap().contains("lost"));
}

#[test]
fn a_form_of_ones_own_that_was_read_is_noticed() {
    let (mut steps, shown) = certified();
    steps[0].asked.by = 5;
    steps[0].asked.role = Role::Chief;
    assert_eq!(judge(&steps, &shown, never), None);
    steps[1].asked = Asked { by: 5, role: Role::Chief, ..steps[1].asked };
    assert!(judge(&steps, &shown, never).unwrap().contains("person 5 read a form a second time"));
}

#[test]
fn other_numbers_states_and_levels_are_noticed() {
    let (steps, shown) = certified();
    let wrong = |change: fn(&mut Held)| {
        let mut other = shown.clone();
        change(&mut other);
        judge(&steps, &other, never)
    };
    // What is certified is not what was agreed on.
    assert!(wrong(|held| held.history[2].value = 11).is_some());
    assert!(wrong(|held| held.value = 11).is_some());
    assert!(wrong(|held| held.state = "reviewed".to_owned()).is_some());
    assert!(wrong(|held| held.history[1].reading = Some(12)).is_some());
    assert!(wrong(|held| held.history[2].level = Some("nation".to_owned())).is_some());
    // The same step twice, or one that nobody took.
    assert!(wrong(|held| held.history.push(entry("certification", 1, 10, 8))).is_some());
    assert!(wrong(|held| held.history.insert(1, entry("hold", 1, 10, 6))).is_some());
    assert!(wrong(|held| held.history.swap(0, 1)).is_some());
}

#[test]
fn an_answer_that_the_steps_do_not_make_is_noticed() {
    let (mut steps, shown) = certified();
    steps[1].told = done("reported", 1, 6);
    assert!(judge(&steps, &shown, never).is_some());
    let (mut steps, shown) = certified();
    // A disputed form is not certified.
    steps[1].asked.deed = Deed::Read { value: 12 };
    steps[1].told = done("disputed", 1, 6);
    let mut disputed = shown.clone();
    disputed.history[1].reading = Some(12);
    assert!(judge(&steps, &disputed, never).unwrap().contains("not allowed"));
}

#[test]
fn a_step_without_an_answer_may_be_there_or_not() {
    let (mut steps, shown) = certified();
    steps[2].told = Told::Unknown;
    assert_eq!(judge(&steps, &shown, never), None);
    steps.truncate(3);
    let without = held("reviewed", 1, 10, &shown.history[..2]);
    assert_eq!(judge(&steps, &without, never), None);
    // Even later than its call, but never twice.
    let mut late = shown.clone();
    late.history[2].index = 90;
    assert_eq!(judge(&steps, &late, never), None);
    late.history.push(entry("certification", 1, 10, 91));
    assert!(judge(&steps, &late, never).is_some());
}

#[test]
fn a_refusal_needs_a_form_that_refuses() {
    let (mut steps, shown) = certified();
    steps.push(step(5, 4, 1, Deed::Certify(Level::Nation), refused("invalid-state")));
    assert!(judge(&steps, &shown, never).unwrap().contains("was refused"));
    // Before it was written the same would have been right.
    steps[4] = step(0, 4, 1, CERTIFY, refused("stale-revision"));
    assert_eq!(judge(&steps, &shown, never), None);
    // While somebody else took a step, either is.
    steps[4] = Step { called_us: 12, ended_us: 22, ..step(0, 2, 1, CERTIFY, refused("forbidden")) };
    assert_eq!(judge(&steps, &shown, never), None);
    steps[4] = Step { called_us: 12, ended_us: 22, ..step(0, 4, 1, Deed::Hold, refused("stale-revision")) };
    assert_eq!(judge(&steps, &shown, never), None);
    steps[4] = Step { called_us: 26, ..steps[4].clone() };
    steps[4].ended_us = 29;
    assert!(judge(&steps, &shown, never).is_some());
}

#[test]
fn time_orders_what_the_log_orders() {
    let (mut steps, shown) = certified();
    // A reading that ended before the report was called.
    steps[1].called_us = 1;
    steps[1].ended_us = 2;
    assert!(judge(&steps, &shown, never).unwrap().contains("stands before"));
}
