//! Accounts: one-time codes, second factors, who governs whom, and what the audit log says of it.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::account::{Account, Role, SecondFactor};
use crate::audit::{Actor, AuditEvent, AuditRecord, Observation, Sighting};
use crate::command::{AccountDefinition, Command, NewCredential, Principal, Proof};
use crate::ids::{AccountId, LogTime, RequestKey, SessionId};
use crate::outcome::{Outcome, Refusal};
use crate::row::{Row, RowKey};

use super::world::{
    ADMIN, ADMIN_OF_PROVINCE, CERTIFIER, OFFICER, World, account_definition, open_session, refused,
    report_of, whole,
};

const HERE: &str = "1101012001003";
const CODE: [u8; 32] = [4; 32];
/// The number that the first account of a test gets.
const NEW: AccountId = AccountId(10);

fn with_code(username: &str, scope: &str) -> AccountDefinition {
    AccountDefinition {
        credential: NewCredential::Code(CODE),
        ..account_definition(username, Role::Officer, scope)
    }
}

fn activate(session: u8, attempt: u8) -> Command {
    Command::OpenSession {
        session: SessionId([session; 16]),
        account: NEW,
        proof: Proof::Code { digest: CODE, attempt: RequestKey([attempt; 16]) },
        second_factor_step: None,
        lifetime_ms: 1_000_000_000,
        idle_ms: 800_000,
        address: Some([1; 16]),
    }
}

fn in_session(session: u8) -> Principal {
    Principal::Session { account: NEW, session: SessionId([session; 16]) }
}

fn account(world: &World, id: AccountId) -> Account {
    match world.model.rows().get(&RowKey::Account(id)) {
        Some(Row::Account(account)) => account.clone(),
        row => panic!("no account: {row:?}"),
    }
}

fn audit(world: &World) -> Vec<AuditRecord> {
    let records = world.model.rows().values().filter_map(|row| match row {
        Row::Audit(record) => Some(record.clone()),
        _ => None,
    });
    records.collect()
}

fn last_event(world: &World) -> AuditEvent {
    audit(world).last().unwrap().event.clone()
}

#[test]
fn a_code_opens_one_session_and_a_lost_answer_can_be_asked_for_again() {
    let mut world = World::new();
    world.accept(ADMIN, Command::DefineAccounts([with_code("kpps-1", HERE)].into()));
    world.accept(Principal::System, activate(50, 1));
    assert!(matches!(last_event(&world), AuditEvent::SignedIn { by_code: true, account: NEW, .. }));
    // Another attempt with the same code is not the same person for sure.
    assert_eq!(world.refusal(Principal::System, activate(51, 2)), Refusal::Unauthenticated);
    // The same attempt again gets a session in place of the one whose token was lost.
    world.accept(Principal::System, activate(52, 1));
    assert_eq!(world.refusal(in_session(50), report_of(HERE, whole())), Refusal::Unauthenticated);
    world.accept(in_session(52), report_of(HERE, whole()));
    for _ in 0..11 {
        world.now += 60_000;
        world.accept(Principal::System, Command::Mark);
    }
    assert_eq!(world.refusal(Principal::System, activate(53, 1)), Refusal::Unauthenticated);
    // Another code makes the account usable again and ends what was there.
    let reset = AccountDefinition { credential: NewCredential::Code([5; 32]), ..with_code("kpps-1", HERE) };
    world.accept(ADMIN, Command::DefineAccounts([reset].into()));
    assert_eq!(world.refusal(in_session(52), Command::TouchSession), Refusal::Unauthenticated);
}

#[test]
fn a_session_ends_when_it_is_not_used() {
    let mut world = World::new();
    world.accept(ADMIN, Command::DefineAccounts([with_code("kpps-1", HERE)].into()));
    world.accept(Principal::System, activate(50, 1));
    // Used again and again it lives on: 20 minutes, 800 s of idleness allowed.
    for _ in 0..40 {
        world.now += 30_000;
        world.accept(in_session(50), Command::TouchSession);
    }
    for _ in 0..14 {
        world.now += 60_000;
        world.accept(Principal::System, Command::Mark);
    }
    assert_eq!(world.refusal(in_session(50), Command::TouchSession), Refusal::Unauthenticated);
    let sessions = Vec::from([SessionId([50; 16]), SessionId([1; 16]), SessionId([77; 16])]);
    world.accept(Principal::System, Command::ExpireSessions(sessions));
    let rows = world.model.rows();
    assert!(!rows.contains_key(&RowKey::Session(SessionId([50; 16]))));
    assert!(rows.contains_key(&RowKey::Session(SessionId([1; 16]))), "a living one stays");
}

#[test]
fn a_second_factor_counts_each_step_once() {
    let mut world = World::new();
    let factor = SecondFactor { secret: [9; 20].into(), last_step: 100 };
    let short = SecondFactor { secret: [9; 8].into(), last_step: 100 };
    assert_eq!(world.refusal(ADMIN, Command::SetSecondFactor(Some(short))), Refusal::Forbidden);
    world.accept(ADMIN, Command::SetSecondFactor(Some(factor)));
    let open = |session, step| match open_session(session, 1, "admin") {
        Command::OpenSession { session, account, proof, lifetime_ms, idle_ms, address, .. } => {
            Command::OpenSession {
                session,
                account,
                proof,
                second_factor_step: step,
                lifetime_ms,
                idle_ms,
                address,
            }
        }
        command => command,
    };
    for step in [None, Some(99), Some(100)] {
        assert_eq!(world.refusal(Principal::System, open(60, step)), Refusal::Unauthenticated);
    }
    world.accept(Principal::System, open(60, Some(101)));
    assert_eq!(world.refusal(Principal::System, open(61, Some(101))), Refusal::Unauthenticated);
    world.accept(ADMIN, Command::SetSecondFactor(None));
    world.accept(Principal::System, open(62, None));
}

#[test]
fn a_chosen_password_takes_the_old_ones_place_and_ends_all_sessions() {
    let mut world = World::new();
    let change = |before: &str| Command::SetPassword {
        before: Some(before.into()),
        after: "$argon2id$pilihan".into(),
    };
    assert_eq!(world.refusal(OFFICER, change("$argon2id$lain")), Refusal::Forbidden);
    world.accept(OFFICER, change("$argon2id$petugas"));
    assert_eq!(world.refusal(OFFICER, Command::TouchSession), Refusal::Unauthenticated);
    assert!(refused(&world.ask(Principal::System, open_session(70, 2, "petugas"))));
    world.accept(Principal::System, open_session(71, 2, "pilihan"));
    assert_eq!(world.refusal(Principal::Operator, change("x")), Refusal::Forbidden);
}

#[test]
fn an_admin_governs_those_who_work_on_forms_in_their_scope() {
    let mut world = World::new();
    let admin = account_definition("admin-wilayah", Role::Admin, "11");
    world.accept(ADMIN, Command::DefineAccounts([admin].into()));
    world.accept(Principal::System, open_session(80, NEW.0, "admin-wilayah"));
    let admin = in_session(80);
    for role in [Role::Officer, Role::Reviewer, Role::Certifier] {
        world.accept(admin, Command::DefineAccounts([account_definition("bawahan", role, "1101")].into()));
    }
    for (username, role, scope) in [
        ("lain", Role::Officer, "12"),
        ("lain", Role::Officer, "0"),
        ("lain", Role::Admin, "11"),
        ("lain", Role::SuperAdmin, "11"),
        ("lain", Role::Auditor, "11"),
        // Not theirs to take over, though what it would become is.
        ("auditor", Role::Officer, "11"),
        ("admin-aceh", Role::Officer, "11"),
        ("pembaca-kedua", Role::Reviewer, "11"),
    ] {
        let definition = account_definition(username, role, scope);
        let refusal = world.refusal(admin, Command::DefineAccounts([definition].into()));
        assert_eq!(refusal, Refusal::Forbidden, "{username} {role:?} {scope}");
    }
    assert_eq!(world.refusal(admin, Command::EndSessions(AccountId(1))), Refusal::Forbidden);
    world.accept(admin, Command::EndSessions(AccountId(2)));
    assert_eq!(world.refusal(OFFICER, Command::TouchSession), Refusal::Unauthenticated);
    for other in [OFFICER, CERTIFIER] {
        let refusal = world
            .refusal(other, Command::DefineAccounts([account_definition("x", Role::Officer, "11")].into()));
        assert!(matches!(refusal, Refusal::Forbidden | Refusal::Unauthenticated));
    }
}

#[test]
fn a_super_admin_of_a_province_takes_over_nobody_of_another() {
    let mut world = World::new();
    world.accept(
        ADMIN,
        Command::DefineAccounts([account_definition("petugas-12", Role::Officer, "12")].into()),
    );
    let stolen = Command::DefineAccounts([account_definition("petugas-12", Role::Officer, "11")].into());
    assert_eq!(world.refusal(ADMIN_OF_PROVINCE, stolen), Refusal::Forbidden);
    assert_eq!(account(&world, NEW).scope.to_string(), "12");
}

#[test]
fn a_new_account_needs_a_credential_and_a_change_can_keep_it() {
    let mut world = World::new();
    let kept = |scope| AccountDefinition {
        credential: NewCredential::Kept,
        ..account_definition("petugas", Role::Officer, scope)
    };
    world.accept(ADMIN, Command::DefineAccounts([kept("11")].into()));
    world.accept(OFFICER, Command::TouchSession);
    let unknown = AccountDefinition { username: "tidak-ada".into(), ..kept("11") };
    assert!(refused(&world.ask(ADMIN, Command::DefineAccounts([unknown].into()))));
}

#[test]
fn the_audit_log_says_who_changed_what() {
    let mut world = World::new();
    let before = audit(&world).len();
    world.accept(ADMIN, Command::DefineAccounts([account_definition("baru", Role::Officer, "12")].into()));
    world.accept(ADMIN, Command::DefineAccounts([account_definition("baru", Role::Officer, "12")].into()));
    assert!(refused(&world.ask(OFFICER, Command::EndSessions(AccountId(1)))));
    world.accept(OFFICER, report_of(HERE, whole()));
    world.accept(OFFICER, Command::CloseSession);
    let records = audit(&world);
    let [made, closed] = &records[before..] else { panic!("{:?}", &records[before..]) };
    assert_eq!(made.actor, Actor::Account(AccountId(1)));
    let AuditEvent::AccountDefined(change) = &made.event else { panic!("{made:?}") };
    assert!(change.created && change.credential && change.username == "baru");
    assert_eq!((closed.actor, &closed.event), (Actor::Account(AccountId(2)), &AuditEvent::SignedOut));
    assert_eq!(closed.at, LogTime(world.now));
}

#[test]
fn what_a_node_saw_enters_the_log_only_from_the_system() {
    let mut world = World::new();
    let seen = Observation {
        sighting: Sighting::SignInFailed,
        username: "siapa".into(),
        address: [2; 16],
        count: 3,
    };
    let command = Command::Observe([seen.clone()].into());
    assert_eq!(world.refusal(ADMIN, command.clone()), Refusal::Forbidden);
    assert_eq!(world.accept(Principal::System, command), Outcome::Done);
    assert_eq!(last_event(&world), AuditEvent::Observed(seen.clone()));
    let long = Observation { username: "x".repeat(65), ..seen };
    assert!(refused(&world.ask(Principal::System, Command::Observe([long].into()))));
}
