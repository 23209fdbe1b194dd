//! How an operator's command finds the ops listeners of a cluster.
//!
//! Invariant: over plain HTTP only where the URL says so (loopback); over TLS with a certificate of this cluster.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::client::{Client, ClientSettings};
use clap::Args;

use super::connection::ClusterFile;
use crate::client_transport::HttpTransport;
use crate::failure::Failure;
use crate::text;

/// The flags that every operator's command takes.
#[derive(Clone, Debug, Args)]
pub struct Operator {
    /// A cluster.json file
    #[arg(long, value_name = "FILE", conflicts_with = "ops")]
    cluster: Option<PathBuf>,
    /// URL of the ops listener of a running node; may be repeated
    #[arg(long, value_name = "URL")]
    ops: Vec<String>,
    /// Certificate of the authority to trust (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    ca: Option<PathBuf>,
    /// Certificate to show to the ops listener, of this cluster's authority (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "ca")]
    key: Option<PathBuf>,
}

/// A client of ops listeners.
pub type OperatorClient = Client<HttpTransport>;

impl Operator {
    /// URLs of the ops listeners, with the node's number where it is known.
    fn endpoints(&self) -> Result<Vec<(Option<u64>, String)>, Failure> {
        if let Some(path) = &self.cluster {
            let file = ClusterFile::read(path)?;
            return Ok(file.nodes.into_iter().map(|node| (Some(node.id), node.ops)).collect());
        }
        if self.ops.is_empty() {
            return Err(Failure::usage(text!(
                "sebutkan --cluster FILE, atau --ops URL",
                "name --cluster FILE, or --ops URL"
            )));
        }
        Ok(self.ops.iter().map(|url| (None, url.clone())).collect())
    }

    /// URLs of the ops listeners.
    pub fn urls(&self) -> Result<Vec<String>, Failure> {
        Ok(self.endpoints()?.into_iter().map(|(_, url)| url).collect())
    }

    /// What requests to them go through.
    pub fn transport(&self) -> Result<Arc<HttpTransport>, Failure> {
        let identity = self.certificate.as_deref().zip(self.key.as_deref());
        Ok(Arc::new(HttpTransport::with_identity(self.ca.as_deref(), identity)?))
    }

    /// A client that goes on at another node when one does not answer.
    pub fn any(&self, attempt: Duration) -> Result<OperatorClient, Failure> {
        Ok(Client::new(self.transport()?, settings(self.urls()?, attempt)))
    }

    /// A client of one node: the one of that number, or the only one that is named.
    pub fn one(&self, id: Option<u64>, attempt: Duration) -> Result<OperatorClient, Failure> {
        let mut endpoints = self.endpoints()?;
        if self.cluster.is_some() {
            endpoints.retain(|(known, _)| known.is_some() && *known == id);
        }
        let [(_, url)] = endpoints.as_slice() else {
            return Err(Failure::usage(text!(
                "sebutkan satu simpul: nomornya bersama --cluster, atau satu --ops URL",
                "name one node: its number together with --cluster, or one --ops URL"
            )));
        };
        Ok(Client::new(self.transport()?, settings(vec![url.clone()], attempt)))
    }

    /// A client of each node, with its URL.
    pub fn each(&self, attempt: Duration) -> Result<Vec<(String, OperatorClient)>, Failure> {
        let transport = self.transport()?;
        let client = |url: String| {
            let client = Client::new(Arc::clone(&transport), settings(vec![url.clone()], attempt));
            (url, client)
        };
        Ok(self.urls()?.into_iter().map(client).collect())
    }
}

fn settings(endpoints: Vec<String>, attempt: Duration) -> ClientSettings {
    let attempt_ms = u64::try_from(attempt.as_millis()).unwrap_or(u64::MAX);
    ClientSettings { attempt_ms, deadline_ms: attempt_ms.saturating_mul(2), ..ClientSettings::new(endpoints) }
}

/// Runs a command's asynchronous part.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(error.to_string()))?;
    runtime.block_on(work)
}
