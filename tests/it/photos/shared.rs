//! A photo that comes in at one node, is named at another, and is read at all of them.

use tests::pictures::{contains, photo, sha256, shown};
use tests::register::{CONTEST, stations};

use super::{World, report, upload};

async fn bytes_at(world: &World, node: usize, path: &str) -> (u16, Vec<u8>) {
    let url = format!("{}{path}", world.cluster.nodes()[node].public);
    let response = world.cluster.http().get(url).send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.bytes().await.expect("all bytes").to_vec())
}

#[tokio::test]
async fn a_photo_is_the_same_at_every_node_and_forgets_where_it_was_taken() {
    let world = World::new().await;
    let officer = world.cluster.admin(0).await;
    let came = photo(1, (640, 480));
    assert!(contains(&came, b"Exif"), "the telephone wrote its note");
    let uploaded = upload(&officer, "image/jpeg", came.clone()).await.expect_status(201).json();
    assert_eq!(
        (uploaded["media_type"].as_str(), uploaded["scan"].as_str()),
        (Some("image/jpeg"), Some("clean"))
    );
    let path = format!("/api/v1/attachments/{}", uploaded["sha256"].as_str().unwrap());
    for node in 0..3 {
        world.cluster.public(node, &path).await.expect_problem(404, "not-found");
    }
    let other = officer.at(&world.cluster.nodes()[1].officer);
    let index = report(&other, &stations()[0], &uploaded).await;

    let page = format!("/api/v1/stations/{}/{CONTEST}", stations()[0]);
    for shown in world.cluster.everywhere(&page, index).await {
        assert_eq!(shown["attachments"][0]["sha256"], uploaded["sha256"]);
        assert_eq!(shown["attachments"][0]["media_type"], "image/jpeg");
        assert_eq!(shown["attachments"][0]["size"], uploaded["size"]);
    }
    let (status, first) = bytes_at(&world, 0, &path).await;
    assert_eq!((status, sha256(&first)), (200, uploaded["sha256"].as_str().unwrap().to_owned()));
    assert!(!contains(&first, b"Exif") && !contains(&first, b"II*"), "the place is gone");
    let upright = shown(&first);
    assert_eq!(upright.dimensions(), (480, 640), "turned as the telephone was held");
    assert!(upright.get_pixel(240, 100)[0] > 200 && upright.get_pixel(240, 540)[2] > 200);

    for node in 0..3 {
        assert_eq!(bytes_at(&world, node, &path).await, (200, first.clone()), "node {node}");
        let files = world.stored(node);
        assert_eq!(files.len(), 1, "node {node}: {files:?}");
        std::fs::remove_file(&files[0]).unwrap();
        assert_eq!(bytes_at(&world, node, &path).await, (200, first.clone()), "node {node} fetched it again");
    }
    let answer = world.cluster.public(2, &path).await;
    assert!(answer.header("cache-control").contains("immutable"), "{:?}", answer.headers);
    assert!(answer.header("content-disposition").starts_with("attachment"), "{:?}", answer.headers);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("sandbox"));

    // The same photo again is the same attachment; one that nobody handed in cannot be named.
    let again = upload(&other, "image/jpeg", came).await.expect_status(201).json();
    assert_eq!(again["sha256"], uploaded["sha256"]);
    let mut body = tests::form::body(&tests::form::of_votes([90, 60, 40], 5));
    body["attachments"] = serde_json::json!(["ab".repeat(32)]);
    other.put(&stations()[1], 0, &body).await.expect_problem(422, "invalid-form");
}
