//! Changes that meet another change, or the death of the leader that carries them out.
//!
//! Invariant: after it was said again a change is done, whole; a number of tries is no promise, an end is.

use std::time::Duration;

use futures_util::future::{Either, select, try_join};
use tokio::time::{Instant, sleep};

use super::course::{remove, voter};
use super::{Plan, Stage};
use crate::live::fleet::Guest;
use crate::live::operator;
use crate::live::{Trouble, harness};

/// When the leader dies, in percent of the time that an order takes: most of that is the command's own start.
const SHARES: [u32; 8] = [85, 60, 95, 70, 75, 90, 50, 80];

/// What an order takes on a machine that does little else.
const USUAL: Duration = Duration::from_millis(25);

/// Two promotions, then two removals, at once: each is done or refused with a reason, and both once they are said again.
pub(super) async fn two_at_once(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let (first, one) = stage.fleet.welcome(&Guest::default()).await?;
    let (second, two) = stage.fleet.welcome(&Guest::default()).await?;
    for verb in ["promote", "remove"] {
        let [one, two] = [one, two].map(|id| id.to_string());
        let (one, two) = (["node", verb, &one], ["node", verb, &two]);
        let both = try_join(operator::run(stage.fleet.order(&one)), operator::run(stage.fleet.order(&two)));
        let (first_ended, second_ended) = both.await?;
        for (words, ended) in [(&one, &first_ended), (&two, &second_ended)] {
            if !ended.done() {
                (stage.say)(&format!("beside another, {}: {}", words.join(" "), ended.complaint));
                if ended.complaint.is_empty() {
                    return Err(Trouble::Violation(format!("`rakit {}`: refused silently", words.join(" "))));
                }
                insist_beside(stage, words).await?;
            }
        }
    }
    for place in [first, second] {
        stage.fleet.set_member(place, false);
        stage.fleet.kill(place);
    }
    let roster = stage.roster().await?;
    if roster.contains_key(&one) || roster.contains_key(&two) {
        return Err(Trouble::Violation(format!("nodes {one} and {two} were removed: {roster:?}")));
    }
    Ok(())
}

/// What was refused only since another change was under way goes through now.
async fn insist_beside(stage: &Stage<'_>, words: &[&str]) -> Result<(), Trouble> {
    stage.insist(words).await.map(drop)
}

/// Changes during which the leader is killed. The first round is left alone, to see how long a change takes; a short run
/// takes that as known.
pub(super) async fn play(stage: &mut Stage<'_>, plan: &Plan) -> Result<(), Trouble> {
    let mut took = [USUAL; 2];
    for number in u32::from(plan.short)..=plan.interruptions {
        // Each round takes a guest in and out again, on the ground of the one before.
        let comes = async |stage: &mut Stage<'_>| stage.fleet.welcome(&Guest::default()).await;
        let (place, id) = stage.measured("a node comes, to be interrupted", comes).await?;
        for (verb, took) in ["promote", "remove"].into_iter().zip(&mut took) {
            let Some(percent) = number.checked_sub(1).and_then(share) else {
                *took = stage.measured(verb, async |stage| change(stage, verb, place, id).await).await?;
                continue;
            };
            let delay = took.saturating_mul(percent).checked_div(100).unwrap_or_default();
            let what = format!("{number}: {verb}, the leader killed after {} ms", delay.as_millis());
            stage.measured(&what, async |stage| interrupt(stage, verb, place, id, delay).await).await?;
        }
    }
    Ok(())
}

/// When the leader dies in that round, in percent of the time that the change takes.
fn share(round: u32) -> Option<u32> {
    let places = usize::try_from(round).ok()?.checked_rem(SHARES.len())?;
    SHARES.get(places).copied()
}

/// Lets the node in or out, undisturbed; answers how long the order took.
async fn change(stage: &mut Stage<'_>, verb: &str, place: usize, id: u64) -> Result<Duration, Trouble> {
    let began = Instant::now();
    stage.order(&["node", verb, &id.to_string()]).await?;
    let took = began.elapsed();
    settle(stage, verb, place, id).await?;
    Ok(took)
}

/// What must be once a change is done.
async fn settle(stage: &mut Stage<'_>, verb: &str, place: usize, id: u64) -> Result<(), Trouble> {
    if verb == "promote" {
        return voter(stage, id).await;
    }
    remove(stage, place).await?;
    stage.fleet.kill(place);
    Ok(())
}

async fn interrupt(
    stage: &mut Stage<'_>,
    verb: &str,
    place: usize,
    id: u64,
    delay: Duration,
) -> Result<(), Trouble> {
    let number = id.to_string();
    let words = ["node", verb, &number];
    let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
    let given = {
        let order = operator::run(stage.fleet.order(&words));
        match select(std::pin::pin!(order), std::pin::pin!(sleep(delay))).await {
            Either::Left((ended, _)) => ended?.done(),
            Either::Right(_) => false,
        }
        // Here the operator's command dies as well, if it has not ended: it would say it again by itself.
    };
    stage.fleet.kill(leader);
    stage.report.interrupted = stage.report.interrupted.saturating_add(1);
    if !given {
        stage.report.said_again = stage.report.said_again.saturating_add(1);
    }
    stage.insist(&words).await?;
    if leader != place || verb == "promote" {
        stage.fleet.start(&[leader]).await?;
    }
    settle(stage, verb, place, id).await
}
