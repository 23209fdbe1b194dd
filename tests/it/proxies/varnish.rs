//! `docs/deploy/varnish.vcl`: pages from memory.
//!
//! Invariant: as in the module above. Only stores are smaller than the README has them.

use tests::cluster::Cluster;

use super::promises as promised;
use super::{Place, Proxy, addresses, installed, nodes};

const PROGRAM: &str = "/usr/sbin/varnishd";

async fn start(cluster: &Cluster) -> Proxy {
    let place = Place::new();
    let [public, _] = addresses(cluster);
    // All are on this machine; in the file they may be anywhere.
    let port = |node: usize| format!("\"{}\"", public[node].rsplit(':').next().expect("a port"));
    let settings =
        place.file("varnish.vcl", &[("\"8081\"", port(0)), ("\"8082\"", port(1)), ("\"8083\"", port(2))]);
    let (settings, own) = (settings.display().to_string(), place.path("varnish"));
    let listen = format!("127.0.0.1:{}", place.public);
    let mut words = vec!["-F", "-f", &settings, "-n", &own, "-a", &listen, "-T", "none"];
    words.extend(["-p", "backend_idle_timeout=20"]);
    for store in ["pages=malloc,32m", "attachments=malloc,32m", "Transient=malloc,32m"] {
        words.extend(["-s", store]);
    }
    place.run(cluster.http(), PROGRAM, &words).await
}

#[tokio::test]
async fn pages_are_kept_and_outlive_the_nodes() {
    if !installed(&[PROGRAM]) {
        return;
    }
    let cluster = nodes().await;
    let proxy = start(&cluster).await;
    let http = cluster.http();
    promised::a_page_is_asked_for_once(http, &proxy).await;
    promised::a_crowd_is_one(http, &proxy).await;
    promised::nothing_but_reading_passes(http, &proxy).await;
    promised::one_dead_is_not_noticed(&cluster, &proxy, 1).await;
    promised::kept_pages_outlive_all_nodes(&cluster, &proxy).await;
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
