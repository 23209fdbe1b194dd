//! The cluster's authority is replaced while everybody works, step by step as docs/operating/certificates.md says.
//!
//! Invariant: when it is over, nodes and officers trust the new authority and nothing else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::live::fleet::Fleet;
use crate::live::hosts::Hosts;
use crate::live::{Trouble, harness, operator};

/// Nodes look at their files every five seconds.
const TAKEN_MAX: Duration = Duration::from_secs(30);
const LOOK_PACE: Duration = Duration::from_millis(100);
/// What a node writes when it has taken new files.
const TAKEN: &str = "new certificates are in use";
/// Files of a node, keys first: while a key does not fit its certificate, neither is taken.
const FILES: [&str; 5] = ["peer-key.pem", "server-key.pem", "peer.pem", "server.pem", "ca.pem"];

/// See the module.
pub(super) async fn replace(fleet: &Fleet) -> Result<(), Trouble> {
    let authority = fleet.folder().join("made/ca");
    order(fleet, &["rotate"], &authority).await?;
    trust(fleet, &authority).await?;
    let fresh = tempfile::tempdir_in(fleet.folder()).map_err(harness)?;
    let taken = all_taken(fleet)?;
    for place in fleet.members() {
        let (id, new) = (fleet.id(place).to_string(), fresh.path().join(place.to_string()));
        let (host, out) = (Hosts::address(place), new.display().to_string());
        let hosts = if fleet.hosts().is_some() { vec!["--host", &*host] } else { Vec::new() };
        let words = [&["issue", "--node", &*id, "--host", "127.0.0.1", "--out", &*out], &*hosts].concat();
        order(fleet, &words, &authority).await?;
        for file in FILES {
            copy(&new.join(file), &tls(fleet, place)?.join(file))?;
        }
    }
    wait(fleet, &taken).await?;
    order(fleet, &["rotate", "--finish"], &authority).await?;
    trust(fleet, &authority).await
}

/// Types `rakit ca`.
async fn order(fleet: &Fleet, words: &[&str], authority: &Path) -> Result<(), Trouble> {
    let mut command = operator::command(fleet.rakit(), [&["ca"], words].concat());
    command.arg("--dir").arg(authority);
    let ended = operator::run(command).await?;
    if ended.done() {
        return Ok(());
    }
    Err(Trouble::Violation(format!("rakit ca {}: {}", words.join(" "), ended.complaint)))
}

/// Nodes and officers trust what stands in the authority's file now.
async fn trust(fleet: &Fleet, authority: &Path) -> Result<(), Trouble> {
    let (file, taken) = (authority.join("ca.pem"), all_taken(fleet)?);
    fleet.trust(&std::fs::read(&file).map_err(harness)?)?;
    for place in fleet.members() {
        copy(&file, &tls(fleet, place)?.join("ca.pem"))?;
    }
    wait(fleet, &taken).await
}

fn tls(fleet: &Fleet, place: usize) -> Result<PathBuf, Trouble> {
    Ok(fleet.directory(place)?.join("tls"))
}

fn copy(from: &Path, to: &Path) -> Result<(), Trouble> {
    std::fs::copy(from, to).map(drop).map_err(harness)
}

/// How often each node has taken new files.
fn all_taken(fleet: &Fleet) -> Result<Vec<(usize, usize)>, Trouble> {
    let taken = |place: usize| Ok((place, fleet.words(place)?.matches(TAKEN).count()));
    fleet.members().into_iter().map(taken).collect()
}

/// Waits until every node has taken what lies there now.
async fn wait(fleet: &Fleet, before: &[(usize, usize)]) -> Result<(), Trouble> {
    let began = Instant::now();
    loop {
        let now = all_taken(fleet)?;
        let waiting = now.iter().zip(before).find(|(now, before)| now.1 <= before.1);
        let Some(((place, _), _)) = waiting else { return Ok(()) };
        if began.elapsed() > TAKEN_MAX {
            let (id, seconds) = (fleet.id(*place), TAKEN_MAX.as_secs());
            return Err(Trouble::Violation(format!(
                "node {id} has not taken new certificates within {seconds} s"
            )));
        }
        sleep(LOOK_PACE).await;
    }
}
