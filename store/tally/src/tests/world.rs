//! A small country, founded, with accounts signed in: where the scenarios happen.

use alloc::string::String;
use alloc::vec::Vec;

use crate::account::{Role, Scope};
use crate::command::{
    AccountDefinition, Command, Header, Item, NewCredential, Principal, Proof, Proposal, RegionDefinition,
    RequestIdentity, StationDefinition,
};
use crate::complaint::{ComplaintKind, ComplaintVerdict, NewComplaint};
use crate::form::Form;
use crate::ids::{AccountId, ContestId, Fingerprint, LogTime, NodeId, RequestKey, SessionId};
use crate::model::Model;
use crate::outcome::{Answer, Outcome, Refusal};
use crate::region::{Level, RegionCode, StationCode};
use crate::row::{Row, RowKey};
use crate::station::{Event, StationKind, Submission, Tally};

use super::sample;

/// When the country was founded: 14 February 2024, 13.00 WIB.
pub(super) const FOUNDED_AT: u64 = 1_707_890_400_000;

/// The stations of the country: two in one village, one in the next, one in another province, a special
/// location, one abroad.
pub(super) const STATIONS: [&str; 6] =
    ["1101012001001", "1101012001003", "1101012002001", "1201012001001", "1201012001901", "9949010001001"];

/// Accounts in the order of their numbers, from 1.
const ACCOUNTS: [(&str, Role, &str); 9] = [
    ("admin", Role::SuperAdmin, "0"),
    ("petugas", Role::Officer, "1101012001"),
    ("pengesah", Role::Certifier, "11"),
    ("auditor", Role::Auditor, "0"),
    ("petugas-tps", Role::Officer, "1101012001003"),
    ("admin-aceh", Role::SuperAdmin, "11"),
    ("pembaca", Role::Reviewer, "11"),
    ("pembaca-kedua", Role::Reviewer, "0"),
    ("pembaca-ketiga", Role::Reviewer, "0"),
];

pub(super) const ADMIN: Principal = signed_in(1);
pub(super) const OFFICER: Principal = signed_in(2);
pub(super) const CERTIFIER: Principal = signed_in(3);
pub(super) const AUDITOR: Principal = signed_in(4);
pub(super) const STATION_OFFICER: Principal = signed_in(5);
pub(super) const ADMIN_OF_PROVINCE: Principal = signed_in(6);
pub(super) const READERS: [Principal; 3] = [signed_in(7), signed_in(8), signed_in(9)];

/// The account with that number in its first session.
const fn signed_in(number: u8) -> Principal {
    let account = AccountId(u64::from_le_bytes([number, 0, 0, 0, 0, 0, 0, 0]));
    Principal::Session { account, session: SessionId([number; 16]) }
}

pub(super) struct World {
    pub(super) model: Model,
    pub(super) index: u64,
    pub(super) now: u64,
}

pub(super) fn ppwp() -> ContestId {
    ContestId::parse("ppwp").unwrap()
}

pub(super) fn station(code: &str) -> StationCode {
    StationCode::parse(code).unwrap()
}

pub(super) fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).unwrap()
}

pub(super) fn found(name: &str) -> Command {
    Command::Found { cluster: [7; 16], name: name.into(), epoch: 1, next_node: NodeId(4) }
}

pub(super) fn region_definition(code: &str) -> RegionDefinition {
    RegionDefinition { code: region(code), name: String::from("WILAYAH ") + code }
}

pub(super) fn station_definition(code: &str) -> StationDefinition {
    let code = station(code);
    let kind = match (code.abroad(), code.station_number() >= 900) {
        (true, _) => StationKind::Tpsln,
        (false, true) => StationKind::Special,
        (false, false) => StationKind::Home,
    };
    StationDefinition { code, kind, name: None, registered: None }
}

pub(super) fn account_definition(username: &str, role: Role, scope: &str) -> AccountDefinition {
    AccountDefinition {
        username: username.into(),
        role,
        scope: Scope::parse(scope).unwrap(),
        credential: NewCredential::Password(String::from("$argon2id$") + username),
        active: true,
    }
}

pub(super) fn open_session(number: u8, account: u64, username: &str) -> Command {
    Command::OpenSession {
        session: SessionId([number; 16]),
        account: AccountId(account),
        proof: Proof::Password(String::from("$argon2id$") + username),
        second_factor_step: None,
        lifetime_ms: 12 * 60 * 60 * 1000,
        idle_ms: 12 * 60 * 60 * 1000,
        address: None,
    }
}

pub(super) fn request(key: u8, fingerprint: u8) -> RequestIdentity {
    RequestIdentity { key: RequestKey([key; 16]), fingerprint: Fingerprint([fingerprint; 16]) }
}

pub(super) fn report_of(code: &str, submission: Submission) -> Command {
    Command::Report { contest: ppwp(), station: station(code), submission }
}

pub(super) fn correction_of(code: &str, revision: u32, submission: Submission) -> Command {
    Command::Correct { contest: ppwp(), station: station(code), revision, submission }
}

pub(super) fn hold_of(code: &str, revision: u32) -> Command {
    Command::Hold { contest: ppwp(), station: station(code), revision, reason: "foto terbalik".into() }
}

pub(super) fn release_of(code: &str, revision: u32) -> Command {
    Command::Release { contest: ppwp(), station: station(code), revision, reason: "foto benar".into() }
}

pub(super) fn review_of(code: &str, revision: u32, form: Form) -> Command {
    Command::Review { contest: ppwp(), station: station(code), revision, form }
}

pub(super) fn certification_of(code: &str, revision: u32, level: Option<Level>) -> Command {
    let reason = "sesuai rekapitulasi".into();
    Command::Certify { contest: ppwp(), station: station(code), revision, level, reason }
}

pub(super) fn approval_of(code: &str, revision: u32) -> Command {
    Command::Approve { contest: ppwp(), station: station(code), revision, reason: "sudah dicocokkan".into() }
}

/// Somebody says that a form is wrong.
pub(super) fn complaint_of(code: &str, revision: u32) -> Command {
    let complaint = NewComplaint {
        kind: ComplaintKind::Other,
        field: None,
        read: None,
        text: "foto dan angka tidak sama".into(),
    };
    Command::Complain { contest: ppwp(), station: station(code), revision, complaint }
}

pub(super) fn answer_of(code: &str, number: u32) -> Command {
    let (verdict, text) = (ComplaintVerdict::Declined, "angka sama dengan foto".into());
    Command::AnswerComplaint { contest: ppwp(), station: station(code), number, verdict, text }
}

/// A form that breaks no rule, as handed in.
pub(super) fn whole() -> Submission {
    Submission { form: sample::whole_form(), ..Submission::default() }
}

impl World {
    /// An empty history.
    pub(super) fn empty() -> Self {
        Self { model: Model::default(), index: 0, now: FOUNDED_AT }
    }

    pub(super) fn new() -> Self {
        let mut world = Self::empty();
        let regions = ["11", "1101", "110101", "1101012001", "1101012002", "12", "1201", "120101"];
        let regions = regions.into_iter().chain(["1201012001", "99", "9949", "994901", "9949010001"]);
        let master_data = [
            found("Pemilu 2024"),
            Command::DefineRegions(regions.map(region_definition).collect()),
            Command::DefineStations(STATIONS.map(station_definition).into()),
            Command::DefineContest(sample::contest()),
        ];
        for command in master_data {
            assert!(!refused(&world.ask(Principal::Operator, command)));
        }
        let accounts = ACCOUNTS.map(|(username, role, scope)| account_definition(username, role, scope));
        assert!(!refused(&world.ask(Principal::System, Command::DefineAccounts(accounts.into()))));
        for (number, (username, ..)) in (1_u8..).zip(ACCOUNTS) {
            let opened = world.ask(Principal::System, open_session(number, number.into(), username));
            assert!(!refused(&opened));
        }
        world
    }

    /// One command without a request key, in an entry of its own.
    pub(super) fn ask(&mut self, principal: Principal, command: Command) -> Outcome {
        self.submit(principal, None, command).outcome
    }

    /// One command with a request key, in an entry of its own.
    pub(super) fn submit(
        &mut self,
        principal: Principal,
        request: Option<RequestIdentity>,
        command: Command,
    ) -> Answer {
        let [answer] = self.entry(principal, [Item { request, command }].into()).try_into().unwrap();
        assert_eq!(self.model.violations(), []);
        answer
    }

    /// One entry.
    pub(super) fn entry(&mut self, principal: Principal, items: Vec<Item>) -> Vec<Answer> {
        self.index += 1;
        self.now += 1;
        let header = Header { principal, node: NodeId(1), proposed_at: LogTime(self.now) };
        self.model.apply(&Proposal { header, items }, self.index, 3).unwrap()
    }

    pub(super) fn refusal(&mut self, principal: Principal, command: Command) -> Refusal {
        match self.ask(principal, command) {
            Outcome::Refused(refusal) => refusal,
            outcome => panic!("not refused: {outcome:?}"),
        }
    }

    pub(super) fn accept(&mut self, principal: Principal, command: Command) -> Outcome {
        let outcome = self.ask(principal, command);
        assert!(!refused(&outcome), "refused: {outcome:?}");
        outcome
    }

    pub(super) fn tally(&self, code: &str) -> &Tally {
        self.model.tally(ppwp(), station(code)).unwrap()
    }

    /// The command with its revision counted from the current one; a correction of no form is a report.
    pub(super) fn with_revision(&self, command: &Command) -> Command {
        let current = |contest, station| self.model.tally(contest, station).map(|tally| tally.revision);
        let mut command = command.clone();
        if let Command::Correct { contest, station, submission, .. } = &command
            && current(*contest, *station).is_none()
        {
            let (contest, station, submission) = (*contest, *station, submission.clone());
            return Command::Report { contest, station, submission };
        }
        if let Command::Correct { contest, station, revision, .. }
        | Command::Hold { contest, station, revision, .. }
        | Command::Release { contest, station, revision, .. }
        | Command::Review { contest, station, revision, .. }
        | Command::Certify { contest, station, revision, .. }
        | Command::Approve { contest, station, revision, .. } = &mut command
        {
            *revision += current(*contest, *station).unwrap_or(0);
        }
        command
    }

    pub(super) fn event(&self, code: &str, sequence: u32) -> &Event {
        match self.model.rows().get(&RowKey::Event(ppwp(), station(code), sequence)) {
            Some(Row::Event(event)) => event,
            row => panic!("no event: {row:?}"),
        }
    }

    /// The first option's votes in a region.
    pub(super) fn votes(&self, code: &str) -> u64 {
        self.model.aggregate(ppwp(), region(code)).map_or(0, |sums| sums.totals.votes[0])
    }
}

pub(super) fn refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(_))
}
