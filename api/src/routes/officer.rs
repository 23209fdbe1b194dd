//! The `officer` listener: everything public, and all that officers write.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};

use tally::audit::Sighting;
use tally::command::{Command, Item};

use super::envelope::envelope;
use super::{
    Api, Listener, Surface, accounts, attachments, audit, batches, complaints, forms, joining, lapor, master,
    own, own_credentials, reading, requests, session, steps, tallies, upkeep,
};
use crate::auth::{self, Caller};
use crate::error::{Code, Problem};
use crate::limits::client_address;

pub(crate) fn router(api: &Api) -> Router {
    let surface = Surface::new(api, Listener::Officer);
    let whole = |routes: Router| {
        routes
            .fallback(crate::web::nowhere)
            .layer(from_fn_with_state(surface.clone(), authenticated))
            .layer(from_fn_with_state(surface.clone(), envelope))
    };
    // The desk calls what everybody calls, and its pages are answers like any other.
    let desk = crate::desk::router(whole(calls(&surface)));
    let pages = api.pages().merge(crate::web::entry::routes()).merge(desk).merge(lapor::pages(&surface));
    whole(calls(&surface).merge(pages))
}

/// The calls under `/api/v1`, for whoever shows a token.
fn calls(surface: &Surface) -> Router {
    reading::router()
        .route("/api/v1/session", post(session::open).delete(session::close))
        .route(joining::JOIN, post(joining::join))
        .route("/api/v1/me", get(own::account))
        .route("/api/v1/me/password", post(own_credentials::password))
        .route(
            "/api/v1/me/totp",
            post(own_credentials::offer).put(own_credentials::set).delete(own_credentials::set),
        )
        .route("/api/v1/accounts", get(accounts::list).post(accounts::create))
        .route("/api/v1/accounts/sessions", get(accounts::sessions))
        .route("/api/v1/accounts/{name}", patch(accounts::change))
        .route("/api/v1/accounts/{name}/reset", post(accounts::reset))
        .route("/api/v1/accounts/{name}/sessions", delete(accounts::end_sessions))
        .route("/api/v1/audit", get(audit::read))
        .route("/api/v1/me/stations", get(own::stations))
        .route("/api/v1/tallies/{contest}/{station}", put(tallies::put))
        .route("/api/v1/tallies/{contest}/{station}/holds", post(steps::hold))
        .route("/api/v1/tallies/{contest}/{station}/releases", post(steps::release))
        .route("/api/v1/tallies/{contest}/{station}/certifications", post(steps::certify))
        .route("/api/v1/tallies/{contest}/{station}/approvals", post(steps::approve))
        .route("/api/v1/tallies/{contest}/{station}/reviews", post(steps::review))
        .route("/api/v1/tallies/{contest}", get(forms::list))
        .route("/api/v1/stations/{station}/complaints", post(complaints::take))
        .route("/api/v1/complaints", get(complaints::waiting))
        .route("/api/v1/stations/{station}/complaints/{contest}/{number}/answer", post(complaints::answer))
        .route("/api/v1/requests/{key}", get(requests::find))
        .route("/api/v1/pages/reload", post(upkeep::reload_pages))
        .route("/api/v1/batches", post(batches::submit))
        .route("/api/v1/master/regions", post(master::regions_by_account))
        .route("/api/v1/master/contests", post(master::contests_by_account))
        .route("/api/v1/master/accounts", post(master::accounts_by_account))
        .route("/api/v1/attachments", post(attachments::upload))
        .route("/api/v1/attachments/rescan", get(upkeep::rescan_progress).post(upkeep::rescan))
        .with_state(surface.clone())
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
    // Anybody may say that a form is wrong; who they are is not asked, so that nobody is asked to sign in for it.
    let complaining = complaints::is_open(path) && request.method() == Method::POST;
    if guarded && !signing_in && !joining && !complaining {
        let caller = auth::authenticate(surface.ports().queries.as_ref(), request.headers()).await?;
        if caller.unseen {
            touch(&surface, &caller);
        }
        request.extensions_mut().insert(caller);
    }
    let caller = request.extensions().get::<Caller>().map(|caller| caller.account.username.clone());
    let address = client_address(request.extensions());
    let response = next.run(request).await;
    let denied =
        response.extensions().get::<Problem>().is_some_and(|problem| problem.code == Code::Forbidden);
    if let Some(caller) = caller.filter(|_| denied) {
        surface.saw(Sighting::Denied, &caller, address);
    }
    Ok(response)
}

/// Writes down that a session is in use; if that fails or too many are on the way, its next use does.
fn touch(surface: &Surface, caller: &Caller) {
    let Ok(place) = Arc::clone(&surface.api.0.touches).try_acquire_owned() else { return };
    let (surface, principal) = (surface.clone(), caller.principal());
    tokio::spawn(async move {
        let item = Item { request: None, command: Command::TouchSession };
        let told = surface.submit(principal, vec![item]).await;
        tracing::trace!(done = told.first().is_some_and(Result::is_ok), "a session's use was written down");
        drop(place);
    });
}
