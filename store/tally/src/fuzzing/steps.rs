//! One step of a history: who asks for what, under which key.
//!
//! Invariant: steps are mostly possible, so that histories get somewhere; every command can come up.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::account::{Role, Scope, SecondFactor};
use crate::audit::{Observation, Sighting};
use crate::command::{
    AccountDefinition, Command, NewCredential, Principal, Proof, RegionDefinition, RequestIdentity,
};
use crate::complaint::{ComplaintKind, ComplaintVerdict, NewComplaint};
use crate::form::Field;
use crate::ids::{AccountId, AttachmentId, Fingerprint, LogTime, NodeId, RequestKey, SessionId};
use crate::region::{Level, RegionCode, StationCode};
use crate::rules::RuleSet;
use crate::station::{CountKind, StationKind, Submission};

use super::country::{ACCOUNTS, Country, contest, signed_in, station_definition, stations};
use super::script::Script;

/// See the module.
pub(super) struct Step {
    pub(super) principal: Principal,
    pub(super) request: Option<RequestIdentity>,
    pub(super) command: Command,
    /// Whether the item stands twice in its entry.
    pub(super) twice: bool,
    /// Whether the same is asked for once more, afterwards.
    pub(super) asked_again: bool,
    /// How long after the step before.
    pub(super) wait_ms: u64,
}

/// The next step; `None` when the script is over.
pub(super) fn next(script: &mut Script<'_>, country: &Country) -> Option<Step> {
    let who = script.byte()?;
    let principal = match who % 16 {
        10 => Principal::System,
        11 => Principal::Operator,
        // A session that nobody has.
        12 => signed_in(200),
        // The administrator may do most, so histories get on.
        0 | 13..=15 => signed_in(1),
        number => signed_in(number),
    };
    let kind = script.byte()?;
    let command = command(script, country, kind)?;
    // Nobody else may.
    let principal = if matches!(command, Command::Complain { .. }) { Principal::Public } else { principal };
    let key = script.byte()?;
    // The command decides the fingerprint, as it does for the API.
    let request = (key < 0xc0).then(|| RequestIdentity {
        key: RequestKey([key % 48; 16]),
        fingerprint: Fingerprint([kind.wrapping_add(key / 48); 16]),
    });
    // Seldom so long that sessions end.
    let wait_ms = if matches!(command, Command::Mark) { u64::from(key).saturating_mul(600_000) } else { 0 };
    Some(Step { principal, request, command, twice: who >= 0xf0, asked_again: key % 4 == 1, wait_ms })
}

fn command(script: &mut Script<'_>, country: &Country, kind: u8) -> Option<Command> {
    if kind % 32 < 18 {
        return on_form(script, country, kind % 32);
    }
    Some(match kind % 32 {
        18 => Command::Mark,
        19 => Command::RaiseLevel { level: u32::from(script.byte()? % 4) },
        20 => Command::AllocateNode,
        21 => Command::DefineRegions(regions(script)?),
        22 => Command::DefineStations(Vec::from([station(script)?, station(script)?])),
        23 => {
            Command::DefineContest(crate::contest::Contest { partial_forms: script.seldom()?, ..contest() })
        }
        24 => Command::DefineAccounts(Vec::from([account(script)?])),
        25 => open_session(script)?,
        26 => Command::CloseSession,
        27 => touch_or_complaint(script, country)?,
        28 => {
            let number = script.byte()? % 12;
            Command::ExpireSessions(Vec::from([SessionId([number; 16])]))
        }
        29 => Command::EndSessions(AccountId(u64::from(script.byte()? % 12))),
        30 => own_credential(script)?,
        _ => Command::Observe(Vec::from([Observation {
            sighting: script.choose(&[Sighting::SignInFailed, Sighting::TooMany])?,
            username: String::from("siapa"),
            address: [script.byte()?; 16],
            count: u32::from(script.byte()?),
        }])),
    })
}

/// A step on a form; the revision is the current one, or a little beside it.
fn on_form(script: &mut Script<'_>, country: &Country, kind: u8) -> Option<Command> {
    let (contest, station) = (contest().id, script.choose(&stations())?);
    let beside = script.byte()?;
    let current = country.revision(station);
    let revision = if beside < 0xe0 { current } else { u32::from(beside & 3) };
    let reason = || String::from(if beside & 8 == 0 { "sesuai formulir" } else { "" });
    Some(match kind {
        0..8 if current == 0 || kind == 0 => {
            Command::Report { contest, station, submission: submission(script)? }
        }
        0..8 => Command::Correct { contest, station, revision, submission: submission(script)? },
        8 | 9 => Command::Hold { contest, station, revision, reason: reason() },
        10 | 11 => Command::Release { contest, station, revision, reason: reason() },
        12..15 => {
            let form = reading(script, country, station)?;
            Command::Review { contest, station, revision, form }
        }
        15 | 16 => {
            let level = script.byte()?;
            let level = Level::ALL.get(usize::from(level)).copied();
            Command::Certify { contest, station, revision, level, reason: reason() }
        }
        _ => Command::Approve { contest, station, revision, reason: reason() },
    })
}

/// A session in use, a complaint, or an answer to one.
fn touch_or_complaint(script: &mut Script<'_>, country: &Country) -> Option<Command> {
    let (contest, choice) = (contest().id, script.byte()?);
    if choice < 0x40 {
        return Some(Command::TouchSession);
    }
    let station = script.choose(&stations())?;
    let text = String::from(if choice & 1 == 0 { "salah baca" } else { "" });
    if choice < 0xa0 {
        let revision = country.revision(station);
        let box_named = script.byte()?;
        let complaint = NewComplaint {
            kind: script.choose(&ComplaintKind::ALL)?,
            field: (box_named < 0xc0).then(|| Field(u16::from(box_named).saturating_mul(3))),
            read: script.byte().filter(|read| *read < 0xc0).map(u32::from),
            text,
        };
        return Some(Command::Complain { contest, station, revision, complaint });
    }
    let number = u32::from(script.byte()? % 16);
    let verdict = script.choose(&ComplaintVerdict::ALL)?;
    Some(Command::AnswerComplaint { contest, station, number, verdict, text })
}

/// A second reading: often the same figures, since only then something happens.
fn reading(script: &mut Script<'_>, country: &Country, station: StationCode) -> Option<crate::form::Form> {
    let same = script.byte()? < 0xa0;
    match country.model.tally(contest().id, station).filter(|_| same) {
        Some(tally) => Some(tally.form.clone()),
        None => script.plausible_form(),
    }
}

fn submission(script: &mut Script<'_>) -> Option<Submission> {
    let how = script.byte()?;
    let form = if how >= 0xf8 { script.wild_form() } else { script.plausible_form()? };
    let confirmed = how & 1 == 0;
    Some(Submission {
        form,
        confirm: if confirmed { RuleSet(!1) } else { RuleSet::default() },
        reason: confirmed.then(|| String::from("sesuai formulir")),
        attachments: if how & 2 == 0 { Vec::new() } else { Vec::from([AttachmentId([how / 16; 32])]) },
        holders: if how & 2 == 0 { Vec::new() } else { Vec::from([NodeId(1), NodeId(2)]) },
        observed_at: (how & 4 != 0).then_some(LogTime(1_707_890_000_000)),
        count_kind: CountKind::ALL.get(usize::from(how / 64)).copied().unwrap_or_default(),
    })
}

fn regions(script: &mut Script<'_>) -> Option<Vec<RegionDefinition>> {
    let codes = ["0", "11", "1101", "13", "1301", "130101", "1301012001"];
    let count = script.byte()? % 4;
    let mut definitions = Vec::new();
    for _ in 0..count {
        let code = RegionCode::parse(script.choose(&codes)?)?;
        definitions.push(RegionDefinition { code, name: format!("WILAYAH {}", script.byte()? % 3) });
    }
    Some(definitions)
}

fn station(script: &mut Script<'_>) -> Option<crate::command::StationDefinition> {
    let definition = station_definition(script.choose(&stations())?);
    let kind = script.byte()?;
    let registered = script.byte()?;
    Some(crate::command::StationDefinition {
        kind: StationKind::ALL.get(usize::from(kind)).copied().unwrap_or(definition.kind),
        registered: (registered < 0xc0).then(|| u32::from(registered).saturating_mul(2)),
        ..definition
    })
}

fn account(script: &mut Script<'_>) -> Option<AccountDefinition> {
    let (name, ..) = script.choose(&ACCOUNTS)?;
    let other = script.byte()?;
    Some(AccountDefinition {
        username: if other < 0x80 { String::from(name) } else { format!("baru-{}", other % 4) },
        role: script.choose(&Role::ALL)?,
        scope: Scope::parse(script.choose(&["0", "11", "1101012001", "1101012001003", "12"])?)?,
        credential: match script.byte()? % 3 {
            0 => NewCredential::Kept,
            1 => NewCredential::Password(String::from("$argon2id$lain")),
            _ => NewCredential::Code([9; 32]),
        },
        active: !script.seldom()?,
    })
}

fn open_session(script: &mut Script<'_>) -> Option<Command> {
    let number = script.byte()? % 12;
    let name = ACCOUNTS.get(usize::from(number).wrapping_sub(1)).map_or("", |(name, ..)| name);
    let attempt = script.byte()?;
    let proof = match attempt % 3 {
        0 => Proof::Password(format!("$argon2id${name}")),
        1 => Proof::Password(String::from("$argon2id$lain")),
        _ => Proof::Code { digest: [9; 32], attempt: RequestKey([attempt / 64; 16]) },
    };
    Some(Command::OpenSession {
        session: SessionId([script.byte()? % 24; 16]),
        account: AccountId(u64::from(number)),
        proof,
        second_factor_step: script.byte().filter(|step| *step < 8).map(u64::from),
        lifetime_ms: 3_600_000,
        idle_ms: 60_000,
        address: None,
    })
}

fn own_credential(script: &mut Script<'_>) -> Option<Command> {
    Some(match script.byte()? % 4 {
        0 => Command::SetPassword { before: None, after: String::from("$argon2id$lain") },
        1 => Command::SetPassword {
            before: Some(String::from("$argon2id$lain")),
            after: String::from("$argon2id$baru"),
        },
        2 => Command::SetSecondFactor(None),
        _ => Command::SetSecondFactor(Some(SecondFactor {
            secret: Vec::from([script.byte()?; 20]),
            last_step: u64::from(script.byte()?),
        })),
    })
}
