//! `docs/deploy/haproxy.cfg`: whoever lives is asked, officers straight through; two seconds of cache and no more.
//!
//! Invariant: as in the module above. Who is not root cannot become somebody else, so those lines go then.

use rustix::process::geteuid;
use tests::cluster::Cluster;

use super::promises as promised;
use super::{OWN, Place, Proxy, addresses_in_place, installed, nodes};

const PROGRAM: &str = "/usr/sbin/haproxy";
const OTHERS: &str = "    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n";

async fn start(cluster: &Cluster) -> Proxy {
    let place = Place::new();
    let mut changes = addresses_in_place(cluster);
    let others = if geteuid().is_root() { OTHERS } else { "" };
    changes.extend([
        ("setenv PUBLIC :80\n", format!("setenv PUBLIC 127.0.0.1:{}\n", place.public)),
        ("setenv OFFICERS :8443\n", format!("setenv OFFICERS 127.0.0.1:{}\n", place.officers)),
        ("setenv OWN 127.0.0.1\n", format!("setenv OWN {OWN}\n")),
        (OTHERS, others.to_owned()),
    ]);
    let settings = place.file("haproxy.cfg", &changes);
    let settings = settings.display().to_string();
    place.run(cluster.http(), PROGRAM, &["-db", "-f", &settings]).await
}

#[tokio::test]
async fn whoever_lives_is_asked() {
    if !installed(&[PROGRAM]) {
        return;
    }
    let cluster = nodes().await;
    let proxy = start(&cluster).await;
    let http = cluster.http();
    promised::a_page_is_asked_for_once(http, &proxy).await;
    promised::nothing_but_reading_passes(http, &proxy).await;
    promised::one_dead_is_not_noticed(&cluster, &proxy, 1).await;
    promised::officers_reach_nodes(&cluster, &proxy).await;
    promised::visitors_are_told_apart(&cluster, &proxy).await;
    promised::kill_all(&cluster).await;
    promised::nothing_kept_is_said(http, &proxy).await;
}

#[tokio::test]
async fn events_are_not_held_back() {
    if !installed(&[PROGRAM]) {
        return;
    }
    let cluster = nodes().await;
    let proxy = start(&cluster).await;
    promised::events_come_at_once(&cluster, &proxy).await;
}
