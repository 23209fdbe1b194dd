//! The course of a run, beside the writers.
//!
//! Invariant: each step begins and ends with all members running.

use super::{Plan, Stage, interrupted, strangers, wrong};
use crate::doctor::run as run_tool;
use crate::live::fleet::Guest;
use crate::live::{Trouble, harness};

pub(super) async fn play(stage: &mut Stage<'_>, plan: &Plan) -> Result<(), Trouble> {
    let guests = grow(stage).await?;
    stage.measured("wrong orders with five", async |stage| wrong::with_five(stage, plan.short).await).await?;
    stage.measured("wrong orders, two of five dead", async |stage| wrong::with_dead(stage).await).await?;
    shrink(stage).await?;
    stage.measured("wrong orders with three", async |stage| wrong::with_three(stage).await).await?;
    replace_dead(stage).await?;
    promote_edge(stage).await?;
    stage.measured("strangers", async |stage| strangers::knock(stage, plan.short).await).await?;
    if !plan.short {
        stage.measured("a node without its data", async |stage| strangers::wiped(stage).await).await?;
        stage.measured("two changes at once", async |stage| interrupted::two_at_once(stage).await).await?;
    }
    interrupted::play(stage, plan).await?;
    drop(guests);
    Ok(())
}

/// Three to five.
async fn grow(stage: &mut Stage<'_>) -> Result<Vec<usize>, Trouble> {
    let mut guests = Vec::new();
    for what in ["three to four", "four to five"] {
        let place = stage.measured(what, async |stage| {
            let (place, id) = stage.fleet.welcome(&Guest::default()).await?;
            stage.order(&["node", "promote", &id.to_string()]).await?;
            // Said again it changes nothing.
            let before = stage.roster().await?;
            stage.order(&["node", "promote", &id.to_string()]).await?;
            unchanged("a promotion said twice", stage, &before).await?;
            voter(stage, id).await?;
            Ok(place)
        });
        guests.push(place.await?);
    }
    Ok(guests)
}

pub(super) async fn unchanged(what: &str, stage: &Stage<'_>, before: &super::Roster) -> Result<(), Trouble> {
    let after = stage.roster().await?;
    if after == *before {
        return Ok(());
    }
    Err(Trouble::Violation(format!("{what}: the members were {before:?}, are {after:?}")))
}

pub(super) async fn voter(stage: &Stage<'_>, id: u64) -> Result<(), Trouble> {
    let roster = stage.roster().await?;
    match roster.get(&id).map(String::as_str) {
        Some("voter") => Ok(()),
        role => Err(Trouble::Violation(format!("node {id} was promoted and is {role:?}: {roster:?}"))),
    }
}

/// Five to three: the leader first, then another. Both are started again and must not disturb.
async fn shrink(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    for (what, leads) in [("five to four, the leader goes", true), ("four to three", false)] {
        let removed = stage.measured(what, async |stage| {
            let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
            let members = stage.fleet.members();
            let other = members.iter().copied().find(|place| *place != leader);
            let place = if leads { leader } else { other.ok_or_else(|| harness("one node"))? };
            remove(stage, place).await?;
            Ok(place)
        });
        let removed = removed.await?;
        stage.fleet.kill(removed);
        stage
            .measured("a removed node comes back", async |stage| strangers::comes_back(stage, removed).await)
            .await?;
    }
    Ok(())
}

/// Takes a node out; it goes on running.
pub(super) async fn remove(stage: &mut Stage<'_>, place: usize) -> Result<(), Trouble> {
    let id = stage.fleet.id(place);
    stage.order(&["node", "remove", &id.to_string()]).await?;
    stage.fleet.set_member(place, false);
    // Said again it changes nothing.
    let before = stage.roster().await?;
    stage.order(&["node", "remove", &id.to_string()]).await?;
    if before.contains_key(&id) {
        return Err(Trouble::Violation(format!("node {id} was removed and is a member: {before:?}")));
    }
    unchanged("a removal said twice", stage, &before).await
}

/// A voter dies for good; a guest takes its place by one change. Then the dead one wakes.
async fn replace_dead(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let dead = stage.measured("a dead voter is replaced", async |stage| {
        let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
        let dead = stage.fleet.members().into_iter().find(|place| *place != leader);
        let dead = dead.ok_or_else(|| harness("one node"))?;
        stage.fleet.kill(dead);
        let (_, id) = stage.fleet.welcome(&Guest::default()).await?;
        let old = stage.fleet.id(dead);
        stage.order(&["node", "replace", &old.to_string(), &id.to_string()]).await?;
        stage.fleet.set_member(dead, false);
        let before = stage.roster().await?;
        stage.order(&["node", "replace", &old.to_string(), &id.to_string()]).await?;
        unchanged("a replacement said twice", stage, &before).await?;
        voter(stage, id).await?;
        Ok(dead)
    });
    let dead = dead.await?;
    stage.measured("the replaced node wakes", async |stage| strangers::comes_back(stage, dead).await).await
}

/// An edge gets the certificate of a voter, votes, and takes the place of a node that lives.
async fn promote_edge(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let step = stage.measured("an edge comes to vote in a living one's place", async |stage| {
        let (place, id) = stage.fleet.welcome(&Guest { edge: true, ..Guest::default() }).await?;
        let number = id.to_string();
        stage.refuses(&["node", "promote", &number], "certificate of an edge").await?;
        let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
        let other = stage.fleet.members().into_iter().find(|other| ![leader, place].contains(other));
        let other = other.ok_or_else(|| harness("two nodes"))?;
        let old = stage.fleet.id(other).to_string();
        stage.refuses(&["node", "replace", &old, &number], "certificate of an edge").await?;
        let made = stage.fleet.folder().join("issued");
        let words = ["ca", "issue", "--host", "127.0.0.1", "--node", &number];
        let mut command = crate::live::operator::command(stage.fleet.rakit(), words);
        command.arg("--dir").arg(stage.fleet.folder().join("made/ca")).arg("--out").arg(&made);
        let issued = crate::live::operator::run(command).await?;
        if !issued.done() {
            return Err(Trouble::Violation(format!("no certificates for an edge: {}", issued.complaint)));
        }
        stage.fleet.kill(place);
        let tls = stage.fleet.directory(place)?.join("tls");
        run_tool("cp", &["-a", &format!("{}/.", made.display()), &tls.display().to_string()])
            .map_err(harness)?;
        stage.fleet.start(&[place]).await?;
        stage.order(&["node", "promote", &number]).await?;
        voter(stage, id).await?;
        remove(stage, other).await?;
        stage.fleet.kill(other);
        Ok(())
    });
    step.await
}
