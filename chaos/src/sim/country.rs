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

/// Stations.
pub(super) const STATIONS: u64 = 9;
const VILLAGES: [u64; 3] = [1_101_012_001, 1_101_012_002, 1_201_012_001];
const REGIONS: [&str; 9] =
    ["11", "1101", "110101", "1101012001", "1101012002", "12", "1201", "120101", "1201012001"];
/// Votes of an option are below this.
const VOTES: u64 = 300;
const SESSION: SessionId = SessionId([1; 16]);
/// A year: no run is that long, and clocks jump by a day at most.
const LIFETIME_MS: u64 = 365 * 24 * 60 * 60 * 1_000;
const PASSWORD: &str = "$argon2id$";

/// The contest.
pub(super) fn contest() -> Option<ContestId> {
    ContestId::parse("ppwp")
}

/// All officers sign in as one account, whose requests are told apart by their keys.
pub(super) const OFFICER: Principal = Principal::Session { account: AccountId(1), session: SESSION };

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
        |code| StationDefinition { code, kind: StationKind::Home, name: None, registered: Some(250) };
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
    let account = AccountDefinition {
        username: "petugas".to_owned(),
        role: Role::SuperAdmin,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password(PASSWORD.to_owned()),
        active: true,
    };
    let session = Command::OpenSession {
        session: SESSION,
        account: AccountId(1),
        proof: Proof::Password(PASSWORD.to_owned()),
        second_factor_step: None,
        lifetime_ms: LIFETIME_MS,
        idle_ms: LIFETIME_MS,
        address: None,
    };
    let stations = (0..STATIONS).filter_map(station).map(defined).collect();
    let mut steps = vec![
        (Principal::Operator, Command::DefineRegions(REGIONS.iter().filter_map(region).collect())),
        (Principal::Operator, Command::DefineStations(stations)),
        (Principal::Operator, Command::DefineAccounts(vec![account])),
        (Principal::System, session),
    ];
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
        assert_eq!((0..STATIONS).filter_map(station).count(), 9);
    }
}
