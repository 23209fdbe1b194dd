//! Every format reads what it wrote, refuses everything else, and never changes: the golden files are bytes
//! of a release. A golden file that differs means a new format byte is needed, not a new golden file.

use std::fmt::Write as _;

use bytes::Bytes;
use proptest::prelude::*;
use store::backup::{BackupManifest, BackupObject, ObjectKind};
use store::codec::{
    decode_answers, decode_proposal, decode_row, encode_answers, encode_proposal, encode_row,
};
use store::{LogId, Manifest, ManifestFile, SnapshotMeta};
use tally::account::{Account, ActivationCode, CodeUse, Role, Scope, SecondFactor, Session};
use tally::audit::{AccountChange, Actor, AuditEvent, AuditRecord, Observation, Sighting};
use tally::command::{AccountDefinition, Command, Item, NewCredential, Proof, Proposal, RequestIdentity};
use tally::epoch::{EpochCause, EpochRecord};
use tally::form::Field;
use tally::ids::{AccountId, AttachmentId, Fingerprint, FormDigest, LogTime, NodeId, RequestKey, SessionId};
use tally::model::Model;
use tally::outcome::{Answer, DefinitionProblem, FormProblem, Outcome, Refusal};
use tally::region::{Level, RegionCode};
use tally::row::{Row, RowKey};
use tally::rules::{Flag, RuleId, Severity};
use tally::station::TallyState;

use crate::world::{form, founding, ppwp, proposal, proposals, reports, station, submission};

/// A proposal with each command that the founding and the reports do not have.
fn every_command() -> Vec<Proposal> {
    let account = AccountDefinition {
        username: "petugas".to_owned(),
        role: Role::Officer,
        scope: Scope::Station(station(0)),
        credential: NewCredential::Password("$argon2id$".to_owned()),
        active: true,
    };
    let mut detailed = submission(form([1, 2, 3], 4));
    detailed.attachments = vec![AttachmentId([5; 32])];
    detailed.holders = vec![NodeId(1), NodeId(3)];
    detailed.observed_at = Some(LogTime(6));
    let (contest, station, reason) = (ppwp(), station(0), "foto terbalik".to_owned());
    let commands = vec![
        Command::Mark,
        Command::RaiseLevel { level: 2 },
        Command::AllocateNode,
        Command::DefineAccounts(vec![account.clone()]),
        Command::OpenSession {
            session: SessionId([1; 16]),
            account: AccountId(1),
            proof: Proof::Password("$argon2id$".to_owned()),
            second_factor_step: None,
            lifetime_ms: 1,
            idle_ms: 1,
            address: None,
        },
        Command::CloseSession,
        Command::Correct { contest, station, revision: 1, submission: detailed },
        Command::Hold { contest, station, revision: 1, reason: reason.clone() },
        Command::Release { contest, station, revision: 1, reason: reason.clone() },
        Command::Review { contest, station, revision: 1, form: form([1, 2, 3], 4) },
        Command::Certify {
            contest,
            station,
            revision: 1,
            level: Some(Level::Regency),
            reason: reason.clone(),
        },
        Command::Approve { contest, station, revision: 1, reason },
        Command::OpenSession {
            session: SessionId([1; 16]),
            account: AccountId(1),
            proof: Proof::Code { digest: [2; 32], attempt: RequestKey([3; 16]) },
            second_factor_step: Some(4),
            lifetime_ms: 5,
            idle_ms: 6,
            address: Some([7; 16]),
        },
        Command::TouchSession,
        Command::ExpireSessions(vec![SessionId([1; 16])]),
        Command::EndSessions(AccountId(2)),
        Command::SetPassword { before: None, after: "$argon2id$".to_owned() },
        Command::SetSecondFactor(Some(SecondFactor { secret: vec![1, 2, 3], last_step: 4 })),
        Command::Observe(vec![observation()]),
        Command::DefineAccounts(vec![
            AccountDefinition { credential: NewCredential::Kept, ..account.clone() },
            AccountDefinition { credential: NewCredential::Code([9; 32]), ..account },
        ]),
    ];
    let request = Some(RequestIdentity { key: RequestKey([1; 16]), fingerprint: Fingerprint([2; 16]) });
    let items = commands.into_iter().map(|command| Item { request, command }).collect();
    founding().into_iter().chain(reports(1)).chain([proposal(9, items)]).collect()
}

/// An answer of each kind.
fn every_answer() -> Vec<Answer> {
    let flags =
        vec![Flag { rule: RuleId::new(7).unwrap(), severity: Severity::Hold, fields: vec![Field(22)] }];
    let refusals = vec![
        Refusal::Unauthenticated,
        Refusal::Forbidden,
        Refusal::SamePerson,
        Refusal::StationUnknown,
        Refusal::ContestUnknown,
        Refusal::ContestNotHeld,
        Refusal::IdempotencyMismatch,
        Refusal::StaleRevision { current_revision: 3, digest: Some(FormDigest([3; 32])) },
        Refusal::InvalidState { state: TallyState::Held, current_revision: 2 },
        Refusal::InvalidForm(vec![
            FormProblem::CountTooLarge { field: Field(2), count_max: 999 },
            FormProblem::PartMissing(Field(0)),
            FormProblem::OptionsDiffer,
            FormProblem::ReasonTooLong,
            FormProblem::TooManyAttachments,
        ]),
        Refusal::ConfirmationRequired { flags: flags.clone(), reason_missing: true, photo_missing: false },
        Refusal::DefinitionConflict(DefinitionProblem::ParentUnknown { position: 1 }),
        Refusal::DefinitionConflict(DefinitionProblem::Malformed { position: 2 }),
        Refusal::DefinitionConflict(DefinitionProblem::ContestDiffers),
        Refusal::DefinitionConflict(DefinitionProblem::RegionUnknown),
        Refusal::DefinitionConflict(DefinitionProblem::LastSuperAdmin),
        Refusal::DefinitionConflict(DefinitionProblem::Length),
        Refusal::LevelTooLow { level: 0 },
        Refusal::LevelOutOfOrder { level: 1 },
        Refusal::AlreadyFounded,
    ];
    let outcomes = [
        Outcome::Defined { created: 1, changed: 2, unchanged: 3 },
        Outcome::SessionOpened { account: AccountId(4), expires_at: LogTime(5) },
        Outcome::Done,
        Outcome::NodeAllocated(NodeId(6)),
        Outcome::LevelRaised(2),
    ];
    let outcomes = outcomes.into_iter().chain(refusals.into_iter().map(Outcome::Refused));
    outcomes.map(|outcome| Answer { outcome, replay: true }).collect()
}

fn observation() -> Observation {
    Observation {
        sighting: Sighting::SignInFailed,
        username: "siapa".to_owned(),
        address: [8; 16],
        count: 300,
    }
}

/// An audit event of each kind.
fn every_audit_event() -> Vec<AuditEvent> {
    let change = AccountChange {
        username: "petugas".to_owned(),
        role: Role::Officer,
        scope: Scope::Station(station(0)),
        active: true,
        created: true,
        credential: false,
    };
    vec![
        AuditEvent::Founded,
        AuditEvent::LevelRaised(2),
        AuditEvent::NodeAllocated(NodeId(4)),
        AuditEvent::RegionsDefined { created: 1, changed: 2 },
        AuditEvent::StationsDefined { created: 3, changed: 4 },
        AuditEvent::ContestDefined(ppwp()),
        AuditEvent::AccountDefined(change),
        AuditEvent::SignedIn { account: AccountId(1), address: Some([7; 16]), by_code: true },
        AuditEvent::SignedOut,
        AuditEvent::PasswordChanged,
        AuditEvent::SecondFactor { enabled: true },
        AuditEvent::SessionsEnded { account: AccountId(1) },
        AuditEvent::Observed(observation()),
    ]
}

fn epoch() -> EpochRecord {
    EpochRecord {
        cause: EpochCause::Recovered,
        at: LogTime(4),
        cluster: [7; 16],
        epoch: 1,
        node: NodeId(3),
        index: 70_000,
        term: 300,
        committed: 69_000,
        hash: 5,
        given_up: vec![NodeId(1), NodeId(2)],
    }
}

/// A row of each kind: what a small history leaves, and an account with its session.
fn every_row() -> Vec<(RowKey, Row)> {
    let mut model = Model::default();
    let mut asked = reports(1);
    asked[0].items[0].request =
        Some(RequestIdentity { key: RequestKey([1; 16]), fingerprint: Fingerprint([2; 16]) });
    if let Command::Report { submission, .. } = &mut asked[0].items[0].command {
        submission.attachments = vec![AttachmentId([5; 32])];
    }
    for (index, proposal) in (1..).zip(founding().into_iter().chain(asked)) {
        model.apply(&proposal, index, 3).unwrap();
    }
    let used = CodeUse { attempt: RequestKey([4; 16]), session: SessionId([1; 16]), at: LogTime(2) };
    let account = Account {
        id: AccountId(1),
        username: "petugas".to_owned(),
        role: Role::Officer,
        scope: Scope::Region(RegionCode::NATION),
        password_hash: Some("$argon2id$".to_owned()),
        code: Some(ActivationCode { digest: [6; 32], used: Some(used) }),
        second_factor: Some(SecondFactor { secret: vec![1, 2], last_step: 9 }),
        active: true,
        sessions_after: LogTime(1),
    };
    let (id, opened_at) = (SessionId([1; 16]), LogTime(2));
    let session = Session {
        id,
        account: AccountId(1),
        opened_at,
        expires_at: LogTime(3),
        idle_ms: 4,
        seen_at: opened_at,
        address: Some([7; 16]),
    };
    model.put(RowKey::Account(AccountId(1)), Row::Account(account));
    model.put(RowKey::Username("petugas".to_owned()), Row::Username(AccountId(1)));
    model.put(RowKey::Session(id), Row::Session(session));
    for (number, event) in (0..).zip(every_audit_event()) {
        let actor = if number == 0 { Actor::Operator } else { Actor::Account(AccountId(1)) };
        let record = AuditRecord { at: LogTime(5), actor, event };
        model.put(RowKey::Audit(90, 1, number), Row::Audit(record));
    }
    model.put(RowKey::Epoch(2), Row::Epoch(epoch()));
    model.rows().clone().into_iter().collect()
}

fn manifest() -> Manifest {
    let meta = SnapshotMeta {
        cluster: [1; 16],
        epoch: 2,
        applied: Some(LogId { term: 3, index: 4 }),
        membership_id: Some(LogId { term: 1, index: 1 }),
        membership: Some(Bytes::from_static(b"members")),
        hash: 5,
        level: 1,
    };
    let files = vec![ManifestFile { name: "000012.sst".to_owned(), size: 6, sha256: [7; 32] }];
    Manifest { id: "00000000000000000004-0000000003-1".to_owned(), meta, files }
}

/// Compares with the golden file; writes it when it is not there, and then fails, so that it is looked at.
fn golden(name: &str, frames: &[impl AsRef<[u8]>]) {
    let mut text = String::new();
    for frame in frames {
        writeln!(text, "{}", tally::ids::hex(frame.as_ref())).unwrap();
    }
    // As it is now, not as it was when this was built: checkouts may share what is built.
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let path = format!("{package}/tests/golden/{name}.hex");
    if let Ok(expected) = std::fs::read_to_string(&path) {
        assert!(expected == text, "{name}: the format changed; give it a new format byte");
        return;
    }
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
    panic!("{path} was not there and is written now: look at it, and keep it");
}

#[test]
fn proposals_are_as_they_were_released() {
    let frames: Vec<Bytes> = every_command().iter().map(encode_proposal).collect();
    golden("proposal-v1", &frames);
    for (frame, proposal) in frames.iter().zip(every_command()) {
        assert_eq!(decode_proposal(frame).unwrap(), proposal);
    }
}

#[test]
fn answers_are_as_they_were_released() {
    let frame = encode_answers(&every_answer());
    golden("answers-v1", std::slice::from_ref(&frame));
    assert_eq!(decode_answers(&frame).unwrap(), every_answer());
}

#[test]
fn rows_are_as_they_were_released() {
    let rows = every_row();
    let kinds: std::collections::BTreeSet<_> =
        rows.iter().map(|(_, row)| std::mem::discriminant(row)).map(|kind| format!("{kind:?}")).collect();
    assert_eq!(kinds.len(), 17, "one of each kind");
    let frames: Vec<Vec<u8>> = rows.iter().map(|(_, row)| encode_row(row)).collect();
    golden("rows-v1", &frames);
    for ((key, row), frame) in rows.iter().zip(&frames) {
        assert_eq!(&decode_row(key, frame).unwrap(), row);
    }
}

#[test]
fn manifests_are_as_they_were_released() {
    let frame = manifest().encode();
    golden("manifest-v1", std::slice::from_ref(&frame));
    assert_eq!(Manifest::decode(&frame).unwrap(), manifest());
}

#[test]
fn manifests_of_backups_are_as_they_were_released() {
    let Manifest { id, meta, files } = manifest();
    let object = |file: ManifestFile| BackupObject {
        kind: ObjectKind::State,
        name: file.name,
        size: file.size,
        sha256: file.sha256,
    };
    let backup = BackupManifest {
        id,
        name: "Pemilu".to_owned(),
        node: 3,
        log_time: LogTime(8),
        revisions: 9,
        meta,
        objects: files.into_iter().map(object).collect(),
    };
    let frame = backup.encode();
    golden("backup-v1", std::slice::from_ref(&frame));
    assert_eq!(BackupManifest::decode(&frame).unwrap(), backup);
    let upwards = BackupManifest { id: "../1".to_owned(), ..backup };
    assert!(BackupManifest::decode(&upwards.encode()).is_err());
}

/// Opens one row's frame under each kind of key.
fn decode_as_every_kind(bytes: &[u8]) {
    for (key, _) in every_row() {
        drop(decode_row(&key, bytes));
    }
}

/// A frame whose checksum is right, around any body.
fn framed(format: u8, body: &[u8]) -> Vec<u8> {
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&[format]), body);
    [&[format][..], &checksum.to_be_bytes(), body].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_proposal_reads_back(all in proposals()) {
        for proposal in all {
            prop_assert_eq!(decode_proposal(&encode_proposal(&proposal)).unwrap(), proposal);
        }
    }

    #[test]
    fn decoders_take_any_bytes(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in [0x01, 0x11, 0x21, 0x51, 0x61, 0x77] {
            let frame = framed(format, &body);
            drop(decode_proposal(&frame));
            drop(decode_answers(&frame));
            drop(Manifest::decode(&frame));
            drop(BackupManifest::decode(&frame));
            decode_as_every_kind(&frame);
        }
        prop_assert!(decode_proposal(&body).is_err() || body.len() > 5);
    }

    #[test]
    fn a_flipped_bit_is_found(place in any::<prop::sample::Index>(), bit in 0..8_u32, all in proposals()) {
        let mut frame = encode_proposal(&all[0]).to_vec();
        let place = place.index(frame.len());
        frame[place] ^= 1 << bit;
        prop_assert!(decode_proposal(&frame).is_err());
    }

    #[test]
    fn bytes_left_over_are_refused(all in proposals(), more in 1..5_usize) {
        let frame = encode_proposal(&all[0]);
        let mut body = frame[5..].to_vec();
        body.resize(body.len() + more, 0);
        prop_assert!(decode_proposal(&framed(0x11, &body)).is_err());
    }
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_it_is_allocated() {
    // A list of answers that says it has 2^60 of them.
    let mut body = vec![253];
    body.extend_from_slice(&(1_u64 << 60).to_le_bytes());
    assert!(decode_answers(&framed(0x21, &body)).is_err());
}
