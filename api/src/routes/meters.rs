//! Counters of the listeners.

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Listener;
use crate::error::Code;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    listener: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ComplaintLabels {
    outcome: &'static str,
}

/// Requests answered, by listener and class of status; complaints, by what came of them.
pub(super) struct Meters {
    registry: Registry,
    requests: Family<Labels, Counter>,
    complaints: Family<ComplaintLabels, Counter>,
}

impl Default for Meters {
    fn default() -> Self {
        let (requests, complaints) = (Family::default(), Family::default());
        let mut registry = Registry::default();
        registry.register("rakit_http_requests", "Requests answered", requests.clone());
        registry.register(
            "rakit_complaints",
            "Complaints handed in, by what came of them",
            complaints.clone(),
        );
        Self { registry, requests, complaints }
    }
}

impl Meters {
    /// Counts an answer.
    pub(super) fn answered(&self, listener: Listener, status: u16) {
        let listener = match listener {
            Listener::Public => "public",
            Listener::Officer => "officer",
            Listener::Ops => "ops",
        };
        let status = match status {
            0..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&Labels { listener, status }).inc();
    }

    /// Counts a complaint that was proposed or turned away: `taken`, `limited` by its address, `shed` for officers' sake,
    /// or `refused` by the rules.
    pub(super) fn complained(&self, failure: Option<Code>) {
        let outcome = match failure.map(Code::status) {
            None => "taken",
            Some(StatusCode::TOO_MANY_REQUESTS) => "limited",
            Some(status) if status.is_server_error() => "shed",
            Some(_) => "refused",
        };
        self.complaints.get_or_create(&ComplaintLabels { outcome }).inc();
    }

    /// The counters in the Prometheus text format, without an end mark so that more can follow.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text.strip_suffix("# EOF\n").map(str::to_owned).unwrap_or(text)
    }
}
