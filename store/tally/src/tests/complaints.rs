//! Complaints: who may, how many, about what; and that none of them touches a number.

use alloc::string::String;
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};

use crate::account::Role;
use crate::audit::{Actor, AuditEvent};
use crate::command::{Command, Item, Principal};
use crate::complaint::{
    COMPLAINT_ANSWER_BYTES_MAX, COMPLAINT_BYTES_MAX, COMPLAINTS_MAX, COMPLAINTS_OPEN_MAX, Complaint,
    ComplaintKind, ComplaintReceipt, ComplaintVerdict, Complaints, NewComplaint,
};
use crate::form::Field;
use crate::ids::AccountId;
use crate::outcome::{ComplaintProblem, Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::world::{
    ADMIN, AUDITOR, CERTIFIER, OFFICER, READERS, World, answer_of, complaint_of, correction_of, ppwp,
    report_of, request, station, whole,
};

const HERE: &str = "1101012001003";
const ELSEWHERE: &str = "1201012001001";
const PUBLIC: Principal = Principal::Public;

/// A country in which one station has reported.
fn reported() -> World {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, whole()));
    world
}

fn told(kind: ComplaintKind, field: Option<Field>, read: Option<u32>, text: &str) -> Command {
    let complaint = NewComplaint { kind, field, read, text: text.into() };
    Command::Complain { contest: ppwp(), station: station(HERE), revision: 1, complaint }
}

fn receipt(outcome: Outcome) -> ComplaintReceipt {
    match outcome {
        Outcome::Complained(receipt) => receipt,
        outcome => panic!("no complaint: {outcome:?}"),
    }
}

fn kept(world: &World, number: u32) -> &Complaint {
    match world.model.rows().get(&RowKey::Complaint(ppwp(), station(HERE), number)) {
        Some(Row::Complaint(complaint)) => complaint,
        row => panic!("no complaint: {row:?}"),
    }
}

fn counts(world: &World) -> Complaints {
    match world.model.rows().get(&RowKey::Complaints(station(HERE), ppwp())) {
        Some(Row::Complaints(counts)) => *counts,
        _ => Complaints::default(),
    }
}

/// Everything about forms: rows, history, sums, feed.
fn forms(world: &World) -> Vec<(RowKey, Row)> {
    let about_forms = |key: &RowKey| {
        matches!(key, RowKey::Tally(..) | RowKey::Event(..) | RowKey::Aggregate(..) | RowKey::Change(..))
    };
    let rows = world.model.rows().iter().filter(|(key, _)| about_forms(key));
    rows.map(|(key, row)| (key.clone(), row.clone())).collect()
}

#[test]
fn a_complaint_is_kept_and_answered_and_touches_no_number() {
    let mut world = reported();
    let before = forms(&world);
    let taken =
        receipt(world.accept(PUBLIC, told(ComplaintKind::WrongNumber, Some(Field(256)), Some(91), "")));
    assert_eq!((taken.number, taken.verdict, taken.index), (1, None, world.index));
    let complaint = kept(&world, 1).clone();
    assert_eq!((complaint.revision, complaint.field, complaint.read), (1, Some(Field(256)), Some(91)));
    assert_eq!((complaint.at.0, complaint.index, complaint.answer), (world.now, world.index, None));
    assert_eq!(counts(&world), Complaints { all: 1, open: 1 });
    let answered = receipt(world.accept(READERS[0], answer_of(HERE, 1)));
    assert_eq!((answered.number, answered.verdict), (1, Some(ComplaintVerdict::Declined)));
    let answer = kept(&world, 1).answer.clone().unwrap();
    assert_eq!((answer.account, answer.role, answer.index), (AccountId(7), Role::Reviewer, world.index));
    assert_eq!(counts(&world), Complaints { all: 1, open: 0 });
    assert_eq!(forms(&world), before);
}

#[test]
fn each_goes_to_the_audit_log_without_its_words() {
    let mut world = reported();
    world.accept(PUBLIC, complaint_of(HERE, 1));
    let complained = world.index;
    world.accept(CERTIFIER, answer_of(HERE, 1));
    let line = |index| match world.model.rows().get(&RowKey::Audit(index, 0, 0)) {
        Some(Row::Audit(record)) => (record.actor, record.event.clone()),
        row => panic!("no line: {row:?}"),
    };
    let (contest, station, number) = (ppwp(), station(HERE), 1);
    let event = AuditEvent::Complained { contest, station, number, kind: ComplaintKind::Other };
    assert_eq!(line(complained), (Actor::Public, event));
    let verdict = ComplaintVerdict::Declined;
    let event = AuditEvent::ComplaintAnswered { contest, station, number, verdict };
    assert_eq!(line(world.index), (Actor::Account(AccountId(3)), event));
}

#[test]
fn a_form_has_bounds_of_open_ones_and_of_all() {
    let mut world = reported();
    for number in 1..=COMPLAINTS_OPEN_MAX {
        assert_eq!(receipt(world.accept(PUBLIC, complaint_of(HERE, 1))).number, number);
    }
    assert_eq!(world.refusal(PUBLIC, complaint_of(HERE, 1)), Refusal::ComplaintsFull);
    for number in 1..=COMPLAINTS_OPEN_MAX {
        world.accept(ADMIN, answer_of(HERE, number));
    }
    for number in COMPLAINTS_OPEN_MAX + 1..=COMPLAINTS_MAX {
        world.accept(PUBLIC, complaint_of(HERE, 1));
        world.accept(ADMIN, answer_of(HERE, number));
    }
    assert_eq!(world.refusal(PUBLIC, complaint_of(HERE, 1)), Refusal::ComplaintsFull);
    assert_eq!(counts(&world), Complaints { all: COMPLAINTS_MAX, open: 0 });
}

#[test]
fn what_cannot_be_said_of_the_form_is_refused() {
    let mut world = reported();
    let kind = ComplaintKind::WrongNumber;
    let long = "\u{e9}".repeat(COMPLAINT_BYTES_MAX / 2 + 1);
    let (text, field, count) = (ComplaintProblem::Text, ComplaintProblem::Field, ComplaintProblem::Count);
    let cases = [
        (told(ComplaintKind::Other, None, None, " "), text),
        (told(kind, None, None, &long), text),
        (told(kind, None, None, "baris\nbaru"), text),
        (told(kind, None, None, "\u{202e}balik"), text),
        (told(kind, Some(Field(25)), None, ""), field),
        (told(kind, Some(Field(256 + 3)), None, ""), field),
        (told(kind, None, Some(4), ""), count),
        (told(kind, Some(Field(256)), Some(1_000), ""), count),
    ];
    for (command, problem) in cases {
        assert_eq!(world.refusal(PUBLIC, command), Refusal::InvalidComplaint(problem));
    }
    assert_eq!(counts(&world), Complaints::default());
    world.accept(PUBLIC, told(kind, Some(Field(256 + 2)), Some(999), ""));
}

#[test]
fn only_the_form_that_was_seen_is_complained_about() {
    let mut world = reported();
    let stale = |refusal| matches!(refusal, Refusal::StaleRevision { .. });
    assert!(stale(world.refusal(PUBLIC, complaint_of(ELSEWHERE, 1))), "there is no form");
    let mut corrected = whole();
    corrected.form.disabled = Some(crate::form::People { male: 1, female: 0, total: 1 });
    world.accept(OFFICER, correction_of(HERE, 1, corrected));
    assert!(stale(world.refusal(PUBLIC, complaint_of(HERE, 1))));
    world.accept(PUBLIC, complaint_of(HERE, 2));
    assert_eq!(world.refusal(PUBLIC, complaint_of("1101012009001", 1)), Refusal::StationUnknown);
}

#[test]
fn an_answer_is_given_once_by_an_official_in_scope() {
    let mut world = reported();
    world.accept(PUBLIC, complaint_of(HERE, 1));
    assert_eq!(world.refusal(CERTIFIER, answer_of(HERE, 2)), Refusal::ComplaintUnknown);
    assert_eq!(world.refusal(CERTIFIER, answer_of(ELSEWHERE, 1)), Refusal::Forbidden);
    for nobody in [OFFICER, AUDITOR, PUBLIC, Principal::Operator, Principal::System] {
        assert_eq!(world.refusal(nobody, answer_of(HERE, 1)), Refusal::Forbidden);
    }
    let saying = |text: String| {
        let (contest, station, verdict) = (ppwp(), station(HERE), ComplaintVerdict::Accepted);
        Command::AnswerComplaint { contest, station, number: 1, verdict, text }
    };
    let problem = Refusal::InvalidComplaint(ComplaintProblem::Text);
    assert_eq!(world.refusal(CERTIFIER, saying(" ".into())), problem);
    assert_eq!(world.refusal(CERTIFIER, saying("x".repeat(COMPLAINT_ANSWER_BYTES_MAX + 1))), problem);
    world.accept(CERTIFIER, saying("dikoreksi di revisi 2".into()));
    assert_eq!(world.refusal(CERTIFIER, answer_of(HERE, 1)), Refusal::ComplaintAnswered);
}

#[test]
fn a_retry_tells_the_first_receipt_and_nobody_meets_the_keys_of_others() {
    let mut world = reported();
    let first = world.submit(PUBLIC, Some(request(1, 1)), complaint_of(HERE, 1));
    let again = world.submit(PUBLIC, Some(request(1, 1)), complaint_of(HERE, 1));
    assert_eq!((again.outcome, again.replay), (first.outcome, true));
    assert_eq!(counts(&world).all, 1);
    let other = world.submit(PUBLIC, Some(request(1, 2)), complaint_of(HERE, 1));
    assert_eq!(other.outcome, Outcome::Refused(Refusal::IdempotencyMismatch));
    // The system's own request under the same key is another request.
    let system = world.submit(Principal::System, Some(request(1, 3)), Command::Mark);
    assert_eq!((system.outcome, system.replay), (Outcome::Done, false));
    let answered = world.submit(ADMIN, Some(request(1, 4)), answer_of(HERE, 1));
    let repeated = world.submit(ADMIN, Some(request(1, 4)), answer_of(HERE, 1));
    assert_eq!((repeated.outcome, repeated.replay), (answered.outcome, true));
}

proptest! {
    /// Whatever comes in whatever order, the bounds hold and no form changes.
    #[test]
    fn no_order_of_complaints_and_answers_breaks_the_counts(steps in vec((any::<bool>(), 0_u32..14), 0..60)) {
        let mut world = reported();
        let before = forms(&world);
        for (complains, number) in steps {
            let (principal, command) = if complains {
                (PUBLIC, complaint_of(HERE, 1))
            } else {
                (READERS[0], answer_of(HERE, number))
            };
            world.entry(principal, Vec::from([Item { request: None, command }]));
        }
        prop_assert_eq!(world.model.violations(), []);
        prop_assert_eq!(forms(&world), before);
    }
}
