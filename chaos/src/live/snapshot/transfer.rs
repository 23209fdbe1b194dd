//! The transfer: an empty node joins, the way to it is cut, and what officers and heartbeats meet meanwhile.
//!
//! Invariant: the door in front of the node lets in what is due before the next cut and hardly a byte more, so that every
//! cut meets a transfer under way.

use std::cell::Cell;
use std::time::Duration;

use api::client::{Call, Client};
use futures_util::future::join;
use http::Method;
use tokio::time::{Instant, interval};

use super::proxy::Proxy;
use super::{Plan, Report, mebibytes};
use crate::live::fleet::{Fleet, Guest};
use crate::live::history::History;
use crate::live::transport::HttpTransport;
use crate::live::workload::progress;
use crate::live::{Trouble, harness};

/// Writes before the transfer that say what is usual.
const USUAL_WRITES: u64 = 2_000;
/// Longest that the log may stay uncut, that a part of the transfer may take, and that the rest may.
const PURGE_MAX: Duration = Duration::from_mins(1);
const PART_MAX: Duration = Duration::from_mins(5);
const READY_MAX: Duration = Duration::from_mins(15);
const PACE: Duration = Duration::from_millis(5);
/// Between two looks at how long ago each voter heard of a leader.
const AGE_PACE: Duration = Duration::from_millis(20);

/// Before anybody writes: whoever leads later has a snapshot to send, and no log that would do instead.
pub(super) async fn prepare(fleet: &Fleet) -> Result<(), Trouble> {
    for member in fleet.members() {
        fleet.build_snapshot(member).await?;
        let cut = async || fleet.metric(member, "rakit_raft_purged_index").await > 0;
        until("the log is not cut behind the snapshot", PURGE_MAX, cut).await?;
    }
    Ok(())
}

pub(super) async fn play(
    fleet: &mut Fleet,
    door: &Proxy,
    history: &History,
    plan: &Plan,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    let voters = fleet.watchers();
    history.watch();
    report.age_before_ms = oldest(&voters, progress(history, USUAL_WRITES)).await?.0;
    report.before = history.times(99);

    let guest = Guest { edge: false, advertised: Some(format!("127.0.0.1:{}", fleet.spare_port())) };
    let place = fleet.add_empty(&guest)?;
    let id = fleet.admit(place, &guest, false).await?;
    let term = term(fleet).await?;
    history.watch();
    report.age_during_ms = oldest(&voters, course(fleet, place, door, plan, report, say)).await?.0;
    report.during = history.times(99);
    report.gap = history.longest_gap();
    report.passed_bytes = door.passed();
    report.leader_changes = self::term(fleet).await?.saturating_sub(term);
    report.resumed_bytes = fleet.metric(place, "rakit_snapshot_resumed_bytes_total").await;
    for member in fleet.members() {
        let sent = fleet.metric(member, "rakit_snapshot_sent_bytes_total").await;
        report.sent_bytes = report.sent_bytes.saturating_add(sent);
    }
    let promoted = fleet.ordered(&["node", "promote", &id.to_string()]).await?;
    if promoted.done() {
        return Ok(());
    }
    Err(Trouble::Violation(format!("the new node cannot vote: {}", promoted.complaint)))
}

/// From the start of the empty node to its being ready.
async fn course(
    fleet: &mut Fleet,
    place: usize,
    door: &Proxy,
    plan: &Plan,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<(), Trouble> {
    let began = Instant::now();
    let parts = u64::from(plan.cuts).saturating_add(1);
    let mark = |number: u32| report.snapshot_bytes.saturating_mul(u64::from(number)).div_euclid(parts);
    let marks: Vec<u64> = (1..=plan.cuts).map(mark).collect();
    for (number, mark) in (0_u32..).zip(marks) {
        door.set_mark(mark);
        if number == 0 {
            fleet.launch_only(place)?;
        }
        until("a part of the snapshot does not arrive", PART_MAX, async || door.passed() >= mark).await?;
        let what = match number.checked_rem(3) {
            Some(0) => {
                fleet.kill(place);
                door.slam();
                fleet.launch_only(place)?;
                "the receiver was killed"
            }
            Some(1) => {
                door.slam();
                "its connections were ended"
            }
            _ => {
                let leader = fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
                fleet.kill(leader);
                report.planted = report.planted.saturating_add(1);
                door.slam();
                fleet.start(&[leader]).await?;
                "the leader was killed"
            }
        };
        report.cuts = report.cuts.saturating_add(1);
        let at = began.elapsed().as_millis();
        say(&format!(
            "{what} after {} of {} MiB, {at} ms",
            mebibytes(mark),
            mebibytes(report.snapshot_bytes)
        ));
    }
    door.set_mark(u64::MAX);
    if plan.cuts == 0 {
        fleet.launch_only(place)?;
    }
    let whole = report.snapshot_bytes;
    until("the rest of the snapshot does not arrive", PART_MAX, async || door.passed() >= whole).await?;
    report.transferred_in = began.elapsed();
    until("the new node does not become ready", READY_MAX, async || fleet.is_ready(place).await).await?;
    report.ready_in = began.elapsed();
    if fleet.metric(place, "rakit_raft_snapshot_index").await == 0 {
        return Err(Trouble::Violation("the new node has no snapshot".to_owned()));
    }
    Ok(())
}

async fn until(what: &str, patience: Duration, holds: impl AsyncFn() -> bool) -> Result<(), Trouble> {
    let began = Instant::now();
    let mut pace = interval(PACE);
    while !holds().await {
        pace.tick().await;
        if began.elapsed() > patience {
            return Err(Trouble::Violation(format!("{what} in {} s", patience.as_secs())));
        }
    }
    Ok(())
}

async fn term(fleet: &Fleet) -> Result<u64, Trouble> {
    let leader = fleet.leader().await.ok_or_else(|| harness("nobody leads"))?;
    fleet.operator(leader)?.cluster().await.map(|cluster| cluster.value.term).map_err(harness)
}

/// Does something, and looks meanwhile how old each voter says to be, as long as it answers: the most that was seen, in
/// milliseconds.
async fn oldest<T>(
    voters: &[Client<HttpTransport>],
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<(u64, T), Trouble> {
    let stop = Cell::new(false);
    let look = async {
        let (mut oldest, mut pace) = (0, interval(AGE_PACE));
        // What each said last, and when: one that does not answer grows older.
        let mut last = vec![(0, Instant::now()); voters.len()];
        while !stop.get() {
            pace.tick().await;
            for (voter, last) in voters.iter().zip(&mut last) {
                if let Some(age_ms) = age_ms(voter).await {
                    *last = (age_ms, Instant::now());
                }
                let silent_ms = u64::try_from(last.1.elapsed().as_millis()).unwrap_or(u64::MAX);
                oldest = oldest.max(last.0.saturating_add(silent_ms));
            }
        }
        oldest
    };
    let work = async {
        let done = work.await;
        stop.set(true);
        done
    };
    let (oldest, done) = join(look, work).await;
    Ok((oldest, done?))
}

async fn age_ms(voter: &Client<HttpTransport>) -> Option<u64> {
    let (response, _) = voter.send(&Call::new(Method::GET, "/api/v1/status")).await.ok()?;
    response.headers().get("rakit-leader-age-ms")?.to_str().ok()?.parse().ok()
}
