//! Handshakes between nodes: who is let in and who is not.

use std::io;
use std::path::Path;

use cluster::{Dial, PeerIdentity, Purpose};
use tally::ids::NodeId;
use tokio::net::TcpListener;

use super::dial::{PeerDialer, accept_peer};
use super::identity::NodeName;
use super::*;
use crate::ca::{self, Authority};

fn files(directory: &Path) -> settings::Tls {
    settings::Tls {
        ca: directory.join(ca::AUTHORITY_CERTIFICATE),
        peer_certificate: directory.join(ca::PEER_CERTIFICATE),
        peer_key: directory.join(ca::PEER_KEY),
        server_certificate: directory.join(ca::SERVER_CERTIFICATE),
        server_key: directory.join(ca::SERVER_KEY),
    }
}

fn node(authority: &Authority, directory: &Path, number: u64, edge: bool) -> settings::Tls {
    let name = NodeName { cluster: authority.cluster, node: NodeId(number), edge };
    let directory = directory.join(format!("node-{number}"));
    authority.issue(name, &["127.0.0.1".to_owned(), "localhost".to_owned()], &directory).expect("issues");
    files(&directory)
}

/// Lets `client` dial `server` as if it were node `expected`; answers what each side saw.
fn handshake(
    client: &settings::Tls,
    server: &settings::Tls,
    expected: u64,
) -> (io::Result<()>, io::Result<PeerIdentity>) {
    let client = NodeTls::load(client).expect("client files").peer_client;
    let server = NodeTls::load(server).expect("server files").peer_server;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound").to_string();
        let accepting = async {
            let (stream, _) = listener.accept().await?;
            accept_peer(server, stream).await.map(|(_, identity)| identity)
        };
        let dialing = PeerDialer::new(client).dial(NodeId(expected), &address, Purpose::Control);
        let (dialed, accepted) = tokio::join!(dialing, accepting);
        (dialed.map(drop), accepted)
    })
}

#[test]
fn nodes_of_one_cluster_know_each_other() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let one = node(&authority, directory.path(), 1, false);
    let two = node(&authority, directory.path(), 2, true);
    let (dialed, accepted) = handshake(&two, &one, 1);
    dialed.expect("the right node answers");
    let expected = PeerIdentity { cluster: authority.cluster, node: NodeId(2), edge: true };
    assert_eq!(accepted.expect("known"), expected);
}

#[test]
fn another_number_than_the_one_dialed_is_refused() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let one = node(&authority, directory.path(), 1, false);
    let two = node(&authority, directory.path(), 2, false);
    let (dialed, _) = handshake(&one, &two, 3);
    assert_eq!(dialed.expect_err("node 2 is not node 3").kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn another_cluster_is_refused_by_both_sides() {
    let directory = tempfile::tempdir().expect("directory");
    let ours = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let theirs = Authority::create(&directory.path().join("ca-other"), "uji").expect("authority");
    let one = node(&ours, directory.path(), 1, false);
    let two = node(&theirs, &directory.path().join("other"), 2, false);
    let (dialed, accepted) = handshake(&one, &two, 2);
    assert!(dialed.is_err());
    assert!(accepted.is_err());
}

#[test]
fn the_same_authority_with_another_cluster_in_the_name_is_refused() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let stranger = NodeName { cluster: [7; 16], node: NodeId(1), edge: false };
    let own = directory.path().join("stranger");
    authority.issue(stranger, &["localhost".to_owned()], &own).expect("issues");
    let failure = NodeTls::load(&files(&own)).err().expect("refused");
    assert_eq!(failure.exit, crate::failure::Exit::Precondition);
}

#[test]
fn a_server_certificate_is_no_peer_certificate() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let mut own = node(&authority, directory.path(), 1, false);
    own.peer_certificate.clone_from(&own.server_certificate);
    own.peer_key.clone_from(&own.server_key);
    assert!(NodeTls::load(&own).is_err());
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let mut own = node(&authority, directory.path(), 1, false);
    own.peer_key.clone_from(&own.server_key);
    assert!(NodeTls::load(&own).is_err());
}

#[test]
fn an_authority_is_opened_as_it_was_made_and_never_replaced() {
    let directory = tempfile::tempdir().expect("directory");
    let made = Authority::create(directory.path(), "Pemilu 2024").expect("authority");
    let opened = Authority::open(directory.path()).expect("opens");
    assert_eq!((opened.cluster, opened.name.as_str()), (made.cluster, "Pemilu 2024"));
    assert!(Authority::create(directory.path(), "lagi").is_err());
    node(&opened, directory.path(), 1, false);
    let again = NodeName { cluster: opened.cluster, node: NodeId(1), edge: false };
    let refused = opened.issue(again, &["localhost".to_owned()], &directory.path().join("node-1"));
    assert_eq!(refused.expect_err("keys are never replaced").exit, crate::failure::Exit::Precondition);
}
