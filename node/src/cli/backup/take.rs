//! `rakit backup DIR`: fetches what the directory does not have yet.
//!
//! Invariant: a run that was cut is gone on with by the next, from the byte it had come to; what an earlier backup
//! brought is not fetched again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::client::Transport as _;
use bytes::Bytes;
use http::header::{CONTENT_RANGE, RANGE};
use http::{Method, Request, Response, StatusCode};
use serde_json::json;
use store::RocksDisk;
use store::backup::{BackupDirectory, BackupManifest, BackupObject, Placed};
use tally::ids::hex;

use crate::cli::operator::{Operator, block_on};
use crate::cli::output::{self, Output};
use crate::client_transport::HttpTransport;
use crate::failure::Failure;
use crate::{data, text};

/// Longest a node takes for one answer; it keeps to less.
const ANSWER_MAX: Duration = Duration::from_secs(40);
/// How often a node is asked whether its backup is prepared: an hour, for states that take long to read.
const PREPARING_ROUNDS_MAX: usize = 600;
/// Attempts at one piece before the run gives up; the next run goes on there.
const ATTEMPTS_MAX: usize = 5;
/// Pause between them.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a piece did not come.
enum Missed {
    /// The node does not offer this backup any more.
    Gone,
    /// For another reason.
    Failed(Failure),
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A node that gives backups.
struct Source {
    transport: Arc<HttpTransport>,
    base: String,
}

/// What a run came to.
struct Taken {
    manifest: BackupManifest,
    sha256: [u8; 32],
    fetched: u64,
}

/// Runs it.
pub(super) fn run(dir: &Path, operator: &Operator, output: &Output) -> Result<(), Failure> {
    // It holds accounts with the hashes of their passwords: for its owner only.
    crate::durable::create_directory(dir).map_err(|error| {
        let shown = dir.display();
        Failure::precondition(format!("{shown}: {error}"))
    })?;
    let opened = BackupDirectory::open_or_create(RocksDisk::new(dir));
    let mut directory = opened.map_err(|error| data::refused(&error))?;
    let taken = block_on(take(&mut directory, operator))?;
    let (id, fetched, size) = (&taken.manifest.id, taken.fetched, taken.manifest.size());
    let index = taken.manifest.meta.applied.unwrap_or_default().index;
    let value = json!({
        "backup": id, "dir": dir, "cluster": hex(&taken.manifest.meta.cluster),
        "epoch": taken.manifest.meta.epoch, "index": index, "bytes": size, "fetched_bytes": fetched,
        "sha256": hex(&taken.sha256),
    });
    let shown = dir.display();
    output.answer(&value, || {
        text!(
            "cadangan {id} sampai indeks {index}: {size} bita, {fetched} di antaranya baru; periksa dengan: rakit backup verify {shown}",
            "backup {id} up to index {index}: {size} bytes, {fetched} of them new; check it with: rakit backup verify {shown}"
        )
    });
    Ok(())
}

/// Takes it from the first node that answers.
async fn take(directory: &mut BackupDirectory<RocksDisk>, operator: &Operator) -> Result<Taken, Failure> {
    let transport = operator.transport()?;
    let mut last = None;
    for base in operator.urls()? {
        let source = Source { transport: Arc::clone(&transport), base };
        match source.offered(directory).await {
            Ok(manifest) => return source.bring(directory, manifest).await,
            Err(failure) => last = Some(failure),
        }
    }
    Err(last.unwrap_or_else(|| Failure::unavailable(String::new())))
}

fn kept(error: &store::StoreError) -> Failure {
    Failure::failed(error.to_string())
}

impl Source {
    /// The backup to fetch: the one that was begun, while the node still offers it, or one of now.
    async fn offered(&self, directory: &BackupDirectory<RocksDisk>) -> Result<BackupManifest, Failure> {
        if let Some(begun) = directory.begun().map_err(|error| kept(&error))? {
            let answer = self.get(&format!("/api/v1/backup/{}", begun.id), None).await?;
            if answer.status() == StatusCode::OK && *answer.body() == begun.encode() {
                return Ok(begun);
            }
        }
        let manifest = self.offer().await?;
        let ids = directory.list().map_err(|error| kept(&error))?;
        if let Some(newest) = ids.last() {
            let other = directory.manifest(newest).map_err(|error| kept(&error))?.meta.cluster;
            if other != manifest.meta.cluster {
                let (found, expected) = (hex(&manifest.meta.cluster), hex(&other));
                return Err(Failure::precondition(text!(
                    "direktori ini memuat cadangan klaster {expected}, bukan {found}; pilih direktori lain",
                    "this directory holds backups of cluster {expected}, not of {found}; choose another one"
                )));
            }
        }
        Ok(manifest)
    }

    async fn offer(&self) -> Result<BackupManifest, Failure> {
        for _ in 0..PREPARING_ROUNDS_MAX {
            let answer = self.get("/api/v1/backup", None).await?;
            match answer.status() {
                StatusCode::OK => return self.decode(answer.body()),
                StatusCode::ACCEPTED => tokio::time::sleep(PAUSE).await,
                _ => return Err(self.refused(&answer)),
            }
        }
        let base = &self.base;
        Err(Failure::unavailable(text!(
            "{base} belum juga menyiapkan cadangan; ulangi nanti",
            "{base} has still not prepared a backup; try again later"
        )))
    }

    fn decode(&self, frame: &[u8]) -> Result<BackupManifest, Failure> {
        BackupManifest::decode(frame).map_err(|error| {
            let base = &self.base;
            Failure::failed(text!(
                "{base}: daftar isi cadangan tidak terbaca: {error}",
                "{base}: the manifest of the backup cannot be read: {error}"
            ))
        })
    }

    /// Fetches what is missing, and completes the backup.
    async fn bring(
        &self,
        directory: &mut BackupDirectory<RocksDisk>,
        mut manifest: BackupManifest,
    ) -> Result<Taken, Failure> {
        let mut fetched = 0;
        // A node that was started again offers a new one; what came of the old one is not lost.
        for _ in 0..ATTEMPTS_MAX {
            directory.begin(&manifest).map_err(|error| kept(&error))?;
            match self.bring_all(directory, &manifest, &mut fetched).await {
                Ok(()) => {
                    let sha256 = directory.finish(&manifest).map_err(|error| kept(&error))?;
                    return Ok(Taken { manifest, sha256, fetched });
                }
                Err(Missed::Failed(failure)) => return Err(failure),
                Err(Missed::Gone) => manifest = self.offer().await?,
            }
        }
        Err(self.cut(&text!("cadangan ditarik berulang kali", "its backups were withdrawn again and again")))
    }

    async fn bring_all(
        &self,
        directory: &mut BackupDirectory<RocksDisk>,
        manifest: &BackupManifest,
        fetched: &mut u64,
    ) -> Result<(), Missed> {
        let bar = output::progress(Some(manifest.size()));
        for object in &manifest.objects {
            let placed = directory.placed(object).map_err(|error| kept(&error))?;
            if let Placed::Partly(mut offset) = placed {
                while offset < object.size {
                    let piece = self.piece(manifest, object, offset).await?;
                    directory.write(object, offset, &piece).map_err(|error| kept(&error))?;
                    let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                    offset = offset.saturating_add(length);
                    *fetched = fetched.saturating_add(length);
                }
                directory.finish_object(object).map_err(|error| kept(&error))?;
            }
            bar.inc(object.size);
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn piece(
        &self,
        manifest: &BackupManifest,
        object: &BackupObject,
        offset: u64,
    ) -> Result<Bytes, Missed> {
        let path = format!("/api/v1/backup/{}/objects/{}", manifest.id, hex(&object.sha256));
        let mut last = String::new();
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let answer = match self.get(&path, Some(offset)).await {
                Ok(answer) => answer,
                Err(failure) => {
                    last = failure.text;
                    continue;
                }
            };
            if answer.status() == StatusCode::NOT_FOUND {
                return Err(Missed::Gone);
            }
            let begins = format!("bytes {offset}-");
            let place = answer.headers().get(CONTENT_RANGE).and_then(|place| place.to_str().ok());
            let fits = place.is_some_and(|place| place.starts_with(&begins)) && !answer.body().is_empty();
            if answer.status() == StatusCode::PARTIAL_CONTENT && fits {
                return Ok(answer.into_body());
            }
            last = self.refused(&answer).text;
        }
        Err(Missed::Failed(self.cut(&last)))
    }

    fn cut(&self, why: &str) -> Failure {
        let base = &self.base;
        Failure::unavailable(text!(
            "{base}: terputus ({why}); jalankan lagi, cadangan dilanjutkan dari sini",
            "{base}: cut off ({why}); run it again, the backup goes on from here"
        ))
    }

    fn refused(&self, answer: &Response<Bytes>) -> Failure {
        let (base, status) = (&self.base, answer.status());
        let problem = serde_json::from_slice::<api::error::ProblemBody>(answer.body());
        let detail = problem.map(|problem| problem.detail).unwrap_or_default();
        let text = format!("{base}: {status} {detail}");
        if status == StatusCode::CONFLICT { Failure::precondition(text) } else { Failure::unavailable(text) }
    }

    async fn get(&self, path: &str, offset: Option<u64>) -> Result<Response<Bytes>, Failure> {
        let base = &self.base;
        let mut request = Request::builder().method(Method::GET).uri(format!("{base}{path}"));
        if let Some(offset) = offset {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let request = request.body(Bytes::new()).map_err(|error| Failure::usage(error.to_string()))?;
        let answer = tokio::time::timeout(ANSWER_MAX, self.transport.send(base, request)).await;
        let silent = |why: &str| {
            Failure::unavailable(text!("{base} tidak menjawab: {why}", "{base} did not answer: {why}"))
        };
        answer.map_err(|_| silent(""))?.map_err(|error| silent(&error.to_string()))
    }
}
