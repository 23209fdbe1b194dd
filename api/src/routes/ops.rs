//! The `ops` listener: what the `rakit` command and its operators use.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};

use super::envelope::envelope;
use super::{Api, Listener, Surface, attachments, backup, health, joining, master, members};
use crate::error::{Code, Problem};

pub(crate) fn router(api: &Api) -> Router {
    let surface = Surface::new(api, Listener::Ops);
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/readyz/public", get(health::ready_public))
        .route("/readyz/officer", get(health::ready_officer))
        .route("/metrics", get(health::metrics))
        .route("/api/v1/cluster", get(members::cluster))
        .route("/api/v1/cluster/initialize", post(members::initialize))
        .route("/api/v1/cluster/node-numbers", post(members::allocate))
        .route("/api/v1/cluster/invitations", post(joining::invite))
        .route("/api/v1/cluster/invitations/{id}", get(joining::look).delete(joining::withdraw))
        .route("/api/v1/cluster/invitations/{id}/answer", post(joining::answer))
        .route("/api/v1/cluster/members", post(members::add))
        .route("/api/v1/cluster/members/{id}", delete(members::remove).put(members::change))
        .route("/api/v1/cluster/members/{id}/replace", post(members::replace))
        .route("/api/v1/cluster/drain", post(members::drain))
        .route("/api/v1/cluster/resume", post(members::resume))
        .route("/api/v1/cluster/transfer", post(members::transfer))
        .route("/api/v1/cluster/snapshot", post(members::snapshot))
        .route("/api/v1/cluster/level", post(members::level))
        .route("/api/v1/master/regions", post(master::regions_by_operator))
        .route("/api/v1/master/contests", post(master::contests_by_operator))
        .route("/api/v1/master/accounts", post(master::accounts_by_operator))
        .route("/api/v1/cluster/epochs", get(backup::epochs))
        .route("/api/v1/backup", get(backup::offer))
        .route("/api/v1/backup/{id}", get(backup::manifest))
        .route("/api/v1/backup/{id}/objects/{sha256}", get(backup::object))
        .route("/api/v1/state-hash", get(members::state_hash))
        .route("/api/v1/state-hash/points", get(members::hash_points))
        .route("/api/v1/attachments/rescan", get(attachments::progress).post(attachments::rescan))
        .with_state(surface.clone())
        .fallback(async || Problem::new(Code::NotFound))
        .layer(from_fn_with_state(surface, envelope))
}
