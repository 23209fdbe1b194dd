//! The nodes that pages are asked of.
//!
//! Invariant: an answer is of no older state than asked for, whichever node gave it; none is larger than allowed; and
//! one that is not of the expected kind is no answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::client::{Call, Client, ClientSettings};
use api::dto::status::Status;
use api::web::LEADER_AGE_MS_MAX;
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};

use super::address::Media;
use super::draft::Sight;
use crate::client::CallError;
use crate::client_transport::HttpTransport;
use crate::failure::Failure;
use crate::text;

/// Bytes of a page at most. The largest, a village of a thousand stations, has less than a quarter of it.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest attempt at one node: a page that nobody read is made while we wait.
const ATTEMPT_MS: u64 = 7_000;
/// How often nodes are asked that are behind what was published already, and the pause between: pages follow the
/// log within two rounds of a quarter of a second, and a node that stays behind is left for another.
const BEHIND_LOOKS_MAX: u32 = 40;
const BEHIND_PAUSE: Duration = Duration::from_millis(250);

/// What a node said.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How it was seen.
    pub sight: Sight,
    /// Its bytes; `None` when they are those of the tag.
    pub body: Option<Bytes>,
}

/// See the module.
pub struct Source {
    client: Client<HttpTransport>,
    nodes: usize,
    turn: AtomicUsize,
}

fn failure(error: api::client::ClientError) -> Failure {
    Failure::from(CallError::from(error))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl Source {
    /// The nodes behind some URLs (without path), trusting the authority in `ca` where they speak TLS. A page for which
    /// nobody has an answer for so long is given up.
    pub fn new(endpoints: Vec<String>, ca: Option<&Path>, patience: Duration) -> Result<Self, Failure> {
        let deadline_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let nodes = endpoints.len();
        let settings =
            ClientSettings { deadline_ms, attempt_ms: ATTEMPT_MS, ..ClientSettings::new(endpoints) };
        let transport = HttpTransport::new(ca)?.with_body_max(PAGE_BYTES_MAX);
        Ok(Self { client: Client::new(Arc::new(transport), settings), nodes, turn: AtomicUsize::new(0) })
    }

    /// The cluster.
    pub async fn status(&self) -> Result<Status, Failure> {
        Ok(self.client.status().await.map_err(failure)?.value)
    }

    /// What is at an address, unless it still has that tag; `None` when there is nothing. The answer is of a state that
    /// has at least `floor` applied.
    pub async fn look(
        &self,
        address: &str,
        media: Media,
        (tag, floor): (Option<&str>, u64),
    ) -> Result<Option<Seen>, Failure> {
        let mut call = Call::new(Method::GET, address);
        if let Some(tag) = tag {
            call = call.with_header("if-none-match", tag).map_err(failure)?;
        }
        for _ in 0..BEHIND_LOOKS_MAX {
            let (response, _) = self.client.send_for_any(&call).await.map_err(failure)?;
            let (seen, index) = read(address, media, tag, response)?;
            if index >= floor {
                return Ok(seen);
            }
            // Another node may be further.
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            self.client.begin_at(turn.checked_rem(self.nodes).unwrap_or(0));
            tokio::time::sleep(BEHIND_PAUSE).await;
        }
        Err(Failure::unavailable(text!(
            "{address}: semua simpul masih di belakang indeks {floor} yang sudah diterbitkan; ulangi nanti",
            "{address}: all nodes are behind index {floor}, which is published already; try again later"
        )))
    }
}

/// What an answer says, and the log index that it is of.
fn read(
    address: &str,
    media: Media,
    tag: Option<&str>,
    response: Response<Bytes>,
) -> Result<(Option<Seen>, u64), Failure> {
    let (parts, body) = response.into_parts();
    let number = |name: &str| header(&parts.headers, name).and_then(|text| text.parse::<i64>().ok());
    let index = number("rakit-index").and_then(|index| u64::try_from(index).ok());
    let (Some(index), Some(age_ms)) = (index, number("rakit-leader-age-ms")) else {
        return Err(Failure::failed(text!(
            "{address}: jawabannya bukan dari simpul Rakit; sebut listener publik sebuah simpul",
            "{address}: the answer is not one of a Rakit node; name the public listener of one"
        )));
    };
    let late = !(0..=LEADER_AGE_MS_MAX).contains(&age_ms);
    let said = header(&parts.headers, "content-type").unwrap_or_default();
    let etag = header(&parts.headers, "etag").map(str::to_owned);
    let seen = match parts.status {
        StatusCode::OK if media.is_said_by(said) => {
            Some(Seen { sight: Sight { index, late, etag }, body: Some(body) })
        }
        StatusCode::NOT_MODIFIED if tag.is_some() => {
            Some(Seen { sight: Sight { index, late, etag: tag.map(str::to_owned) }, body: None })
        }
        StatusCode::NOT_FOUND => None,
        status => {
            return Err(Failure::failed(text!(
                "{address}: jawaban tak terduga: {status} {said}",
                "{address}: an unexpected answer: {status} {said}"
            )));
        }
    };
    Ok((seen, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response<Bytes> {
        let response = Response::builder().status(status);
        let response =
            headers.iter().fold(response, |response, (name, value)| response.header(*name, *value));
        response.body(Bytes::from_static(b"x")).expect("a response")
    }

    #[test]
    fn an_answer_says_of_when_it_is_and_whether_that_is_certain() {
        let common = [("rakit-index", "7"), ("rakit-leader-age-ms", "-1"), ("content-type", "text/html")];
        let (seen, index) = read("/", Media::Html, None, answer(200, &common)).expect("an answer");
        let seen = seen.expect("a page");
        assert_eq!((index, seen.sight.index, seen.sight.late), (7, 7, true));
        let (seen, _) = read("/", Media::Html, Some("\"t\""), answer(304, &common)).expect("an answer");
        let seen = seen.expect("a page");
        assert_eq!((seen.body, seen.sight.etag.as_deref()), (None, Some("\"t\"")));
        let (seen, _) = read("/", Media::Html, None, answer(404, &common)).expect("an answer");
        assert!(seen.is_none());
    }

    #[test]
    fn what_is_of_another_kind_or_of_another_server_is_no_answer() {
        let common = [("rakit-index", "7"), ("rakit-leader-age-ms", "5"), ("content-type", "text/html")];
        for (media, response) in [
            (Media::Json, answer(200, &common)),
            (Media::Html, answer(304, &common)),
            (Media::Html, answer(301, &common)),
            (Media::Html, answer(200, &[("content-type", "text/html")])),
            (Media::Html, answer(200, &[("rakit-index", "-7"), ("rakit-leader-age-ms", "5")])),
        ] {
            assert!(read("/", media, None, response).is_err());
        }
    }
}
