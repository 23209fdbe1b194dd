//! What applying a form costs: one thread, 100 reports a proposal, ten proposals a round, on both engines; and
//! what reading everything again costs, by the scrubber without rests and by `fsck`.
//!
//! `cargo run --release -p store --example apply_cost -- 20000`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    reason = "a measurement for a person"
)]

use std::time::Instant;

use store::engine::{Disk, Engine};
use store::{Identity, LogEntry, LogId, Machine, MemoryDisk, Options, Payload, RocksDisk, codec, create_on};
use tally::account::{Role, Scope};
use tally::command::{
    AccountDefinition, Command, Header, Item, NewCredential, Principal, Proof, Proposal, RegionDefinition,
    RequestIdentity, StationDefinition,
};
use tally::contest::{Contest, ContestOption};
use tally::form::{Form, People};
use tally::ids::{AccountId, ContestId, Fingerprint, LogTime, NodeId, RequestKey, SessionId};
use tally::region::{RegionCode, StationCode};
use tally::rules::RuleSet;
use tally::station::{StationKind, Submission};

const ITEMS: usize = 100;
const ENTRIES_A_ROUND: usize = 10;

fn proposal(principal: Principal, items: Vec<Item>) -> Proposal {
    let header = Header { principal, node: NodeId(1), proposed_at: LogTime(1_707_890_400_000) };
    Proposal { header, items }
}

fn ppwp() -> ContestId {
    ContestId::parse("ppwp").unwrap()
}

/// Eight stations a village, ten villages a district.
fn station(number: u64) -> StationCode {
    let (village, own) = (number / 8, number % 8 + 1);
    let (district, village) = (village / 10, village % 10 + 1);
    let district = 110_101 + district % 80 + (district / 80) * 100;
    StationCode::new((district * 10_000 + 2_000 + village) * 1000 + own).unwrap()
}

fn founding(stations: u64) -> Vec<Command> {
    let mut codes = std::collections::BTreeSet::new();
    (0..stations).for_each(|number| codes.extend(station(number).village().ancestry()));
    let region = |code: &RegionCode| RegionDefinition { code: *code, name: format!("WILAYAH {code}") };
    let regions: Vec<RegionDefinition> =
        codes.iter().filter(|code| **code != RegionCode::NATION).map(region).collect();
    let defined =
        |code| StationDefinition { code, kind: StationKind::Home, name: None, registered: Some(250) };
    let option = |order: u32| ContestOption {
        id: format!("{}", 100_024 + order),
        name: format!("CALON {order}"),
        order,
        color: None,
        party: None,
    };
    let contest = Contest {
        id: ppwp(),
        name: "Presiden".to_owned(),
        kind: "ppwp".to_owned(),
        regions: vec![RegionCode::NATION],
        partial_forms: true,
        photo_required: false,
        reason_required: false,
        poll_day: None,
        options: (1..4).map(option).collect(),
        exemptions: Vec::new(),
        index: 0,
    };
    let mut commands =
        vec![Command::Found { cluster: [7; 16], name: "Pemilu".to_owned(), epoch: 1, next_node: NodeId(2) }];
    commands.extend(regions.chunks(500).map(|part| Command::DefineRegions(part.to_vec())));
    let all: Vec<StationDefinition> = (0..stations).map(station).map(defined).collect();
    commands.extend(all.chunks(500).map(|part| Command::DefineStations(part.to_vec())));
    commands.push(Command::DefineContest(contest));
    commands
}

const ADMIN: Principal = Principal::Session { account: AccountId(1), session: SessionId([1; 16]) };

fn sign_in() -> Vec<Item> {
    let password_hash = "$argon2id$".to_owned();
    let account = AccountDefinition {
        username: "admin".to_owned(),
        role: Role::SuperAdmin,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password(password_hash.clone()),
        active: true,
    };
    let session = Command::OpenSession {
        session: SessionId([1; 16]),
        account: AccountId(1),
        proof: Proof::Password(password_hash),
        second_factor_step: None,
        lifetime_ms: 3_600_000,
        idle_ms: 3_600_000,
        address: None,
    };
    let commands = [Command::DefineAccounts(vec![account]), session];
    commands.into_iter().map(|command| Item { request: None, command }).collect()
}

fn report(number: u64) -> Item {
    let votes = [u32::try_from(number % 90).unwrap(), 60, 20];
    let valid: u32 = votes.iter().sum();
    let half = People { male: valid / 2, female: valid - valid / 2, total: valid };
    let form = Form {
        registered: Some(half),
        votes: votes.to_vec(),
        valid: Some(valid),
        invalid: Some(0),
        total: Some(valid),
        ..Form::default()
    };
    let submission =
        Submission { form, confirm: RuleSet(!1), reason: Some("impor".to_owned()), ..Submission::default() };
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    let request = Some(RequestIdentity { key: RequestKey(key), fingerprint: Fingerprint(key) });
    Item { request, command: Command::Report { contest: ppwp(), station: station(number), submission } }
}

fn measure<E: Engine>(name: &str, machine: &Machine<E>, stations: u64) {
    let mut index = 0;
    let mut entry = |proposal: &Proposal| {
        index += 1;
        LogEntry {
            id: LogId { term: 1, index },
            payload: Payload::Proposal(codec::encode_proposal(proposal)),
        }
    };
    let master_data = founding(stations).into_iter();
    let master_data = master_data.map(|command| (Principal::Operator, vec![Item { request: None, command }]));
    for (principal, items) in master_data.chain([(Principal::System, sign_in())]) {
        let answers = machine.apply(vec![entry(&proposal(principal, items))]).unwrap();
        assert!(!format!("{answers:?}").contains("Refused"), "{answers:?}");
    }
    let items: Vec<Item> = (0..stations).map(report).collect();
    let entries: Vec<LogEntry> =
        items.chunks(ITEMS).map(|part| entry(&proposal(ADMIN, part.to_vec()))).collect();
    let started = Instant::now();
    for round in entries.chunks(ENTRIES_A_ROUND) {
        machine.apply(round.to_vec()).unwrap();
    }
    let micros = started.elapsed().as_micros();
    let reported = machine.view().aggregate(&ppwp(), RegionCode::NATION).unwrap().unwrap().reported;
    assert_eq!(reported, stations, "all were accepted");
    println!("{name}: {} us a form ({stations} forms, {} ms)", micros / u128::from(stations), micros / 1000);
}

fn run<D: Disk>(name: &str, disk: &D, stations: u64) {
    let identity = Identity { cluster: [7; 16], epoch: 1, node: 1, incarnation: [1; 16], edge: false };
    let (log, machine) = create_on(disk, &identity, Options::default()).unwrap();
    measure(name, &machine, stations);
    machine.flush().unwrap();
    let started = Instant::now();
    let scrubbed = machine.scrub(&mut || std::ops::ControlFlow::Continue(()));
    println!("{name}: {scrubbed:?} read again in {} ms", started.elapsed().as_millis());
    drop((log, machine));
    let started = Instant::now();
    let report = store::fsck::fsck_on(disk).unwrap();
    let wrong: Vec<&str> =
        report.checks.iter().filter(|check| check.wrong > 0).map(|check| check.name).collect();
    // There is no log behind this state.
    assert_eq!(wrong, ["log and state"], "{report:#?}");
    println!("{name}: looked through in {} ms", started.elapsed().as_millis());
}

fn main() {
    let stations = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(20_000);
    run("memory", &MemoryDisk::new(), stations);
    let directory = tempfile::tempdir().unwrap();
    run("rocks", &RocksDisk::new(directory.path()), stations);
}
