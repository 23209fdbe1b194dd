//! A rendered page as bytes that are ready to send.
//!
//! Invariant: everything about an answer that does not depend on the reader is made once; answering copies
//! reference counts, not bytes. A tag belongs to the content and its encoding, so it is equal on all nodes.

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use sha2::{Digest as _, Sha256};
use tally::ids::hex;

use super::encoding::{self, Encoding};
use crate::packing;
use crate::serve::ReadyRequest;

/// Content security policy of every page: nothing but our own style, script, images and data.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// Results may be kept by any cache for two seconds, shown a little longer while it asks again, and for a
/// day when no node answers at all.
const RESULTS_CACHE: &str = "public, max-age=2, stale-while-revalidate=30, stale-if-error=86400";
/// What an answer that nothing has changed leaves out: a cache keeps what it has of these (RFC 9110, section 15.4.5), and
/// such an answer should be small.
const OF_THE_BODY: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_SECURITY_POLICY,
    header::REFERRER_POLICY,
];
/// Gzip's effort.
const GZIP_EFFORT: u32 = 6;
/// Brotli's effort: pages are made while others wait, and most of the gain is there already.
const BROTLI_QUALITY: u32 = 5;
/// Brotli's window, as a power of two, larger than any page.
const BROTLI_WINDOW: u32 = 18;

/// What kind of bytes a page is, which decides its headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A page for people about results.
    Html,
    /// The same for programs.
    Json,
    /// A page that says that there is nothing to show; not kept by caches for long.
    Notice,
    /// A file whose address changes with its content, with its media type.
    Asset(&'static str),
}

impl Kind {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Html | Self::Notice => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Asset(media_type) => media_type,
        }
    }

    const fn cache_control(self) -> &'static str {
        match self {
            Self::Html | Self::Json => RESULTS_CACHE,
            Self::Notice => "public, max-age=2",
            Self::Asset(_) => "public, max-age=31536000, immutable",
        }
    }
}

/// One encoding of a page.
#[derive(Clone, Debug)]
struct Variant {
    bytes: Bytes,
    etag: HeaderValue,
    headers: HeaderMap,
    /// The head of HTTP/1.1 for these bytes, and the one that says that they have not changed; each without its end.
    whole: Bytes,
    unchanged: Bytes,
}

/// A page in all its encodings.
#[derive(Clone, Debug)]
pub struct Page {
    identity: Variant,
    gzip: Option<Variant>,
    brotli: Option<Variant>,
}

impl Page {
    /// A page with its bytes as they are.
    #[must_use]
    pub fn plain(kind: Kind, body: Bytes) -> Self {
        let digest = digest(&body);
        Self { identity: variant(kind, &digest, Encoding::Identity, body), gzip: None, brotli: None }
    }

    /// A page compressed once for all its readers. An encoding that does not make it smaller is left out.
    #[must_use]
    pub fn compressed(kind: Kind, body: Bytes) -> Self {
        let digest = digest(&body);
        let smaller = |bytes: &Vec<u8>| bytes.len() < body.len();
        let gzip = packing::gzip(&body, GZIP_EFFORT).filter(smaller);
        let brotli = packing::brotli(&body, BROTLI_QUALITY, BROTLI_WINDOW).filter(smaller);
        Self {
            gzip: gzip.map(|bytes| variant(kind, &digest, Encoding::Gzip, bytes.into())),
            brotli: brotli.map(|bytes| variant(kind, &digest, Encoding::Brotli, bytes.into())),
            identity: variant(kind, &digest, Encoding::Identity, body),
        }
    }

    /// Bytes it keeps in memory, bodies only.
    #[must_use]
    pub fn size(&self) -> usize {
        let others = [&self.gzip, &self.brotli].into_iter().flatten();
        others.fold(self.identity.bytes.len(), |sum, variant| sum.saturating_add(variant.bytes.len()))
    }

    /// The bytes without any encoding.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.identity.bytes
    }

    /// Answers GET and HEAD: 304 when the reader has these bytes already.
    #[must_use]
    pub fn respond(&self, method: &Method, request: &HeaderMap) -> Response<Full<Bytes>> {
        let variant = self.variant_for(request);
        let fresh = request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .any(|tags| encoding::names_tag(tags.as_bytes(), variant.etag.as_bytes()));
        let mut headers = variant.headers.clone();
        if fresh {
            for name in OF_THE_BODY {
                headers.remove(name);
            }
            return with(StatusCode::NOT_MODIFIED, headers, Bytes::new());
        }
        if method == Method::HEAD {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(variant.bytes.len()));
            return with(StatusCode::OK, headers, Bytes::new());
        }
        with(StatusCode::OK, headers, variant.bytes.clone())
    }

    /// The same for the wire: the head without its end, and the body, which is left out when it is not wanted.
    pub(super) fn wire(&self, request: &ReadyRequest<'_>) -> (&Bytes, Bytes) {
        let accepted = request.values("accept-encoding").next().unwrap_or_default();
        let variant = self.variant_in(accepted);
        let mut tags = request.values("if-none-match");
        if tags.any(|tags| encoding::names_tag(tags, variant.etag.as_bytes())) {
            return (&variant.unchanged, Bytes::new());
        }
        (&variant.whole, variant.bytes.clone())
    }

    fn variant_for(&self, request: &HeaderMap) -> &Variant {
        self.variant_in(request.get(header::ACCEPT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes))
    }

    fn variant_in(&self, accepted: &[u8]) -> &Variant {
        let accepted = encoding::accepted(accepted);
        let brotli = self.brotli.as_ref().filter(|_| accepted.brotli);
        let gzip = self.gzip.as_ref().filter(|_| accepted.gzip);
        brotli.or(gzip).unwrap_or(&self.identity)
    }
}

fn with(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn digest(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    hex(digest.get(..16).unwrap_or_default())
}

fn variant(kind: Kind, digest: &str, encoding: Encoding, bytes: Bytes) -> Variant {
    let tag = HeaderValue::try_from(format!("\"{digest}{}\"", encoding.tag_suffix()));
    // Hexadecimal digits in quotes are always a header value.
    let etag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    // Room for what each answer adds, so that adding never grows the map.
    let mut headers = HeaderMap::with_capacity(24);
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, kind.media_type());
    set(header::CACHE_CONTROL, kind.cache_control());
    set(header::VARY, "Accept-Encoding");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if kind != Kind::Json {
        set(header::CONTENT_SECURITY_POLICY, POLICY);
        set(header::REFERRER_POLICY, "no-referrer");
    }
    if let Some(name) = encoding.name() {
        set(header::CONTENT_ENCODING, name);
    }
    headers.insert(header::ETAG, etag.clone());
    let whole = head("200 OK", &headers, Some(bytes.len()));
    let mut same = headers.clone();
    for name in OF_THE_BODY {
        same.remove(name);
    }
    let unchanged = head("304 Not Modified", &same, None);
    Variant { bytes, etag, headers, whole, unchanged }
}

/// A head as it goes over the wire on `public`, but for what differs from answer to answer and the line that ends it.
fn head(status: &str, headers: &HeaderMap, length: Option<usize>) -> Bytes {
    let mut head = format!("HTTP/1.1 {status}\r\naccess-control-allow-origin: *\r\n").into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if let Some(length) = length {
        head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    Bytes::from(head)
}
