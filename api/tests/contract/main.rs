//! The contract through the routers, over a node whose state is the model: it decides, so every status of
//! `api.md` is reached the way a cluster reaches it.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may fail loudly"
)]

mod accounts;
mod attachments;
mod backup;
mod bad_input;
mod batches;
mod client;
mod common_headers;
mod complaints;
mod description;
mod desk;
mod discovery;
mod events;
mod exports;
mod forms;
mod idempotency;
mod kept;
mod life;
mod master;
mod node;
mod ops;
mod photos;
mod reads;
mod rights;
mod sessions;
mod sirekap;
mod statuses;
mod view;
mod world;
