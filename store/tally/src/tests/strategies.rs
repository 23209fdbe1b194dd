//! Arbitrary forms and commands: mostly plausible, sometimes wild, always over the same few stations so that
//! they meet.

use alloc::string::String;
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};

use crate::account::Role;
use crate::command::{Command, NewCredential, Principal, RegionDefinition, StationDefinition};
use crate::form::{Ballots, Form, People, Turnout};
use crate::region::Level;
use crate::rules::RuleSet;
use crate::station::{StationKind, Submission};

use super::sample;
use super::world::{
    ADMIN, AUDITOR, CERTIFIER, OFFICER, READERS, STATIONS, account_definition, approval_of, certification_of,
    correction_of, hold_of, region, release_of, report_of, review_of, station_definition,
};

/// A count as it may stand on paper, seldom beyond all bounds.
fn count() -> BoxedStrategy<u32> {
    prop_oneof![8 => 0_u32..320, 3 => 0_u32..4, 1 => 900_u32..1_010].boxed()
}

fn people(count: BoxedStrategy<u32>) -> impl Strategy<Value = People> {
    (count.clone(), count.clone(), count).prop_map(|(male, female, total)| People { male, female, total })
}

fn form_of(count: BoxedStrategy<u32>, votes: impl Strategy<Value = Vec<u32>>) -> impl Strategy<Value = Form> {
    let turnout = [(); 4].map(|()| people(count.clone()));
    let turnout = turnout.prop_map(|[dpt, dptb, dpk, total]| Turnout { dpt, dptb, dpk, total });
    let ballots = [(); 4].map(|()| count.clone());
    let ballots =
        ballots.prop_map(|[received, used, returned, unused]| Ballots { received, used, returned, unused });
    let sums = [(); 3].map(|()| option::weighted(0.9, count.clone()));
    let registered = option::weighted(0.9, people(count.clone()));
    let disabled = option::weighted(0.9, people(count));
    let turnout = option::weighted(0.9, turnout);
    let ballots = option::weighted(0.9, ballots);
    (registered, turnout, ballots, disabled, votes, sums).prop_map(
        |(registered, turnout, ballots, disabled, votes, [valid, invalid, total])| Form {
            registered,
            turnout,
            ballots,
            disabled,
            votes,
            valid,
            invalid,
            total,
        },
    )
}

/// A form of the contest in bounds: most are sums that hold, or nearly; the rest any numbers.
pub(super) fn form() -> impl Strategy<Value = Form> {
    let votes = [(); 3].map(|()| 0_u32..90);
    let off = prop_oneof![3 => Just(0_u32), 1 => 0_u32..70];
    let sound = (votes, 0_u32..9, 0_u32..30, off).prop_map(|(votes, invalid, absent, off)| {
        let valid: u32 = votes.iter().sum::<u32>() + off;
        let total = valid + invalid;
        let half = |total: u32| People { male: total / 2, female: total - total / 2, total };
        let (dpt, none) = (half(total), People::default());
        Form {
            registered: Some(half(total + absent)),
            turnout: Some(Turnout { dpt, dptb: none, dpk: none, total: dpt }),
            ballots: Some(Ballots { received: total + absent, used: total, returned: 0, unused: absent }),
            disabled: Some(none),
            votes: votes.into(),
            valid: Some(valid),
            invalid: Some(invalid),
            total: Some(total),
        }
    });
    prop_oneof![4 => sound, 1 => form_of((0_u32..320).boxed(), vec(0_u32..320, 3))]
}

/// Any form at all, with any number of options.
pub(super) fn wild_form() -> impl Strategy<Value = Form> {
    form_of(prop_oneof![any::<u32>(), count()].boxed(), vec(any::<u32>(), 0..6))
}

/// A form handed in with every rule confirmed, so that it is accepted if it is in bounds.
pub(super) fn confirmed(form: Form) -> Submission {
    Submission { form, confirm: RuleSet(!1), reason: Some("sesuai formulir".into()), ..Submission::default() }
}

fn submission() -> impl Strategy<Value = Submission> {
    let usual = form().prop_map(confirmed);
    let odd = form_of(count(), vec(count(), 2..5));
    let unconfirmed = odd.prop_map(|form| Submission { form, ..Submission::default() });
    prop_oneof![4 => usual, 4 => read().prop_map(confirmed), 1 => unconfirmed]
}

/// One of three forms: what several readers make of one paper.
fn read() -> impl Strategy<Value = Form> {
    (200_u32..203).prop_map(|votes| Form { votes: [votes, 38, 7].into(), ..sample::whole_form() })
}

fn station() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(STATIONS.to_vec())
}

/// A step on a form (see `World::with_revision`); its revision is how far ahead of the current one it is.
fn on_forms() -> impl Strategy<Value = Command> {
    let report = (station(), submission()).prop_map(|(code, submission)| report_of(code, submission));
    let ahead = || prop_oneof![12 => Just(0_u32), 1 => Just(1_u32)];
    let correct = (station(), ahead(), submission())
        .prop_map(|(code, ahead, submission)| correction_of(code, ahead, submission));
    let hold = (station(), ahead()).prop_map(|(code, ahead)| hold_of(code, ahead));
    let release = (station(), ahead()).prop_map(|(code, ahead)| release_of(code, ahead));
    let read = prop_oneof![6 => read(), 1 => form()];
    let review = (station(), ahead(), read).prop_map(|(code, ahead, form)| review_of(code, ahead, form));
    let levels = option::of(proptest::sample::select(Level::ALL.to_vec()));
    let certify =
        (station(), ahead(), levels).prop_map(|(code, ahead, level)| certification_of(code, ahead, level));
    let approve = (station(), ahead()).prop_map(|(code, ahead)| approval_of(code, ahead));
    prop_oneof![1 => report, 5 => correct, 2 => hold, 2 => release, 3 => review, 2 => certify, 1 => approve]
}

fn master_data() -> impl Strategy<Value = Command> {
    let codes =
        proptest::sample::select(Vec::from(["0", "11", "13", "1301", "130101", "1301012001", "1201"]));
    let definition = (codes, 0_u32..3).prop_map(|(code, name)| RegionDefinition {
        code: region(code),
        name: alloc::format!("WILAYAH {name}"),
    });
    let regions = vec(definition, 0..4).prop_map(Command::DefineRegions);
    let stations =
        proptest::sample::select(Vec::from([STATIONS[0], STATIONS[4], "1301012001001", "1101012001002"]));
    let kinds = option::of(proptest::sample::select(StationKind::ALL.to_vec()));
    let definition = (stations, option::of(0_u32..400), kinds).prop_map(|(code, registered, kind)| {
        let definition = station_definition(code);
        StationDefinition { registered, kind: kind.unwrap_or(definition.kind), ..definition }
    });
    let stations = vec(definition, 0..4).prop_map(Command::DefineStations);
    let names = proptest::sample::select(Vec::from(["admin", "admin-aceh", "petugas", "baru", "Salah"]));
    let roles = proptest::sample::select(Role::ALL.to_vec());
    let definition =
        (names, roles, any::<bool>(), any::<bool>()).prop_map(|(name, role, active, password)| {
            let mut definition = account_definition(name, role, "11");
            definition.active = active;
            if password {
                definition.credential = NewCredential::Password(String::from("$argon2id$lain"));
            }
            definition
        });
    let accounts = vec(definition, 0..4).prop_map(Command::DefineAccounts);
    prop_oneof![4 => regions, 4 => stations, 2 => accounts, 1 => Just(Command::CloseSession), 2 => Just(Command::AllocateNode)]
}

/// Who asks for what, under which of a few keys. A revision says how far ahead of the current one it is.
pub(super) type Step = (Principal, Option<u8>, Command);

/// Any step, those on forms by somebody who may take them most of all.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let others = [OFFICER, CERTIFIER, AUDITOR, Principal::Operator, Principal::System];
    let readers = proptest::sample::select(READERS.to_vec());
    let others = proptest::sample::select(others.to_vec());
    let principal = prop_oneof![9 => Just(ADMIN), 6 => readers, 1 => others];
    let on_forms = (principal, option::of(0_u8..60), on_forms());
    let principals = proptest::sample::select(Vec::from([ADMIN, Principal::Operator, Principal::Operator]));
    let on_master_data = (principals, option::of(0_u8..60), master_data());
    prop_oneof![8 => on_forms, 1 => on_master_data]
}
