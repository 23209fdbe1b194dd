//! A small country, its officers, and a form for each number.
//!
//! Invariant: a form tells the number it was made from, so that whoever reads it knows which write it is.

use tally::account::{Role, Scope};
use tally::command::{
    AccountDefinition, Command, Item, NewCredential, Principal, Proof, RegionDefinition, RequestIdentity,
    StationDefinition,
};
use tally::contest::{Contest, ContestOption};
use tally::form::{Ballots, Form, People, Turnout};
use tally::ids::{AccountId, ContestId, Fingerprint, RequestKey, SessionId};
use tally::region::{RegionCode, StationCode};
use tally::rules::RuleSet;
use tally::station::{StationKind, Submission};

use crate::judges::readings::life;
use crate::steps;

/// Stations.
pub(super) const STATIONS: u64 = 9;
/// Stations whose forms are read a second time and certified, behind the others, by people of their own.
pub(super) const READ_FIRST: u64 = STATIONS;
pub(super) const READ: u64 = 3;
/// All of them.
pub(super) const ALL_STATIONS: u64 = STATIONS + READ;
/// Those people: name, role, and the role again as their judge knows it.
pub(super) const STAFF: [(&str, Role, life::Role); 5] = [
    ("penulis", Role::Officer, life::Role::Officer),
    ("pembaca-1", Role::Reviewer, life::Role::Reviewer),
    ("pembaca-2", Role::Reviewer, life::Role::Reviewer),
    ("pengesah", Role::Certifier, life::Role::Certifier),
    ("ketua", Role::SuperAdmin, life::Role::Chief),
];
const VILLAGES: [u64; 3] = [1_101_012_001, 1_101_012_002, 1_201_012_001];
const REGIONS: [&str; 9] =
    ["11", "1101", "110101", "1101012001", "1101012002", "12", "1201", "120101", "1201012001"];
/// Votes of an option are below this.
const VOTES: u64 = 300;
const SESSION: SessionId = SessionId([1; 16]);
/// A year: no run is that long, and clocks jump by a day at most.
const LIFETIME_MS: u64 = 365 * 24 * 60 * 60 * 1_000;
/// Voters in the register of each station.
const REGISTERED: u32 = 250;
const PASSWORD: &str = "$argon2id$";

/// The contest.
pub(super) fn contest() -> Option<ContestId> {
    ContestId::parse("ppwp")
}

/// All officers sign in as one account, whose requests are told apart by their keys.
pub(super) const OFFICER: Principal = Principal::Session { account: AccountId(1), session: SESSION };

/// One of the staff, counted from 1: an account and a session of their own.
pub(super) fn person(number: u64) -> Principal {
    Principal::Session { account: account_of(number), session: session_of(number) }
}

/// Accounts are numbered as they are made: the officers' first.
const fn account_of(person: u64) -> AccountId {
    AccountId(person.saturating_add(1))
}

fn session_of(person: u64) -> SessionId {
    SessionId([u8::try_from(person.saturating_add(1)).unwrap_or(u8::MAX); 16])
}

/// The station of that number.
pub(super) fn station(number: u64) -> Option<StationCode> {
    let village = VILLAGES.get(usize::try_from(number.checked_rem(3)?).ok()?)?;
    StationCode::new(village.checked_mul(1_000)?.checked_add(number)?.checked_add(1)?)
}

/// All regions, the nation among them.
pub(super) fn regions() -> Vec<RegionCode> {
    REGIONS.iter().filter_map(|code| RegionCode::parse(code)).chain([RegionCode::NATION]).collect()
}

/// An item with a key made from a number.
pub(super) fn keyed(number: u64, command: Command) -> Item {
    let mut key = [0x5e; 16];
    key.iter_mut().zip(number.to_be_bytes()).for_each(|(slot, byte)| *slot = byte);
    Item { request: Some(RequestIdentity { key: RequestKey(key), fingerprint: Fingerprint(key) }), command }
}

/// What makes the country, in order, with who asks for it.
pub(super) fn founding() -> Vec<(Principal, Command)> {
    let region = |code: &&str| {
        Some(RegionDefinition { code: RegionCode::parse(code)?, name: format!("WILAYAH {code}") })
    };
    let defined =
        |code| StationDefinition { code, kind: StationKind::Home, name: None, registered: Some(REGISTERED) };
    let option = |order: u32| ContestOption {
        id: order.to_string(),
        name: format!("PASANGAN CALON {order}"),
        order,
        color: None,
        party: None,
    };
    let contest = contest().map(|id| {
        Command::DefineContest(Contest {
            id,
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
        })
    });
    let account = |name: &str, role| AccountDefinition {
        username: name.to_owned(),
        role,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password(PASSWORD.to_owned()),
        active: true,
    };
    let session = |session: SessionId, account: AccountId| Command::OpenSession {
        session,
        account,
        proof: Proof::Password(PASSWORD.to_owned()),
        second_factor_step: None,
        lifetime_ms: LIFETIME_MS,
        idle_ms: LIFETIME_MS,
        address: None,
    };
    let staff = STAFF.map(|(name, role, _)| account(name, role));
    let accounts = [account("petugas", Role::SuperAdmin)].into_iter().chain(staff);
    let stations = (0..ALL_STATIONS).filter_map(station).map(defined).collect();
    let mut steps = vec![
        (Principal::Operator, Command::DefineRegions(REGIONS.iter().filter_map(region).collect())),
        (Principal::Operator, Command::DefineStations(stations)),
        (Principal::Operator, Command::DefineAccounts(accounts.collect())),
        (Principal::System, session(SESSION, AccountId(1))),
    ];
    let staff = (1..).zip(STAFF).map(|(person, _)| session(session_of(person), account_of(person)));
    steps.extend(staff.map(|session| (Principal::System, session)));
    steps.extend(contest.map(|contest| (Principal::Operator, contest)));
    steps
}

/// The form of a number.
fn form(number: u64) -> Form {
    let digit = |power: u64| {
        let digit = number.checked_div(power).unwrap_or_default().checked_rem(VOTES).unwrap_or_default();
        u32::try_from(digit).unwrap_or_default()
    };
    let votes = vec![digit(1), digit(VOTES), digit(VOTES.saturating_mul(VOTES))];
    let total = votes.iter().fold(0_u32, |sum, votes| sum.saturating_add(*votes));
    let all = People { male: total, female: 0, total };
    let none = People::default();
    Form {
        registered: Some(all),
        turnout: Some(Turnout { dpt: all, dptb: none, dpk: none, total: all }),
        ballots: Some(Ballots { received: total, used: total, returned: 0, unused: 0 }),
        disabled: Some(none),
        votes,
        valid: Some(total),
        invalid: Some(0),
        total: Some(total),
    }
}

/// A number of a form that no rule holds, like no other of a serial number below 80,000.
pub(super) fn calm_number(serial: u64) -> u64 {
    let digit = |over: u64, bound: u64, least: u64| {
        let digit = serial.checked_div(over).and_then(|rest| rest.checked_rem(bound));
        digit.unwrap_or_default().saturating_add(least)
    };
    let votes = [digit(1, 50, 60), digit(50, 40, 40), digit(2_000, 40, 10)];
    votes.into_iter().rev().fold(0, |number: u64, votes| number.saturating_mul(VOTES).saturating_add(votes))
}

/// The form of such a number: with as many voters as the register has, who did not all come.
pub(super) fn calm_form(number: u64) -> Form {
    let people = |total: u32| Some(People { male: total, female: 0, total });
    let form = form(number);
    let used = form.total.unwrap_or_default();
    let received = REGISTERED.saturating_add(REGISTERED.div_ceil(50));
    let ballots = Ballots { received, used, returned: 0, unused: received.saturating_sub(used) };
    Form { registered: people(REGISTERED), ballots: Some(ballots), ..form }
}

/// Report or correction with that form, with a reason or without one.
pub(super) fn calm_submission(at: u64, seen: u32, (number, reason): (u64, bool)) -> Option<Command> {
    let (contest, station) = (contest()?, station(at)?);
    let reason = reason.then(|| "sesuai formulir".to_owned());
    let submission = Submission { form: calm_form(number), reason, ..Submission::default() };
    Some(if seen == 0 {
        Command::Report { contest, station, submission }
    } else {
        Command::Correct { contest, station, revision: seen, submission }
    })
}

/// Whether one form in place of another is a large change (R27).
pub(super) fn is_large_change(old: u64, new: u64) -> bool {
    let votes = |number: u64| {
        [1, VOTES, VOTES.saturating_mul(VOTES)].map(|power| {
            number.checked_div(power).and_then(|rest| rest.checked_rem(VOTES)).unwrap_or_default()
        })
    };
    steps::is_large_change(votes(old), votes(new))
}

/// The number of a form.
pub(super) fn number_of(form: &Form) -> u64 {
    form.votes
        .iter()
        .rev()
        .fold(0, |number, votes| number.saturating_mul(VOTES).saturating_add(u64::from(*votes)))
}

/// A report or correction with the form of a number, for who has seen that revision.
pub(super) fn submission(at: u64, seen: u32, number: u64) -> Option<Command> {
    let (contest, station) = (contest()?, station(at)?);
    let submission = Submission {
        form: form(number),
        confirm: RuleSet(!1),
        reason: Some("sesuai formulir".to_owned()),
        ..Submission::default()
    };
    Some(if seen == 0 {
        Command::Report { contest, station, submission }
    } else {
        Command::Correct { contest, station, revision: seen, submission }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_tells_its_number() {
        for number in [1, 299, 300, 90_000, 1_234_567] {
            assert_eq!(number_of(&form(number)), number);
        }
        assert_eq!((0..ALL_STATIONS).filter_map(station).count(), 12);
        let calm: std::collections::BTreeSet<u64> = (0..80_000).map(calm_number).collect();
        assert_eq!(calm.len(), 80_000);
        assert!(calm.iter().all(|number| number_of(&calm_form(*number)) == *number));
        assert!(calm.iter().all(|number| calm_form(*number).total.is_some_and(|total| total <= REGISTERED)));
    }
}
