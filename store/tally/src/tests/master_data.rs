//! Regions, stations, contests and accounts: defined whole or not at all, and counted upwards.

use alloc::string::String;
use alloc::vec::Vec;

use crate::account::{Role, Scope};
use crate::command::{Command, Principal, RegionDefinition, StationDefinition};
use crate::contest::Contest;
use crate::ids::{AccountId, ContestId};
use crate::outcome::{DefinitionProblem, Outcome, Refusal};
use crate::region::{Region, RegionCode};
use crate::row::{Row, RowKey};
use crate::station::StationKind;

use super::sample;
use super::world::{
    ADMIN, ADMIN_OF_PROVINCE, OFFICER, World, account_definition, region, region_definition,
    station_definition,
};

fn defined(created: u32, changed: u32, unchanged: u32) -> Outcome {
    Outcome::Defined { created, changed, unchanged }
}

fn conflict(world: &mut World, command: Command) -> DefinitionProblem {
    match world.refusal(Principal::Operator, command) {
        Refusal::DefinitionConflict(problem) => problem,
        refusal => panic!("another refusal: {refusal:?}"),
    }
}

fn region_row(world: &World, code: &str) -> Region {
    match world.model.rows().get(&RowKey::Region(region(code))) {
        Some(Row::Region(region)) => region.clone(),
        row => panic!("no region: {row:?}"),
    }
}

#[test]
fn the_nation_comes_with_the_first_province() {
    let mut world = World::empty();
    world.accept(Principal::Operator, super::world::found("Pemilu 2024"));
    let regions = Command::DefineRegions(["11", "1101"].map(region_definition).into());
    assert_eq!(world.accept(Principal::Operator, regions), defined(2, 0, 0));
    assert_eq!(region_row(&world, "0").name, "INDONESIA");
    let renamed = RegionDefinition { code: RegionCode::NATION, name: "REPUBLIK INDONESIA".into() };
    let regions = Command::DefineRegions([renamed, region_definition("11"), region_definition("12")].into());
    assert_eq!(world.accept(Principal::Operator, regions), defined(1, 1, 1));
    assert_eq!(region_row(&world, "0").name, "REPUBLIK INDONESIA");
}

#[test]
fn a_region_needs_its_parent_and_a_name() {
    let mut world = World::new();
    let child_first = Command::DefineRegions(["13", "130101", "1301"].map(region_definition).into());
    assert_eq!(conflict(&mut world, child_first), DefinitionProblem::ParentUnknown { position: 1 });
    assert!(!world.model.rows().contains_key(&RowKey::Region(region("13"))));
    let nameless = RegionDefinition { code: region("13"), name: String::new() };
    let malformed = Command::DefineRegions([region_definition("14"), nameless].into());
    assert_eq!(conflict(&mut world, malformed), DefinitionProblem::Malformed { position: 1 });
    assert_eq!(conflict(&mut world, Command::DefineRegions(Vec::new())), DefinitionProblem::Length);
}

#[test]
fn stations_are_counted_in_every_region_above() {
    let mut world = World::new();
    let station = |code: &str, registered| StationDefinition { registered, ..station_definition(code) };
    let stations = [
        station("1101012001003", Some(293)),
        station("1101012001004", Some(250)),
        station("1101012002002", None),
        station("1101012002001", None),
    ];
    let outcome = world.accept(ADMIN, Command::DefineStations(stations.into()));
    assert_eq!(outcome, defined(2, 1, 1));
    let counts = |world: &World, code| {
        let region = region_row(world, code);
        (region.stations, region.registered, region.stations_registered)
    };
    for (code, expected) in [
        ("1101012001", (3, 543, 2)),
        ("1101012002", (2, 0, 0)),
        ("110101", (5, 543, 2)),
        ("11", (5, 543, 2)),
        ("0", (8, 543, 2)),
    ] {
        assert_eq!(counts(&world, code), expected, "{code}");
    }
    // Changed twice in one list: the last one counts, by its difference.
    let stations = [station("1101012001003", Some(300)), station("1101012001003", None)];
    let outcome = world.accept(ADMIN, Command::DefineStations(stations.into()));
    assert_eq!(outcome, defined(0, 2, 0));
    assert_eq!(counts(&world, "0"), (8, 250, 1));
}

#[test]
fn a_station_needs_its_village_and_a_kind_that_goes_with_its_code() {
    let mut world = World::new();
    let villageless = [station_definition("1101012001009"), station_definition("1101012009001")];
    let problem = conflict(&mut world, Command::DefineStations(villageless.into()));
    assert_eq!(problem, DefinitionProblem::ParentUnknown { position: 1 });
    for (code, kind) in [
        ("1101012001009", StationKind::Special),
        ("1101012001901", StationKind::Home),
        ("1101012001009", StationKind::Pos),
        ("9949010001002", StationKind::Home),
        ("9949010001901", StationKind::Special),
    ] {
        let station = StationDefinition { kind, ..station_definition(code) };
        let problem = conflict(&mut world, Command::DefineStations([station].into()));
        assert_eq!(problem, DefinitionProblem::Malformed { position: 0 }, "{code}");
    }
}

#[test]
fn thousands_of_stations_in_one_command() {
    let mut world = World::new();
    let numbers = (1..900).flat_map(|number| {
        ["1101012001", "1101012002", "1201012001"].map(|village| {
            let code = alloc::format!("{village}{number:03}");
            StationDefinition { registered: Some(number), ..station_definition(&code) }
        })
    });
    let stations: Vec<_> = numbers.collect();
    let outcome = world.accept(Principal::Operator, Command::DefineStations(stations));
    assert_eq!(outcome, defined(3 * 899 - 4, 4, 0));
    assert_eq!(region_row(&world, "0").registered, 3 * 899 * 450);
}

#[test]
fn a_contest_is_defined_once() {
    let mut world = World::new();
    let same = Contest { index: 99, ..sample::contest() };
    assert_eq!(world.accept(ADMIN, Command::DefineContest(same)), defined(0, 0, 1));
    let other = Contest { photo_required: true, ..sample::contest() };
    assert_eq!(conflict(&mut world, Command::DefineContest(other)), DefinitionProblem::ContestDiffers);
}

#[test]
fn a_contest_needs_regions_options_and_names() {
    let mut world = World::new();
    let new = || Contest { id: ContestId::parse("baru").unwrap(), ..sample::contest() };
    let mut define = |change: &dyn Fn(&mut Contest)| {
        let mut contest = new();
        change(&mut contest);
        conflict(&mut world, Command::DefineContest(contest))
    };
    let malformed = |position| DefinitionProblem::Malformed { position };
    assert_eq!(define(&|contest| contest.regions = [region("13")].into()), DefinitionProblem::RegionUnknown);
    assert_eq!(define(&|contest| contest.regions.clear()), DefinitionProblem::Length);
    assert_eq!(define(&|contest| contest.options.clear()), DefinitionProblem::Length);
    assert_eq!(define(&|contest| contest.name.clear()), malformed(0));
    assert_eq!(define(&|contest| contest.options[1].id = "1\"".into()), malformed(1));
    assert_eq!(define(&|contest| contest.options[2].id = "100025".into()), malformed(2));
    assert_eq!(define(&|contest| contest.options[1].color = Some("red".into())), malformed(1));
    world.accept(Principal::Operator, Command::DefineContest(new()));
}

#[test]
fn master_data_is_for_operators_and_super_admins_within_their_scope() {
    let mut world = World::new();
    let regions = |code| Command::DefineRegions([region_definition(code)].into());
    for principal in [OFFICER, Principal::System] {
        assert_eq!(world.refusal(principal, regions("1102")), Refusal::Forbidden);
    }
    world.accept(ADMIN_OF_PROVINCE, regions("1102"));
    assert_eq!(world.refusal(ADMIN_OF_PROVINCE, regions("1202")), Refusal::Forbidden);
    let accounts = |scope| Command::DefineAccounts([account_definition("baru", Role::Officer, scope)].into());
    assert_eq!(world.refusal(ADMIN_OF_PROVINCE, accounts("12")), Refusal::Forbidden);
    world.accept(ADMIN_OF_PROVINCE, accounts("1101012001003"));
    let contest = |code| {
        let regions = [region(code)].into();
        Command::DefineContest(Contest {
            id: ContestId::parse("baru").unwrap(),
            regions,
            ..sample::contest()
        })
    };
    assert_eq!(world.refusal(ADMIN_OF_PROVINCE, contest("0")), Refusal::Forbidden);
    world.accept(ADMIN_OF_PROVINCE, contest("1101"));
    let station = |code| Command::DefineStations([station_definition(code)].into());
    assert_eq!(world.refusal(ADMIN_OF_PROVINCE, station("1201012001002")), Refusal::Forbidden);
    world.accept(ADMIN_OF_PROVINCE, station("1101012001002"));
}

#[test]
fn accounts_get_numbers_in_order_and_keep_them() {
    let mut world = World::new();
    let definitions = [
        account_definition("petugas", Role::Officer, "11"),
        account_definition("baru", Role::Officer, "12"),
        account_definition("auditor", Role::Auditor, "0"),
        account_definition("baru", Role::Reviewer, "12"),
    ];
    let outcome = world.accept(ADMIN, Command::DefineAccounts(definitions.into()));
    assert_eq!(outcome, defined(1, 2, 1));
    let Some(Row::Account(account)) = world.model.rows().get(&RowKey::Account(AccountId(10))) else {
        panic!("no account")
    };
    assert_eq!((account.username.as_str(), account.role), ("baru", Role::Reviewer));
    let Some(Row::Account(officer)) = world.model.rows().get(&RowKey::Account(AccountId(2))) else {
        panic!("no account")
    };
    assert_eq!(officer.scope, Scope::Region(region("11")));
    assert_eq!(world.model.ledger().accounts, 10);
    let malformed = [account_definition("Petugas 1", Role::Officer, "11")];
    let problem = conflict(&mut world, Command::DefineAccounts(malformed.into()));
    assert_eq!(problem, DefinitionProblem::Malformed { position: 0 });
}

#[test]
fn the_last_active_super_admin_stays() {
    let mut world = World::new();
    let off = |username, scope| {
        let mut definition = account_definition(username, Role::SuperAdmin, scope);
        definition.active = false;
        definition
    };
    let demoted = account_definition("admin-aceh", Role::Auditor, "11");
    let both = Command::DefineAccounts([off("admin", "0"), demoted.clone()].into());
    assert_eq!(conflict(&mut world, both), DefinitionProblem::LastSuperAdmin);
    world.accept(Principal::Operator, Command::DefineAccounts([demoted].into()));
    let last = Command::DefineAccounts([off("admin", "0")].into());
    assert_eq!(conflict(&mut world, last), DefinitionProblem::LastSuperAdmin);
    let handed_over = [off("admin", "0"), account_definition("admin-baru", Role::SuperAdmin, "0")];
    world.accept(Principal::Operator, Command::DefineAccounts(handed_over.into()));
    assert_eq!(world.model.ledger().super_admins, 1);
}
