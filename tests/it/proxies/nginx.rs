//! `docs/deploy/nginx.conf`: pages from a cache, officers straight through.
//!
//! Invariant: as in the module above. Debian's folders for temporary files are left alone too.

use super::promises as promised;
use super::{OWN, Place, Proxy, addresses_in_place, installed, nodes};
use tests::cluster::Cluster;

const PROGRAM: &str = "/usr/sbin/nginx";
/// Officers' lines need it; a package of its own.
const STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

async fn start(cluster: &Cluster) -> Proxy {
    let place = Place::new();
    let mut changes = addresses_in_place(cluster);
    let folder = place.path("");
    let temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"];
    let temporary = temporary.map(|kind| format!("    {kind}_temp_path {folder}{kind};\n")).concat();
    changes.extend([
        ("listen 80 ", format!("listen 127.0.0.1:{} ", place.public)),
        ("listen 8443;", format!("listen 127.0.0.1:{};", place.officers)),
        ("proxy_bind 127.0.0.1;", format!("proxy_bind {OWN};")),
        ("/run/nginx.pid", format!("{folder}pid")),
        ("/var/log/nginx/", folder.clone()),
        ("/var/lib/nginx/", folder.clone()),
        ("http {\n", format!("http {{\n{temporary}")),
    ]);
    let settings = place.file("nginx.conf", &changes);
    let settings = settings.display().to_string();
    place.run(cluster.http(), PROGRAM, &["-c", &settings, "-g", "daemon off;"]).await
}

#[tokio::test]
async fn pages_are_kept_and_outlive_the_nodes() {
    if !installed(&[PROGRAM, STREAM]) {
        return;
    }
    let cluster = nodes().await;
    let proxy = start(&cluster).await;
    let http = cluster.http();
    promised::a_page_is_asked_for_once(http, &proxy).await;
    promised::a_crowd_is_one(http, &proxy).await;
    promised::nothing_but_reading_passes(http, &proxy).await;
    promised::one_dead_is_not_noticed(&cluster, &proxy, 1).await;
    promised::officers_reach_nodes(&cluster, &proxy).await;
    promised::visitors_are_told_apart(&cluster, &proxy).await;
    promised::kept_pages_outlive_all_nodes(&cluster, &proxy).await;
}

#[tokio::test]
async fn events_are_not_held_back() {
    if !installed(&[PROGRAM, STREAM]) {
        return;
    }
    let cluster = nodes().await;
    let proxy = start(&cluster).await;
    promised::events_come_at_once(&cluster, &proxy).await;
}
