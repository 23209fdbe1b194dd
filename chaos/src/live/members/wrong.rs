//! Orders that are wrong, each refused with a line that says why.
//!
//! Invariant: none of them changes who is a member or who votes.

use futures_util::future::try_join_all;

use super::Stage;
use crate::live::fleet::Guest;
use crate::live::operator;
use crate::live::{Trouble, harness};

/// A number that no node was ever given.
const NEVER: &str = "999";

/// Numbers of the members, the leader's last.
async fn numbers(stage: &Stage<'_>) -> Result<Vec<String>, Trouble> {
    let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
    let mut places = stage.fleet.members();
    places.sort_by_key(|place| *place == leader);
    Ok(places.into_iter().map(|place| stage.fleet.id(place).to_string()).collect())
}

/// Whatever can be wrong while all live.
pub(super) async fn with_five(stage: &mut Stage<'_>, short: bool) -> Result<(), Trouble> {
    let numbers = numbers(stage).await?;
    let [one, two, ..] = numbers.as_slice() else { return Err(harness("too few nodes")) };
    stage.refuses(&["node", "promote", NEVER], "not a member").await?;
    stage.refuses(&["node", "remove", NEVER], "never given out").await?;
    stage.refuses(&["node", "replace", one, NEVER], "not a member").await?;
    stage.refuses(&["node", "replace", NEVER, one], "never given out").await?;
    stage.refuses(&["node", "replace", one, two], "votes already").await?;
    stage.refuses(&["node", "replace", one, one], "itself").await?;
    stage.refuses(&["node", "move", NEVER, "--peer", "127.0.0.1:1"], "not a member").await?;
    stage.refuses(&["node", "transfer", NEVER], "not a voter").await?;
    stage
        .refuses(&["node", "remove", one, "--force", "--name", "another"], "the name of this cluster")
        .await?;
    unheard(stage, one, short).await
}

/// A node that has joined and was never started: it neither votes nor leads nor replaces.
async fn unheard(stage: &mut Stage<'_>, voter: &str, short: bool) -> Result<(), Trouble> {
    let place = stage.fleet.add_empty(&Guest::default())?;
    let id = stage.fleet.admit(place, &Guest::default(), false).await?.to_string();
    // It does not run: nobody is to ask it.
    stage.fleet.set_member(place, false);
    stage.refuses(&["node", "transfer", &id], "not a voter").await?;
    if !short {
        let before = stage.roster().await?;
        let orders = [vec!["node", "promote", &id], vec!["node", "replace", voter, &id]];
        let ended = try_join_all(orders.iter().map(|words| operator::run(stage.fleet.order(words)))).await?;
        for (words, ended) in orders.iter().zip(&ended) {
            stage.refused(&words.join(" "), ended, "has not caught up", &before).await?;
        }
    }
    stage.order(&["node", "remove", &id]).await
}

/// Two of five are dead: nothing that needs one of them.
pub(super) async fn with_dead(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
    let others: Vec<usize> = stage.fleet.members().into_iter().filter(|place| *place != leader).collect();
    let [first, second, living, ..] = others.as_slice() else { return Err(harness("too few nodes")) };
    stage.fleet.kill(*first);
    stage.fleet.kill(*second);
    let [dead, living] = [first, living].map(|place| stage.fleet.id(*place).to_string());
    // Whoever leads has to notice first; until then the order may be taken, since the rest could decide.
    unreachable(stage, [*first, *second]).await?;
    stage.refuses(&["node", "remove", &living], "majority").await?;
    let leads = stage.fleet.id(leader).to_string();
    stage.refuses(&["node", "remove", &leads], "majority").await?;
    stage.refuses(&["node", "transfer", &dead], "does not answer").await?;
    stage.fleet.start(&[*first, *second]).await.map(drop)
}

/// Waits until the leader has noticed that nodes are gone.
async fn unreachable(stage: &Stage<'_>, gone: [usize; 2]) -> Result<(), Trouble> {
    let gone = gone.map(|place| stage.fleet.id(place));
    let began = tokio::time::Instant::now();
    let mut pace = tokio::time::interval(super::PACE);
    while began.elapsed() < super::PATIENCE {
        pace.tick().await;
        if let Some(leader) = stage.fleet.leader().await
            && let Ok(cluster) = stage.fleet.operator(leader)?.cluster().await
            && gone.iter().all(|id| cluster.value.nodes.iter().any(|node| node.id == *id && !node.reachable))
        {
            return Ok(());
        }
    }
    Err(Trouble::Violation("dead nodes are shown as reachable".to_owned()))
}

/// With three voters none may go without being forced.
pub(super) async fn with_three(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let numbers = numbers(stage).await?;
    let [one, .., leader] = numbers.as_slice() else { return Err(harness("too few nodes")) };
    stage.refuses(&["node", "remove", one], "replace this one").await?;
    stage.refuses(&["node", "remove", leader], "replace this one").await
}
