//! Faults of nodes' machines: processes, power, disks, clocks; and what operators do to nodes.
//!
//! Invariant: when one of these returns, every process runs and is ready, every disk has power and room, every clock is right.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::super::watch::Silence;
use super::{Kind, Strike};
use crate::live::fleet::Fleet;
use crate::live::{Fault, Trouble, harness};

/// Longest that a planned stop may take: hand-over, last flush.
const STOP_MAX: Duration = Duration::from_secs(30);
const LOOK_PACE: Duration = Duration::from_millis(10);
/// Longest wait for whoever asks a node that is left alone for everything; what it does not answer is a complaint of theirs.
const VISIT_MAX: Duration = Duration::from_secs(40);
/// How far a wrong clock is off: more than any node forgives.
const SKEW_SECONDS: i64 = 600;

/// How much shorter a kill is whose node comes back before the others can have noticed.
const QUICK: u32 = 8;

/// `kill -9`; one that is not alone stays away for a while, or for so short that an election may not have begun.
pub(super) async fn kill(strike: &Strike, fleet: &mut Fleet) -> Result<(), Trouble> {
    strike.nodes.iter().for_each(|node| fleet.kill(*node));
    if strike.kind != Kind::KillAll {
        let hold = if strike.first_way { strike.hold.checked_div(QUICK) } else { None };
        sleep(hold.unwrap_or(strike.hold)).await;
    }
    fleet.start(&strike.nodes).await.map(drop)
}

/// `kill -9` of all but one, which then has nobody to lead it or to follow it; at least until it was asked for everything.
pub(super) async fn leave_one(strike: &Strike, fleet: &mut Fleet, silence: &Silence) -> Result<(), Trouble> {
    let lonely = fleet.members().into_iter().find(|node| !strike.nodes.contains(node));
    let lonely = lonely.ok_or_else(|| harness("nobody is left"))?;
    strike.nodes.iter().for_each(|node| fleet.kill(*node));
    let (began, before) = (Instant::now(), silence.visits());
    silence.leaves_alone(lonely);
    sleep(strike.hold).await;
    while silence.visits() == before && began.elapsed() < VISIT_MAX {
        sleep(LOOK_PACE).await;
    }
    // Before anybody can tell it something new.
    silence.ends();
    fleet.start(&strike.nodes).await.map(drop)
}

/// `SIGSTOP`, and `SIGCONT` after a while.
pub(super) async fn pause(strike: &Strike, fleet: &Fleet) -> Result<(), Trouble> {
    for node in &strike.nodes {
        fleet.signal(*node, Signal::STOP).map_err(harness)?;
    }
    sleep(strike.hold).await;
    for node in &strike.nodes {
        fleet.signal(*node, Signal::CONT).map_err(harness)?;
    }
    Ok(())
}

/// The same as a round of the scenario `crash`, without its questions.
pub(super) async fn crash(strike: &Strike, fleet: &mut Fleet, fault: Fault) -> Result<(), Trouble> {
    fault.strike(fleet, &strike.nodes, strike.first_way).await?;
    fleet.revive(&strike.nodes).await.map(drop)
}

/// Nodes' clocks are wrong for long enough that they notice: they ask each other every two seconds.
pub(super) async fn skew(strike: &Strike, fleet: &Fleet) -> Result<(), Trouble> {
    let seconds = if strike.first_way { SKEW_SECONDS } else { SKEW_SECONDS.saturating_neg() };
    strike.nodes.iter().try_for_each(|node| fleet.set_clock(*node, seconds))?;
    sleep(strike.hold.saturating_mul(4)).await;
    strike.nodes.iter().try_for_each(|node| fleet.set_clock(*node, 0))
}

/// Leadership is handed over.
pub(super) async fn hand_over(fleet: &Fleet) -> Result<(), Trouble> {
    let operator = fleet.operators().next().ok_or_else(|| harness("no nodes"))?;
    let handed = operator.transfer(None).await;
    handed.map(drop).map_err(|error| Trouble::Violation(format!("a hand-over was refused: {error}")))
}

/// Node after node is drained, stopped as planned and started again, as when a new release is rolled out.
pub(super) async fn roll_out(strike: &Strike, fleet: &mut Fleet) -> Result<(), Trouble> {
    for node in &strike.nodes {
        let id = fleet.id(*node);
        let drained = fleet.operator(*node)?.drain().await;
        drained.map_err(|error| Trouble::Violation(format!("node {id} does not drain: {error}")))?;
        fleet.signal(*node, Signal::TERM).map_err(harness)?;
        let began = Instant::now();
        let how = loop {
            if let Some(how) = fleet.how_ended(*node) {
                break how;
            }
            if began.elapsed() > STOP_MAX {
                return Err(Trouble::Violation(format!(
                    "node {id} does not end within {} s of SIGTERM",
                    STOP_MAX.as_secs()
                )));
            }
            sleep(LOOK_PACE).await;
        };
        if !how.contains("exit status: 0") {
            return Err(Trouble::Violation(format!("node {id} was told to stop and ended with {how}")));
        }
        // One that starts is in use again.
        fleet.start(&[*node]).await?;
    }
    Ok(())
}
