//! The `public` listener: nothing here can change the state.

use axum::Router;
use axum::middleware::from_fn_with_state;

use super::envelope::envelope;
use super::{Api, Listener, Surface, lapor, reading};
use crate::error::{Code, Problem};

pub(crate) fn router(api: &Api) -> Router {
    let surface = Surface::new(api, Listener::Public);
    reading::router()
        .with_state(surface.clone())
        .merge(api.pages())
        .merge(lapor::elsewhere(&surface))
        .fallback(async || Problem::new(Code::NotFound))
        .layer(from_fn_with_state(surface, envelope))
}
