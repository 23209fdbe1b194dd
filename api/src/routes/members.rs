//! What operators ask of the cluster.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tally::ids::NodeId;

use super::params::{INTEGER_MAX, Params};
use super::{Pinned, Surface, door, json, page};
use crate::dto::cluster::{
    Cluster, HashPoints, Leader, Level, NodeNumber, Snapshot, StateHash, parse_level, parse_member,
    parse_replacement, parse_transfer,
};
use crate::error::{Code, Problem};
use crate::limits::JSON_BYTES_MAX;

async fn body(request: Request) -> Result<Value, Problem> {
    let (parts, body) = request.into_parts();
    door::body(&parts.headers, body, JSON_BYTES_MAX).await
}

/// `GET /cluster`.
pub(super) async fn cluster(State(surface): State<Surface>) -> Result<Response, Problem> {
    let look = || Cluster::from(surface.ports().operations.status());
    let (pinned, cluster) = Pinned::now(&surface, look, |cluster| cluster.index);
    page(pinned, &cluster)
}

/// `POST /cluster/initialize`: a running node belongs to a cluster already; founding one is `rakit init`.
pub(super) async fn initialize() -> Problem {
    Problem::with_detail(
        Code::InvalidState,
        "Simpul ini sudah milik sebuah klaster; klaster baru didirikan dengan rakit init di direktori kosong.",
    )
}

/// `POST /cluster/node-numbers`.
pub(super) async fn allocate(State(surface): State<Surface>) -> Result<Response, Problem> {
    let id = surface.ports().operations.allocate_node().await?;
    json(StatusCode::CREATED, &NodeNumber { id: id.0 })
}

/// `POST /cluster/members`.
pub(super) async fn add(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let member = parse_member(&body(request).await?)?;
    surface.ports().operations.add_member(member).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /cluster/members/{id}?force=NAME`.
pub(super) async fn remove(
    State(surface): State<Surface>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let forced_by = params.one("force")?.map(str::to_owned);
    surface.ports().operations.remove_member(NodeId(id), forced_by).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /cluster/members/{id}/replace`: `{"by": n}` votes in its place.
pub(super) async fn replace(
    State(surface): State<Surface>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let old = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    let new = parse_replacement(&body(request).await?)?;
    surface.ports().operations.replace_member(NodeId(old), new).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /cluster/members/{id}`: other addresses.
pub(super) async fn change(
    State(surface): State<Surface>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let member = parse_member(&body(request).await?)?;
    if id != member.id.0.to_string() {
        return Err(Problem::wrong("/id", "Harus sama dengan nomor di alamat."));
    }
    surface.ports().operations.move_member(member).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /cluster/drain`.
pub(super) async fn drain(State(surface): State<Surface>) -> Result<Response, Problem> {
    let leader = surface.ports().operations.drain().await?;
    json(StatusCode::OK, &Leader { leader: leader.0 })
}

/// `POST /cluster/resume`.
pub(super) async fn resume(State(surface): State<Surface>) -> StatusCode {
    surface.ports().operations.resume();
    StatusCode::NO_CONTENT
}

/// `POST /cluster/transfer`.
pub(super) async fn transfer(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let to = parse_transfer(&body(request).await?)?;
    let leader = surface.ports().operations.transfer(to).await?;
    json(StatusCode::OK, &Leader { leader: leader.0 })
}

/// `POST /cluster/snapshot`.
pub(super) async fn snapshot(State(surface): State<Surface>) -> Result<Response, Problem> {
    let index = surface.ports().operations.snapshot().await?;
    json(StatusCode::OK, &Snapshot { index })
}

/// `POST /cluster/level`.
pub(super) async fn level(State(surface): State<Surface>, request: Request) -> Result<Response, Problem> {
    let level = parse_level(&body(request).await?)?;
    let level = surface.ports().operations.raise_level(level).await?;
    json(StatusCode::OK, &Level { level })
}

/// `GET /state-hash`.
pub(super) async fn state_hash(State(surface): State<Surface>, params: Params) -> Result<Response, Problem> {
    let index = params.number("index", 0, INTEGER_MAX)?;
    let hash = surface.ports().operations.state_hash(index)?;
    page(Pinned::past(hash.index), &StateHash { index: hash.index, hash: hash.hash })
}

/// `GET /state-hash/points`.
pub(super) async fn hash_points(State(surface): State<Surface>) -> Result<Response, Problem> {
    let look = || HashPoints::from(surface.ports().operations.hash_points());
    let (pinned, told) = Pinned::now(&surface, look, |told| told.now.index);
    page(pinned, &told)
}
