//! The life of a form after its report: second readings, certifications, approvals.

use alloc::vec::Vec;

use crate::command::{Command, Principal};
use crate::contest::Contest;
use crate::form::{Field, Form};
use crate::ids::AccountId;
use crate::outcome::{Outcome, Refusal};
use crate::region::Level;
use crate::row::{Row, RowKey};
use crate::rules::{LARGE_CHANGE, READINGS_DIFFER};
use crate::station::{EventKind, Submission, TallyState};

use super::sample;
use super::world::{
    ADMIN, AUDITOR, CERTIFIER, OFFICER, READERS, World, approval_of, certification_of, correction_of,
    hold_of, ppwp, release_of, report_of, review_of,
};

const HERE: &str = "1101012001003";

/// The form with 9 read for 4 or the other way round: every sum broken alike for all readers.
fn read(votes: u32) -> Form {
    Form { votes: [votes, 38, 7].into(), ..sample::whole_form() }
}

fn handed_in(votes: u32) -> Submission {
    super::strategies::confirmed(read(votes))
}

/// Reported with 202 votes for the first option.
fn reported() -> World {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, handed_in(202)));
    world
}

fn state(world: &World) -> TallyState {
    world.tally(HERE).state
}

fn review(world: &mut World, reader: usize, votes: u32) -> (TallyState, Vec<Field>) {
    let revision = world.tally(HERE).revision;
    match world.accept(READERS[reader], review_of(HERE, revision, read(votes))) {
        Outcome::Tallied { state, differences, .. } => (state, differences),
        outcome => panic!("no receipt: {outcome:?}"),
    }
}

#[test]
fn a_second_reading_that_is_the_same_reviews_the_form() {
    let mut world = reported();
    assert_eq!(review(&mut world, 0, 202), (TallyState::Reviewed, Vec::new()));
    let event = world.event(HERE, 2);
    assert_eq!((event.kind, event.revision, event.leaf_index), (EventKind::Review, 1, 0));
    assert_eq!(event.reading.as_ref(), Some(&read(202)));
    assert!(event.form.is_none() && world.tally(HERE).flags.is_empty());
    // A correction starts anew.
    world.accept(OFFICER, correction_of(HERE, 1, handed_in(201)));
    assert_eq!(state(&world), TallyState::Reported);
}

#[test]
fn two_readings_that_differ_are_disputed_counted_and_flagged() {
    let mut world = reported();
    assert_eq!(review(&mut world, 0, 207), (TallyState::Disputed, [Field(256)].into()));
    assert_eq!(world.votes("0"), 202);
    let flags: Vec<_> = world.tally(HERE).flags.iter().map(|flag| flag.rule).collect();
    assert_eq!(flags, [READINGS_DIFFER]);
    assert_eq!(world.model.aggregate(ppwp(), crate::region::RegionCode::NATION).unwrap().flagged, 1);
    let forbidden = world.refusal(CERTIFIER, certification_of(HERE, 1, None));
    assert!(matches!(forbidden, Refusal::InvalidState { state: TallyState::Disputed, .. }));
}

#[test]
fn a_third_reading_decides_for_the_one_it_equals() {
    let mut world = reported();
    review(&mut world, 0, 207);
    assert_eq!(review(&mut world, 1, 202).0, TallyState::Reviewed);
    assert!(world.tally(HERE).flags.is_empty());
    assert_eq!(world.tally(HERE).revision, 1);

    let mut world = reported();
    review(&mut world, 0, 207);
    assert_eq!(review(&mut world, 1, 207), (TallyState::Reviewed, [Field(256)].into()));
    let tally = world.tally(HERE);
    assert_eq!((tally.revision, tally.author, tally.approval_pending), (2, AccountId(7), false));
    assert_eq!(world.votes("0"), 207);
    let event = world.event(HERE, 3);
    assert_eq!((event.kind, event.leaf_index, event.account), (EventKind::Correction, 1, AccountId(8)));
    assert_eq!(event.form.as_ref(), Some(&read(207)));
}

#[test]
fn a_third_reading_that_equals_none_decides_nothing() {
    let mut world = reported();
    review(&mut world, 0, 207);
    assert_eq!(review(&mut world, 1, 203).0, TallyState::Disputed);
    // The first of the two that differ is still the one to be equalled.
    assert_eq!(review(&mut world, 2, 207).0, TallyState::Reviewed);
    assert_eq!(world.votes("0"), 207);
}

#[test]
fn nobody_reads_twice() {
    let mut world = World::new();
    world.accept(ADMIN, report_of(HERE, handed_in(202)));
    assert_eq!(world.refusal(ADMIN, review_of(HERE, 1, read(202))), Refusal::SamePerson);
    review(&mut world, 0, 207);
    assert_eq!(world.refusal(READERS[0], review_of(HERE, 1, read(207))), Refusal::SamePerson);
    for other in [OFFICER, CERTIFIER, AUDITOR, Principal::Operator] {
        assert_eq!(world.refusal(other, review_of(HERE, 1, read(207))), Refusal::Forbidden);
    }
    // Out of the reader's province.
    world.accept(ADMIN, report_of("1201012001001", handed_in(203)));
    assert_eq!(world.refusal(READERS[0], review_of("1201012001001", 1, read(203))), Refusal::Forbidden);
}

#[test]
fn a_reading_is_a_whole_form_in_bounds() {
    let mut world = reported();
    let missing = Form { disabled: None, ..read(202) };
    let refused = world.refusal(READERS[0], review_of(HERE, 1, missing));
    assert!(matches!(refused, Refusal::InvalidForm(_)), "{refused:?}");
    assert!(matches!(world.refusal(READERS[0], review_of(HERE, 1, read(1_000))), Refusal::InvalidForm(_)));
    let stale = world.refusal(READERS[0], review_of(HERE, 2, read(202)));
    assert!(matches!(stale, Refusal::StaleRevision { current_revision: 1, .. }));
}

#[test]
fn a_held_form_is_read_and_stays_held() {
    let mut world = reported();
    world.accept(CERTIFIER, hold_of(HERE, 1));
    assert_eq!(review(&mut world, 0, 207).0, TallyState::Held);
    world.accept(CERTIFIER, release_of(HERE, 1));
    assert_eq!(state(&world), TallyState::Disputed);
}

#[test]
fn certification_goes_up_level_by_level() {
    let mut world = reported();
    // The certifier's scope is a province.
    let above = world.refusal(CERTIFIER, certification_of(HERE, 1, Some(Level::Nation)));
    assert_eq!(above, Refusal::Forbidden);
    world.accept(CERTIFIER, certification_of(HERE, 1, Some(Level::District)));
    assert_eq!((state(&world), world.tally(HERE).certified), (TallyState::Certified, Some(Level::District)));
    let again = world.refusal(CERTIFIER, certification_of(HERE, 1, Some(Level::District)));
    assert!(matches!(again, Refusal::InvalidState { state: TallyState::Certified, .. }));
    world.accept(CERTIFIER, certification_of(HERE, 1, None));
    assert_eq!(world.tally(HERE).certified, Some(Level::Province));
    let lower = world.refusal(ADMIN, certification_of(HERE, 1, Some(Level::Regency)));
    assert!(matches!(lower, Refusal::InvalidState { .. }));
    let corrected = world.refusal(OFFICER, correction_of(HERE, 1, handed_in(203)));
    assert!(matches!(corrected, Refusal::InvalidState { state: TallyState::Certified, .. }));
    assert_eq!(world.event(HERE, 3).level, Some(Level::Province));
    let nation = world.model.aggregate(ppwp(), crate::region::RegionCode::NATION).unwrap();
    assert_eq!((nation.certified, nation.reported), (1, 1));
}

#[test]
fn a_certified_form_that_is_held_and_released_is_certified_again() {
    let mut world = reported();
    world.accept(CERTIFIER, certification_of(HERE, 1, None));
    world.accept(CERTIFIER, hold_of(HERE, 1));
    assert_eq!((state(&world), world.votes("0")), (TallyState::Held, 0));
    world.accept(CERTIFIER, release_of(HERE, 1));
    assert_eq!((state(&world), world.votes("0")), (TallyState::Certified, 202));
}

#[test]
fn a_correction_after_a_certification_says_why_and_is_approved_by_somebody_else() {
    let mut world = World::new();
    world.accept(ADMIN, report_of(HERE, handed_in(202)));
    world.accept(CERTIFIER, certification_of(HERE, 1, None));
    world.accept(CERTIFIER, hold_of(HERE, 1));
    let silent = Submission { reason: None, ..handed_in(203) };
    let refused = world.refusal(ADMIN, correction_of(HERE, 1, silent));
    assert!(matches!(refused, Refusal::ConfirmationRequired { reason_missing: true, .. }), "{refused:?}");
    world.accept(ADMIN, correction_of(HERE, 1, handed_in(203)));
    let tally = world.tally(HERE);
    assert!(tally.approval_pending && tally.flags.iter().any(|flag| flag.rule == LARGE_CHANGE));
    assert_eq!((tally.state, tally.certified), (TallyState::Held, None));
    world.accept(CERTIFIER, release_of(HERE, 2));
    let early = world.refusal(CERTIFIER, certification_of(HERE, 2, None));
    assert!(matches!(early, Refusal::InvalidState { state: TallyState::Reported, .. }));
    assert_eq!(world.refusal(ADMIN, approval_of(HERE, 2)), Refusal::SamePerson);
    world.accept(CERTIFIER, approval_of(HERE, 2));
    assert_eq!(world.event(HERE, world.tally(HERE).events).kind, EventKind::Approval);
    world.accept(CERTIFIER, certification_of(HERE, 2, None));
    assert_eq!(state(&world), TallyState::Certified);
}

#[test]
fn a_large_correction_waits_for_an_approval_and_a_small_one_does_not() {
    let mut world = reported();
    world.accept(OFFICER, correction_of(HERE, 1, handed_in(203)));
    let refused = world.refusal(CERTIFIER, approval_of(HERE, 2));
    assert!(matches!(refused, Refusal::InvalidState { .. }));
    world.accept(OFFICER, correction_of(HERE, 2, handed_in(142)));
    assert!(world.tally(HERE).approval_pending);
    // It is counted meanwhile: the contract takes a form out of the sums only by a hold.
    world.accept(CERTIFIER, release_of(HERE, 3));
    assert_eq!((state(&world), world.votes("0")), (TallyState::Reported, 142));
    // Another small correction does not get it past the second person.
    world.accept(OFFICER, correction_of(HERE, 3, handed_in(143)));
    assert!(world.tally(HERE).approval_pending);
}

#[test]
fn a_contest_can_want_a_reason_for_every_correction() {
    let mut world = reported();
    let contest = Contest { reason_required: true, ..sample::contest() };
    world.model.put(RowKey::Contest(ppwp()), Row::Contest(contest));
    let silent = |votes| Submission { reason: None, form: votes, ..Submission::default() };
    let sound = sample::whole_form();
    let refused = world.refusal(OFFICER, correction_of(HERE, 1, silent(sound.clone())));
    assert!(matches!(refused, Refusal::ConfirmationRequired { reason_missing: true, .. }));
    world.accept(OFFICER, report_of("1101012001001", silent(sound.clone())));
    let why = Submission { reason: Some("salah salin".into()), ..silent(sound) };
    world.accept(OFFICER, correction_of(HERE, 1, why));
}

#[test]
fn a_photo_of_another_station_holds_the_form() {
    let mut world = World::new();
    let photo = Vec::from([crate::ids::AttachmentId([5; 32])]);
    let with_photo = |votes| Submission { attachments: photo.clone(), ..handed_in(votes) };
    world.accept(OFFICER, report_of(HERE, with_photo(202)));
    assert_eq!(state(&world), TallyState::Reported);
    world.accept(OFFICER, correction_of(HERE, 1, with_photo(203)));
    assert_eq!(state(&world), TallyState::Reported);
    world.accept(OFFICER, report_of("1101012001001", with_photo(204)));
    let other = world.tally("1101012001001");
    assert_eq!(other.state, TallyState::Held);
    assert!(other.flags.iter().any(|flag| flag.rule.number() == 26));
}

#[test]
fn a_step_without_a_reason_is_refused() {
    let mut world = reported();
    let (contest, station) = (ppwp(), super::world::station(HERE));
    let reason = alloc::string::String::from("  ");
    let steps = [
        Command::Certify { contest, station, revision: 1, level: None, reason: reason.clone() },
        Command::Hold { contest, station, revision: 1, reason },
    ];
    for step in steps {
        let refused = world.refusal(CERTIFIER, step);
        assert!(matches!(refused, Refusal::ConfirmationRequired { reason_missing: true, .. }));
    }
}
