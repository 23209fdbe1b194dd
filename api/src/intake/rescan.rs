//! Looking again at what is stored, with the signatures of today.
//!
//! Invariant: one such pass at a time; it ends at the first attachment about which the scanner says nothing, since a
//! pass with gaps would look like a clean bill. What it finds stays where it is and is not served any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tally::ids::{AttachmentId, hex};

use super::scan_of;
use crate::dto::attachments::Rescanned;
use crate::dto::text::time;
use crate::ports::{AttachmentError, AttachmentInfo, Finding, Ports};

/// Names that are listed at once.
const PAGE: usize = 256;
/// Names of infected ones that are told.
const FOUND_MAX: usize = 1_000;

/// The pass that runs, or the last one.
#[derive(Default)]
pub(crate) struct Rescan {
    told: Mutex<Rescanned>,
}

impl Rescan {
    fn told(&self) -> MutexGuard<'_, Rescanned> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it is.
    pub(crate) fn progress(&self, ports: &Ports) -> Rescanned {
        let mut told = self.told().clone();
        if told.state.is_empty() {
            "never".clone_into(&mut told.state);
        }
        told.node = ports.queries.freshness().node.0;
        told
    }

    /// Begins a pass, unless one runs; answers how far that is.
    pub(crate) fn begin(self: &Arc<Self>, ports: &Ports) -> Rescanned {
        let mut told = self.told();
        if told.state != "running" {
            *told = Rescanned {
                state: "running".to_owned(),
                began_at: Some(time(ports.queries.now())),
                ..Rescanned::default()
            };
            let (rescan, ports) = (Arc::clone(self), ports.clone());
            tokio::spawn(async move { rescan.run(&ports).await });
        }
        drop(told);
        self.progress(ports)
    }

    async fn run(&self, ports: &Ports) {
        // However it ends, also by a panic, it does not look as if it went on.
        let mut end = End { rescan: self, ports, failure: Some("the pass was broken off".to_owned()) };
        end.failure = self.pass(ports).await.err();
        match &end.failure {
            None => tracing::info!("all attachments were shown to the scanner again"),
            Some(reason) => tracing::error!(reason, "the attachments were not all shown to the scanner"),
        }
    }

    async fn pass(&self, ports: &Ports) -> Result<(), String> {
        let mut after = None;
        loop {
            let page = ports.attachments.list(after, PAGE).await.map_err(|error| error.to_string())?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(*last);
            for id in page {
                self.look(ports, id).await?;
            }
        }
    }

    async fn look(&self, ports: &Ports, id: AttachmentId) -> Result<(), String> {
        let reader = match ports.attachments.open(id).await {
            Ok(reader) => reader,
            // Removed since it was listed: no form names it.
            Err(AttachmentError::Unknown) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let info = reader.info();
        let finding = ports.scanner.scan(reader.as_ref()).await.map_err(|error| error.to_string())?;
        if let Some(found) = &finding.found {
            let attachment = hex(&id.0);
            tracing::warn!(attachment, found, "a stored attachment is infected; it is not served any more");
        }
        self.note(&info, &finding);
        let scan = Some(scan_of(finding, ports.queries.now()));
        let noted = ports.attachments.rescanned(AttachmentInfo { scan, ..info }).await;
        noted.map(|_| ()).map_err(|error| error.to_string())
    }

    fn note(&self, info: &AttachmentInfo, finding: &Finding) {
        let mut told = self.told();
        told.scanned = told.scanned.saturating_add(1);
        told.bytes = told.bytes.saturating_add(info.size);
        told.engine = Some(finding.engine.clone());
        if finding.found.is_some() {
            told.infected = told.infected.saturating_add(1);
            if told.found.len() < FOUND_MAX {
                told.found.push(hex(&info.id.0));
            }
        }
    }
}

/// Says how a pass ended, when it is dropped.
struct End<'a> {
    rescan: &'a Rescan,
    ports: &'a Ports,
    failure: Option<String>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut told = self.rescan.told();
        let state = if self.failure.is_some() { "failed" } else { "done" };
        state.clone_into(&mut told.state);
        told.failure = self.failure.take();
        told.ended_at = Some(time(self.ports.queries.now()));
    }
}
