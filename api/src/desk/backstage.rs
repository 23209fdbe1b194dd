//! How the desk reaches the API: by calls of its routes in this process.
//!
//! Invariant: a call carries the session's token and the address of whoever sits at the desk, and nothing else that the
//! API would trust; so the desk may do what the account may do, and limits count the person, not the desk.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Extensions, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::client::{Client, ClientSettings, Transport, TransportError};
use crate::limits::{ClientAddress, UPLOAD_BYTES_MAX};
use crate::serve::RemoteAddress;

/// Longest one call may take, all its attempts included, in milliseconds.
const CALL_MS_MAX: u64 = 8_000;

/// The routes, and where the person comes from.
pub(super) struct Backstage {
    routes: Router,
    socket: Option<RemoteAddress>,
    told: Option<ClientAddress>,
    began: Instant,
}

/// A client of the API in this process.
pub(super) fn client(routes: &Router, extensions: &Extensions, token: Option<String>) -> Client<Backstage> {
    let backstage = Backstage {
        routes: routes.clone(),
        socket: extensions.get::<RemoteAddress>().copied(),
        told: extensions.get::<ClientAddress>().copied(),
        began: Instant::now(),
    };
    let settings = ClientSettings {
        deadline_ms: CALL_MS_MAX,
        attempt_ms: CALL_MS_MAX,
        ..ClientSettings::new(vec!["http://desk".to_owned()])
    };
    let client = Client::new(Arc::new(backstage), settings);
    client.set_token(token);
    client
}

impl Transport for Backstage {
    fn send(
        &self,
        _: &str,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> {
        let mut request = request.map(Body::from);
        request.extensions_mut().extend(self.extensions());
        let routes = self.routes.clone();
        async move {
            let response = match routes.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let most = usize::try_from(UPLOAD_BYTES_MAX).unwrap_or(usize::MAX);
            let bytes = Limited::new(body, most).collect().await;
            let bytes = bytes.map_err(|error| TransportError(error.to_string()))?.to_bytes();
            Ok(Response::from_parts(parts, bytes))
        }
        .boxed()
    }

    fn pause(&self, milliseconds: u64) -> BoxFuture<'static, ()> {
        tokio::time::sleep(Duration::from_millis(milliseconds)).boxed()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self) -> u64 {
        // Only spreads repetitions, of which one node has few.
        uuid::Uuid::new_v4().as_u64_pair().0
    }
}

impl Backstage {
    fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::new();
        if let Some(socket) = self.socket {
            extensions.insert(socket);
        }
        if let Some(told) = self.told {
            extensions.insert(told);
        }
        extensions
    }
}
