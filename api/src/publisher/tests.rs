//! The publisher over the small country: what is shown, kept, renewed and dropped.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::snapshot::shrink;
use super::{Front, Publisher};
use crate::ports::Queries as _;
use crate::serve::{Ready as _, ReadyRequest};
use crate::web::fixture::{Country, form, ppwp, station, station_codes};

struct Stage {
    country: Arc<Country>,
    publisher: Arc<Publisher>,
    front: Front<Router>,
}

struct Seen {
    status: StatusCode,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn stage() -> Stage {
    let country = Country::new();
    country.report_some();
    let publisher = Publisher::new(country.clone());
    let routes = Router::new().fallback(async || "routes");
    let front = Front::new(Arc::clone(&publisher), routes);
    Stage { country, publisher, front }
}

fn rendered() -> Stage {
    let stage = stage();
    assert!(!stage.publisher.ready());
    stage.publisher.round().unwrap();
    assert!(stage.publisher.ready());
    stage
}

async fn seen(response: Response<super::FrontBody>) -> Seen {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen { status: parts.status, headers: parts.headers, body }
}

impl Stage {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        seen(self.front.clone().oneshot(request).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Seen {
        self.ask("GET", path, &[]).await
    }
}

#[tokio::test]
async fn the_top_pages_are_there_before_anybody_asks_and_cost_no_view() {
    let stage = rendered();
    let views = stage.country.views();
    for path in ["/", "/ppwp/0", "/ppwp/94", "/api/v1/results/ppwp/0", "/api/v1/results/ppwp/11"] {
        let page = stage.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header("rakit-node"), "2");
        assert_eq!(page.header("rakit-index"), stage.country.freshness().index.to_string());
        assert_eq!(page.header("rakit-leader-age-ms"), "3");
        assert_eq!(page.header("request-id").len(), 36);
        assert_eq!(
            page.header("cache-control"),
            "public, max-age=2, stale-while-revalidate=30, stale-if-error=86400"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(stage.country.views(), views, "a hit reads nothing");
    assert_eq!(stage.publisher.hits(), 5);
    let policy = stage.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn results_are_the_bytes_of_the_route() {
    let stage = rendered();
    let view = stage.country.local().unwrap();
    let contest = view.contest(&ppwp()).unwrap().unwrap();
    for code in ["0", "11", "1101", "110101", "1101011001"] {
        let region = tally::region::RegionCode::parse(code).unwrap();
        let results = crate::dto::results::read(&*view, &contest, region).unwrap().unwrap();
        let page = stage.get(&format!("/api/v1/results/ppwp/{code}?theme=x")).await;
        assert_eq!(page.body, serde_json::to_vec(&results).unwrap(), "{code}");
        assert_eq!(page.header("content-type"), "application/json");
        assert_eq!(page.header("access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn encodings_carry_the_same_content_under_tags_of_their_own() {
    let stage = rendered();
    let plain = stage.get("/").await;
    let gzip = stage.ask("GET", "/", &[("accept-encoding", "gzip")]).await;
    let brotli = stage.ask("GET", "/", &[("accept-encoding", "gzip, deflate, br")]).await;
    assert_eq!((gzip.header("content-encoding"), brotli.header("content-encoding")), ("gzip", "br"));
    assert_eq!(plain.header("vary"), "Accept-Encoding");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(&brotli.body[..], 4096).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert!(brotli.body.len() < 15_000 && brotli.body.len() < plain.body.len());
    let tags = [plain.header("etag"), gzip.header("etag"), brotli.header("etag")];
    assert!(
        tags[0] != tags[1] && tags[1] != tags[2] && tags.iter().all(|tag| tag.starts_with('"')),
        "{tags:?}"
    );
}

#[tokio::test]
async fn who_has_the_page_gets_no_bytes() {
    let stage = rendered();
    let page = stage.get("/ppwp/11").await;
    let again = stage.ask("GET", "/ppwp/11", &[("if-none-match", page.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again.header("etag"), page.header("etag"));
    let head = stage.ask("HEAD", "/ppwp/11", &[]).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-length"), page.body.len().to_string());
}

#[tokio::test]
async fn what_is_not_a_kept_page_goes_on_to_the_routes() {
    let stage = rendered();
    let paths = [
        "/api/v1/contests",
        "/status",
        "/api/v1/results/ppwp/0?min_index=7",
        "/api/v1/results/ppwp/0?consistency=linearizable",
        "/api/v1/results/ppwp/11?%6din_index=7",
        "/api/v1/results/ppwp/98",
        "/api/v1/results/ppwp/x",
    ];
    for path in paths {
        assert_eq!(stage.get(path).await.text(), "routes", "{path}");
    }
    assert_eq!(stage.ask("POST", "/", &[]).await.text(), "routes");
}

#[tokio::test]
async fn a_page_that_does_not_exist_is_said_so_and_not_kept() {
    let stage = rendered();
    let kept = stage.publisher.kept().0;
    for path in ["/ppwp/98", "/tps/9999999999999", "/pdpr/0"] {
        let page = stage.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text().contains("Halaman tidak ditemukan"), "{path}");
    }
    stage.publisher.round().unwrap();
    assert_eq!(stage.publisher.kept().0, kept);
}

#[tokio::test]
async fn a_deep_page_is_made_once_for_all_who_ask_and_then_kept() {
    let stage = rendered();
    let views = stage.country.views();
    let asked: Vec<_> = (0..50).map(|_| stage.get("/tps/1101011001001")).collect();
    let pages = futures_util::future::join_all(asked).await;
    assert!(pages.iter().all(|page| page.body == pages[0].body && page.status == StatusCode::OK));
    assert_eq!(stage.country.views(), views + 1);
    stage.publisher.round().unwrap();
    let views = stage.country.views();
    assert_eq!(stage.get("/tps/1101011001001").await.body, pages[0].body);
    assert_eq!(stage.country.views(), views);
}

#[tokio::test]
async fn a_reader_who_goes_away_leaves_nothing_behind() {
    let stage = rendered();
    let busy = stage.publisher.demand.occupy();
    for code in station_codes() {
        let path = format!("/tps/{code}");
        let mut asking = std::pin::pin!(stage.get(&path));
        // Begun, and dropped before it ends.
        assert!(futures_util::poll!(asking.as_mut()).is_pending());
    }
    assert_eq!(stage.publisher.demand.waited_for(), 0);
    drop(busy);
    assert_eq!(stage.get("/tps/1101011001001").await.status, StatusCode::OK);
    assert_eq!(stage.publisher.demand.waited_for(), 0);
}

fn sums(page: &Value) -> (Value, Vec<u64>) {
    let votes = page["totals"]["votes"].clone();
    let children = page["children"].as_array().unwrap();
    let options = votes.as_object().unwrap().keys();
    let below = options
        .map(|option| children.iter().filter_map(|child| child["totals"]["votes"][option].as_u64()).sum());
    (votes.clone(), below.collect())
}

#[tokio::test]
async fn a_round_shows_what_changed_and_each_page_checks_out_within_itself() {
    let stage = rendered();
    let paths =
        ["0", "11", "1101", "110101", "1101011001"].map(|code| format!("/api/v1/results/ppwp/{code}"));
    for path in &paths {
        stage.get(path).await;
    }
    let form_page = "/tps/1101011001002/ppwp";
    assert!(stage.get(form_page).await.text().contains("Belum masuk"));
    stage.publisher.round().unwrap();
    let other = stage.get("/api/v1/results/ppwp/12").await.body;
    let before = stage.get(&paths[0]).await;
    stage.country.report(station("1101011001002"), form([90, 30, 20]));
    assert_eq!(stage.get(&paths[0]).await.body, before.body, "shown until the round");
    stage.publisher.round().unwrap();
    for path in &paths {
        let page: Value = serde_json::from_slice(&stage.get(path).await.body).unwrap();
        let (votes, below) = sums(&page);
        let own: Vec<u64> =
            votes.as_object().unwrap().values().map(|votes| votes.as_u64().unwrap()).collect();
        assert_eq!(own, below, "{path}");
        assert_eq!(page["as_of"]["index"], stage.country.freshness().index, "{path}");
    }
    assert!(stage.get(form_page).await.text().contains("Formulir dikirim"));
    assert!(stage.get("/").await.text().contains("25 dari 72 TPS masuk"));
    assert_eq!(stage.get("/api/v1/results/ppwp/12").await.body, other, "nothing changed there");
    let index = stage.country.freshness().index.to_string();
    assert_eq!(stage.get("/api/v1/results/ppwp/12").await.header("rakit-index"), index);
}

#[tokio::test]
async fn a_change_in_the_middle_of_a_round_is_shown_or_not_yet_counted() {
    let stage = rendered();
    let path = "/api/v1/results/ppwp/0";
    let before = stage.get(path).await;
    stage.country.report_between(station("1101011001002"), form([90, 30, 20]));
    stage.publisher.round().unwrap();
    let (page, newest) = (stage.get(path).await, stage.country.freshness().index.to_string());
    let shown = page.body != before.body;
    assert_eq!(page.header("rakit-index") == newest, shown, "an index that is named is shown");
    stage.publisher.round().unwrap();
    let page = stage.get(path).await;
    assert_eq!(page.header("rakit-index"), newest);
    assert!(page.body != before.body);
}

#[tokio::test]
async fn a_page_is_as_old_as_the_state_it_was_made_from() {
    let stage = rendered();
    let age = async |path: &str| stage.get(path).await.header("rakit-leader-age-ms").parse::<i64>().unwrap();
    stage.country.leader_age_ms.store(700, Ordering::Relaxed);
    stage.publisher.round().unwrap();
    stage.country.leader_age_ms.store(3, Ordering::Relaxed);
    assert_eq!(age("/ppwp/0").await, 3, "nothing newer is there");
    stage.country.report(station("1101011001002"), form([90, 30, 20]));
    assert!(age("/ppwp/0").await >= 700);
    stage.publisher.round().unwrap();
    assert_eq!(age("/ppwp/0").await, 3);
}

#[tokio::test]
async fn a_change_marked_before_it_can_be_seen_is_not_missed() {
    let stage = rendered();
    let code = station("1101011001002");
    stage.publisher.round().unwrap();
    // The mark is taken in a round that cannot see the change yet.
    stage.country.mark_early(code);
    stage.publisher.round().unwrap();
    stage.country.report_unmarked(code, form([90, 30, 20]));
    stage.publisher.round().unwrap();
    assert!(stage.get("/").await.text().contains("25 dari 72 TPS masuk"));
}

#[tokio::test]
async fn pages_that_nobody_reads_are_dropped_when_they_change() {
    let stage = rendered();
    let kept = stage.publisher.kept().0;
    for _ in 0..300 {
        stage.get("/").await;
        stage.publisher.round().unwrap();
    }
    assert_eq!(stage.publisher.kept().0, kept, "nothing changed, nothing left");
    stage.country.report(station_codes()[1], form([90, 30, 20]));
    stage.publisher.round().unwrap();
    let left = stage.publisher.kept().0;
    assert!(left < kept, "{left} of {kept}");
    let page = stage.get("/ppwp/11").await;
    assert!(page.text().contains("3 dari 6 TPS masuk"), "made again on demand");
}

#[tokio::test]
async fn a_leader_not_heard_marks_the_pages_and_one_heard_unmarks_them() {
    let stage = rendered();
    let fresh = stage.get("/").await.body;
    stage.country.leader_age_ms.store(-1, Ordering::Relaxed);
    stage.publisher.round().unwrap();
    let late = stage.get("/").await;
    assert!(late.text().contains("Data tertunda"));
    assert_eq!(late.header("rakit-leader-age-ms"), "-1");
    stage.country.leader_age_ms.store(9, Ordering::Relaxed);
    stage.publisher.round().unwrap();
    assert_eq!(stage.get("/").await.body, fresh);
}

#[tokio::test]
async fn memory_is_bounded_and_the_page_not_read_for_longest_leaves_first() {
    let stage = rendered();
    stage.publisher.round().unwrap();
    stage.get("/ppwp/73").await;
    let snapshot = stage.publisher.snapshot.load_full();
    let mut pages = (*snapshot.pages).clone();
    let bytes_max = snapshot.bytes / 10;
    let bytes = shrink(&mut pages, bytes_max);
    assert!(bytes <= bytes_max && bytes > 0, "{bytes} of {}", snapshot.bytes);
    assert!(pages.contains_key("/ppwp/73"));
    assert!(pages.len() < snapshot.pages.len());
}

#[tokio::test]
async fn the_task_renders_and_ends_when_told() {
    let stage = stage();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(Arc::clone(&stage.publisher).run(async {
        stopped.await.unwrap();
    }));
    let ready = async {
        while !stage.publisher.ready() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), ready).await.unwrap();
    stop.send(()).unwrap();
    running.await.unwrap();
    assert!(stage.publisher.kept().0 > 20);
}

#[tokio::test]
async fn a_state_that_is_set_apart_shows_nothing_that_was_rendered_before() {
    let stage = rendered();
    assert_eq!(stage.get("/").await.status, StatusCode::OK);
    stage.country.withheld.store(true, Ordering::Relaxed);
    assert_eq!(stage.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let figures = stage.get("/api/v1/results/ppwp/0").await;
    assert_eq!(figures.text(), "routes", "the routes refuse in words for programs");
    stage.country.withheld.store(false, Ordering::Relaxed);
    assert_eq!(stage.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_answer_for_the_wire_is_the_one_of_the_front() {
    let stage = rendered();
    let tag = stage.get("/ppwp/0").await.header("etag").to_owned();
    let (gzip, known): (&[(&str, &str)], _) =
        (&[("accept-encoding", "gzip")], [("if-none-match", tag.as_str())]);
    for (path, headers) in
        [("/ppwp/0", &[][..]), ("/", gzip), ("/api/v1/results/ppwp/31?x=1", gzip), ("/ppwp/0", &known)]
    {
        let front = stage.ask("GET", path, headers).await;
        let given: Vec<httparse::Header<'_>> =
            headers.iter().map(|(name, value)| httparse::Header { name, value: value.as_bytes() }).collect();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut head = Vec::new();
        let asked = ReadyRequest { head: false, path, query, headers: &given };
        let body = stage.publisher.answer(&asked, &mut head).unwrap();
        let text = String::from_utf8(head).unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {} ", front.status.as_u16())), "{text}");
        assert_eq!(body, front.body);
        let differing = ["request-id", "rakit-leader-age-ms"];
        for (name, value) in front.headers.iter().filter(|(name, _)| !differing.contains(&name.as_str())) {
            assert!(text.contains(&format!("\r\n{name}: {}\r\n", value.to_str().unwrap())), "{name}: {text}");
        }
        assert!(text.ends_with("\r\n\r\n") && text.contains("\r\ndate: "), "{text}");
    }
    let asked = ReadyRequest { head: false, path: "/ppwp/0x", query: None, headers: &[] };
    assert_eq!(stage.publisher.answer(&asked, &mut Vec::new()), None);
}
