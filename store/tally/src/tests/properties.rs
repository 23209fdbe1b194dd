//! What holds for all histories, not only for those somebody thought of.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, proptest};

use crate::aggregate::Aggregate;
use crate::command::{Command, Item, Principal, RequestIdentity};
use crate::contest::Contest;
use crate::decide::request::{REQUEST_AGE_MS_MIN, REQUESTS_KEPT_MIN};
use crate::digest::{canonical_json, form_digest};
use crate::form::Form;
use crate::ids::{AccountId, Fingerprint, LogTime, RequestKey};
use crate::model::Model;
use crate::outcome::{Answer, Outcome, Refusal};
use crate::row::{Ledger, Row, RowKey};
use crate::rules;
use crate::station::{Station, StationKind};

use super::sample;
use super::strategies::{Step, confirmed, form, step, wild_form};
use super::world::{
    ADMIN, STATIONS, World, correction_of, hold_of, ppwp, refused, release_of, report_of, request,
};

/// Sums of all regions without when and how often they changed.
fn sums(world: &World) -> BTreeMap<RowKey, Aggregate> {
    let mut sums = BTreeMap::new();
    for (key, row) in world.model.rows() {
        if let Row::Aggregate(aggregate) = row {
            let kept = Aggregate { index: 0, version: 0, updated_at: LogTime(0), ..aggregate.clone() };
            sums.insert(key.clone(), kept);
        }
    }
    sums
}

fn unflagged(mut sums: BTreeMap<RowKey, Aggregate>) -> BTreeMap<RowKey, Aggregate> {
    for aggregate in sums.values_mut() {
        aggregate.flagged = 0;
    }
    sums
}

fn without_log_time(model: &Model) -> Model {
    let mut model = model.clone();
    let ledger = Ledger { log_time: LogTime(0), ..model.ledger() };
    model.put(RowKey::Ledger, Row::Ledger(ledger));
    model
}

/// What was asked and what was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Asked {
    principal: Principal,
    request: Option<RequestIdentity>,
    command: Command,
    answer: Answer,
}

/// Plays steps, each in an entry of its own; the place of a step is its fingerprint.
fn play(steps: &[Step]) -> (World, Vec<Asked>) {
    let mut world = World::new();
    let asked = (1_u8..).zip(steps).map(|(place, (principal, key, command))| {
        let request = key.map(|key| request(key, place));
        let command = world.with_revision(command);
        // Checks the whole state after each.
        let answer = world.submit(*principal, request, command.clone());
        Asked { principal: *principal, request, command, answer }
    });
    let asked = asked.collect();
    (world, asked)
}

/// Reports forms at the stations they are for, in that order.
fn reported(forms: &[(usize, Form)]) -> World {
    let mut world = World::new();
    for (place, form) in forms {
        world.accept(ADMIN, report_of(STATIONS[*place], confirmed(form.clone())));
    }
    world
}

/// Forms for some of the stations, at most one for each.
fn forms() -> impl Strategy<Value = Vec<(usize, Form)>> {
    vec(form(), 1..=STATIONS.len()).prop_map(|forms| forms.into_iter().enumerate().collect())
}

proptest! {
    #[test]
    fn every_state_is_sound_and_every_history_gives_one_state(steps in vec(step(), 1..30)) {
        let (world, asked) = play(&steps);
        let (again, same) = play(&steps);
        prop_assert_eq!(asked, same);
        prop_assert_eq!(world.model, again.model);
    }

    #[test]
    fn one_entry_of_many_items_is_as_good_as_many_entries(steps in vec(step(), 1..20)) {
        let mut world = World::new();
        for (place, (principal, key, command)) in (1_u8..).zip(&steps) {
            let command = world.with_revision(command);
            let item = Item { request: key.map(|key| request(key, place)), command };
            let answers = world.entry(*principal, [item.clone(), item].into());
            // The second of two equal items with a key is a replay, or they were refused alike.
            if key.is_some() {
                prop_assert_eq!(&answers[0].outcome, &answers[1].outcome);
                prop_assert!(answers[1].replay || refused(&answers[1].outcome));
            }
        }
        prop_assert_eq!(world.model.violations(), []);
    }

    #[test]
    fn a_retry_has_one_effect_and_the_same_answer(steps in vec(step(), 1..25)) {
        let (mut world, asked) = play(&steps);
        for Asked { principal, request: first_request, command, answer: first } in asked {
            let Some(first_request) = first_request else { continue };
            if first.outcome == Outcome::Refused(Refusal::Unauthenticated) {
                continue;
            }
            let mismatch = Outcome::Refused(Refusal::IdempotencyMismatch);
            let before = without_log_time(&world.model);
            let again = world.submit(principal, Some(first_request), command.clone());
            prop_assert_eq!(&again.outcome, &first.outcome);
            prop_assert_eq!(again.replay, first.outcome != mismatch);
            let other = RequestIdentity { fingerprint: Fingerprint([200; 16]), ..first_request };
            let other = world.submit(principal, Some(other), command);
            prop_assert_eq!(&other.outcome, &mismatch);
            prop_assert_eq!(without_log_time(&world.model), before);
        }
    }

    #[test]
    fn the_order_of_stations_does_not_matter(
        (forms, shuffled) in forms().prop_flat_map(|forms| (Just(forms.clone()), Just(forms).prop_shuffle()))
    ) {
        prop_assert_eq!(sums(&reported(&forms)), sums(&reported(&shuffled)));
    }

    #[test]
    fn a_correction_is_the_inverse_and_the_new_form(old in forms(), new in forms()) {
        let mut world = reported(&old);
        for (place, form) in new.iter().take(old.len()) {
            world.accept(ADMIN, correction_of(STATIONS[*place], 1, confirmed(form.clone())));
        }
        let mut last: BTreeMap<usize, Form> = old.into_iter().collect();
        let corrected = last.len();
        last.extend(new.into_iter().take(corrected));
        let directly = reported(&last.into_iter().collect::<Vec<_>>());
        // What a correction is flagged for is no more than history: R27 looks at the form before it.
        prop_assert_eq!(unflagged(sums(&world)), unflagged(sums(&directly)));
    }

    #[test]
    fn a_hold_takes_a_form_out_and_its_release_puts_it_back(forms in forms()) {
        let mut world = reported(&forms);
        let before = sums(&world);
        let counted: Vec<&str> = forms.iter().map(|(place, _)| STATIONS[*place])
            .filter(|code| world.tally(code).state.counted()).collect();
        for code in &counted {
            world.accept(ADMIN, hold_of(code, 1));
        }
        prop_assert_eq!(world.votes("0"), 0);
        for code in &counted {
            world.accept(ADMIN, release_of(code, 1));
        }
        prop_assert_eq!(sums(&world), before);
    }

    #[test]
    fn rules_take_any_form_at_any_station(form in wild_form(), kind in 0_u8..5, registered: Option<u32>) {
        let kind = StationKind::from_number(kind).unwrap();
        let station = Station { kind, registered, ..sample::station() };
        let flags = rules::check(&form, &sample::contest(), &station);
        prop_assert!(flags.is_sorted_by(|left, right| left.rule < right.rule));
        for flag in &flags {
            prop_assert!(!flag.fields.is_empty());
            prop_assert!(flag.fields.is_sorted_by(|left, right| left < right));
            let known = form.boxes().map(|(field, _)| field);
            let known: Vec<_> = known.collect();
            prop_assert!(flag.fields.iter().all(|field| known.contains(field)), "{:?}", flag);
        }
    }

    #[test]
    fn any_form_is_accepted_or_refused_and_leaves_a_sound_state(form in wild_form()) {
        let mut world = World::new();
        let in_bounds = form.boxes().all(|(_, count)| count <= 999) && form.votes.len() == 3;
        let outcome = world.ask(ADMIN, report_of(STATIONS[0], confirmed(form)));
        prop_assert_eq!(refused(&outcome), !in_bounds);
    }

    #[test]
    fn two_forms_have_one_digest_only_if_they_are_equal(left in form(), right in form()) {
        let contest = sample::contest();
        prop_assert_eq!(form_digest(&left, &contest) == form_digest(&right, &contest), left == right);
        // The order of options on the ballot is not in it.
        let turned = Contest { options: contest.options.iter().rev().cloned().collect(), ..contest.clone() };
        let same = Form { votes: left.votes.iter().rev().copied().collect(), ..left.clone() };
        prop_assert_eq!(canonical_json(&left, &contest), canonical_json(&same, &turned));
    }

    #[test]
    fn a_request_is_forgotten_only_past_both_limits(
        // With one more the queue would end in rows that were never there.
        since in REQUESTS_KEPT_MIN - 20..=REQUESTS_KEPT_MIN,
        age in REQUEST_AGE_MS_MIN - 20..REQUEST_AGE_MS_MIN + 20,
        marks in 0_usize..6,
    ) {
        let mut world = World::new();
        for key in 1..=10 {
            world.submit(Principal::Operator, Some(request(key, key)), Command::AllocateNode);
        }
        let ats: Vec<u64> = (1..=10_u8).map(|key| queued_at(&world, key)).collect();
        let mut ledger = world.model.ledger();
        ledger.requests_next += since;
        ledger.log_time.0 += age;
        world.now += age;
        let next = ledger.requests_next;
        world.model.put(RowKey::Ledger, Row::Ledger(ledger));
        for _ in 0..marks {
            world.entry(Principal::System, [Item { request: None, command: Command::Mark }].into());
        }
        let now = world.model.ledger().log_time.0;
        for (place, at) in (0_u8..).zip(ats) {
            let newer = next - u64::from(place) - 1;
            let may_go = newer >= REQUESTS_KEPT_MIN && now - at > REQUEST_AGE_MS_MIN;
            let key = RowKey::Request(AccountId::SYSTEM, RequestKey([place + 1; 16]));
            let kept = world.model.rows().contains_key(&key);
            prop_assert!(kept || may_go);
            // Three decisions forget up to twelve.
            prop_assert!(marks < 4 || !kept || !may_go);
        }
    }
}

/// Log time at which the operator's request with that key was remembered.
fn queued_at(world: &World, key: u8) -> u64 {
    let Some(Row::Request(record)) =
        world.model.rows().get(&RowKey::Request(AccountId::SYSTEM, RequestKey([key; 16])))
    else {
        panic!("not remembered")
    };
    assert_eq!(record.fingerprint, Fingerprint([key; 16]));
    match world.model.rows().get(&RowKey::RequestQueue(record.sequence)) {
        Some(Row::RequestQueue(queued)) => queued.at.0,
        row => panic!("not queued: {row:?}"),
    }
}

#[test]
fn the_sums_of_regions_without_forms_are_not_there() {
    let world = reported(&[(5, sample::whole_form())]);
    let regions: Vec<_> = sums(&world).into_keys().collect();
    let abroad = ["0", "99", "9949", "994901", "9949010001"];
    let expected = abroad.map(|code| RowKey::Aggregate(ppwp(), super::world::region(code)));
    assert_eq!(regions, expected);
}
