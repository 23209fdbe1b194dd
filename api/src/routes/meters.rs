//! Counters of the listeners, and what the publisher says of itself.

use std::fmt::Write as _;

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Listener;
use crate::error::Code;
use crate::publisher::Publisher;
use crate::serve::{Counts, ListenerCounters};

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Labels {
    listener: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ComplaintLabels {
    outcome: &'static str,
}

/// Requests answered, by listener and class of status; complaints, by what came of them; what the listeners count themselves.
pub(super) struct Meters {
    registry: Registry,
    requests: Family<Labels, Counter>,
    complaints: Family<ComplaintLabels, Counter>,
    pub(super) listeners: ListenerCounters,
}

/// Name, kind and meaning of what a listener counts, and where it is.
type Counted = (&'static str, &'static str, &'static str, fn(&Counts) -> u64);

const COUNTED: [Counted; 6] = [
    ("rakit_http_connections", "gauge", "Connections open", |counts| counts.open),
    ("rakit_http_connections_accepted_total", "counter", "Connections taken", |counts| counts.accepted),
    (
        "rakit_http_connections_shed_total",
        "counter",
        "Connections closed at once for want of places",
        |counts| counts.shed,
    ),
    ("rakit_http_handshakes_failed_total", "counter", "Connections that never came to HTTP", |counts| {
        counts.handshakes_failed
    }),
    (
        "rakit_http_requests_begun_total",
        "counter",
        "Requests begun, those for kept pages included",
        |counts| counts.requests,
    ),
    ("rakit_http_requests_late_total", "counter", "Requests without an answer in time", |counts| {
        counts.requests_late
    }),
];

/// Name, kind and meaning of what a publisher says, and where it is.
type Published = (&'static str, &'static str, &'static str, fn(&Publisher) -> u64);

const PUBLISHED: [Published; 5] = [
    ("rakit_kept_pages", "gauge", "Pages kept as bytes that are ready to send", |publisher| {
        count(publisher.kept().0)
    }),
    ("rakit_kept_pages_bytes", "gauge", "Bytes of their bodies, in all encodings", |publisher| {
        count(publisher.kept().1)
    }),
    ("rakit_kept_pages_served_total", "counter", "Answers from kept pages", Publisher::hits),
    ("rakit_events_regions", "gauge", "Regions that somebody follows", |publisher| {
        count(publisher.followed())
    }),
    ("rakit_next_poll_ms", "gauge", "After which readers are asked to look again", |publisher| {
        u64::from(publisher.next_poll_ms())
    }),
];

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
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
        Self { registry, requests, complaints, listeners: ListenerCounters::default() }
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

    /// The counters in the Prometheus text format, and what a publisher says of itself; without an end mark so that more can
    /// follow.
    pub(super) fn text(&self, publisher: &Publisher) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        let mut text = text.strip_suffix("# EOF\n").map(str::to_owned).unwrap_or(text);
        let ListenerCounters { public, officer, ops } = &self.listeners;
        let counts = [("public", public.counts()), ("officer", officer.counts()), ("ops", ops.counts())];
        for (name, kind, help, value) in COUNTED {
            // Writing into a text cannot fail.
            writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
            for (listener, counts) in &counts {
                writeln!(text, "{name}{{listener=\"{listener}\"}} {}", value(counts)).ok();
            }
        }
        for (name, kind, help, value) in PUBLISHED {
            writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {}", value(publisher)).ok();
        }
        text
    }
}
