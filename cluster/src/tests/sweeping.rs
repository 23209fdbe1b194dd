//! Sessions that are over leave the state by themselves.

use tally::account::{Role, Scope};
use tally::command::{AccountDefinition, Command, Item, NewCredential, Principal, Proof};
use tally::ids::{AccountId, SessionId};
use tally::outcome::Outcome;
use tally::region::RegionCode;

use super::harness::{World, until};

fn open(number: u8, lifetime_ms: u64) -> Item {
    let command = Command::OpenSession {
        session: SessionId([number; 16]),
        account: AccountId(1),
        proof: Proof::Password("x".into()),
        second_factor_step: None,
        lifetime_ms,
        idle_ms: lifetime_ms,
        address: None,
    };
    Item { request: None, command }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_over_leave_the_state_and_others_stay() {
    let world = World::of(3).await;
    let leader = world.node(world.leader().await);
    let account = AccountDefinition {
        username: "admin".into(),
        role: Role::SuperAdmin,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password("x".into()),
        active: true,
    };
    let items = vec![
        Item { request: None, command: Command::DefineAccounts(vec![account]) },
        open(1, 1),
        open(2, 36_000_000),
    ];
    for result in leader.propose(Principal::System, items).await {
        assert!(!matches!(result.unwrap().outcome, Outcome::Refused(_)));
    }
    let kept = |number: u8| leader.view().session(SessionId([number; 16])).unwrap().is_some();
    assert!(kept(2));
    until("the first is gone", || !kept(1)).await;
    assert!(kept(2));
}
