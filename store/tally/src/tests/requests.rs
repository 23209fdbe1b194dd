//! Requests are remembered: a retry has one effect and one answer, and keys are forgotten only when both
//! limits are passed.

use crate::command::{Command, Item, Principal};
use crate::decide::request::{REQUEST_AGE_MS_MIN, REQUESTS_EXPIRED_MAX, REQUESTS_KEPT_MIN};
use crate::ids::{AccountId, LogTime, RequestKey};
use crate::model::Model;
use crate::outcome::{Answer, Outcome, Refusal};
use crate::row::{Ledger, Row, RowKey};
use crate::station::Submission;

use super::world::{
    ADMIN, CERTIFIER, OFFICER, STATION_OFFICER, World, correction_of, hold_of, region_definition, release_of,
    report_of, request, whole,
};

const HERE: &str = "1101012001003";

/// The state without what a replay may change: log time.
fn without_log_time(model: &Model) -> Model {
    let mut model = model.clone();
    let ledger = Ledger { log_time: LogTime(0), ..model.ledger() };
    model.put(RowKey::Ledger, Row::Ledger(ledger));
    model
}

/// Sends a request twice, with others between; the second time it must change nothing.
fn twice(world: &mut World, principal: Principal, key: u8, command: &Command) -> Outcome {
    let first = world.submit(principal, Some(request(key, key)), command.clone());
    assert!(!first.replay);
    let before = without_log_time(&world.model);
    let second = world.submit(principal, Some(request(key, key)), command.clone());
    assert_eq!(second, Answer { replay: true, ..first.clone() });
    assert_eq!(without_log_time(&world.model), before);
    first.outcome
}

#[test]
fn a_retry_of_anything_has_one_effect_and_one_answer() {
    let mut world = World::new();
    let mut flagged = whole();
    flagged.form.votes[0] -= 60;
    let steps = [
        (OFFICER, report_of(HERE, whole())),
        (OFFICER, correction_of(HERE, 1, flagged)),
        (CERTIFIER, release_of(HERE, 2)),
        (CERTIFIER, hold_of(HERE, 2)),
        (OFFICER, report_of(HERE, whole())),
        (OFFICER, hold_of(HERE, 2)),
        (ADMIN, Command::DefineRegions([region_definition("13")].into())),
        (Principal::Operator, Command::AllocateNode),
        (Principal::Operator, Command::Mark),
    ];
    for (key, (principal, command)) in (1_u8..).zip(steps) {
        twice(&mut world, principal, key, &command);
    }
}

#[test]
fn a_replay_tells_the_first_answer_whatever_came_since() {
    let mut world = World::new();
    let first = world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    world.accept(OFFICER, correction_of(HERE, 1, whole()));
    world.accept(CERTIFIER, hold_of(HERE, 2));
    let again = world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    assert_eq!(again, Answer { replay: true, ..first });
    assert!(matches!(again.outcome, Outcome::Tallied { first: true, .. }));
}

#[test]
fn a_known_key_is_answered_before_anything_else_is_looked_at() {
    let mut world = World::new();
    let first = world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    world.accept(OFFICER, Command::CloseSession);
    let again = world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    assert_eq!(again, Answer { replay: true, ..first });
}

#[test]
fn another_request_under_a_known_key_is_told_and_not_remembered() {
    let mut world = World::new();
    world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    let before = without_log_time(&world.model);
    let other = world.submit(OFFICER, Some(request(1, 2)), correction_of(HERE, 1, whole()));
    assert_eq!(other, Answer { outcome: Outcome::Refused(Refusal::IdempotencyMismatch), replay: false });
    assert_eq!(without_log_time(&world.model), before);
}

#[test]
fn keys_are_an_accounts_own() {
    let mut world = World::new();
    world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    let other = world.submit(STATION_OFFICER, Some(request(1, 2)), correction_of(HERE, 1, whole()));
    assert!(!other.replay && matches!(other.outcome, Outcome::Tallied { first: false, .. }));
}

#[test]
fn who_is_not_signed_in_is_not_remembered() {
    let mut world = World::new();
    world.accept(OFFICER, Command::CloseSession);
    let refused = world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    assert_eq!(refused.outcome, Outcome::Refused(Refusal::Unauthenticated));
    world.accept(Principal::System, super::world::open_session(2, 2, "petugas"));
    let again = world.submit(OFFICER, Some(request(1, 1)), report_of(HERE, whole()));
    assert!(!again.replay && matches!(again.outcome, Outcome::Tallied { .. }));
}

#[test]
fn one_key_twice_in_one_entry() {
    let mut world = World::new();
    let item = Item { request: Some(request(1, 1)), command: report_of(HERE, whole()) };
    let answers = world.entry(OFFICER, [item.clone(), item].into());
    assert!(!answers[0].replay && answers[1].replay);
    assert_eq!(answers[0].outcome, answers[1].outcome);
    assert_eq!(world.model.violations(), []);
}

/// A world with ten remembered requests, and the ledger as if so many more had come after them. The rows in
/// between are not there, so the state is not checked as a whole.
fn aged(requests_since: u64, age_ms: u64) -> World {
    let mut world = World::new();
    for key in 1..=10 {
        world.submit(Principal::Operator, Some(request(key, key)), Command::AllocateNode);
    }
    let mut ledger = world.model.ledger();
    ledger.requests_next += requests_since;
    ledger.log_time.0 += age_ms;
    world.now += age_ms;
    world.model.put(RowKey::Ledger, Row::Ledger(ledger));
    world
}

fn mark(world: &mut World) {
    world.entry(Principal::System, [Item { request: None, command: Command::Mark }].into());
}

fn remembered(world: &World) -> usize {
    let of_operator = |key: u8| RowKey::Request(AccountId::SYSTEM, RequestKey([key; 16]));
    (1..=10).filter(|key| world.model.rows().contains_key(&of_operator(*key))).count()
}

#[test]
fn old_requests_are_forgotten_a_few_at_a_time() {
    let mut world = aged(REQUESTS_KEPT_MIN, REQUEST_AGE_MS_MIN);
    let mut left = 10_usize;
    for _ in 0..3 {
        mark(&mut world);
        left = left.saturating_sub(usize::try_from(REQUESTS_EXPIRED_MAX).unwrap());
        assert_eq!(remembered(&world), left);
    }
    let ledger = world.model.ledger();
    assert_eq!(ledger.requests_first, 10);
    // A forgotten key is a new key.
    let again = world.entry(
        Principal::Operator,
        [Item { request: Some(request(1, 99)), command: Command::AllocateNode }].into(),
    );
    assert!(matches!(again[0], Answer { outcome: Outcome::NodeAllocated(_), replay: false }));
}

#[test]
fn young_requests_are_kept_however_many_came_since() {
    // A mark lets one millisecond pass, so the oldest is still some short of 48 hours.
    let mut world = aged(REQUESTS_KEPT_MIN * 2, REQUEST_AGE_MS_MIN - 10);
    mark(&mut world);
    assert_eq!(remembered(&world), 10);
}

#[test]
fn the_newest_million_is_kept_however_old() {
    let mut world = aged(REQUESTS_KEPT_MIN - 10, REQUEST_AGE_MS_MIN * 10);
    mark(&mut world);
    assert_eq!(remembered(&world), 10);
    let mut world = aged(REQUESTS_KEPT_MIN - 9, REQUEST_AGE_MS_MIN * 10);
    mark(&mut world);
    mark(&mut world);
    assert_eq!(remembered(&world), 9);
}

#[test]
fn a_replay_forgets_nothing() {
    let mut world = aged(REQUESTS_KEPT_MIN, REQUEST_AGE_MS_MIN);
    let item = Item { request: Some(request(1, 1)), command: Command::AllocateNode };
    assert!(world.entry(Principal::Operator, [item].into())[0].replay);
    assert_eq!(remembered(&world), 10);
}

#[test]
fn a_refused_request_is_remembered_with_all_its_flags() {
    let mut world = World::new();
    let mut form = whole().form;
    form.votes[0] -= 3;
    let submission = Submission { form, ..Submission::default() };
    let outcome = twice(&mut world, OFFICER, 1, &report_of(HERE, submission));
    let Outcome::Refused(Refusal::ConfirmationRequired { flags, .. }) = outcome else { panic!("not asked") };
    assert_eq!(flags.len(), 1);
}
