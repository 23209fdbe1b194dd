//! The cluster and the store as `api` sees them: its ports, implemented.
//!
//! Invariant: nothing is decided here; each call becomes one call of the cluster or of the store, and each error one of
//! the port's, by what the caller does next.

mod attachments;
mod backups;
mod operations;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use api::ports::{
    Commands, Consistency, Dirty, Freshness, Queries, ReadError, ReadOptions, StateView, SubmitError,
};
use api::publisher::Publisher;
use cluster::{Cluster, ProposeError, ReadMode};
use futures_util::future::BoxFuture;
use store::RocksEngine;
use tally::command::{Item, Principal};
use tally::ids::LogTime;
use tally::outcome::Answer;
use tokio::sync::watch;

use crate::tls::live::LiveTls;
use backups::Offers;
use view::NodeView;

/// Seconds after which a client that was turned away should come back.
const RETRY_AFTER_S: u32 = 1;

/// A node's parts behind the ports.
#[derive(Clone)]
pub struct Gateway {
    cluster: Cluster<RocksEngine>,
    stopping: Arc<AtomicBool>,
    publisher: Arc<OnceLock<Arc<Publisher>>>,
    offers: Arc<Offers>,
    tls: Arc<LiveTls>,
}

impl Gateway {
    /// A gateway to the running cluster.
    #[must_use]
    pub fn new(cluster: Cluster<RocksEngine>, tls: Arc<LiveTls>) -> Self {
        Self { cluster, stopping: Arc::default(), publisher: Arc::default(), offers: Arc::default(), tls }
    }

    /// Makes the publisher, which reads through this gateway and which public readiness asks.
    #[must_use]
    pub fn publish(&self) -> Arc<Publisher> {
        Arc::clone(self.publisher.get_or_init(|| Publisher::new(Arc::new(self.clone()))))
    }

    fn publisher(&self) -> Option<&Arc<Publisher>> {
        self.publisher.get()
    }

    /// From now on the node says that it is not ready: it is about to stop.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

impl Queries for Gateway {
    fn view(&self, options: ReadOptions) -> BoxFuture<'_, Result<Arc<dyn StateView>, ReadError>> {
        let mode = match options.consistency {
            Consistency::Local => ReadMode::Local,
            Consistency::Bounded { max_age_ms } => ReadMode::Bounded { max_age_ms },
            Consistency::Linearizable => ReadMode::Linearizable,
        };
        Box::pin(async move {
            let read = self.cluster.read(mode, options.min_index).await;
            read.map_err(|error| match error {
                cluster::ReadError::BehindIndex { .. } | cluster::ReadError::TooOld { .. } => {
                    ReadError::Stale
                }
                cluster::ReadError::NoLeader => ReadError::NoLeader,
                cluster::ReadError::Storage(text) => ReadError::Store(text),
                cluster::ReadError::Quarantined(_) => ReadError::Quarantined,
            })?;
            // At least as new as the one that was read.
            let view: Arc<dyn StateView> = Arc::new(NodeView::pin(&self.cluster));
            Ok(view)
        })
    }

    fn local(&self) -> Result<Arc<dyn StateView>, ReadError> {
        if self.withheld() {
            return Err(ReadError::Quarantined);
        }
        Ok(Arc::new(NodeView::pin(&self.cluster)))
    }

    fn withheld(&self) -> bool {
        self.cluster.quarantine().is_some()
    }

    fn freshness(&self) -> Freshness {
        // Before the index: what is applied in between makes the index younger than the age says.
        let leader_age_ms = self.cluster.leader_age_ms();
        Freshness {
            node: self.cluster.settings().node,
            index: *self.cluster.applied().borrow(),
            leader_age_ms,
        }
    }

    fn applied(&self) -> watch::Receiver<u64> {
        self.cluster.applied()
    }

    fn mark_dirty(&self) {
        self.cluster.machine().mark_dirty();
    }

    fn take_dirty(&self) -> Dirty {
        match self.cluster.machine().take_dirty() {
            store::Dirty::Regions(regions) => Dirty::Regions(regions),
            store::Dirty::All => Dirty::All,
        }
    }

    fn now(&self) -> LogTime {
        self.cluster.now()
    }
}

impl Commands for Gateway {
    fn submit(
        &self,
        principal: Principal,
        items: Vec<Item>,
    ) -> BoxFuture<'_, Vec<Result<Answer, SubmitError>>> {
        Box::pin(async move {
            let answers = self.cluster.propose(principal, items).await;
            answers.into_iter().map(|answer| answer.map_err(submit_error)).collect()
        })
    }
}

const fn submit_error(error: ProposeError) -> SubmitError {
    match error {
        ProposeError::NoLeader => SubmitError::NoLeader,
        ProposeError::Overloaded => SubmitError::Overloaded { retry_after_s: RETRY_AFTER_S },
        ProposeError::Unknown => SubmitError::Unknown,
        ProposeError::TooLarge => SubmitError::TooLarge,
        ProposeError::DiskFull => SubmitError::DiskFull,
        ProposeError::AttachmentUnknown => SubmitError::AttachmentUnknown,
        ProposeError::AttachmentNotHeld => SubmitError::AttachmentNotHeld,
    }
}
