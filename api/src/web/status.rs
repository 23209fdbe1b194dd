//! The page about the cluster: members, leader, lag.
//!
//! Invariant: it shows what this node sees, and says so; it never waits for another node.

use askama::Template;

use crate::dto::text::grouped;
use crate::ports::{ClusterStatus, Freshness, MemberStatus};

use super::frame::{Conditions, Frame};
use super::words;

/// When a reader of this page should look again, in milliseconds.
const POLL_MS: u32 = 5_000;
/// What stands for a value that is not known.
const UNKNOWN: &str = "\u{2013}";

/// What the page shows.
#[derive(Template)]
#[template(path = "status.html")]
pub(super) struct StatusPage {
    frame: Frame,
    node: u64,
    index: String,
    leader_age: String,
    name: String,
    cluster: String,
    leader: String,
    term: u64,
    epoch: u64,
    level: u32,
    members: Vec<MemberLine>,
}

struct MemberLine {
    id: u64,
    here: bool,
    leader: bool,
    role: &'static str,
    reachable: bool,
    index: String,
    lag: String,
    release: String,
}

/// Words the status of the cluster.
pub(super) fn page(status: ClusterStatus, freshness: Freshness) -> StatusPage {
    let title = "Status simpul \u{2013} Rakit".to_owned();
    let mut frame = Frame::new(title, Conditions::quiet(freshness.leader_age_ms));
    frame.next_poll_ms = POLL_MS;
    frame.data_address = Some("/api/v1/status".to_owned());
    let leader = status.leader;
    let line = |member: MemberStatus| MemberLine {
        id: member.id.0,
        here: member.id == freshness.node,
        leader: Some(member.id) == leader,
        role: words::member_role(member.role),
        reachable: member.reachable,
        index: known(member.index),
        lag: known(member.lag),
        release: member.release.unwrap_or_else(|| UNKNOWN.to_owned()),
    };
    StatusPage {
        frame,
        node: freshness.node.0,
        index: grouped(freshness.index),
        leader_age: age(freshness.leader_age_ms),
        name: status.name,
        cluster: status.cluster,
        leader: leader.map_or_else(|| "belum diketahui".to_owned(), |leader| format!("simpul {}", leader.0)),
        term: status.term,
        epoch: status.epoch,
        level: status.level,
        members: status.nodes.into_iter().map(line).collect(),
    }
}

fn known(count: Option<u64>) -> String {
    count.map_or_else(|| UNKNOWN.to_owned(), grouped)
}

/// How long ago the leader was heard, in words that do not change with every millisecond.
fn age(leader_age_ms: i64) -> String {
    match u64::try_from(leader_age_ms) {
        Err(_) => "belum pernah terdengar".to_owned(),
        Ok(age_ms) if age_ms < 1_000 => "kurang dari 1 detik lalu".to_owned(),
        Ok(age_ms) => format!("{} detik lalu", grouped(age_ms / 1_000)),
    }
}
