//! Nodes that do not belong: those that were removed, that lost their data, that have another's, and invitations that
//! are not theirs.
//!
//! Invariant: none of them becomes a member, none disturbs those that are.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, interval};

use super::{PATIENCE, Stage};
use crate::doctor::{run as run_tool, write_file};
use crate::live::fleet::Guest;
use crate::live::operator;
use crate::live::workload::progress;
use crate::live::{Trouble, harness};

/// A node that may not run ends within so long.
const END_MAX: Duration = Duration::from_secs(30);
/// Writes during which a removed node knocks.
const KNOCKS: u64 = 300;
/// Exit code of a node whose data or certificates are not what they must be.
const PRECONDITION: &str = "exit status: 5";

/// A node that was taken out is started again: it is not ready, the term stays, and officers notice nothing.
pub(super) async fn comes_back(stage: &mut Stage<'_>, place: usize) -> Result<(), Trouble> {
    let term = term(stage).await?;
    let before = stage.roster().await?;
    stage.fleet.launch_only(place)?;
    progress(stage.history, KNOCKS).await?;
    let ready = !stage.fleet.ended(place) && stage.fleet.is_ready(place).await;
    let said = stage.fleet.last_lines(place, 1);
    stage.fleet.kill(place);
    if ready {
        return Err(Trouble::Violation("a removed node says that it is ready".to_owned()));
    }
    if self::term(stage).await? != term {
        return Err(Trouble::Violation("a removed node that came back made the others elect".to_owned()));
    }
    (stage.say)(&format!("a removed node came back and said: {said}"));
    super::course::unchanged("a removed node came back", stage, &before).await
}

async fn term(stage: &Stage<'_>) -> Result<u64, Trouble> {
    let began = Instant::now();
    let mut pace = interval(super::PACE);
    while began.elapsed() < PATIENCE {
        pace.tick().await;
        if let Some(leader) = stage.fleet.leader().await
            && let Ok(cluster) = stage.fleet.operator(leader)?.cluster().await
        {
            return Ok(cluster.value.term);
        }
    }
    Err(Trouble::Violation("nobody leads".to_owned()))
}

/// Starts a node that must end by itself; answers its last line.
async fn ends(stage: &mut Stage<'_>, place: usize, what: &str) -> Result<(), Trouble> {
    stage.fleet.launch_only(place)?;
    let began = Instant::now();
    let mut looks = interval(super::PACE);
    let status = loop {
        looks.tick().await;
        if let Some(status) = stage.fleet.how_ended(place) {
            break status;
        }
        if began.elapsed() > END_MAX {
            return Err(Trouble::Violation(format!("{what}: it runs")));
        }
    };
    let said = stage.fleet.last_lines(place, 1);
    if status != PRECONDITION || said.is_empty() {
        return Err(Trouble::Violation(format!("{what}: it ended with {status}, saying: {said}")));
    }
    (stage.say)(&format!("refused, {what}: {said}"));
    stage.report.refused = stage.report.refused.saturating_add(1);
    Ok(())
}

/// Invitations that are used twice, forged, or of another cluster; data of another cluster.
pub(super) async fn knock(stage: &mut Stage<'_>, short: bool) -> Result<(), Trouble> {
    let place = stage.fleet.add_empty(&Guest::default())?;
    let host = stage.fleet.host("knock", false).await?;
    let file = host.file.clone();
    let foreign = stage.fleet.foreign("foreign").await?;
    let roster = stage.roster().await?;

    // The authority of another cluster, and no authority's secret.
    let text = fs::read_to_string(&file).map_err(harness)?;
    let authority = fs::read_to_string(foreign.join("made/ca/ca.pem")).map_err(harness)?;
    let mut doctored: Value = serde_json::from_str(&text).map_err(harness)?;
    let mut forged = doctored.clone();
    set(&mut doctored, "authority", &authority)?;
    set(&mut forged, "secret", "never-invited-never-invited-never-invited-")?;
    let mut forgeries = vec![("a forged invitation", forged, "unauthenticated")];
    if !short {
        // Refused by the new node itself, after its patience.
        forgeries.push(("an invitation of another cluster", doctored, "invalid peer certificate"));
    }
    for (name, invitation, why) in forgeries {
        let path = stage.fleet.folder().join("doctored.json");
        write_file(&path, &invitation.to_string()).map_err(harness)?;
        let ended = stage.fleet.joined(place, &path, false).await?;
        stage.refused(name, &ended, why, &roster).await?;
        if stage.fleet.data_of(place)?.exists() {
            return Err(Trouble::Violation(format!("{name}: data was made")));
        }
    }
    let mut command = stage.fleet.order(&["node", "invite", "--minutes", "1"]);
    command
        .arg("--ca-dir")
        .arg(foreign.join("made/ca"))
        .arg("--out")
        .arg(stage.fleet.folder().join("no.json"));
    let ended = operator::run(command).await?;
    stage.refused("an invitation by another cluster's authority", &ended, "is of cluster", &roster).await?;

    // Used once; then by another.
    let joined = stage.fleet.joined(place, &file, false).await?;
    if !joined.done() {
        return Err(Trouble::Violation(format!("an invited node cannot join: {}", joined.complaint)));
    }
    let id = host.guest().await?;
    let second = stage.fleet.add_empty(&Guest::default())?;
    let roster = stage.roster().await?;
    let ended = stage.fleet.joined(second, &file, false).await?;
    stage.refused("an invitation used twice", &ended, "invalid-state", &roster).await?;
    let ended = stage.fleet.joined(place, &file, false).await?;
    stage.refused("a join into a directory that is not empty", &ended, "--again", &roster).await?;

    // Certificates of this cluster, data of another.
    let data = stage.fleet.data_of(place)?;
    fs::remove_dir_all(&data).map_err(harness)?;
    let other = foreign.join("made/node-1/data");
    run_tool("cp", &["-a", &other.display().to_string(), &data.display().to_string()]).map_err(harness)?;
    ends(stage, place, "another cluster's data").await?;
    stage.order(&["node", "remove", &id.to_string()]).await
}

fn set(invitation: &mut Value, key: &str, text: &str) -> Result<(), Trouble> {
    let place = invitation.get_mut(key).ok_or_else(|| harness(format!("no {key} in an invitation")))?;
    *place = Value::String(text.to_owned());
    Ok(())
}

/// A voter loses its data: under its number nothing goes; under a new one it comes back and takes its own place.
pub(super) async fn wiped(stage: &mut Stage<'_>) -> Result<(), Trouble> {
    let leader = stage.fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
    // One that came by invitation: the first ones' certificates lie elsewhere.
    let guests = stage.fleet.members().into_iter().filter(|place| *place >= super::super::fleet::NODES);
    let place =
        guests.into_iter().find(|place| *place != leader).ok_or_else(|| harness("no guest follows"))?;
    let old = stage.fleet.id(place).to_string();
    stage.fleet.kill(place);
    let host = stage.fleet.host("wiped", false).await?;
    let roster = stage.roster().await?;
    let ended = stage.fleet.joined(place, &host.file, false).await?;
    stage.refused("a join over data that is there", &ended, "--again", &roster).await?;
    fs::remove_dir_all(stage.fleet.data_of(place)?).map_err(harness)?;
    ends(stage, place, "a node whose data is gone").await?;
    let joined = stage.fleet.joined(place, &host.file, true).await?;
    if !joined.done() {
        return Err(Trouble::Violation(format!(
            "a node without data cannot come back: {}",
            joined.complaint
        )));
    }
    let id = host.guest().await?;
    stage.fleet.set_id(place, id);
    stage.fleet.start(&[place]).await?;
    stage.order(&["node", "replace", &old, &id.to_string()]).await?;
    super::course::voter(stage, id).await
}
