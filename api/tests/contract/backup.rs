//! A backup is offered, fetched in pieces, and gone on with.

use api::ports::{Backups, OfferedBackup, OperationError};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::atomic::Ordering;
use tally::epoch::{EpochCause, EpochRecord};
use tally::ids::{LogTime, NodeId};

use super::node::ModelNode;
use super::world::{World, call, refused};

const OBJECT: &[u8] = b"0123456789";
const SHA256: [u8; 32] = [0xab; 32];

fn offered() -> OfferedBackup {
    OfferedBackup {
        id: "00000000000000000009-0000000001-1".to_owned(),
        manifest: Bytes::from_static(b"manifest"),
    }
}

impl Backups for ModelNode {
    fn offer(&self) -> BoxFuture<'_, Result<Option<OfferedBackup>, OperationError>> {
        // The first caller is told to wait.
        let ready = self.backup_ready.swap(true, Ordering::Relaxed);
        async move { Ok(ready.then(offered)) }.boxed()
    }

    fn offered(&self, id: &str) -> Option<OfferedBackup> {
        Some(offered()).filter(|offered| offered.id == id)
    }

    fn object(
        &self,
        id: &str,
        sha256: [u8; 32],
        offset: u64,
        length: usize,
    ) -> BoxFuture<'_, Result<Option<(Bytes, u64)>, OperationError>> {
        let known = id == offered().id && sha256 == SHA256;
        let rest = OBJECT.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let bytes = Bytes::from_static(&rest[..length.min(rest.len())]);
        async move { Ok(known.then_some((bytes, 10))) }.boxed()
    }

    fn epochs(&self) -> Result<Vec<(u64, EpochRecord)>, OperationError> {
        let record = EpochRecord {
            cause: EpochCause::Recovered,
            at: LogTime(1_707_900_000_000),
            cluster: [1; 16],
            epoch: 1,
            node: NodeId(3),
            index: 90,
            term: 4,
            committed: 80,
            hash: 5,
            given_up: vec![NodeId(1), NodeId(2)],
        };
        Ok(vec![(2, record)])
    }
}

#[tokio::test]
async fn a_backup_is_offered_and_fetched_in_pieces() {
    let world = World::founded();
    let get = async |path: &str, headers: &[(&str, &str)]| call(&world.ops, "GET", path, headers, None).await;
    let waiting = get("/api/v1/backup", &[]).await;
    assert_eq!((waiting.status, &waiting.body), (202, &json!({"state": "preparing"})));
    let first = get("/api/v1/backup", &[]).await;
    assert_eq!((first.status, first.text.as_str()), (200, "manifest"));
    let id = first.headers["rakit-backup"].to_str().unwrap().to_owned();
    assert_eq!(get(&format!("/api/v1/backup/{id}"), &[]).await.text, "manifest");
    refused(&get("/api/v1/backup/other", &[]).await, 404, "not-found");

    let path = format!("/api/v1/backup/{id}/objects/{}", "ab".repeat(32));
    for (range, text, place) in [
        ("bytes=0-", "0123456789", "bytes 0-9/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let piece = get(&path, &[("range", range)]).await;
        assert_eq!((piece.status, piece.text.as_str()), (StatusCode::PARTIAL_CONTENT.as_u16(), text));
        assert_eq!(piece.headers["content-range"], place);
    }
    for wrong in ["bytes=10-", "bytes=4-2", "bytes=-5", "bytes=1-2,4-5", "lines=1-", ""] {
        refused(&get(&path, &[("range", wrong)]).await, 400, "bad-request");
    }
    refused(&get(&path, &[]).await, 400, "bad-request");
    let other = format!("/api/v1/backup/{id}/objects/{}", "cd".repeat(32));
    refused(&get(&other, &[("range", "bytes=0-")]).await, 404, "not-found");
    refused(&get(&format!("/api/v1/backup/{id}/objects/x"), &[]).await, 404, "not-found");
}

#[tokio::test]
async fn the_epochs_of_a_history_are_told() {
    let world = World::founded();
    let epochs = call(&world.ops, "GET", "/api/v1/cluster/epochs", &[], None).await;
    let epoch = &epochs.body["epochs"][0];
    assert_eq!((&epoch["epoch"], &epoch["cause"]), (&json!(2), &json!("recovered")));
    assert_eq!((&epoch["from_index"], &epoch["given_up"]), (&json!(90), &json!([1, 2])));
    assert_eq!(epoch["from_hash"], format!("{:032x}", 5));
}
