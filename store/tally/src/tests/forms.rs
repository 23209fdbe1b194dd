//! What becomes of a form: report, correction, hold and release, and the sums above it.

use crate::command::{Command, Principal};
use crate::ids::NodeId;
use crate::outcome::Outcome;
use crate::region::RegionCode;
use crate::row::{Change, Row, RowKey};
use crate::station::{CountKind, EventKind, Submission, TallyState};

use super::world::{
    ADMIN, CERTIFIER, OFFICER, World, correction_of, hold_of, ppwp, release_of, report_of, station, whole,
};

const HERE: &str = "1101012001003";

/// A form with so many votes for the first option, and sums that fit.
fn form(votes: u32) -> Submission {
    let mut submission = whole();
    let form = &mut submission.form;
    form.votes[0] = votes;
    form.valid = Some(votes + 45);
    form.total = Some(votes + 51);
    form.ballots.as_mut().unwrap().used = votes + 51;
    form.ballots.as_mut().unwrap().unused = 248 - votes;
    let turnout = form.turnout.as_mut().unwrap();
    turnout.dpk = crate::form::People::default();
    turnout.dptb = crate::form::People::default();
    turnout.dpt.female = votes + 51 - turnout.dpt.male;
    turnout.dpt.total = votes + 51;
    turnout.total = turnout.dpt;
    submission
}

/// A form that R07 holds, with so many votes for the first option.
fn held(votes: u32) -> Submission {
    let mut submission = whole();
    submission.form.votes[0] = votes;
    submission
}

#[test]
fn a_report_enters_all_regions_above_its_station() {
    let mut world = World::new();
    let outcome = world.accept(OFFICER, report_of(HERE, form(150)));
    let Outcome::Tallied { receipt, state, flags, first, .. } = outcome else { panic!("no receipt") };
    assert!(first && flags.is_empty() && state == TallyState::Reported);
    assert_eq!((receipt.revision, receipt.leaf_index, receipt.term), (1, 0, 3));
    assert_eq!((receipt.index, receipt.at.0, receipt.node), (world.index, world.now, NodeId(1)));
    assert_eq!(receipt.digest, world.tally(HERE).digest);
    world.accept(ADMIN, report_of("1101012002001", form(160)));
    world.accept(ADMIN, report_of("1201012001001", form(170)));
    for (code, votes) in [
        ("1101012001", 150),
        ("1101012002", 160),
        ("110101", 310),
        ("1101", 310),
        ("11", 310),
        ("12", 170),
        ("0", 480),
        ("99", 0),
    ] {
        assert_eq!(world.votes(code), votes, "{code}");
    }
    let nation = world.model.aggregate(ppwp(), RegionCode::NATION).unwrap();
    assert_eq!((nation.reported, nation.version, nation.index), (3, 3, world.index));
    assert_eq!(nation.totals.votes, [480, 3 * 38, 3 * 7]);
    assert_eq!(nation.totals.valid, 480 + 3 * 45);
    assert_eq!(nation.totals.invalid, 18);
    assert_eq!(nation.totals.total, 480 + 3 * 51);
    assert_eq!(nation.totals.registered, 3 * 293);
    assert_eq!(nation.totals.turnout, 480 + 3 * 51);
}

#[test]
fn a_correction_takes_the_old_form_out_and_keeps_it_in_the_history() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, form(150)));
    let submission = Submission { count_kind: CountKind::Recount, ..form(160) };
    let outcome = world.accept(OFFICER, correction_of(HERE, 1, submission));
    let Outcome::Tallied { receipt, first, .. } = outcome else { panic!("no receipt") };
    assert_eq!((receipt.revision, receipt.leaf_index, first), (2, 1, false));
    assert_eq!((world.votes("0"), world.votes("1101012001")), (160, 160));
    let first = world.event(HERE, 1);
    assert_eq!((first.kind, first.form.as_ref().unwrap().votes[0]), (EventKind::Report, 150));
    let second = world.event(HERE, 2);
    assert_eq!((second.kind, second.form.as_ref().unwrap().votes[0]), (EventKind::Correction, 160));
    assert_eq!(second.count_kind, CountKind::Recount);
    let change = world.model.rows().get(&RowKey::Change(world.index, 0));
    let event = Change { contest: ppwp(), station: station(HERE), event: 2 };
    assert_eq!(change, Some(&Row::Change(event)));
}

#[test]
fn a_form_that_a_rule_holds_is_judged_anew_by_a_correction() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, held(100)));
    assert_eq!((world.tally(HERE).state, world.votes("0")), (TallyState::Held, 0));
    let sums = world.model.aggregate(ppwp(), RegionCode::NATION).unwrap();
    assert_eq!((sums.reported, sums.held, sums.flagged), (1, 1, 1));
    world.accept(OFFICER, correction_of(HERE, 1, form(150)));
    assert_eq!((world.tally(HERE).state, world.votes("0")), (TallyState::Reported, 150));
    world.accept(OFFICER, correction_of(HERE, 2, held(100)));
    assert_eq!((world.tally(HERE).state, world.votes("0")), (TallyState::Held, 0));
}

#[test]
fn a_form_held_by_hand_stays_held_until_it_is_released() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, form(150)));
    let digest = world.tally(HERE).digest;
    let outcome = world.accept(CERTIFIER, hold_of(HERE, 1));
    let Outcome::Tallied { receipt, state, first, .. } = outcome else { panic!("no receipt") };
    assert_eq!((receipt.revision, receipt.leaf_index, receipt.digest), (1, 0, digest));
    assert_eq!((state, first, world.votes("0")), (TallyState::Held, false, 0));
    world.accept(OFFICER, correction_of(HERE, 1, form(160)));
    assert!(world.tally(HERE).held_by_hand);
    assert_eq!((world.tally(HERE).state, world.votes("0")), (TallyState::Held, 0));
    let outcome = world.accept(CERTIFIER, release_of(HERE, 2));
    let Outcome::Tallied { receipt, .. } = outcome else { panic!("no receipt") };
    assert_eq!((receipt.revision, receipt.leaf_index), (2, 1));
    assert!(!world.tally(HERE).held_by_hand);
    assert_eq!((world.tally(HERE).state, world.votes("0")), (TallyState::Reported, 160));
    let sums = world.model.aggregate(ppwp(), RegionCode::NATION).unwrap();
    assert_eq!((sums.version, sums.held, sums.updated_at.0), (4, 0, world.now));
    let last = world.event(HERE, 4);
    assert_eq!((last.kind, last.reason.as_deref()), (EventKind::Release, Some("foto benar")));
    assert!(last.form.is_none());
}

#[test]
fn a_form_that_a_rule_holds_can_be_released_and_keeps_its_flags() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, held(100)));
    world.accept(CERTIFIER, release_of(HERE, 1));
    assert_eq!((world.tally(HERE).state, world.votes("0")), (TallyState::Reported, 100));
    let sums = world.model.aggregate(ppwp(), RegionCode::NATION).unwrap();
    assert_eq!((sums.held, sums.flagged), (0, 1));
}

#[test]
fn an_item_sees_what_the_items_before_it_in_the_entry_did() {
    let mut world = World::new();
    let commands = [
        report_of(HERE, form(150)),
        report_of(HERE, form(151)),
        correction_of(HERE, 1, form(152)),
        report_of("1101012001001", form(153)),
    ];
    let item = |command: Command| crate::command::Item { request: None, command };
    let answers = world.entry(ADMIN, commands.map(item).into());
    let kept = answers.iter().map(|answer| matches!(answer.outcome, Outcome::Tallied { .. }));
    assert!(kept.eq([true, false, true, true]));
    assert_eq!(world.votes("1101012001"), 152 + 153);
    assert_eq!((world.event(HERE, 2).item, world.event("1101012001001", 1).item), (2, 3));
    assert_eq!(world.model.violations(), []);
}

#[test]
fn damaged_sums_stop_the_decision_instead_of_wrapping() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, form(150)));
    let key = RowKey::Aggregate(ppwp(), RegionCode::NATION);
    let mut damaged = world.model.aggregate(ppwp(), RegionCode::NATION).unwrap().clone();
    damaged.totals.votes[0] -= 1;
    world.model.put(key, Row::Aggregate(damaged));
    assert!(!world.model.violations().is_empty());
    let header = crate::command::Header {
        principal: CERTIFIER,
        node: NodeId(1),
        proposed_at: crate::ids::LogTime(world.now),
    };
    let items = [crate::command::Item { request: None, command: hold_of(HERE, 1) }].into();
    let error = world.model.apply(&crate::command::Proposal { header, items }, world.index + 1, 3);
    assert_eq!(error, Err(crate::decide::Contradiction::Underflow.into()));
}

#[test]
fn node_numbers_are_given_out_once() {
    let mut world = World::new();
    let next = world.accept(Principal::Operator, Command::AllocateNode);
    assert_eq!(next, Outcome::NodeAllocated(NodeId(4)));
    let next = world.accept(Principal::System, Command::AllocateNode);
    assert_eq!(next, Outcome::NodeAllocated(NodeId(5)));
}
