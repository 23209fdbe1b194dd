//! A small country, and arbitrary proposals about it.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use store::engine::{Disk, Engine};
use store::{
    Flushed, Identity, Log, LogEntry, LogId, Machine, MemoryDisk, Options, Payload, RocksDisk, codec,
    create_on,
};
use tally::account::{Role, Scope};
use tally::command::{
    AccountDefinition, Command, Header, Item, NewCredential, Principal, Proof, Proposal, RegionDefinition,
    RequestIdentity, StationDefinition,
};
use tally::contest::{Contest, ContestOption};
use tally::form::{Ballots, Form, People, Turnout};
use tally::ids::{AccountId, AttachmentId, ContestId, Fingerprint, LogTime, NodeId, RequestKey, SessionId};
use tally::region::{RegionCode, StationCode};
use tally::rules::RuleSet;
use tally::station::{StationKind, Submission};

/// 14 February 2024, 13.00 WIB.
const FOUNDED_AT: u64 = 1_707_890_400_000;

pub(crate) const IDENTITY: Identity =
    Identity { cluster: [7; 16], epoch: 1, node: 2, incarnation: [9; 16], edge: false };

pub(crate) type Opened<D> = (Log<<D as Disk>::Engine>, Machine<<D as Disk>::Engine>);

pub(crate) fn memory() -> (MemoryDisk, Opened<MemoryDisk>) {
    let disk = MemoryDisk::new();
    let opened = create_on(&disk, &IDENTITY, Options::default()).unwrap();
    (disk, opened)
}

pub(crate) struct Rocks {
    pub(crate) disk: RocksDisk,
    _directory: tempfile::TempDir,
}

pub(crate) fn rocks() -> (Rocks, Opened<RocksDisk>) {
    let directory = tempfile::tempdir().unwrap();
    let disk = RocksDisk::new(directory.path());
    let opened = create_on(&disk, &IDENTITY, Options::default()).unwrap();
    (Rocks { disk, _directory: directory }, opened)
}

/// A callback and the place where its result arrives.
pub(crate) fn flushed() -> (Flushed, mpsc::Receiver<io::Result<()>>) {
    let (sender, receiver) = mpsc::channel();
    (Box::new(move |result| drop(sender.send(result))), receiver)
}

/// Waits for a callback's `Ok`.
pub(crate) fn wait(receiver: &mpsc::Receiver<io::Result<()>>) {
    receiver.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
}

pub(crate) fn ppwp() -> ContestId {
    ContestId::parse("ppwp").unwrap()
}

pub(crate) fn station(number: u64) -> StationCode {
    let villages = [1_101_012_001, 1_101_012_002, 1_201_012_001];
    let village = villages[usize::try_from(number).unwrap() % villages.len()];
    StationCode::new(village * 1000 + 1 + number).unwrap()
}

pub(crate) const STATIONS: u64 = 9;

const ADMIN: Principal = Principal::Session { account: AccountId(1), session: SessionId([1; 16]) };

/// A proposal of somebody who may do everything.
pub(crate) fn proposal(number: u64, items: Vec<Item>) -> Proposal {
    proposal_of(ADMIN, number, items)
}

fn proposal_of(principal: Principal, number: u64, items: Vec<Item>) -> Proposal {
    let header = Header { principal, node: NodeId(1), proposed_at: LogTime(FOUNDED_AT + number) };
    Proposal { header, items }
}

fn item(command: Command) -> Item {
    Item { request: None, command }
}

/// Four entries that make the country.
pub(crate) fn founding() -> Vec<Proposal> {
    let codes = ["11", "1101", "110101", "1101012001", "1101012002", "12", "1201", "120101", "1201012001"];
    let region = |code: &str| RegionDefinition {
        code: RegionCode::parse(code).unwrap(),
        name: format!("WILAYAH {code}"),
    };
    let defined =
        |code| StationDefinition { code, kind: StationKind::Home, name: None, registered: Some(250) };
    let option = |order: u32| ContestOption {
        id: format!("{}", 100_024 + order),
        name: format!("PASANGAN CALON {order}"),
        order,
        color: None,
        party: None,
    };
    let contest = Contest {
        id: ppwp(),
        name: "Presiden dan Wakil Presiden".to_owned(),
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
    let found =
        Command::Found { cluster: [7; 16], name: "Pemilu 2024".to_owned(), epoch: 1, next_node: NodeId(4) };
    let account = AccountDefinition {
        username: "admin".to_owned(),
        role: Role::SuperAdmin,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password("$argon2id$".to_owned()),
        active: true,
    };
    let session = Command::OpenSession {
        session: SessionId([1; 16]),
        account: AccountId(1),
        proof: Proof::Password("$argon2id$".to_owned()),
        second_factor_step: None,
        lifetime_ms: 3_600_000,
        idle_ms: 3_600_000,
        address: None,
    };
    let entries = [
        (Principal::Operator, vec![found, Command::DefineRegions(codes.map(region).to_vec())]),
        (
            Principal::Operator,
            vec![Command::DefineStations((0..STATIONS).map(station).map(defined).collect())],
        ),
        (Principal::Operator, vec![Command::DefineContest(contest)]),
        (Principal::System, vec![Command::DefineAccounts(vec![account]), session]),
    ];
    let proposal = |(number, (principal, commands)): (u64, (Principal, Vec<Command>))| {
        proposal_of(principal, number, commands.into_iter().map(item).collect())
    };
    (0..).zip(entries).map(proposal).collect()
}

pub(crate) fn form(votes: [u32; 3], invalid: u32) -> Form {
    let valid: u32 = votes.iter().sum();
    let total = valid + invalid;
    let half = People { male: total / 2, female: total - total / 2, total };
    let none = People::default();
    Form {
        registered: Some(half),
        turnout: Some(Turnout { dpt: half, dptb: none, dpk: none, total: half }),
        ballots: Some(Ballots { received: total, used: total, returned: 0, unused: 0 }),
        disabled: Some(none),
        votes: votes.to_vec(),
        valid: Some(valid),
        invalid: Some(invalid),
        total: Some(total),
    }
}

pub(crate) fn submission(form: Form) -> Submission {
    // Few different ones, so that some are named again and again.
    let attachments = vec![AttachmentId([u8::try_from(form.votes[0] % 5).unwrap(); 32])];
    Submission {
        form,
        attachments,
        confirm: RuleSet(!1),
        reason: Some("sesuai formulir".to_owned()),
        ..Submission::default()
    }
}

fn command() -> impl Strategy<Value = Command> {
    let stations = 0..STATIONS + 1;
    let forms =
        ([0..90_u32, 0..90_u32, 0..90_u32], 0..9_u32).prop_map(|(votes, invalid)| form(votes, invalid));
    let revisions = 0..3_u32;
    let reason = || "foto terbalik".to_owned();
    prop_oneof![
        6 => (stations.clone(), forms.clone()).prop_map(|(number, form)| Command::Report {
            contest: ppwp(), station: station(number), submission: submission(form),
        }),
        6 => (stations.clone(), revisions.clone(), forms).prop_map(|(number, revision, form)| Command::Correct {
            contest: ppwp(), station: station(number), revision, submission: submission(form),
        }),
        2 => (stations.clone(), revisions.clone()).prop_map(move |(number, revision)| Command::Hold {
            contest: ppwp(), station: station(number), revision, reason: reason(),
        }),
        2 => (stations, revisions).prop_map(move |(number, revision)| Command::Release {
            contest: ppwp(), station: station(number), revision, reason: reason(),
        }),
        1 => Just(Command::Mark),
        1 => Just(Command::AllocateNode),
    ]
}

fn any_item() -> impl Strategy<Value = Item> {
    let request = (0..12_u8, 0..2_u8).prop_map(|(key, fingerprint)| RequestIdentity {
        key: RequestKey([key; 16]),
        fingerprint: Fingerprint([fingerprint; 16]),
    });
    (proptest::option::weighted(0.8, request), command())
        .prop_map(|(request, command)| Item { request, command })
}

/// Arbitrary proposals after the founding.
pub(crate) fn proposals() -> impl Strategy<Value = Vec<Proposal>> {
    proptest::collection::vec(proptest::collection::vec(any_item(), 1..5), 1..25)
        .prop_map(|entries| (0..).zip(entries).map(|(number, items)| proposal(100 + number, items)).collect())
}

/// A level that only the release after this one knows.
pub(crate) const LEVEL_NEXT: u32 = tally::LEVEL_NEWEST + 1;

/// A proposal to raise the feature level to the next.
pub(crate) fn raise_level(number: u64) -> Proposal {
    proposal_of(Principal::Operator, number, vec![item(Command::RaiseLevel { level: LEVEL_NEXT })])
}

/// Entries of the proposals, from an index on.
pub(crate) fn entries(first: u64, proposals: &[Proposal]) -> Vec<LogEntry> {
    let entry = |(index, proposal): (u64, &Proposal)| LogEntry {
        id: LogId { term: 3, index },
        payload: Payload::Proposal(codec::encode_proposal(proposal)),
    };
    (first..).zip(proposals).map(entry).collect()
}

/// A report for each of the first stations.
pub(crate) fn reports(count: u64) -> Vec<Proposal> {
    let report = |number: u64| {
        let votes = [u32::try_from(number).unwrap() + 10, 40, 7];
        Command::Report { contest: ppwp(), station: station(number), submission: submission(form(votes, 2)) }
    };
    (0..count).map(|number| proposal(50 + number, vec![item(report(number))])).collect()
}

/// The leader marks time: a hash point.
pub(crate) fn mark(number: u64) -> Proposal {
    proposal_of(Principal::System, 1_000 + number, vec![item(Command::Mark)])
}

/// So many accounts more.
pub(crate) fn accounts(count: usize) -> Proposal {
    let account = |number: usize| AccountDefinition {
        username: format!("petugas.{number}"),
        role: Role::Auditor,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password("$argon2id$".to_owned()),
        active: true,
    };
    let commands = (0..count).map(|number| item(Command::DefineAccounts(vec![account(number)])));
    proposal_of(Principal::System, 2_000, commands.collect())
}

/// Applies everything in one round.
pub(crate) fn apply<E: Engine>(machine: &Machine<E>, first: u64, proposals: &[Proposal]) {
    let answers = machine.apply(entries(first, proposals)).unwrap();
    assert_eq!(answers.len(), proposals.len());
}
