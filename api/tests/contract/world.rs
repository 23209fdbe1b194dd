//! A small country to test in: two provinces, three stations, two contests, five accounts.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use api::limits::ClientAddress;
use api::publisher::Publisher;
use api::{Api, Ports};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tally::command::{Command, Item, Principal};
use tally::ids::NodeId;
use tower::ServiceExt as _;

use super::node::ModelNode;
use super::photos::Photos;

pub(crate) const STATION: &str = "3175091001087";
pub(crate) const SECOND: &str = "3175091001100";
pub(crate) const FAR: &str = "3201011001001";
pub(crate) const PASSWORD: &str = "kata sandi yang panjang";

/// A node with its three routers.
pub(crate) struct World {
    pub(crate) node: Arc<ModelNode>,
    pub(crate) photos: Arc<Photos>,
    pub(crate) publisher: Arc<Publisher>,
    api: Api,
    pub(crate) public: Router,
    pub(crate) officer: Router,
    pub(crate) ops: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }
}

/// Asserts status and code, with the whole answer in the message.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.code()), (status, code), "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.body["status"], status);
    assert_eq!(reply.body["type"], format!("urn:rakit:problem:{code}"));
    assert_eq!(reply.body["instance"], reply.header("request-id"));
    for key in ["title", "detail"] {
        assert!(reply.body[key].as_str().is_some_and(|text| text.len() > 5), "{key} in {reply:?}");
    }
    let waits = matches!(status, 429 | 503);
    assert_eq!(reply.headers.contains_key("retry-after"), waits, "{reply:?}");
    let retryable = matches!(status, 429 | 500 | 503 | 507);
    assert_eq!(reply.body["retryable"], retryable);
}

pub(crate) fn hashed() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| api::auth::password::hash(PASSWORD).expect("a hash"))
}

pub(crate) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A form that breaks no rule.
pub(crate) fn form() -> Value {
    json!({
        "registered": {"male": 120, "female": 130, "total": 250},
        "turnout": {
            "dpt": {"male": 100, "female": 100, "total": 200},
            "dptb": {"male": 1, "female": 2, "total": 3},
            "dpk": {"male": 1, "female": 1, "total": 2},
            "total": {"male": 102, "female": 103, "total": 205}
        },
        "ballots": {"received": 255, "used": 205, "returned": 1, "unused": 49},
        "disabled": {"male": 1, "female": 0, "total": 1},
        "votes": {"100025": 41, "100026": 99, "100027": 60},
        "valid": 200, "invalid": 5, "total": 205
    })
}

/// A form in which 41 was read as 91: it breaks R07 by 50, so R07 holds.
pub(crate) fn misread(votes: u32) -> Value {
    let mut form = form();
    form["votes"]["100025"] = votes.into();
    form
}

/// The body of a PUT.
pub(crate) fn tally(form: &Value) -> Value {
    json!({"form": form, "confirm": [], "reason": null, "attachments": [], "observed_at": null})
}

pub(crate) fn contest(id: &str, region: &str) -> Value {
    let option = |id: &str, order: u32| json!({"id": id, "name": format!("Paslon {order}"), "order": order, "color": "#8CB9BD", "party": null});
    json!({
        "id": id, "name": "Presiden", "kind": "ppwp", "region": region, "regions": [region],
        "partial_forms": false, "photo_required": false,
        "options": [option("100025", 1), option("100026", 2), option("100027", 3)]
    })
}

impl World {
    /// An empty, founded cluster.
    pub(crate) fn founded() -> Self {
        let node = ModelNode::new();
        let command =
            Command::Found { cluster: [1; 16], name: "uji".to_owned(), epoch: 1, next_node: NodeId(4) };
        node.apply(Principal::System, vec![Item { request: None, command }]);
        Self::over(node)
    }

    /// The routers of a node.
    pub(crate) fn over(node: Arc<ModelNode>) -> Self {
        let photos = Photos::new();
        let ports = Ports {
            queries: node.clone(),
            commands: node.clone(),
            operations: node.clone(),
            backups: node.clone(),
            attachments: photos.clone(),
            scratch: photos.clone(),
            scanner: photos.clone(),
        };
        let publisher = Publisher::new(ports.queries.clone());
        let api = Api::new(ports, publisher.clone());
        Self {
            public: api::public_router(&api),
            officer: api::officer_router(&api),
            ops: api::ops_router(&api),
            api,
            publisher,
            photos,
            node,
        }
    }

    /// The whole small country.
    pub(crate) async fn new() -> Self {
        let world = Self::founded();
        let region = |code: &str, name: &str| json!({"code": code, "name": name});
        let station = |code: &str| json!({"code": code, "kind": "home", "registered": 250});
        let regions = json!({
            "regions": [
                region("31", "DKI JAKARTA"), region("3175", "JAKARTA TIMUR"), region("317509", "CIRACAS"),
                region("3175091001", "CIBUBUR"), region("32", "JAWA BARAT"), region("3201", "BOGOR"),
                region("320101", "NANGGUNG"), region("3201011001", "MALASARI")
            ],
            "stations": [station(STATION), station(SECOND), {"code": FAR, "kind": "home", "name": "Balai Desa", "registered": null}]
        });
        world.define("regions", &regions).await;
        let contests = json!({"contests": [contest("ppwp", "0"), contest("pdpr-3201", "3201")]});
        world.define("contests", &contests).await;
        let account = |username: &str, role: &str, scope: &str| json!({"username": username, "password_hash": hashed(), "role": role, "scope": scope});
        let accounts = json!({"accounts": [
            account("admin", "super_admin", "0"), account("petugas", "officer", "3175"),
            account("jauh", "officer", "3201"), account("pengesah", "certifier", "31"),
            account("pemantau", "auditor", "0"), account("pembaca", "reviewer", "31"),
            account("pembaca-dua", "reviewer", "0"), account("pembaca-tiga", "reviewer", "0")
        ]});
        world.define("accounts", &accounts).await;
        world
    }

    pub(crate) async fn define(&self, kind: &str, body: &Value) -> Reply {
        let path = format!("/api/v1/master/{kind}");
        let reply = call(&self.ops, "POST", &path, &[("idempotency-key", &uuid())], Some(body)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply
    }

    /// A token of an account.
    pub(crate) async fn token(&self, username: &str) -> String {
        let body = json!({"username": username, "password": PASSWORD});
        let reply = call(&self.officer, "POST", "/api/v1/session", &[], Some(&body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.body["token"].as_str().expect("a token").to_owned()
    }

    /// A call of an account at `officer`.
    pub(crate) async fn by(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        call(&self.officer, method, path, &all, body).await
    }

    /// A PUT with a fresh key: a first report for revision 0, else a correction.
    pub(crate) async fn put(&self, token: &str, station: &str, revision: u32, body: &Value) -> Reply {
        self.put_with_key(token, station, revision, &uuid(), body).await
    }

    pub(crate) async fn put_with_key(
        &self,
        token: &str,
        station: &str,
        revision: u32,
        key: &str,
        body: &Value,
    ) -> Reply {
        let quoted = format!("\"{revision}\"");
        let condition = if revision == 0 { ("if-none-match", "*") } else { ("if-match", quoted.as_str()) };
        let path = format!("/api/v1/tallies/ppwp/{station}");
        self.by(token, "PUT", &path, &[("idempotency-key", key), condition], Some(body)).await
    }

    /// A hold or release with a fresh key.
    pub(crate) async fn step(&self, token: &str, step: &str, station: &str, revision: u32) -> Reply {
        let path = format!("/api/v1/tallies/ppwp/{station}/{step}");
        let revision = format!("\"{revision}\"");
        let headers = [("idempotency-key", uuid()), ("if-match", revision)];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.by(token, "POST", &path, &headers, Some(&json!({"reason": "diperiksa"}))).await
    }

    /// Has the names of regions read, as a node does at its start.
    pub(crate) async fn read_names(&self) {
        tokio::spawn(self.api.read_names());
        while self.get("/api/v1/search?q=x").await.status == 503 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        call(&self.public, "GET", path, &[], None).await
    }
}

/// A call of a router with a JSON body.
pub(crate) async fn call(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Reply {
    let mut headers = headers.to_vec();
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    raw(router, method, path, &headers, body.map_or_else(Vec::new, |body| body.to_string().into_bytes()))
        .await
}

/// A call of a router with any body.
pub(crate) async fn raw(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Reply {
    raw_from(router, None, (method, path), headers, body).await
}

/// The same from an address, as the accept loop would say it.
pub(crate) async fn raw_from(
    router: &Router,
    address: Option<IpAddr>,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(address) = address {
        request = request.extension(ClientAddress(address));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply { status: parts.status.as_u16(), headers: parts.headers, body, text }
}
