//! File descriptors: as many as the system lets this process have, shared out before anything is opened.
//!
//! Invariant: listeners never get so many connections that the store is left without files: a store that cannot open one
//! ends the node. Where there are too few, the public gives way first.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::failure::Failure;
use crate::settings::Limits;
use crate::text;

/// What the store, peers, the scanner and everything else may have open: a whole country's tables are a few hundred.
const RESERVED: u64 = 512;
/// Connections without which a listener is of no use.
const CONNECTIONS_MIN: usize = 64;

/// Takes all descriptors that the system allows and makes the connection limits fit; a refusal says what to raise.
pub fn share_out(limits: &mut Limits) -> Result<(), Failure> {
    let allowed = getrlimit(Resource::Nofile);
    let all = Rlimit { current: allowed.maximum, maximum: allowed.maximum };
    let descriptors =
        if setrlimit(Resource::Nofile, all).is_ok() { allowed.maximum } else { allowed.current };
    // None is no limit.
    let Some(descriptors) = descriptors else { return Ok(()) };
    let wanted = (limits.public_connections, limits.officer_connections);
    if !fit(limits, descriptors) {
        return Err(Failure::precondition(text!(
            "hanya {descriptors} berkas boleh dibuka; naikkan LimitNOFILE (systemd) atau ulimit -n, paling sedikit 16384",
            "only {descriptors} files may be open; raise LimitNOFILE (systemd) or ulimit -n, to 16384 at least"
        )));
    }
    let (public, officer) = (limits.public_connections, limits.officer_connections);
    if (public, officer) != wanted {
        tracing::warn!(descriptors, public, officer, "fewer connections than set: too few files may be open");
    }
    Ok(())
}

/// Lowers the limits until all fit; `false` when they cannot.
fn fit(limits: &mut Limits, descriptors: u64) -> bool {
    let room = descriptors.saturating_sub(RESERVED);
    let room = usize::try_from(room).unwrap_or(usize::MAX).saturating_sub(limits.ops_connections);
    let officer = limits.officer_connections.min(room.saturating_sub(CONNECTIONS_MIN));
    let public = limits.public_connections.min(room.saturating_sub(officer));
    if officer < CONNECTIONS_MIN.min(limits.officer_connections)
        || public < CONNECTIONS_MIN.min(limits.public_connections)
    {
        return false;
    }
    limits.officer_connections = officer;
    limits.public_connections = public;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(descriptors: u64) -> Option<(usize, usize)> {
        let mut limits = Limits::default();
        fit(&mut limits, descriptors).then_some((limits.public_connections, limits.officer_connections))
    }

    #[test]
    fn the_public_gives_way_first() {
        assert_eq!(fitted(1 << 20), Some((4_096, 4_096)));
        assert_eq!(fitted(8_192), Some((3_520, 4_096)));
        assert_eq!(fitted(4_096), Some((64, 3_456)));
        assert_eq!(fitted(1_024), Some((64, 384)));
        assert_eq!(fitted(512), None);
    }
}
