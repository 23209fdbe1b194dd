//! The audit log: read page by page, or exported whole as CSV pages.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use tally::account::Role;

use super::params::Params;
use super::{Pinned, Surface, page};
use crate::auth::Caller;
use crate::dto::audit::{AuditPage, line};
use crate::error::{Code, Problem};
use crate::ports::AuditPlace;

/// `GET /audit`, for auditors and super admins of the whole country.
pub(super) async fn read(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    params: Params,
) -> Result<Response, Problem> {
    let options = params.read_options()?;
    let limit = params.limit()?;
    let after = params.after(AuditPlace::parse)?;
    if !matches!(caller.account.role, Role::Auditor | Role::SuperAdmin) {
        return Err(Problem::new(Code::Forbidden));
    }
    let view = surface.view(options).await?;
    let records = view.audit(after, limit.saturating_add(1))?;
    let more = records.len() > limit;
    let shown = records.get(..limit.min(records.len())).unwrap_or_default();
    let next = shown.last().filter(|_| more).map(|(place, _)| place.to_string());
    let lines: Result<Vec<_>, _> =
        shown.iter().map(|(place, record)| line(view.as_ref(), *place, record)).collect();
    page(Pinned::of(view.as_ref()), &AuditPage { records: lines?, next })
}
