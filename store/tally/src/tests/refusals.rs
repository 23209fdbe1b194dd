//! Every refusal, told where it must be and before those that come after it. None leaves a trace.

use alloc::string::String;
use alloc::vec::Vec;

use crate::command::{ATTACHMENTS_MAX, Command, Principal, REASON_BYTES_MAX};
use crate::contest::Contest;
use crate::form::Field;
use crate::ids::{AttachmentId, ContestId};
use crate::outcome::{FormProblem, Refusal};
use crate::row::{Row, RowKey};
use crate::rules::{RuleId, RuleSet, Severity};
use crate::station::{Submission, Tally, TallyState};

use super::sample;
use super::world::{
    ADMIN, AUDITOR, CERTIFIER, OFFICER, STATION_OFFICER, World, correction_of, found, hold_of, ppwp,
    region_definition, release_of, report_of, station, station_definition, whole,
};

const HERE: &str = "1101012001003";

fn rules(numbers: &[u8]) -> RuleSet {
    numbers.iter().filter_map(|number| RuleId::new(*number)).collect()
}

/// A form whose votes miss the valid ones by `missing`: R07.
fn missing(missing: u32) -> Submission {
    let mut form = sample::whole_form();
    form.votes[0] -= missing;
    Submission { form, ..Submission::default() }
}

#[test]
fn before_founding_nothing_but_founding_and_marks() {
    let mut world = World::empty();
    let define = Command::DefineRegions([region_definition("11")].into());
    assert_eq!(world.refusal(Principal::Operator, define), Refusal::LevelTooLow { level: 0 });
    world.accept(Principal::System, Command::Mark);
    world.accept(Principal::Operator, found("Pemilu 2024"));
    assert_eq!(world.refusal(Principal::Operator, found("Pemilu 2029")), Refusal::AlreadyFounded);
    assert_eq!(world.model.ledger().name, "Pemilu 2024");
}

#[test]
fn levels_rise_one_by_one() {
    let mut world = World::new();
    for level in [0, 1, 3] {
        let refusal = world.refusal(Principal::Operator, Command::RaiseLevel { level });
        assert_eq!(refusal, Refusal::LevelOutOfOrder { level: 1 });
    }
    world.accept(Principal::Operator, Command::RaiseLevel { level: 2 });
    assert_eq!(world.model.ledger().level, 2);
}

#[test]
fn housekeeping_is_no_persons() {
    let mut world = World::new();
    let commands = [Command::Mark, Command::AllocateNode, Command::RaiseLevel { level: 2 }, found("x")];
    for command in commands {
        assert_eq!(world.refusal(ADMIN, command), Refusal::Forbidden);
    }
}

#[test]
fn only_officers_and_super_admins_report_and_only_in_their_scope() {
    let mut world = World::new();
    for principal in [AUDITOR, CERTIFIER, Principal::Operator, Principal::System] {
        assert_eq!(world.refusal(principal, report_of(HERE, whole())), Refusal::Forbidden);
    }
    for outside in ["1101012002001", "1201012001001"] {
        assert_eq!(world.refusal(OFFICER, report_of(outside, whole())), Refusal::Forbidden);
    }
    assert_eq!(world.refusal(STATION_OFFICER, report_of("1101012001001", whole())), Refusal::Forbidden);
    world.accept(STATION_OFFICER, report_of(HERE, whole()));
    world.accept(OFFICER, report_of("1101012001001", whole()));
    world.accept(ADMIN, report_of("1201012001001", whole()));
}

#[test]
fn only_certifiers_and_super_admins_hold_and_release() {
    let mut world = World::new();
    for code in [HERE, "1201012001001"] {
        world.accept(ADMIN, report_of(code, whole()));
    }
    for command in [hold_of(HERE, 1), release_of(HERE, 1)] {
        assert_eq!(world.refusal(OFFICER, command), Refusal::Forbidden);
    }
    assert_eq!(world.refusal(CERTIFIER, hold_of("1201012001001", 1)), Refusal::Forbidden);
    world.accept(CERTIFIER, hold_of(HERE, 1));
    world.accept(CERTIFIER, release_of(HERE, 1));
}

#[test]
fn what_is_not_there_is_told_before_what_is_not_allowed() {
    let mut world = World::new();
    let unknown = "1101012001777";
    assert_eq!(world.refusal(AUDITOR, report_of(unknown, whole())), Refusal::StationUnknown);
    assert_eq!(world.refusal(AUDITOR, correction_of(unknown, 1, whole())), Refusal::StationUnknown);
    assert_eq!(world.refusal(OFFICER, hold_of(unknown, 1)), Refusal::StationUnknown);
    assert_eq!(world.refusal(OFFICER, release_of(unknown, 1)), Refusal::StationUnknown);
    let contest = ContestId::parse("pdpr-3101").unwrap();
    let elsewhere = Command::Report { contest, station: station(HERE), submission: whole() };
    assert_eq!(world.refusal(AUDITOR, elsewhere.clone()), Refusal::ContestUnknown);
    let regions = [super::world::region("12")].into();
    let definition = Contest { id: contest, regions, ..sample::contest() };
    world.accept(Principal::Operator, Command::DefineContest(definition));
    assert_eq!(world.refusal(AUDITOR, elsewhere), Refusal::ContestNotHeld);
}

#[test]
fn a_report_over_a_form_and_a_correction_of_none_are_stale() {
    let mut world = World::new();
    let none = Refusal::StaleRevision { current_revision: 0, digest: None };
    assert_eq!(world.refusal(OFFICER, correction_of(HERE, 1, whole())), none);
    assert_eq!(world.refusal(CERTIFIER, hold_of(HERE, 1)), none);
    assert_eq!(world.refusal(CERTIFIER, release_of(HERE, 0)), none);
    world.accept(OFFICER, report_of(HERE, whole()));
    let digest = Some(world.tally(HERE).digest);
    let first = Refusal::StaleRevision { current_revision: 1, digest };
    assert_eq!(world.refusal(OFFICER, report_of(HERE, whole())), first);
    for revision in [0, 2] {
        assert_eq!(world.refusal(OFFICER, correction_of(HERE, revision, whole())), first);
        assert_eq!(world.refusal(CERTIFIER, hold_of(HERE, revision)), first);
        assert_eq!(world.refusal(CERTIFIER, release_of(HERE, revision)), first);
    }
}

#[test]
fn a_state_that_does_not_allow_it_is_told_after_a_stale_revision() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, whole()));
    let state = |state| Refusal::InvalidState { state, current_revision: 1 };
    assert_eq!(world.refusal(CERTIFIER, release_of(HERE, 1)), state(TallyState::Reported));
    world.accept(CERTIFIER, hold_of(HERE, 1));
    assert_eq!(world.refusal(CERTIFIER, hold_of(HERE, 1)), state(TallyState::Held));
    assert!(matches!(world.refusal(CERTIFIER, hold_of(HERE, 2)), Refusal::StaleRevision { .. }));
}

#[test]
fn a_certified_form_is_not_corrected() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, whole()));
    // No command certifies yet, so the row is made by hand and the sums do not know of it.
    let certified = Tally { state: TallyState::Certified, ..world.tally(HERE).clone() };
    world.model.put(RowKey::Tally(ppwp(), station(HERE)), Row::Tally(certified));
    let items = [crate::command::Item { request: None, command: correction_of(HERE, 1, missing(60)) }];
    let answers = world.entry(OFFICER, items.into());
    let refusal = Refusal::InvalidState { state: TallyState::Certified, current_revision: 1 };
    assert_eq!(answers[0].outcome, crate::outcome::Outcome::Refused(refusal));
}

#[test]
fn forms_that_no_paper_can_be() {
    let mut world = World::new();
    let problems = |world: &mut World, submission: Submission| match world
        .refusal(OFFICER, report_of(HERE, submission))
    {
        Refusal::InvalidForm(problems) => problems,
        refusal => panic!("another refusal: {refusal:?}"),
    };
    let mut large = whole();
    large.form.total = Some(1_000);
    let too_large = FormProblem::CountTooLarge { field: Field::TOTAL, count_max: 999 };
    assert_eq!(problems(&mut world, large), [too_large]);
    let mut short = whole();
    short.form.votes.pop();
    assert_eq!(problems(&mut world, short), [FormProblem::OptionsDiffer]);
    let reason = Some("x".repeat(REASON_BYTES_MAX + 1));
    assert_eq!(problems(&mut world, Submission { reason, ..whole() }), [FormProblem::ReasonTooLong]);
    let attachments: Vec<_> = (0..=ATTACHMENTS_MAX).map(|_| AttachmentId::default()).collect();
    let many = Submission { attachments, ..whole() };
    assert_eq!(problems(&mut world, many), [FormProblem::TooManyAttachments]);
    let mut flood = whole();
    flood.form.votes = alloc::vec![u32::MAX; 10_000];
    assert_eq!(problems(&mut world, flood).len(), 32);
}

#[test]
fn an_officer_hands_in_every_part_unless_the_contest_takes_less() {
    let mut world = World::new();
    let votes_only = Submission {
        form: crate::form::Form { votes: [1, 2, 3].into(), ..crate::form::Form::default() },
        ..Submission::default()
    };
    let missing = [0, 3, 15, 19, 22, 23, 24].map(|field| FormProblem::PartMissing(Field(field)));
    let refusal = world.refusal(OFFICER, report_of(HERE, votes_only.clone()));
    assert_eq!(refusal, Refusal::InvalidForm(missing.into()));
    world.accept(ADMIN, report_of(HERE, votes_only.clone()));
    let id = ContestId::parse("lama").unwrap();
    let contest = Contest { id, partial_forms: true, ..sample::contest() };
    world.accept(Principal::Operator, Command::DefineContest(contest));
    let report = Command::Report { contest: id, station: station(HERE), submission: votes_only };
    world.accept(OFFICER, report);
}

#[test]
fn a_broken_rule_wants_to_be_confirmed_with_a_reason() {
    let mut world = World::new();
    let asked = |world: &mut World, submission: Submission| match world
        .refusal(OFFICER, report_of(HERE, submission))
    {
        Refusal::ConfirmationRequired { flags, reason_missing, photo_missing } => {
            let numbers: Vec<_> = flags.iter().map(|flag| (flag.rule.number(), flag.severity)).collect();
            (numbers, reason_missing, photo_missing)
        }
        refusal => panic!("another refusal: {refusal:?}"),
    };
    let asking = |confirm: &[u8], reason: Option<&str>| Submission {
        confirm: rules(confirm),
        reason: reason.map(String::from),
        ..missing(5)
    };
    let found: Vec<_> = [(7, Severity::Confirm)].into();
    assert_eq!(asked(&mut world, asking(&[], Some("sesuai"))), (found.clone(), false, false));
    assert_eq!(asked(&mut world, asking(&[8, 9], Some("sesuai"))), (found.clone(), false, false));
    assert_eq!(asked(&mut world, asking(&[7], None)), (found.clone(), true, false));
    assert_eq!(asked(&mut world, asking(&[7], Some("  "))), (found, true, false));
    world.accept(OFFICER, report_of(HERE, asking(&[7, 8, 40], Some("sesuai formulir"))));
    assert_eq!(world.tally(HERE).state, TallyState::Reported);
    assert_eq!(world.event(HERE, 1).confirm, rules(&[7, 8, 40]));
}

#[test]
fn a_confirmation_is_wanted_even_beside_a_hold_and_a_hold_alone_wants_none() {
    let mut world = World::new();
    let mut both = missing(60);
    both.form.disabled.as_mut().unwrap().total = 4;
    let refusal = world.refusal(OFFICER, report_of(HERE, both.clone()));
    let Refusal::ConfirmationRequired { flags, .. } = refusal else { panic!("not asked: {refusal:?}") };
    let severities: Vec<_> = flags.iter().map(|flag| flag.severity).collect();
    assert_eq!(severities, [Severity::Hold, Severity::Confirm]);
    let confirmed = Submission { confirm: rules(&[12]), reason: Some("sesuai".into()), ..both };
    world.accept(OFFICER, report_of(HERE, confirmed));
    world.accept(OFFICER, report_of("1101012001001", missing(60)));
    for code in [HERE, "1101012001001"] {
        assert_eq!(world.tally(code).state, TallyState::Held);
    }
}

#[test]
fn a_contest_can_want_a_photo_with_a_confirmation() {
    let mut world = World::new();
    let id = ContestId::parse("foto").unwrap();
    let contest = Contest { id, photo_required: true, ..sample::contest() };
    world.accept(Principal::Operator, Command::DefineContest(contest));
    let report = |attachments: &[AttachmentId]| {
        let confirmed = Submission { confirm: rules(&[7]), reason: Some("sesuai".into()), ..missing(5) };
        let submission = Submission { attachments: attachments.into(), ..confirmed };
        Command::Report { contest: id, station: station(HERE), submission }
    };
    let refusal = world.refusal(OFFICER, report(&[]));
    let Refusal::ConfirmationRequired { reason_missing, photo_missing, .. } = refusal else {
        panic!("not asked: {refusal:?}")
    };
    assert!(photo_missing && !reason_missing);
    world.accept(OFFICER, report(&[AttachmentId([1; 32])]));
    // A form without broken rules wants no photo.
    let other = Command::Report { contest: id, station: station("1101012001001"), submission: whole() };
    world.accept(OFFICER, other);
}

#[test]
fn holds_and_releases_want_a_reason() {
    let mut world = World::new();
    world.accept(OFFICER, report_of(HERE, whole()));
    let hold = |reason: &str| Command::Hold {
        contest: ppwp(),
        station: station(HERE),
        revision: 1,
        reason: reason.into(),
    };
    let refusal = world.refusal(CERTIFIER, hold(" "));
    assert!(matches!(refusal, Refusal::ConfirmationRequired { reason_missing: true, .. }));
    let long = world.refusal(CERTIFIER, hold(&"x".repeat(REASON_BYTES_MAX + 1)));
    assert_eq!(long, Refusal::InvalidForm([FormProblem::ReasonTooLong].into()));
}

#[test]
fn a_refusal_changes_log_time_only() {
    let mut world = World::new();
    let mut before = world.model.clone();
    world.refusal(OFFICER, report_of(HERE, missing(5)));
    world.refusal(ADMIN, Command::DefineStations([station_definition("1101012009001")].into()));
    before.put(RowKey::Ledger, Row::Ledger(world.model.ledger()));
    assert_eq!(world.model.ledger().log_time.0, world.now);
    assert_eq!(world.model, before);
}
