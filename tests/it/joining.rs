//! Nodes come into a running cluster by invitation, vote, come back under a new number, and go.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tests::client::send;
use tests::cluster::Cluster;
use tests::form;
use tests::guest::Guest;
use tests::program::{Ended, path_of, rakit};
use tests::register::{CONTEST, stations};
use tests::wait;

/// `rakit node invite`, waiting for its guest.
pub(crate) struct Host(Child);

impl Host {
    /// Invites one node, with more flags.
    pub(crate) async fn invite(cluster: &Cluster, invitation: &Path, more: &[&str]) -> Self {
        let child = Command::new(path_of("rakit"))
            .args(["--json", "node", "invite", "--cluster"])
            .arg(cluster.file_path())
            .arg("--ca-dir")
            .arg(cluster.authority_path().parent().unwrap())
            .arg("--out")
            .arg(invitation)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("rakit starts");
        let host = Self(child);
        wait::until("the invitation", async || invitation.exists().then_some(())).await;
        host
    }

    /// The number that the guest got.
    pub(crate) async fn guest(&mut self) -> u64 {
        let status = wait::until("the end of the invitation", async || self.0.try_wait().unwrap()).await;
        assert!(status.success(), "{status}");
        let mut text = String::new();
        std::io::Read::read_to_string(self.0.stdout.as_mut().unwrap(), &mut text).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["id"].as_u64().unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) async fn join(guest: &Guest, invitation: &Path, more: &[&str]) -> Ended {
    let (invitation, settings) = (invitation.to_str().unwrap(), guest.settings());
    let mut arguments = vec![
        "join",
        "--invitation",
        invitation,
        "--config",
        settings.to_str().unwrap(),
        "--host",
        "127.0.0.1",
    ];
    arguments.extend(more);
    rakit(arguments).await
}

async fn node(cluster: &Cluster, verb: &str, id: u64) -> Ended {
    let file = cluster.file_path();
    rakit(["node", verb, &id.to_string(), "--cluster", file.to_str().unwrap()]).await
}

async fn role(cluster: &Cluster, id: u64) -> Option<String> {
    let status = cluster.ops(0, "/api/v1/cluster").await?.json();
    let member = status["nodes"].as_array()?.iter().find(|member| member["id"] == id)?;
    Some(member["role"].as_str()?.to_owned())
}

#[tokio::test]
async fn a_node_joins_votes_comes_back_anew_and_goes() {
    let cluster = Cluster::with_register().await;
    let officer = cluster.admin(0).await;
    let invitation = cluster.folder().join("invitation.json");
    let mut host = Host::invite(&cluster, &invitation, &[]).await;
    let mut guest = Guest::new(&cluster, "guest");
    drop(join(&guest, &invitation, &[]).await.expect_code(0));
    assert_eq!(host.guest().await, 4);
    // One invitation, one node.
    let second = Guest::new(&cluster, "second");
    let refused = join(&second, &invitation, &[]).await.expect_code(5);
    assert!(refused.stderr.contains("invalid-state"), "{refused:?}");
    assert!(!second.dir().join("data").exists());

    guest.serve();
    drop(node(&cluster, "promote", 4).await.expect_code(0));
    assert_eq!(role(&cluster, 4).await.as_deref(), Some("voter"));
    let body = form::body(&form::of_votes([30, 20, 10], 1));
    drop(officer.put(&stations()[0], 0, &body).await.expect_status(201));
    let url = format!("{}/api/v1/results/{CONTEST}/0?consistency=linearizable", guest.public());
    let read = wait::until("a linearizable read at the new node", async || {
        send(cluster.http().get(&url)).await.ok().filter(|answer| answer.status == 200)
    });
    assert_eq!(read.await.json()["totals"]["votes"]["100025"], 30);

    // A node that still runs is not pushed aside.
    let refused = join(&guest, &invitation, &["--again"]).await.expect_code(5);
    assert!(refused.stderr.contains("another process"), "{refused:?}");

    // Its data is lost: under its old number nothing goes, under a new one all does.
    guest.kill();
    let refused = join(&guest, &invitation, &[]).await.expect_code(5);
    assert!(refused.stderr.contains("--again"), "{refused:?}");
    std::fs::remove_dir_all(guest.dir().join("data")).unwrap();
    guest.serve();
    assert_eq!(guest.ended().await, 5);
    let invitation = cluster.folder().join("invitation-2.json");
    let mut host = Host::invite(&cluster, &invitation, &[]).await;
    drop(join(&guest, &invitation, &["--again"]).await.expect_code(0));
    assert_eq!(host.guest().await, 5);
    assert!(guest.dir().join("tls.disisihkan-1").exists());
    guest.serve();
    drop(node(&cluster, "promote", 5).await.expect_code(0));
    drop(node(&cluster, "remove", 4).await.expect_code(0));
    assert_eq!((role(&cluster, 4).await, role(&cluster, 5).await.as_deref()), (None, Some("voter")));
    let refused = node(&cluster, "promote", 4).await.expect_code(5);
    assert!(refused.stderr.contains("not a member"), "{refused:?}");
    drop(officer.put(&stations()[1], 0, &body).await.expect_status(201));
}
