//! The whole count, form by form.
#![expect(clippy::arithmetic_side_effects, reason = "the figures of a form are small")]

use std::collections::{BTreeMap, BTreeSet};

use tally::contest::Contest;
use tally::form::{Form, People};
use tally::region::StationCode;
use tally::rules;
use tally::station::{Station, StationKind};

use super::count::{ProvinceCount, SEED, StationForm};
use super::official::{self, Votes};
use super::play::Play;
use super::register::Register;
use super::remote;

fn whole(people: People) -> bool {
    people.male + people.female == people.total
}

/// The identities and limits, written out from the paper and not from the rules' code.
fn check(station: &StationForm) {
    let StationForm { place, form } = station;
    let Form { registered, turnout, ballots, disabled, votes, valid, invalid, total } = form;
    let (registered, turnout, ballots, disabled) =
        (registered.unwrap(), turnout.unwrap(), ballots.unwrap(), disabled.unwrap());
    let (valid, invalid, total) = (valid.unwrap(), invalid.unwrap(), total.unwrap());
    let rows = [registered, turnout.dpt, turnout.dptb, turnout.dpk, turnout.total, disabled];
    assert!(rows.into_iter().all(whole), "{station:?}");
    for column in [|row: People| row.male, |row: People| row.female, |row: People| row.total] {
        let parts = column(turnout.dpt) + column(turnout.dptb) + column(turnout.dpk);
        assert_eq!(parts, column(turnout.total), "{station:?}");
        assert!(column(turnout.dpt) <= column(registered), "{station:?}");
        assert!(column(disabled) <= column(turnout.total), "{station:?}");
    }
    assert_eq!(ballots.received, ballots.used + ballots.returned + ballots.unused, "{station:?}");
    assert_eq!(ballots.received, registered.total + (registered.total * 2).div_ceil(100), "{station:?}");
    assert_eq!(votes.iter().sum::<u32>(), valid, "{station:?}");
    assert_eq!(valid + invalid, total, "{station:?}");
    assert_eq!(total, ballots.used, "{station:?}");
    assert_eq!(total, turnout.total.total, "{station:?}");
    assert!(total > 0 && total < registered.total && registered.total <= 300, "{station:?}");
    assert!(votes.iter().all(|figure| *figure < valid), "{station:?}");
    assert!(place.kind != StationKind::Home || place.code.station_number() <= 900);
}

/// What the cluster will say of the form at a station whose register is as the demo loads it.
fn check_rules(station: &StationForm, contest: &Contest) {
    let StationForm { place, form } = station;
    let registered = form.registered.map(|people| people.total);
    let row = Station { code: place.code, kind: place.kind, name: None, registered, index: 1 };
    assert_eq!(rules::check(form, contest, &row), [], "{station:?}");
}

#[test]
fn every_province_ends_at_its_official_votes() {
    let register = Register::shipped().unwrap();
    let (_, contest) = remote::contest(false).unwrap();
    let mut nation: Votes = [0; 3];
    let mut stations = 0_u64;
    for (province, totals) in register.provinces.iter().zip(official::per_province(&register).unwrap()) {
        let mut sum: Votes = [0; 3];
        let mut seen = BTreeSet::new();
        for form in ProvinceCount::new(province, totals, SEED) {
            check(&form);
            check_rules(&form, &contest);
            official::add(&mut sum, &form.form.votes);
            assert!(seen.insert(form.place.code), "{} twice", form.place.code);
        }
        assert_eq!(sum, totals, "province {}", province.code);
        assert_eq!(u64::try_from(seen.len()).unwrap(), province.stations);
        stations += province.stations;
        for (total, part) in nation.iter_mut().zip(sum) {
            *total += part;
        }
    }
    assert_eq!(nation, [40_971_906, 96_214_691, 27_040_878]);
    assert_eq!(stations, 820_161 + 3_205);
}

#[test]
fn any_seed_ends_there_too() {
    let register = Register::shipped().unwrap();
    let official = official::per_province(&register).unwrap();
    for seed in [0, 1, 77, u64::MAX] {
        // Jakarta has the closest race, Central Papua the fullest stations, abroad the smallest province list.
        for (province, totals) in register.provinces.iter().zip(&official) {
            if ![31, 94, 99].contains(&province.code) {
                continue;
            }
            let mut sum: Votes = [0; 3];
            for form in ProvinceCount::new(province, *totals, seed) {
                check(&form);
                official::add(&mut sum, &form.form.votes);
            }
            assert_eq!(sum, *totals, "seed {seed}, province {}", province.code);
        }
    }
}

#[test]
fn a_sample_is_spread_over_the_provinces_and_keeps_its_forms() {
    let register = Register::shipped().unwrap();
    let small: BTreeMap<StationCode, Form> = Play::new(&register, SEED)
        .unwrap()
        .take(2_000)
        .map(|station| (station.place.code, station.form))
        .collect();
    assert_eq!(small.len(), 2_000);
    let provinces: BTreeSet<u64> = small.keys().map(|code| code.number() / 100_000_000_000).collect();
    assert_eq!(provinces.len(), 39);
    let java = small.keys().filter(|code| (31..=36).contains(&(code.number() / 100_000_000_000))).count();
    assert!((1_100..=1_108).contains(&java), "{java}");
    let larger: BTreeMap<StationCode, Form> = Play::new(&register, SEED)
        .unwrap()
        .take(5_000)
        .map(|station| (station.place.code, station.form))
        .collect();
    assert!(small.iter().all(|(code, form)| larger.get(code) == Some(form)));
}

#[test]
fn provinces_arrive_mixed() {
    let register = Register::shipped().unwrap();
    let early: Vec<u64> = Play::new(&register, SEED)
        .unwrap()
        .take(4_000)
        .map(|station| station.place.code.number() / 100_000_000_000)
        .collect();
    let jabar = early.iter().filter(|code| **code == 32).count();
    assert!((650..720).contains(&jabar), "{jabar}");
}

#[test]
fn the_whole_play_is_every_station_once() {
    let register = Register::shipped().unwrap();
    let codes: BTreeSet<StationCode> =
        Play::new(&register, SEED).unwrap().map(|station| station.place.code).collect();
    assert_eq!(codes.len(), 823_366);
}
