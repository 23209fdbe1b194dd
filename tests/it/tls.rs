//! Who may connect: officers only over TLS, peers only with a certificate of this cluster and their own id.

use std::path::{Path, PathBuf};

use tests::client::{send, trusting};
use tests::cluster::Cluster;
use tests::program::{Ended, rakit, run};
use tokio::process::Command;

#[tokio::test]
async fn officers_are_served_over_tls_only() {
    let cluster = Cluster::empty().await;
    let base = &cluster.nodes()[0].officer;
    assert!(base.starts_with("https://"), "{base}");
    let plain = base.replace("https://", "http://");
    assert!(
        send(cluster.http().get(format!("{plain}/api/v1/status"))).await.is_err(),
        "plain HTTP was answered"
    );

    let folder = cluster.folder().join("other");
    drop(rakit(["ca", "init", "--dir", folder.to_str().unwrap(), "--cluster", "lain"]).await.expect_code(0));
    let stranger = trusting(&std::fs::read(folder.join("ca.pem")).unwrap());
    assert!(
        send(stranger.get(format!("{base}/api/v1/status"))).await.is_err(),
        "another authority was trusted"
    );
    drop(send(cluster.http().get(format!("{base}/api/v1/status"))).await.unwrap());
}

/// Certificate and key of a peer.
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

impl Identity {
    fn in_folder(folder: &Path) -> Self {
        Self { certificate: folder.join("peer.pem"), key: folder.join("peer-key.pem") }
    }
}

/// Opens a TLS connection to a peer port with a client that is not ours; `stay` waits for the other side.
async fn connect(address: &str, authority: &Path, identity: Option<&Identity>, stay: bool) -> Ended {
    let mut command = Command::new("timeout");
    command.args(["20", "openssl", "s_client", "-connect", address, "-alpn", "h2", "-brief", "-CAfile"]);
    command.arg(authority).arg(if stay { "-ign_eof" } else { "-no_ign_eof" });
    if let Some(Identity { certificate, key }) = identity {
        command.arg("-cert").arg(certificate).arg("-key").arg(key);
    }
    run(&mut command).await
}

fn refused(ended: &Ended) -> bool {
    // TLS 1.3 tells a client that its certificate is not accepted only after its own handshake is done.
    ended.code != 124 && ended.stderr.contains("alert")
}

#[tokio::test]
async fn peers_need_a_certificate_of_this_cluster() {
    let cluster = Cluster::empty().await;
    let public: u16 =
        cluster.nodes()[0].public.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let address = format!("127.0.0.1:{}", public + 2);
    let authority = cluster.authority_path();

    let member = Identity::in_folder(&cluster.nodes()[1].dir.join("tls"));
    let welcome = connect(&address, authority, Some(&member), false).await;
    assert!(
        welcome.stderr.contains("CONNECTION ESTABLISHED") && !welcome.stderr.contains("alert"),
        "{welcome:?}"
    );

    let nobody = connect(&address, authority, None, true).await;
    assert!(refused(&nobody), "a peer without a certificate was let in: {nobody:?}");

    let folder = cluster.folder().join("other");
    let (dir, out) = (folder.join("ca"), folder.join("out"));
    let dir_text = dir.to_str().unwrap();
    drop(rakit(["ca", "init", "--dir", dir_text, "--cluster", "lain"]).await.expect_code(0));
    let issue = [
        "ca",
        "issue",
        "--dir",
        dir_text,
        "--node",
        "2",
        "--host",
        "127.0.0.1",
        "--out",
        out.to_str().unwrap(),
    ];
    drop(rakit(issue).await.expect_code(0));
    let stranger = connect(&address, authority, Some(&Identity::in_folder(&out)), true).await;
    assert!(refused(&stranger), "a peer of another cluster was let in: {stranger:?}");
}
