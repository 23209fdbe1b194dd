//! openraft's settings, made from ours. Every value that is not openraft's default has its reason here.
//!
//! Invariant: nothing is left to a default that is known to lose data (`enable_leader_restore`).

use openraft::{Config, SnapshotPolicy};

use crate::error::StartError;
use crate::settings::Settings;
use crate::timers::Timers;

/// `may_lead` is false for a node whose state is set apart.
pub(crate) fn config(settings: &Settings, may_lead: bool) -> Result<Config, StartError> {
    let Timers { heartbeat_ms, election_min_ms, election_max_ms } = settings.timers;
    if let Some(problem) = settings.timers.check() {
        return Err(StartError::Settings(problem.into()));
    }
    let config = Config {
        cluster_name: tally::ids::hex(&settings.cluster),
        heartbeat_interval: heartbeat_ms,
        election_timeout_min: election_min_ms,
        election_timeout_max: election_max_ms,
        // A leader that restarts without an election may lead over a log it has lost the end of (F1).
        enable_leader_restore: Some(crate::simulation::restores_leaders()),
        // A node that comes back must not unseat a leader that others still follow.
        enable_pre_vote: Some(true),
        // Without it, a leader cut off one way keeps the others from electing.
        quorum_loss_probe_interval: Some(election_max_ms.saturating_mul(3)),
        // Snapshots and purges are ours, by bytes and by what is on disk (9.1).
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        // An edge never stands for election, nor does a node whose state is wrong.
        enable_elect: !settings.edge && may_lead,
        allow_log_reversion: Some(false),
        // Bounds an append together with its bytes.
        max_payload_entries: 1_024,
        ..Config::default()
    };
    config.validate().map_err(|error| StartError::Settings(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tally::ids::NodeId;

    #[test]
    fn every_profile_is_taken_and_restore_is_off() {
        for timers in [Timers::FAST, Timers::LAN, Timers::WAN] {
            let settings = Settings { timers, ..Settings::new(NodeId(1), [1; 16], [2; 16]) };
            let config = config(&settings, true).unwrap();
            assert_eq!(config.enable_leader_restore, Some(false));
            assert_eq!(config.enable_pre_vote, Some(true));
            assert!(config.quorum_loss_probe_interval.is_some());
        }
    }

    #[test]
    fn timers_that_cannot_work_are_refused() {
        let timers = Timers { heartbeat_ms: 100, election_min_ms: 150, election_max_ms: 200 };
        let settings = Settings { timers, ..Settings::new(NodeId(1), [1; 16], [2; 16]) };
        assert!(matches!(config(&settings, true), Err(StartError::Settings(_))));
    }
}
