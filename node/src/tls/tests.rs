//! Handshakes between nodes: who is let in and who is not.

use std::io;
use std::path::Path;

use cluster::{Dial, PeerIdentity, Purpose};
use tally::ids::NodeId;
use tokio::net::TcpListener;

use super::dial::{PeerDialer, accept_peer};
use super::identity::NodeName;
use super::live::LiveTls;
use super::*;
use crate::ca::{self, Authority};

fn files(directory: &Path) -> settings::Tls {
    settings::Tls {
        ca: directory.join(ca::AUTHORITY_CERTIFICATE),
        peer_certificate: directory.join(ca::PEER_CERTIFICATE),
        peer_key: directory.join(ca::PEER_KEY),
        server_certificate: directory.join(ca::SERVER_CERTIFICATE),
        server_key: directory.join(ca::SERVER_KEY),
        public: false,
        crl: None,
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
    let client = LiveTls::load(client).expect("client files");
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

#[test]
fn new_certificates_are_taken_into_use_and_wrong_ones_are_not() {
    let directory = tempfile::tempdir().expect("directory");
    let authority = Authority::create(&directory.path().join("ca"), "uji").expect("authority");
    let files = node(&authority, directory.path(), 1, false);
    let live = LiveTls::load(&files).expect("fits");
    let before = live.now();
    assert!(!live.refresh().expect("nothing changed"));
    // Certificates of node 1 once more: a new peer certificate alone does not fit the old key.
    let again = NodeName { cluster: authority.cluster, node: NodeId(1), edge: false };
    let fresh = directory.path().join("fresh");
    authority.issue(again, &["localhost".to_owned()], &fresh).expect("issues");
    let take = |name: &str| std::fs::copy(fresh.join(name), directory.path().join("node-1").join(name));
    take(ca::PEER_CERTIFICATE).expect("copies");
    assert!(live.refresh().is_err());
    assert!(Arc::ptr_eq(&live.now(), &before));
    take(ca::PEER_KEY).expect("copies");
    assert!(live.refresh().expect("fits again"));
    assert!(!Arc::ptr_eq(&live.now(), &before));
    // Those of another node are not this node's.
    node(&authority, directory.path(), 2, false);
    for name in [ca::PEER_CERTIFICATE, ca::PEER_KEY] {
        let from = directory.path().join("node-2").join(name);
        std::fs::copy(from, directory.path().join("node-1").join(name)).expect("copies");
    }
    assert!(live.refresh().is_err());
    assert_eq!(live.now().name.node, NodeId(1));
}

#[test]
fn two_authorities_overlap_and_the_old_one_goes() {
    let directory = tempfile::tempdir().expect("directory");
    let ca_directory = directory.path().join("ca");
    let old = Authority::create(&ca_directory, "uji").expect("authority");
    let one = node(&old, directory.path(), 1, false);
    let two = node(&old, directory.path(), 2, false);
    let new = Authority::rotate(&ca_directory).expect("rotates");
    assert_eq!((new.cluster, new.name.as_str()), (old.cluster, "uji"));
    assert!(Authority::rotate(&ca_directory).is_err(), "one rotation at a time");
    let bundle = ca_directory.join(ca::AUTHORITY_CERTIFICATE);
    // A node of the new authority is not known before the bundle is everywhere, then both know each other.
    let three = node(&new, directory.path(), 3, false);
    assert!(handshake(&three, &one, 1).1.is_err());
    for files in [&one, &two] {
        std::fs::copy(&bundle, &files.ca).expect("copies");
    }
    handshake(&three, &one, 1).0.expect("old knows new");
    handshake(&two, &three, 3).0.expect("new knows old");
    Authority::finish_rotation(&ca_directory).expect("finishes");
    std::fs::copy(&bundle, &three.ca).expect("copies");
    assert!(handshake(&two, &three, 3).1.is_err(), "the old authority is not trusted any more");
}

#[test]
fn a_revoked_certificate_is_refused_by_both_sides() {
    let directory = tempfile::tempdir().expect("directory");
    let ca_directory = directory.path().join("ca");
    let authority = Authority::create(&ca_directory, "uji").expect("authority");
    let mut one = node(&authority, directory.path(), 1, false);
    let stolen = node(&authority, directory.path(), 2, false);
    let good = node(&authority, directory.path(), 3, false);
    let list = directory.path().join("crl.pem");
    authority.revoke(&ca_directory, &stolen.peer_certificate, &list).expect("revokes");
    one.crl = Some(list);
    assert!(handshake(&stolen, &one, 1).1.is_err(), "as a client");
    assert!(handshake(&one, &stolen, 2).0.is_err(), "as a server");
    handshake(&good, &one, 1).0.expect("the others go on");
    handshake(&one, &good, 3).0.expect("the others go on");
}
