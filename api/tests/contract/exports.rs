//! Results as files.

use std::io::Read as _;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::world::{SECOND, STATION, World, form, misread, refused, tally};

async fn counted() -> World {
    let world = World::new().await;
    let token = world.token("petugas").await;
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    assert_eq!(world.put(&token, SECOND, 0, &tally(&misread(91))).await.status, 201);
    world
}

async fn file(world: &World, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = world.public.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status.as_u16(), parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn every_kind_of_file_has_its_name_type_length_and_tag() {
    let world = counted().await;
    for (ending, media_type) in [
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("pdf", "application/pdf"),
        ("json", "application/json"),
        ("cdf.json", "application/json"),
    ] {
        let path = format!("/api/v1/exports/ppwp/3175.{ending}");
        let (status, headers, bytes) = file(&world, &path, &[]).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, media_type), "{path}");
        assert_eq!(headers["content-length"].to_str().unwrap(), bytes.len().to_string());
        assert_eq!(headers["content-disposition"], format!("attachment; filename=\"ppwp-3175.{ending}\""));
        let tag = headers["etag"].to_str().unwrap();
        let (status, _, nothing) = file(&world, &path, &[("if-none-match", tag)]).await;
        assert_eq!((status, nothing.len()), (304, 0), "{path}");
    }
}

#[tokio::test]
async fn a_comma_file_shows_held_forms_and_empty_boxes() {
    let world = counted().await;
    let (_, headers, bytes) = file(&world, "/api/v1/exports/ppwp/0.csv", &[]).await;
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(
        lines[0]
            .starts_with("station,nation,province,regency,district,village,state,revision,registered.male")
    );
    assert!(lines[0].ends_with("votes.100025,votes.100026,votes.100027,valid,invalid,total"));
    assert_eq!(lines.len(), 5, "three stations, a head and the end of the last line: {text}");
    assert!(
        lines[1].starts_with(&format!("{STATION},")) && lines[1].contains(",reported,1,120,130,250,"),
        "{text}"
    );
    assert!(lines[2].contains(",held,1,") && lines[2].ends_with(",91,99,60,200,5,205"), "{text}");
    assert!(lines[3].contains(",absent,0,,,"), "{text}");
    let index = world.get("/api/v1/results/ppwp/0").await.body["as_of"]["index"].as_u64().unwrap();
    assert!(headers["rakit-index"].to_str().unwrap().parse::<u64>().unwrap() >= index);
}

#[tokio::test]
async fn whoever_takes_gzip_gets_the_same_file_packed_under_another_tag() {
    let world = counted().await;
    let path = "/api/v1/exports/ppwp/0.csv";
    let (_, plain_headers, plain) = file(&world, path, &[]).await;
    let (_, headers, packed) = file(&world, path, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(
        (&headers["content-encoding"], &headers["vary"]),
        (&"gzip".parse().unwrap(), &"Accept-Encoding".parse().unwrap())
    );
    assert_ne!(headers["etag"], plain_headers["etag"]);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain);
}

#[tokio::test]
async fn a_change_is_in_the_next_file() {
    let world = counted().await;
    let path = "/api/v1/exports/ppwp/3175091001.json";
    let (_, first, _) = file(&world, path, &[]).await;
    let (_, same, _) = file(&world, path, &[]).await;
    assert_eq!(first["etag"], same["etag"]);
    let token = world.token("petugas").await;
    let mut corrected = tally(&form());
    corrected["reason"] = "salah ketik".into();
    assert_eq!(world.put(&token, SECOND, 1, &corrected).await.status, 200);
    let (_, next, bytes) = file(&world, path, &[]).await;
    assert_ne!(first["etag"], next["etag"]);
    let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(file["stations"][1]["revision"], 2);
    assert_eq!(file["stations"][1]["form"]["votes"]["100025"], 41);
}

#[tokio::test]
async fn files_of_what_is_not_there_are_not_found() {
    let world = World::new().await;
    for path in ["ppwp/0", "ppwp/0.exe", "ppwp/99.csv", "tidak-ada/0.csv", "pdpr-3201/31.csv", "ppwp/0.CSV"] {
        refused(&world.get(&format!("/api/v1/exports/{path}")).await, 404, "not-found");
    }
}
