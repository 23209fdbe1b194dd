//! The change feed: served from history, complete from 0.
//!
//! Invariant: a caller that waits costs a place of a bounded number and nothing else.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;

use super::params::{INTEGER_MAX, Params};
use super::{Pinned, Surface, page};
use crate::dto::changes;
use crate::error::{Code, Problem};
use crate::limits::CHANGES_WAIT_MS_MAX;
use crate::ports::ReadError;

/// `GET /changes`.
pub(super) async fn changes(State(surface): State<Surface>, params: Params) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let after = params.number("after", 0, INTEGER_MAX)?.unwrap_or(0);
    let wait_ms = params.number("wait_ms", 0, CHANGES_WAIT_MS_MAX)?.unwrap_or(0);
    let epoch = params.number("epoch", 0, INTEGER_MAX)?;
    let mut applied = surface.ports().queries.applied();
    let mut view = surface.view(options).await?;
    let current = view.ledger()?.epoch;
    if epoch.is_some_and(|epoch| epoch != current) {
        return Err(Problem::with_detail(
            Code::Gone,
            format!("Riwayat sekarang bernomor {current}; mulailah dari 0."),
        ));
    }
    let mut found = view.changes(after, limit)?;
    if found.changes.is_empty() && wait_ms > 0 {
        let _place = surface.api.0.waiting_feeds.try_acquire().map_err(|_| Problem::new(Code::Overloaded))?;
        let news = async {
            while found.changes.is_empty() && applied.changed().await.is_ok() {
                view = surface.ports().queries.local()?;
                found = view.changes(found.next_after.max(after), limit)?;
            }
            Ok::<(), ReadError>(())
        };
        if let Ok(result) = tokio::time::timeout(Duration::from_millis(wait_ms), news).await {
            result?;
        }
    }
    // A cursor beyond what this node has applied must not move back.
    found.next_after = found.next_after.max(after);
    page(Pinned::of(view.as_ref()), &changes::render(view.as_ref(), found)?)
}
