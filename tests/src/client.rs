//! A client that knows the contract and nothing else: one account on one node.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::register::CONTEST;
use crate::wait;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is not.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header as text; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The stable code of a problem; empty for anything else.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Panics with the whole answer unless the status is that one.
    #[must_use]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Panics with the whole answer unless it is that problem, well formed.
    pub fn expect_problem(&self, status: u16, code: &str) {
        let body = self.json();
        assert_eq!((self.status, self.code().as_str()), (status, code), "{self:?}");
        assert!(self.header("content-type").starts_with("application/problem+json"), "{self:?}");
        assert_eq!(body["type"], format!("urn:rakit:problem:{code}"), "{self:?}");
        assert_eq!(body["status"], status, "{self:?}");
        assert!(body["retryable"].is_boolean() && body["title"].is_string(), "{self:?}");
    }
}

/// Makes HTTP clients that trust one authority.
#[must_use]
pub fn trusting(authority_pem: &[u8]) -> Client {
    client(authority_pem, None)
}

/// The same, from one of this machine's addresses.
#[must_use]
pub fn trusting_from(authority_pem: &[u8], address: IpAddr) -> Client {
    client(authority_pem, Some(address))
}

fn client(authority_pem: &[u8], address: Option<IpAddr>) -> Client {
    // Fails only when it was installed before, which is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    Client::builder()
        .tls_certs_only(
            Certificate::from_pem_bundle(authority_pem).expect("the authority's file holds certificates"),
        )
        .no_proxy()
        .local_address(address)
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client can be built")
}

/// Sends a request; an error is text, since tests compare only whether there was one.
pub async fn send(request: RequestBuilder) -> Result<Answer, String> {
    let response = request.send().await.map_err(|error| format!("{error:?}"))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.map_err(|error| format!("{error:?}"))?;
    Ok(Answer { status, headers, text })
}

/// An account that is logged in at one node.
#[derive(Clone, Debug)]
pub struct Officer {
    http: Client,
    /// Base URL of the node's officer listener.
    pub base: String,
    token: String,
}

impl Officer {
    /// Logs in; waits while there is no leader.
    pub async fn login(http: &Client, base: &str, username: &str, password: &str) -> Self {
        let answer = wait::until("a login", async || {
            let answer = Self::try_login(http, base, username, password).await.ok()?;
            (answer.status != 503).then_some(answer)
        })
        .await
        .expect_status(201);
        let token = answer.json()["token"].as_str().expect("a token").to_owned();
        Self { http: http.clone(), base: base.to_owned(), token }
    }

    /// One try to log in, whatever comes of it.
    pub async fn try_login(
        http: &Client,
        base: &str,
        username: &str,
        password: &str,
    ) -> Result<Answer, String> {
        let body = json!({"username": username, "password": password});
        send(http.post(format!("{base}/api/v1/session")).json(&body)).await
    }

    /// The same account at another node: tokens are valid on every one.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same account on a connection of its own.
    #[must_use]
    pub fn over(&self, http: Client) -> Self {
        Self { http, ..self.clone() }
    }

    /// A request with the token, not yet sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// GET, linearizable unless the path says otherwise.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await.expect("an answer")
    }

    /// POST with a fresh key.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let key = Uuid::new_v4().to_string();
        send(self.request(Method::POST, path).header("Idempotency-Key", key).json(body))
            .await
            .expect("an answer")
    }

    /// `PUT /tallies`: revision 0 is the first report, any other a correction.
    pub fn put_request(&self, station: &str, revision: u64, key: Uuid, body: &Value) -> RequestBuilder {
        let request = self
            .request(Method::PUT, &format!("/api/v1/tallies/{CONTEST}/{station}"))
            .header("Idempotency-Key", key.to_string())
            .json(body);
        if revision == 0 {
            request.header("If-None-Match", "*")
        } else {
            request.header("If-Match", format!("\"{revision}\""))
        }
    }

    /// Sends [`Officer::put_request`] with a fresh key.
    pub async fn put(&self, station: &str, revision: u64, body: &Value) -> Answer {
        send(self.put_request(station, revision, Uuid::new_v4(), body)).await.expect("an answer")
    }
}
