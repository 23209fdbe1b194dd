//! A small country, founded, with accounts signed in.
//!
//! Invariant: everything in it was decided by the rules themselves; nothing is put in place.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::account::{Role, Scope};
use crate::command::{
    AccountDefinition, Command, Header, Item, NewCredential, Principal, Proof, Proposal, RegionDefinition,
    StationDefinition,
};
use crate::contest::{Contest, ContestOption};
use crate::ids::{AccountId, ContestId, LogTime, NodeId, SessionId};
use crate::model::{Model, Rows};
use crate::outcome::Answer;
use crate::region::{RegionCode, StationCode};
use crate::row::{Row, RowKey};
use crate::station::{Station, StationKind};

use super::script::Script;

/// 14 February 2024, 13.00 WIB.
const FOUNDED_AT: u64 = 1_707_890_400_000;
const HOURS_12_MS: u64 = 12 * 60 * 60 * 1000;

/// Two stations in one village, one in the next, one in another province, a special location, one abroad, and one that
/// is not in the register.
const STATIONS: [&str; 7] = [
    "1101012001001",
    "1101012001003",
    "1101012002001",
    "1201012001001",
    "1201012001901",
    "9949010001001",
    "1301012001001",
];
const REGIONS: [&str; 13] = [
    "11",
    "1101",
    "110101",
    "1101012001",
    "1101012002",
    "12",
    "1201",
    "120101",
    "1201012001",
    "99",
    "9949",
    "994901",
    "9949010001",
];
/// Accounts in the order of their numbers, from 1; each with one session.
pub(super) const ACCOUNTS: [(&str, Role, &str); 9] = [
    ("admin", Role::SuperAdmin, "0"),
    ("petugas", Role::Officer, "1101012001"),
    ("pengesah", Role::Certifier, "11"),
    ("auditor", Role::Auditor, "0"),
    ("petugas-tps", Role::Officer, "1101012001003"),
    ("admin-aceh", Role::Admin, "11"),
    ("pembaca", Role::Reviewer, "11"),
    ("pembaca-kedua", Role::Reviewer, "0"),
    ("pengesah-kedua", Role::Certifier, "0"),
];

/// The state and where in the log it is.
pub(super) struct Country {
    pub(super) model: Model,
    index: u64,
    now: u64,
}

/// The presidential contest of 2024.
pub(super) fn contest() -> Contest {
    let options = [("100025", 1), ("100026", 2), ("100027", 3)].map(|(id, order)| ContestOption {
        id: String::from(id),
        name: format!("PASANGAN CALON {order}"),
        order,
        color: None,
        party: None,
    });
    Contest {
        id: ppwp(),
        name: String::from("Presiden dan Wakil Presiden"),
        kind: String::from("ppwp"),
        regions: [RegionCode::NATION].into(),
        partial_forms: false,
        photo_required: false,
        reason_required: false,
        poll_day: None,
        options: options.into(),
        exemptions: Vec::new(),
        index: 0,
    }
}

fn ppwp() -> ContestId {
    parsed(ContestId::parse("ppwp"))
}

/// A constant of this file as what it stands for.
fn parsed<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => unreachable!("the constants of this file can be read"),
    }
}

/// The codes of the stations, with one that is not defined.
pub(super) fn stations() -> Vec<StationCode> {
    STATIONS.iter().filter_map(|code| StationCode::parse(code)).collect()
}

/// A station of any kind, its register known or not.
pub(super) fn station_of(script: &mut Script<'_>) -> Station {
    let code = parsed(stations().first().copied());
    let kind = script.choose(&StationKind::ALL).unwrap_or(StationKind::Home);
    let registered = script.byte().filter(|byte| *byte < 0x80).map(|byte| u32::from(byte).saturating_mul(3));
    Station { code, kind, name: None, registered, index: 0 }
}

/// The definition of a station as its code has it.
pub(super) fn station_definition(code: StationCode) -> StationDefinition {
    let kind = match (code.abroad(), code.station_number() >= 900) {
        (true, _) => StationKind::Tpsln,
        (false, true) => StationKind::Special,
        (false, false) => StationKind::Home,
    };
    StationDefinition { code, kind, name: None, registered: None }
}

/// The account of that number in its only session.
pub(super) const fn signed_in(number: u8) -> Principal {
    let account = AccountId(u64::from_le_bytes([number, 0, 0, 0, 0, 0, 0, 0]));
    Principal::Session { account, session: SessionId([number; 16]) }
}

fn account(name: &str, role: Role, scope: &str) -> AccountDefinition {
    AccountDefinition {
        username: String::from(name),
        role,
        scope: parsed(Scope::parse(scope)),
        credential: NewCredential::Password(format!("$argon2id${name}")),
        active: true,
    }
}

fn open(number: u8, name: &str) -> Command {
    Command::OpenSession {
        session: SessionId([number; 16]),
        account: AccountId(u64::from(number)),
        proof: Proof::Password(format!("$argon2id${name}")),
        second_factor_step: None,
        lifetime_ms: HOURS_12_MS,
        idle_ms: HOURS_12_MS,
        address: None,
    }
}

impl Country {
    /// The country on the evening of the poll.
    pub(super) fn founded() -> Self {
        let mut country = Self { model: Model::default(), index: 0, now: FOUNDED_AT };
        let region = |code: &&str| RegionDefinition {
            code: parsed(RegionCode::parse(code)),
            name: format!("WILAYAH {code}"),
        };
        let stations = stations().into_iter().rev().skip(1).map(station_definition).collect();
        let accounts = ACCOUNTS.iter().map(|(name, role, scope)| account(name, *role, scope)).collect();
        let found = Command::Found {
            cluster: [7; 16],
            name: String::from("Pemilu 2024"),
            epoch: 1,
            next_node: NodeId(4),
        };
        let mut commands = Vec::from([
            (Principal::Operator, found),
            (Principal::Operator, Command::DefineRegions(REGIONS.iter().map(region).collect())),
            (Principal::Operator, Command::DefineStations(stations)),
            (Principal::Operator, Command::DefineContest(contest())),
            (Principal::System, Command::DefineAccounts(accounts)),
        ]);
        let sessions = (1_u8..).zip(ACCOUNTS.iter());
        commands.extend(sessions.map(|(number, (name, ..))| (Principal::System, open(number, name))));
        for (principal, command) in commands {
            country.enter(principal, Vec::from([Item { request: None, command }]));
        }
        let last = RowKey::Session(SessionId([9; 16]));
        assert!(country.model.rows().contains_key(&last), "the founding was refused");
        country
    }

    /// One entry of the log; time goes on.
    pub(super) fn enter(&mut self, principal: Principal, items: Vec<Item>) -> Vec<Answer> {
        self.index = self.index.saturating_add(1);
        self.now = self.now.saturating_add(1);
        let header = Header { principal, node: NodeId(1), proposed_at: LogTime(self.now) };
        let applied = self.model.apply(&Proposal { header, items }, self.index, 3);
        match applied {
            Ok(answers) => answers,
            Err(error) => unreachable!("the rules contradict themselves: {error:?}"),
        }
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, milliseconds: u64) {
        self.now = self.now.saturating_add(milliseconds);
    }

    /// The revision of a station's form, 0 where there is none.
    pub(super) fn revision(&self, station: StationCode) -> u32 {
        self.model.tally(ppwp(), station).map_or(0, |tally| tally.revision)
    }

    /// All rows without the ledger, whose time goes on.
    pub(super) fn rows_but_ledger(&self) -> Rows {
        let rows = self.model.rows().iter().filter(|(_, row)| !matches!(row, Row::Ledger(_)));
        rows.map(|(key, row)| (key.clone(), row.clone())).collect()
    }
}
