//! The `public` listener: nothing here can change the state.
//!
//! Invariant: what is not a kept page costs one of a few places of its address; whoever has them all waits (429), and
//! nobody else does.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use super::envelope::envelope;
use super::{Api, Listener, Surface, lapor, reading};
use crate::error::{Code, Problem};
use crate::limits::{READS_PER_ADDRESS_MAX, client_address};

pub(crate) fn router(api: &Api) -> Router {
    let surface = Surface::new(api, Listener::Public);
    reading::router()
        .with_state(surface.clone())
        .merge(api.pages())
        .merge(lapor::elsewhere(&surface))
        .fallback(crate::web::nowhere)
        .layer(from_fn_with_state(surface.clone(), share))
        .layer(from_fn_with_state(surface, envelope))
}

/// One address at a time has so many requests at work.
async fn share(State(surface): State<Surface>, request: Request, next: Next) -> Result<Response, Problem> {
    let address = client_address(request.extensions());
    let share = surface.api.0.reads_by_address.enter(address, READS_PER_ADDRESS_MAX);
    let _share = share.ok_or_else(|| Problem {
        retry_after_s: Some(1),
        ..Problem::with_detail(Code::TooManyRequests, "Terlalu banyak permintaan sekaligus dari alamat ini.")
    })?;
    Ok(next.run(request).await)
}
