//! The cluster as seen from the demo: through the listeners and the client that every command uses.
//!
//! Invariant: every write has a key that is the same whenever it is sent again, and starts at the node whose
//! turn it is, so that all nodes share the work.

use std::time::Duration;

use api::dto::batch::{BatchBody, BatchItem, BatchResult, BatchResults};
use api::dto::cluster::{Cluster, StateHash};
use api::dto::form::Form;
use api::dto::master::Defined;
use api::dto::results::ResultsPage;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tally::contest::Contest;
use tally::digest::form_digest;
use tally::ids::hex;
use uuid::Uuid;

use super::count::StationForm;
use super::official::{OPTIONS, Votes};
use super::player::{Counter, Ending};
use crate::cli::connection::ClusterFile;
use crate::client::{CallError, Client, Credentials};
use crate::failure::{Exit, Failure};
use crate::text;

/// How long a batch is tried before the player takes it back and says how far it is.
const BATCH_PATIENCE: Duration = Duration::from_secs(10);
/// How long a definition is tried.
const DEFINE_PATIENCE: Duration = Duration::from_mins(1);
/// How long a node may take to answer what is only looked at.
const LOOK_PATIENCE: Duration = Duration::from_secs(1);

/// The clients of one node.
struct Node {
    /// Officers' side, this node first and the others after it.
    batches: Client,
    definitions: Client,
    public: Client,
    ops: Client,
}

/// The cluster's listeners.
pub(super) struct Remote {
    nodes: Vec<Node>,
    /// Name space of keys, as `rakit import` has it.
    keys: Uuid,
    contest: Contest,
}

impl Remote {
    /// Made ready to call the nodes of a cluster.
    pub(super) fn new(file: &ClusterFile, contest: Contest) -> Result<Self, Failure> {
        let keys = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("rakit://{}", file.cluster).as_bytes());
        let officers: Vec<String> = file.nodes.iter().map(|node| node.officer.clone()).collect();
        let nodes = file.nodes.iter().enumerate().map(|(place, node)| {
            let mut endpoints = officers.clone();
            endpoints.rotate_left(place.min(officers.len()));
            let credentials = || {
                let (username, password) = (file.admin.username.clone(), file.admin.password.clone());
                Some(Credentials { username, password })
            };
            let once = |url: &String| Client::new(vec![url.clone()], Some(&file.ca), None, LOOK_PATIENCE);
            Ok(Node {
                batches: Client::new(endpoints.clone(), Some(&file.ca), credentials(), BATCH_PATIENCE)?,
                definitions: Client::for_master_data(
                    endpoints,
                    Some(&file.ca),
                    credentials(),
                    DEFINE_PATIENCE,
                )?,
                public: once(&node.public)?,
                ops: once(&node.ops)?,
            })
        });
        Ok(Self { nodes: nodes.collect::<Result<_, Failure>>()?, keys, contest })
    }

    /// The node whose turn it is.
    fn node(&self, turn: usize) -> Option<&Node> {
        self.nodes.get(turn.checked_rem(self.nodes.len())?)
    }

    /// Defines master data; the node whose turn it is is asked first.
    pub(super) async fn define(&self, turn: usize, what: &str, body: &impl Serialize) -> Result<(), Failure> {
        // Defining again what is defined changes nothing, so a key of its own for each call is enough.
        let key = Some(Uuid::new_v4());
        let node = self.node(turn).ok_or_else(|| Failure::failed("0"))?;
        let path = format!("/api/v1/master/{what}");
        node.definitions.post::<_, Defined>(&path, body, key).await.map(drop).map_err(|error| {
            let failure = Failure::from(error);
            let text = text!("memuat {what}: {failure}", "loading {what}: {failure}");
            Failure { text, ..failure }
        })
    }

    /// The leader's number, as the first node says that knows it.
    pub(super) async fn leader(&self) -> Option<u64> {
        for node in &self.nodes {
            if let Some(leader) =
                get::<Cluster>(&node.ops, "/api/v1/cluster").await.and_then(|seen| seen.leader)
            {
                return Some(leader);
            }
        }
        None
    }

    /// The nation's votes as the public sees them at one node.
    pub(super) async fn nation(&self, node: usize) -> Option<Votes> {
        let path = format!("/api/v1/results/{}/0", self.contest.id);
        let results: ResultsPage = get(&self.nodes.get(node)?.public, &path).await?;
        let mut votes = [0; OPTIONS];
        for (figure, option) in votes.iter_mut().zip(&self.contest.options) {
            *figure = results.totals.votes.of(&option.id)?;
        }
        Some(votes)
    }

    /// The state hash of one node at the index it stands at.
    pub(super) async fn state_hash(&self, node: usize) -> Option<StateHash> {
        get(&self.nodes.get(node)?.ops, "/api/v1/state-hash").await
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    fn item(&self, station: &StationForm) -> BatchItem {
        let code = station.place.code.to_string();
        let digest = form_digest(&station.form, &self.contest);
        let name = format!("{}/{code}/{}", self.contest.id, hex(&digest.0));
        BatchItem {
            key: Uuid::new_v5(&self.keys, name.as_bytes()).to_string(),
            contest: self.contest.id.to_string(),
            station: code,
            if_revision: 0,
            form: Form::of(&station.form, &self.contest),
            confirm: Vec::new(),
            reason: None,
            attachments: Vec::new(),
            observed_at: None,
            count_kind: None,
        }
    }

    /// What one result of a batch means. A form that is there already, from a time whose keys have expired, is
    /// as good as taken.
    fn ending(&self, result: &BatchResult, station: &StationForm) -> Ending {
        let status = StatusCode::from_u16(result.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_success() {
            return match result.state.as_deref() {
                Some("held") => Ending::Refused("held".to_owned()),
                _ => Ending::Played,
            };
        }
        let problem = result.problem.as_ref();
        if status.is_server_error() || problem.is_some_and(|problem| problem.retryable) {
            return Ending::Later;
        }
        let digest = problem.and_then(|problem| problem.extra.digest.clone()).flatten();
        if digest.is_some_and(|digest| digest == hex(&form_digest(&station.form, &self.contest).0)) {
            return Ending::Played;
        }
        Ending::Refused(problem.map_or_else(|| status.to_string(), |problem| problem.code.clone()))
    }
}

impl Counter for Remote {
    async fn hand_in(&self, turn: usize, forms: &[StationForm]) -> Option<Vec<Ending>> {
        let body = BatchBody { items: forms.iter().map(|form| self.item(form)).collect() };
        match self.node(turn)?.batches.post::<_, BatchResults>("/api/v1/batches", &body, None).await {
            Ok(answer) => {
                let results = answer.value.results.iter().zip(forms);
                Some(results.map(|(result, form)| self.ending(result, form)).collect())
            }
            Err(CallError::Failure(Failure { exit: Exit::Unavailable, .. })) => None,
            Err(CallError::Problem(problem)) if problem.retryable => None,
            Err(error) => Some(vec![Ending::Refused(Failure::from(error).text); forms.len()]),
        }
    }
}

/// What one node shows now; `None` when it does not answer, or not that.
async fn get<T: DeserializeOwned>(client: &Client, path: &str) -> Option<T> {
    client.get(path).await.ok().map(|answer| answer.value)
}

/// The shipped contest, in both shapes.
pub(super) fn contest(partial_forms: bool) -> Result<(serde_json::Value, Contest), Failure> {
    let broken = || {
        Failure::failed(text!(
            "berkas bawaan contest-ppwp-2024.json rusak",
            "the shipped contest-ppwp-2024.json is broken"
        ))
    };
    let shipped = include_str!("../../assets/contest-ppwp-2024.json");
    let mut body: serde_json::Value = serde_json::from_str(shipped).map_err(|_| broken())?;
    let parts = body.pointer_mut("/contests/0/partial_forms").ok_or_else(broken)?;
    *parts = partial_forms.into();
    let contest = api::dto::contests::parse(&body).map_err(|_| broken())?;
    let contest = contest.into_iter().next().ok_or_else(broken)?;
    Ok((body, contest))
}
