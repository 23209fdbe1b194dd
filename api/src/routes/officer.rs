//! The `officer` listener: everything public, and all that officers write.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post, put};

use super::envelope::envelope;
use super::{Api, Listener, Surface, batches, joining, master, own, reading, session, tallies};
use crate::auth;
use crate::error::{Code, Problem};

pub(crate) fn router(api: &Api, pages: Router) -> Router {
    let surface = Surface::new(api, Listener::Officer);
    reading::router()
        .route("/api/v1/session", post(session::open).delete(session::close))
        .route(joining::JOIN, post(joining::join))
        .route("/api/v1/me", get(own::account))
        .route("/api/v1/me/stations", get(own::stations))
        .route("/api/v1/tallies/{contest}/{station}", put(tallies::put))
        .route("/api/v1/tallies/{contest}/{station}/holds", post(tallies::hold))
        .route("/api/v1/tallies/{contest}/{station}/releases", post(tallies::release))
        .route("/api/v1/batches", post(batches::submit))
        .route("/api/v1/master/regions", post(master::regions_by_account))
        .route("/api/v1/master/contests", post(master::contests_by_account))
        .route("/api/v1/master/accounts", post(master::accounts_by_account))
        .with_state(surface.clone())
        .merge(pages)
        .fallback(async || Problem::new(Code::NotFound))
        .layer(from_fn_with_state(surface.clone(), authenticated))
        .layer(from_fn_with_state(surface, envelope))
}

/// 401 comes before all else: whoever has no session learns nothing about paths, methods or bodies.
async fn authenticated(
    State(surface): State<Surface>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    let guarded = path == "/openapi.json" || path == "/api/v1" || path.starts_with("/api/v1/");
    let signing_in = path == "/api/v1/session" && request.method() != Method::DELETE;
    // A node that is to join has no account; its door asks for the secret of its invitation.
    let joining = path == joining::JOIN;
    if guarded && !signing_in && !joining {
        let caller = auth::authenticate(surface.ports().queries.as_ref(), request.headers()).await?;
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
}
