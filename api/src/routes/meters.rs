//! Counters of the listeners.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Listener;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    listener: &'static str,
    status: &'static str,
}

/// Requests answered, by listener and class of status.
pub(super) struct Meters {
    registry: Registry,
    requests: Family<Labels, Counter>,
}

impl Default for Meters {
    fn default() -> Self {
        let requests = Family::default();
        let mut registry = Registry::default();
        registry.register("rakit_http_requests", "Requests answered", requests.clone());
        Self { registry, requests }
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

    /// The counters in the Prometheus text format, without an end mark so that more can follow.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text.strip_suffix("# EOF\n").map(str::to_owned).unwrap_or(text)
    }
}
