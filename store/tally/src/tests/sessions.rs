//! Sessions: opened after a password was checked, and dead the moment anything about them is not right.

use crate::account::Role;
use crate::command::{AccountDefinition, Command, LOG_TIME_STEP_MS_MAX, NewCredential, Principal, Proof};
use crate::ids::{AccountId, LogTime, SessionId};
use crate::outcome::{Outcome, Refusal};

use super::world::{
    ADMIN, FOUNDED_AT, OFFICER, World, account_definition, open_session, refused, report_of, whole,
};

const HERE: &str = "1101012001003";

fn officer(change: impl FnOnce(&mut AccountDefinition)) -> Command {
    let mut definition = account_definition("petugas", Role::Officer, "1101012001");
    change(&mut definition);
    Command::DefineAccounts([definition].into())
}

#[test]
fn a_session_that_is_not_the_accounts_is_nobodys() {
    let mut world = World::new();
    let pairs = [(2, 9), (2, 1), (1, 2), (77, 2), (0, 2)];
    for (account, session) in pairs {
        let account = AccountId(account);
        let principal = Principal::Session { account, session: SessionId([session; 16]) };
        assert_eq!(world.refusal(principal, report_of(HERE, whole())), Refusal::Unauthenticated);
    }
}

#[test]
fn a_session_ends_with_its_lifetime_in_log_time() {
    let mut world = World::new();
    let command = open_session(20, 2, "petugas");
    let Outcome::SessionOpened { expires_at, .. } = world.accept(Principal::System, command) else {
        panic!("not opened")
    };
    let principal = Principal::Session { account: AccountId(2), session: SessionId([20; 16]) };
    while world.model.ledger().log_time.0 + LOG_TIME_STEP_MS_MAX < expires_at.0 {
        world.now += LOG_TIME_STEP_MS_MAX - 1;
        world.entry(Principal::System, [mark()].into());
    }
    world.now = expires_at.0 - 2;
    world.accept(principal, report_of(HERE, whole()));
    assert_eq!(world.model.ledger().log_time.0, expires_at.0 - 1);
    assert_eq!(world.refusal(principal, report_of(HERE, whole())), Refusal::Unauthenticated);
}

fn mark() -> crate::command::Item {
    crate::command::Item { request: None, command: Command::Mark }
}

#[test]
fn a_new_password_ends_sessions_and_later_ones_live() {
    let mut world = World::new();
    world.accept(
        ADMIN,
        officer(|account| account.credential = NewCredential::Password("$argon2id$baru".into())),
    );
    assert_eq!(world.refusal(OFFICER, report_of(HERE, whole())), Refusal::Unauthenticated);
    // The clock stands still: the new session is opened in the very millisecond of the change.
    world.now -= 1;
    let open = Command::OpenSession {
        session: SessionId([21; 16]),
        account: AccountId(2),
        proof: Proof::Password("$argon2id$baru".into()),
        second_factor_step: None,
        lifetime_ms: 1_000,
        idle_ms: 1_000,
        address: None,
    };
    world.accept(Principal::System, open);
    assert_eq!(world.model.ledger().log_time, LogTime(world.now));
    let principal = Principal::Session { account: AccountId(2), session: SessionId([21; 16]) };
    world.accept(principal, report_of(HERE, whole()));
}

#[test]
fn an_account_switched_off_is_out_for_good_until_it_signs_in_again() {
    let mut world = World::new();
    world.accept(ADMIN, officer(|account| account.active = false));
    assert_eq!(world.refusal(OFFICER, report_of(HERE, whole())), Refusal::Unauthenticated);
    let again = open_session(22, 2, "petugas");
    assert_eq!(world.refusal(Principal::System, again.clone()), Refusal::Unauthenticated);
    world.accept(ADMIN, officer(|_| {}));
    assert_eq!(world.refusal(OFFICER, report_of(HERE, whole())), Refusal::Unauthenticated);
    world.accept(Principal::System, again);
}

#[test]
fn another_role_or_scope_counts_at_once_and_leaves_the_session_alone() {
    let mut world = World::new();
    world.accept(ADMIN, officer(|account| account.role = Role::Auditor));
    assert_eq!(world.refusal(OFFICER, report_of(HERE, whole())), Refusal::Forbidden);
    world.accept(ADMIN, officer(|_| {}));
    world.accept(OFFICER, report_of(HERE, whole()));
}

#[test]
fn a_session_is_opened_only_for_the_password_that_was_checked() {
    let mut world = World::new();
    let open = |account, username| open_session(30, account, username);
    for command in [open(2, "lain"), open(77, "petugas")] {
        assert_eq!(world.refusal(Principal::System, command), Refusal::Unauthenticated);
    }
    assert_eq!(world.refusal(ADMIN, open(2, "petugas")), Refusal::Forbidden);
    let first = world.accept(Principal::System, open(2, "petugas"));
    // Opened again it is the same session, with the same end; for another account it is not opened.
    assert_eq!(world.accept(Principal::System, open(2, "petugas")), first);
    assert_eq!(world.refusal(Principal::System, open(1, "admin")), Refusal::Unauthenticated);
}

#[test]
fn a_closed_session_is_gone() {
    let mut world = World::new();
    world.accept(OFFICER, Command::CloseSession);
    assert_eq!(world.refusal(OFFICER, Command::CloseSession), Refusal::Unauthenticated);
    assert_eq!(world.refusal(OFFICER, report_of(HERE, whole())), Refusal::Unauthenticated);
    assert_eq!(world.refusal(Principal::Operator, Command::CloseSession), Refusal::Forbidden);
}

#[test]
fn log_time_never_goes_back_and_never_leaps() {
    let mut world = World::new();
    let before = world.model.ledger().log_time;
    world.now = FOUNDED_AT - 5_000;
    assert!(!refused(&world.ask(Principal::System, Command::Mark)));
    assert_eq!(world.model.ledger().log_time, before);
    world.now = FOUNDED_AT + 10_000_000;
    assert!(!refused(&world.ask(Principal::System, Command::Mark)));
    assert_eq!(world.model.ledger().log_time, LogTime(before.0 + LOG_TIME_STEP_MS_MAX));
}
