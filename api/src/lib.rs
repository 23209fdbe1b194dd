//! The HTTP contract of Rakit: what officers, the public and operators meet.
//!
//! Knows no Raft and no disk. What it needs from the node is in [`ports`]. Invariant: nothing but the officer
//! and ops routers can change the state, and every answer says which node gave it, at which log index.
#![forbid(unsafe_code)]

pub mod auth;
pub mod client;
mod complaints;
mod desk;
pub mod dto;
pub mod error;
mod export;
mod forgery;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod intake;
mod invitations;
pub mod limits;
pub mod openapi;
mod pace;
pub mod packing;
pub mod ports;
pub mod publisher;
pub mod routes;
mod search;
pub mod serve;
mod sightings;
mod walk;
pub mod web;

use axum::Router;

pub use ports::Ports;
pub use routes::Api;

/// The JSON answers of the `public` listener and its pages. GET and HEAD only.
pub fn public_router(api: &Api) -> Router {
    routes::public::router(api)
}

/// The calls of the `officer` listener and its pages. Everything under `/api/v1` but `POST /session` and complaints wants a
/// bearer token; the pages are served without one.
pub fn officer_router(api: &Api) -> Router {
    routes::officer::router(api)
}

/// The calls of the `ops` listener. Trusts whoever connects: bind it to loopback or behind client certificates.
pub fn ops_router(api: &Api) -> Router {
    routes::ops::router(api)
}
