//! Requests from a fuzzer, put to the routers of a small country; `tests/fuzz` feeds them, a test replays what is kept.
//!
//! Invariant: whatever is asked, and in whatever order, is answered, never as a failure of this side, and as `api.md` has
//! it: with the common headers, and with a problem wherever it is refused. The model behind checks its own invariants.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use base64::Engine as _;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tally::command::{Command, Item, Principal, Proof};
use tally::ids::AccountId;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use super::node::ModelNode;
use super::world::{World, hashed};

/// Between two requests.
const NEXT: u8 = 0x1e;
/// Most requests of one story.
const REQUESTS_MAX: usize = 8;
/// Accounts of the country, in the order of their numbers.
const ACCOUNTS: u8 = 8;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let paused = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    RUNTIME.get_or_init(|| paused().expect("a runtime"))
}

/// The token that an account always has here.
fn token(account: u8) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([account; 32])
}

/// The country with everybody signed in, as it was when it was made.
async fn country() -> World {
    static MADE: OnceLock<Arc<ModelNode>> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return World::over(made.copy());
    }
    let node = signed_in().await;
    World::over(MADE.get_or_init(|| node).copy())
}

/// Everybody is signed in without a single password being tried: that takes long.
async fn signed_in() -> Arc<ModelNode> {
    let world = World::new().await;
    for account in 1..=ACCOUNTS {
        let session = api::auth::token::session_of(&token(account)).expect("a token");
        let command = Command::OpenSession {
            session,
            account: AccountId(account.into()),
            proof: Proof::Password(hashed().to_owned()),
            second_factor_step: None,
            lifetime_ms: 3_600_000,
            idle_ms: 3_600_000,
            address: None,
        };
        world.node.apply(Principal::System, vec![Item { request: None, command }]);
    }
    world.node
}

/// One request: who asks where (a letter each), method and target; headers; an empty line; the body.
fn request(text: &[u8]) -> Option<(u8, Request<Body>)> {
    let (&[who, place], rest) = text.split_first_chunk::<2>()?;
    let head_ends = rest.windows(2).position(|two| two == b"\n\n").unwrap_or(rest.len());
    let (head, body) = (rest.get(..head_ends)?, rest.get(head_ends + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.split(|byte| *byte == b' ');
    let (method, target) = (first.next()?, first.next()?);
    let mut request = Request::builder().method(method).uri(target);
    if who.is_ascii_digit() {
        request = request.header("authorization", format!("Bearer {}", token(who - b'0')));
    }
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(line.get(..colon)?, line.get(colon + 1..)?.trim_ascii());
    }
    Some((place, request.body(Body::from(body.to_vec())).ok()?))
}

async fn ask(world: &World, place: u8, request: Request<Body>) {
    let told = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
    let router: &Router = match place {
        b'p' => &world.public,
        b'o' => &world.ops,
        _ => &world.officer,
    };
    let response = router.clone().oneshot(request).await.expect("an answer");
    judge(response, &told).await;
}

async fn judge(response: Response<Body>, told: &str) {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let body = body.collect().await.expect("a body").to_bytes();
    // The fixture's operations have no cluster to ask, and say 503.
    assert!(
        status < 500 || matches!(status, 503 | 507),
        "{status} to {told}: {}",
        String::from_utf8_lossy(&body)
    );
    let header =
        |name: &str| parts.headers.get(name).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    for name in ["rakit-node", "rakit-index", "rakit-leader-age-ms", "request-id", "x-content-type-options"] {
        assert!(!header(name).is_empty(), "{name} is missing: {told}");
    }
    if status >= 400 && !told.starts_with("HEAD ") && header("content-type").starts_with(b"application/") {
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        assert_eq!(problem["status"], status, "{told}: {}", String::from_utf8_lossy(&body));
        assert!(problem["code"].is_string() && problem["retryable"].is_boolean(), "{problem}");
    }
}

/// A few requests one after the other, to a country that is new each time.
pub(crate) fn requests(data: &[u8]) {
    runtime().block_on(async {
        let mut asked: Vec<_> = Vec::new();
        for text in data.split(|byte| *byte == NEXT).take(REQUESTS_MAX) {
            asked.extend(request(text));
        }
        if asked.is_empty() {
            return;
        }
        let world = country().await;
        for (place, request) in asked {
            ask(&world, place, request).await;
        }
    });
}

#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn kept_requests_break_nothing() {
        replay("api_requests", super::requests);
    }
}
