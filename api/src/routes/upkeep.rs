//! What admins may have the node that they ask do: render its pages anew, show its attachments to the scanner again.
//!
//! Invariant: nothing here changes the state; it is done by this node only, and the answer says which one that is.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tally::account::Role;

use super::{Surface, json};
use crate::auth::Caller;
use crate::dto::upkeep::PagesReloaded;
use crate::error::{Code, Problem};

fn allowed(caller: &Caller) -> Result<(), Problem> {
    match caller.account.role {
        Role::SuperAdmin | Role::Admin => Ok(()),
        Role::Certifier | Role::Reviewer | Role::Officer | Role::Auditor => {
            Err(Problem::new(Code::Forbidden))
        }
    }
}

/// `POST /pages/reload`: everything that was rendered is rendered anew in the publisher's next rounds.
pub(super) async fn reload_pages(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    allowed(&caller)?;
    let queries = &surface.ports().queries;
    queries.mark_dirty();
    let node = queries.freshness().node.0;
    tracing::info!(account = %caller.account.username, "all pages are rendered anew");
    json(StatusCode::ACCEPTED, &PagesReloaded { node })
}

/// `POST /attachments/rescan` by an account.
pub(super) async fn rescan(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    allowed(&caller)?;
    json(StatusCode::ACCEPTED, &surface.api.0.rescan.begin(surface.ports()))
}

/// `GET /attachments/rescan` by an account.
pub(super) async fn rescan_progress(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    allowed(&caller)?;
    json(StatusCode::OK, &surface.api.0.rescan.progress(surface.ports()))
}
