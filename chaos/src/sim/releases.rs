//! Releases: which one a node runs, roll-outs, going back, and the level that comes with the new one.
//!
//! Invariant: a node starts the release that is installed on it; an old one that finds the new level in force must refuse, and
//! nothing else may keep it from starting.

use cluster::Cluster;
use store::MemoryEngine;

use super::moment::{now_ms, sleep_ms};
use super::nemesis::Who;
use super::node::{LEVEL_NEW, LEVEL_OLD};
use super::strike::{OPERATOR_MS, asked, target};
use super::world::World;

/// An operator who rolls out waits so long for a node to come back before going on with the next.
const COME_BACK_MS: u64 = 3_000;

fn is_in_force(cluster: &Cluster<MemoryEngine>) -> bool {
    cluster.view().ledger().is_ok_and(|ledger| ledger.level >= LEVEL_NEW)
}

/// Asks for the new level at least once, until it is in force or it is that late; whether it is.
pub(super) async fn raise_level(world: &World, give_up_ms: u64) -> bool {
    world.ask_for_level();
    loop {
        sleep_ms(50).await;
        if let Some(node) = world.leader().and_then(|id| world.node(id)) {
            let raised = asked(&node, |cluster| async move {
                cluster.raise_level(LEVEL_NEW).await.is_ok() || is_in_force(&cluster)
            });
            if raised.await == Some(true) {
                return true;
            }
        }
        if now_ms() >= give_up_ms {
            return false;
        }
    }
}

/// Another release is installed on a node, which starts again with it.
async fn install(world: &World, id: u64, level_newest: u32) {
    let Some(site) = world.site(id) else { return };
    world.keep_down(id, false);
    site.install(level_newest);
    world.let_up(id).await;
}

/// The new release on every node, one after the other, and then its level.
pub(super) async fn roll_out(world: &World) {
    for id in world.ids() {
        install(world, id, LEVEL_NEW).await;
        let wanted =
            world.leader().and_then(|id| world.node(id)).map(|node| node.cluster.status().last_index);
        let give_up_ms = now_ms().saturating_add(COME_BACK_MS);
        while now_ms() < give_up_ms {
            sleep_ms(20).await;
            let reached = world.node(id).map(|node| *node.cluster.applied().borrow());
            if reached.is_some() && reached >= wanted {
                break;
            }
        }
    }
    raise_level(world, now_ms().saturating_add(OPERATOR_MS)).await;
}

/// A node runs the old release for a while.
pub(super) async fn go_back(world: &World, who: Who, during_ms: u64) {
    let Some(site) = target(world, who).and_then(|id| world.site(id)) else { return };
    let before = site.level_newest();
    install(world, site.id, LEVEL_OLD).await;
    sleep_ms(during_ms).await;
    install(world, site.id, before).await;
}
