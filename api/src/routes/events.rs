//! `GET /events`: a region's state as server-sent events (WHATWG HTML, section 9.2).
//!
//! Invariant: on one connection identifiers strictly increase; a client that comes back with the last one it saw, to
//! whichever node, is shown nothing older. A connection costs a place of a bounded number and ends by itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tally::ids::ContestId;
use tally::region::RegionCode;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::params::{INTEGER_MAX, Params};
use super::{Pinned, Surface};
use crate::error::{Code, Problem};
use crate::limits::{EVENTS_MS_MAX, EVENTS_PER_ADDRESS_MAX, EVENTS_QUIET_MS, client_address};
use crate::publisher::Follower;
use crate::serve::Share;

const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
/// What a connection begins with: how long to wait before coming back, in milliseconds.
const GREETING: &[u8] = b"retry: 3000\n\n";
/// What keeps a quiet connection open.
const COMMENT: &[u8] = b":\n\n";

/// `GET /events?contest=&region=`.
pub(super) async fn events(
    State(surface): State<Surface>,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, address) = (request.headers(), client_address(request.extensions()));
    let needed =
        |name: &str| params.one(name)?.ok_or_else(|| Problem::wrong(name, "Parameter ini harus ada."));
    let missing = || Problem::with_detail(Code::NotFound, "Pemilihan ini tidak diadakan di wilayah itu.");
    let (contest, region) = (needed("contest")?, needed("region")?);
    let seen = last_seen(headers)?;
    let contest = ContestId::parse(contest).ok_or_else(missing)?;
    let region = RegionCode::parse(region).ok_or_else(missing)?;
    let place = Arc::clone(&surface.api.0.events).try_acquire_owned();
    let place = place.map_err(|_| Problem::new(Code::Overloaded))?;
    let share = surface.api.0.events_by_address.enter(address, EVENTS_PER_ADDRESS_MAX);
    let share = share.ok_or_else(|| Problem::new(Code::TooManyRequests))?;
    let begun = surface.api.0.publisher.follow(contest, region).await?;
    let (index, confirmed, follower) = begun.ok_or_else(missing)?;
    let mut response = Response::new(Body::from_stream(stream_of(follower, seen, (place, share))));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would gather the stream otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.extensions_mut().insert(Pinned { index, confirmed });
    Ok(response)
}

fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = headers.get(LAST_EVENT) else { return Ok(None) };
    let number = text.to_str().ok().and_then(|text| text.parse().ok());
    let number = number.filter(|number| *number <= INTEGER_MAX);
    let wrong = || Problem::wrong("Last-Event-ID", "Harus nomor kejadian yang terakhir dilihat.");
    number.map(Some).ok_or_else(wrong)
}

/// What a connection holds.
struct Connection {
    follower: Follower,
    /// The last state that was sent here.
    sent: Option<u64>,
    /// Nothing below this is sent: what was seen elsewhere.
    least: u64,
    greeted: bool,
    ends: Instant,
    _place: Place,
}

/// A place among all connections and one among those of an address.
type Place = (OwnedSemaphorePermit, Share);

fn stream_of(
    follower: Follower,
    seen: Option<u64>,
    place: Place,
) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    let now = Instant::now();
    let ends = now.checked_add(Duration::from_millis(EVENTS_MS_MAX)).unwrap_or(now);
    let least = seen.unwrap_or(0);
    let connection = Connection { follower, sent: None, least, greeted: false, ends, _place: place };
    stream::unfold(connection, async |mut connection| {
        let bytes = connection.next().await?;
        Some((Ok(bytes), connection))
    })
}

impl Connection {
    /// What to send next; `None` ends the connection, and the client comes back.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(Bytes::from_static(GREETING));
        }
        loop {
            if let Some(bytes) = self.unsent() {
                return Some(bytes);
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.ends) => return None,
                changed = self.follower.changed() => changed.ok()?,
                () = tokio::time::sleep(Duration::from_millis(EVENTS_QUIET_MS)) => {
                    return Some(Bytes::from_static(COMMENT));
                }
            }
        }
    }

    /// The newest state, if it was not sent here and is not older than what was seen elsewhere.
    fn unsent(&mut self) -> Option<Bytes> {
        let newest = self.follower.borrow_and_update();
        let event = newest.as_ref()?;
        let new = event.id >= self.least && self.sent.is_none_or(|sent| event.id > sent);
        new.then(|| {
            self.sent = Some(event.id);
            event.bytes.clone()
        })
    }
}
