//! How a client command finds a cluster: a `cluster.json`, or addresses and an authority.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::client::{Client, Credentials};
use crate::failure::Failure;
use crate::{password, text};

/// The flags that every client command takes.
#[derive(Clone, Debug, Args)]
pub struct Connection {
    /// A cluster.json file
    #[arg(long, value_name = "FILE", conflicts_with = "endpoint")]
    cluster: Option<PathBuf>,
    /// Officer URL of a node; may be repeated, another is used when one dies
    #[arg(long, value_name = "URL", requires = "ca")]
    endpoint: Vec<String>,
    /// Certificate of the authority to trust (PEM)
    #[arg(long, value_name = "FILE", conflicts_with = "cluster")]
    ca: Option<PathBuf>,
    /// User name
    #[arg(long, value_name = "NAME", conflicts_with = "cluster")]
    username: Option<String>,
    /// Where the password is.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "cluster",
        help = "File with the password; without it RAKIT_PASSWORD, then standard input"
    )]
    password_file: Option<PathBuf>,
}

/// URLs of the officers' side, the authority to trust, and whom to sign in.
type Officers = (Vec<String>, Option<PathBuf>, Option<Credentials>);

/// Where a cluster is, as `cluster.json` says it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ClusterFile {
    /// Identifier of the cluster.
    pub cluster: String,
    /// Certificate of its authority.
    pub ca: PathBuf,
    /// Its first administrator.
    pub admin: AdminEntry,
    /// Its nodes.
    pub nodes: Vec<NodeEntry>,
}

/// The administrator in a `cluster.json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AdminEntry {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// A node in a `cluster.json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NodeEntry {
    /// Its number.
    pub id: u64,
    /// The process that runs it.
    pub pid: u32,
    /// Its directory.
    pub dir: PathBuf,
    /// URL for everybody.
    pub public: String,
    /// URL for officers.
    pub officer: String,
    /// Address for peers.
    pub peer: String,
    /// URL for operators.
    pub ops: String,
    /// Arguments that start it again.
    pub command: Vec<String>,
}

impl ClusterFile {
    /// Reads a `cluster.json`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::usage(text!("{shown}: tidak terbaca: {error}", "{shown}: cannot be read: {error}"))
        })?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::usage(text!(
                "{shown}: bukan cluster.json: {error}",
                "{shown}: not a cluster.json: {error}"
            ))
        })
    }
}

impl Connection {
    /// A client of the officers' side, signed in when it first asks.
    pub fn officer(&self, patience: Duration) -> Result<Client, Failure> {
        let (endpoints, ca, credentials) = self.officers()?;
        Client::new(endpoints, ca.as_deref(), credentials, patience)
    }

    /// Like [`Self::officer`], for master data.
    pub fn officer_for_master_data(&self, patience: Duration) -> Result<Client, Failure> {
        let (endpoints, ca, credentials) = self.officers()?;
        Client::for_master_data(endpoints, ca.as_deref(), credentials, patience)
    }

    fn officers(&self) -> Result<Officers, Failure> {
        if let Some(path) = &self.cluster {
            let file = ClusterFile::read(path)?;
            let AdminEntry { username, password } = file.admin;
            let endpoints = file.nodes.into_iter().map(|node| node.officer).collect();
            return Ok((endpoints, Some(file.ca), Some(Credentials { username, password })));
        }
        self.named()?;
        let Some(username) = self.username.clone() else {
            return Err(Failure::usage(text!(
                "sebutkan --username bersama --endpoint",
                "name --username together with --endpoint"
            )));
        };
        let password = password::read(self.password_file.as_deref(), Some(password::VARIABLE))?;
        Ok((self.endpoint.clone(), self.ca.clone(), Some(Credentials { username, password })))
    }

    /// URLs that answer `/api/v1/status`, each with a client of its own: public ones of a `cluster.json`; the given
    /// ones, signed in.
    pub fn each(&self, patience: Duration) -> Result<Vec<(String, Client)>, Failure> {
        if let Some(path) = &self.cluster {
            let file = ClusterFile::read(path)?;
            let clients = file.nodes.into_iter().map(|node| {
                let client = Client::new(vec![node.public.clone()], Some(&file.ca), None, patience)?;
                Ok((node.public, client))
            });
            return clients.collect();
        }
        self.named()?;
        let credentials = match self.username.clone() {
            Some(username) => {
                let password = password::read(self.password_file.as_deref(), Some(password::VARIABLE))?;
                Some(Credentials { username, password })
            }
            None => None,
        };
        let clients = self.endpoint.iter().map(|endpoint| {
            let client =
                Client::new(vec![endpoint.clone()], self.ca.as_deref(), credentials.clone(), patience)?;
            Ok((endpoint.clone(), client))
        });
        clients.collect()
    }

    /// URLs of operators' listeners, each with a client of its own: those of a `cluster.json`, or the given ones.
    pub fn operators(&self, patience: Duration) -> Result<Vec<(String, Client)>, Failure> {
        let (urls, ca) = if let Some(path) = &self.cluster {
            let file = ClusterFile::read(path)?;
            (file.nodes.into_iter().map(|node| node.ops).collect(), Some(file.ca))
        } else {
            self.named()?;
            (self.endpoint.clone(), self.ca.clone())
        };
        let client = |url: String| {
            let client = Client::new(vec![url.clone()], ca.as_deref(), None, patience)?;
            Ok((url, client))
        };
        urls.into_iter().map(client).collect()
    }

    fn named(&self) -> Result<(), Failure> {
        if self.endpoint.is_empty() {
            return Err(Failure::usage(text!(
                "sebutkan --cluster FILE, atau --endpoint URL --ca FILE --username NAME",
                "name --cluster FILE, or --endpoint URL --ca FILE --username NAME"
            )));
        }
        Ok(())
    }
}
