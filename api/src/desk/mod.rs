//! The desk at `/meja/`: pages for reviewers, certifiers, admins and auditors, rendered on the server, without a script.
//!
//! Invariant: the desk can do nothing that the API does not let the same account do. Every look and every change is a call
//! of the API's routes, in this process, with the token of the session; what the desk leaves out it leaves out for
//! clarity, never for safety.

mod address;
mod backstage;
mod blocks;
mod certify;
mod complaints;
mod files;
mod form;
mod forms;
mod frame;
mod gate;
mod home;
mod master;
mod paper;
mod people;
mod profile;
mod reading;
mod recap;
mod records;
mod upkeep;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use crate::limits::{BULK_BYTES_MAX, JSON_BYTES_MAX};
pub(crate) use frame::sealed;

/// What the pages of the desk share.
#[derive(Clone)]
struct Desk {
    /// The API, as it answers anybody.
    routes: Router,
    /// The places for files that are made at once.
    files: files::Places,
}

/// The pages of the desk over the routes of the API.
pub(crate) fn router(routes: Router) -> Router {
    Router::new()
        .route("/meja", get(async || Redirect::permanent("/meja/").into_response()))
        .route("/meja/", get(home::page))
        .route("/meja/masuk", get(gate::sign_in_page).post(gate::sign_in))
        .route("/meja/keluar", post(gate::sign_out))
        .route("/meja/formulir", get(forms::list))
        .route("/meja/formulir/{contest}/{station}", get(form::page))
        .route("/meja/formulir/{contest}/{station}/langkah", post(form::step))
        .route("/meja/formulir/{contest}/{station}/baca", get(reading::blank).post(reading::send))
        .route("/meja/lampiran/{sha256}", get(form::attachment))
        .route("/meja/sahkan", get(certify::page).post(certify::send))
        .route("/meja/laporan", get(complaints::list))
        .route("/meja/laporan/{contest}/{station}/{number}", get(complaints::one).post(complaints::answer))
        .route("/meja/rekap", get(recap::page))
        .route("/meja/akun", get(people::list).post(people::create))
        .route("/meja/akun/{name}", get(people::one).post(people::change))
        .route("/meja/sesi", get(people::sessions))
        .route("/meja/catatan", get(records::page))
        .route("/meja/transaksi", get(records::transaction))
        .route("/meja/perawatan", get(upkeep::page).post(upkeep::begin))
        .route("/meja/unggah", post(master::upload).layer(DefaultBodyLimit::max(BULK_BYTES_MAX)))
        .route("/meja/profil", get(profile::page).post(profile::change))
        .route("/meja/{*rest}", get(async || frame::Failure::absent()))
        .with_state(Desk { routes, files: files::Places::default() })
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(from_fn(seal))
}

async fn seal(request: Request, next: Next) -> Response {
    sealed(next.run(request).await)
}
