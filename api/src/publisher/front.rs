//! The service in front of the public routes: kept pages are answered here, everything else goes on.
//!
//! Invariant: a request is answered here only if its answer depends on nothing but its method, its path and
//! the two headers that choose among ready bytes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use tower::Service;

use super::demand::{Demand, Demanded};
use super::page::{Kind, Page};
use super::snapshot::Moment;
use super::source::Source;
use super::{Publisher, live};
use crate::web;

/// Bodies: ready bytes, or whatever the routes answer.
pub type FrontBody = http_body_util::Either<Full<Bytes>, axum::body::Body>;

/// The publisher's pages in front of other routes.
#[derive(Clone)]
pub struct Front<S> {
    publisher: Arc<Publisher>,
    routes: S,
}

impl<S> Front<S> {
    /// Puts the pages in front of `routes`.
    #[must_use]
    pub const fn new(publisher: Arc<Publisher>, routes: S) -> Self {
        Self { publisher, routes }
    }
}

type Answer = Result<Response<FrontBody>, Infallible>;

impl<S, B> Service<Request<B>> for Front<S>
where
    S: Service<Request<B>, Response = Response<axum::body::Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<FrontBody>;
    type Error = Infallible;
    type Future = Either<Ready<Answer>, BoxFuture<'static, Answer>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Either::Right(onward(self.routes.call(request)));
        }
        if self.publisher.queries.withheld() {
            let page = matches!(Source::parse(request.uri().path()), Some(Source::Html(_)));
            if !page {
                return Either::Right(onward(self.routes.call(request)));
            }
            let answer = self.publisher.notice(&UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE, &request);
            return Either::Left(ready(Ok(answer)));
        }
        if let Some(response) = self.publisher.hit(&request) {
            return Either::Left(ready(Ok(response)));
        }
        let source = Source::parse(request.uri().path());
        let Some(source) = source.filter(|source| !source.asks_more(request.uri().query())) else {
            return Either::Right(onward(self.routes.call(request)));
        };
        let publisher = Arc::clone(&self.publisher);
        let mut routes = self.routes.clone();
        Either::Right(Box::pin(async move {
            let demanded = Demand::get(&publisher, request.uri().path(), source).await;
            match (demanded, source) {
                (Demanded::Page(kept), _) => {
                    let index = HeaderValue::from(kept.moment.index);
                    Ok(publisher.answer(&kept.page, (kept.moment, &index), &request))
                }
                (Demanded::Missing, Source::Html(_)) => {
                    Ok(publisher.notice(&NOT_FOUND, StatusCode::NOT_FOUND, &request))
                }
                (Demanded::Unavailable, Source::Html(_)) => {
                    Ok(publisher.notice(&UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE, &request))
                }
                // The routes have the words for programs.
                (Demanded::Missing | Demanded::Unavailable, Source::Json(..) | Source::Sirekap(_)) => {
                    onward(routes.call(request)).await
                }
            }
        }))
    }
}

fn onward(
    answer: impl Future<Output = Result<Response<axum::body::Body>, Infallible>> + Send + 'static,
) -> BoxFuture<'static, Answer> {
    Box::pin(async move { answer.await.map(|response| response.map(http_body_util::Either::Right)) })
}

static NOT_FOUND: LazyLock<Page> = LazyLock::new(|| Page::compressed(Kind::Notice, web::NOT_FOUND.clone()));
static UNAVAILABLE: LazyLock<Page> = LazyLock::new(|| Page::plain(Kind::Notice, web::UNAVAILABLE.clone()));

impl Publisher {
    /// The answer from a kept page, if there is one.
    fn hit<B>(&self, request: &Request<B>) -> Option<Response<FrontBody>> {
        let snapshot = self.snapshot.load();
        let kept = snapshot.pages.get(request.uri().path())?;
        if kept.source.asks_more(request.uri().query()) {
            return None;
        }
        kept.note_read(snapshot.round);
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(self.answer(&kept.page, (snapshot.moment, &snapshot.index), request))
    }

    fn answer<B>(
        &self,
        page: &Page,
        made: (Moment, &HeaderValue),
        request: &Request<B>,
    ) -> Response<FrontBody> {
        let mut response = page.respond(request.method(), request.headers());
        self.add_live(response.headers_mut(), made);
        response.map(http_body_util::Either::Left)
    }

    fn notice<B>(&self, page: &Page, status: StatusCode, request: &Request<B>) -> Response<FrontBody> {
        let mut headers = request.headers().clone();
        headers.remove(header::IF_NONE_MATCH);
        let mut response = page.respond(request.method(), &headers);
        *response.status_mut() = status;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let snapshot = self.snapshot.load();
        self.add_live(response.headers_mut(), (snapshot.moment, &snapshot.index));
        response.map(http_body_util::Either::Left)
    }

    fn add_live(&self, headers: &mut HeaderMap, (moment, index): (Moment, &HeaderValue)) {
        let snapshot = self.snapshot.load();
        let age_ms = self.queries.freshness().age_of(moment.index, moment.confirmed);
        live::add(headers, &snapshot.node, (index, age_ms), &self.numbers);
    }
}
