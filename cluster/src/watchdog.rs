//! A thread that watches the log's disk, sharing no lock with anything that could wait for it.
//!
//! Invariant: a node whose disk hangs stops taking proposals, then stops leading, then ends (9.1).

use std::io;
use std::time::Duration;

use store::Engine;

use crate::handle::Cluster;
use crate::{runtime, simulation};

const ROUND: Duration = Duration::from_millis(50);
/// A round that is later than this was not late because of the machine's other work: the process was stopped.
const OVERSLEPT: Duration = Duration::from_millis(500);
/// A write that waits so long for the disk ends the process: only then does another node surely take over.
const ABORT_MS: u64 = 10_000;

/// What the age of the oldest unsynced write calls for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    Fine,
    CloseAdmission,
    StopHeartbeats,
    Abort,
}

fn step(oldest_unsynced_ms: u64, election_max_ms: u64) -> Step {
    if oldest_unsynced_ms > ABORT_MS {
        Step::Abort
    } else if oldest_unsynced_ms > election_max_ms.saturating_mul(3) {
        Step::StopHeartbeats
    } else if oldest_unsynced_ms > election_max_ms.saturating_mul(2) {
        Step::CloseAdmission
    } else {
        Step::Fine
    }
}

/// Starts the thread; in the simulator, which has none, a task. `election_max_ms` is the one the node was set to: a disk
/// that hangs is not waited for longer because it is slow.
pub(crate) fn spawn<E: Engine>(cluster: &Cluster<E>, election_max_ms: u64) -> io::Result<()> {
    let cluster = cluster.clone();
    if cluster.inner.settings.apply_inline {
        runtime::spawn(async move {
            let mut before = Step::Fine;
            while !cluster.is_stopping() {
                runtime::sleep(ROUND).await;
                before = watch(&cluster, before, cluster.inner.log.oldest_unsynced_ms(), election_max_ms);
            }
        });
        return Ok(());
    }
    std::thread::Builder::new().name("rakit-watchdog".into()).spawn(move || {
        let mut before = Step::Fine;
        let mut asleep = Asleep::default();
        while !cluster.is_stopping() {
            let began = runtime::now();
            std::thread::park_timeout(ROUND);
            let unsynced_ms = cluster.inner.log.oldest_unsynced_ms();
            let unsynced_ms = asleep.correct(unsynced_ms, runtime::since(began));
            before = watch(&cluster, before, unsynced_ms, election_max_ms);
        }
    })?;
    Ok(())
}

/// Time in which this process did not run: the disk is not to blame for it.
#[derive(Debug, Default)]
struct Asleep(u64);

impl Asleep {
    /// The age of the oldest unsynced write without the time that this thread overslept since it was written.
    fn correct(&mut self, unsynced_ms: u64, round: Duration) -> u64 {
        let late = round.saturating_sub(ROUND);
        if late >= OVERSLEPT {
            self.0 = self.0.saturating_add(u64::try_from(late.as_millis()).unwrap_or(u64::MAX));
        }
        if unsynced_ms == 0 {
            self.0 = 0;
        }
        unsynced_ms.saturating_sub(self.0)
    }
}

fn watch<E: Engine>(cluster: &Cluster<E>, before: Step, unsynced_ms: u64, election_max_ms: u64) -> Step {
    let step = step(unsynced_ms, election_max_ms);
    if step == before {
        return step;
    }
    tracing::warn!(unsynced_ms, ?step, "the log's disk");
    if step == Step::Abort {
        abort(unsynced_ms);
    }
    cluster.inner.admission.set_closed(step >= Step::CloseAdmission);
    if before == Step::Fine {
        cluster.inner.hand_over.notify_one();
    }
    cluster.inner.raft.runtime_config().heartbeat(step < Step::StopHeartbeats);
    step
}

#[expect(
    clippy::disallowed_methods,
    reason = "a write that the disk never finishes must not keep this node alive"
)]
fn abort(unsynced_ms: u64) {
    tracing::error!(unsynced_ms, "a write waited too long for the disk; this node ends");
    if !simulation::end_current() {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_slept_does_not_blame_its_disk() {
        let mut asleep = Asleep::default();
        assert_eq!(asleep.correct(40, ROUND), 40);
        assert_eq!(asleep.correct(10_040, ROUND + Duration::from_secs(10)), 40);
        // The disk really hangs: from here on it counts.
        assert_eq!(asleep.correct(10_540, ROUND * 2), 540);
        assert_eq!(asleep.correct(0, ROUND), 0);
        assert_eq!(asleep.correct(700, ROUND), 700);
    }

    #[test]
    fn a_hanging_disk_costs_more_the_longer_it_hangs() {
        let cases = [
            (0, Step::Fine),
            (400, Step::Fine),
            (401, Step::CloseAdmission),
            (601, Step::StopHeartbeats),
            (10_000, Step::StopHeartbeats),
            (10_001, Step::Abort),
        ];
        for (unsynced_ms, expected) in cases {
            assert_eq!(step(unsynced_ms, 200), expected, "{unsynced_ms} ms");
        }
    }
}
