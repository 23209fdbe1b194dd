//! What the signatures of tomorrow find in the photos of today.

use tests::pictures::pdf;
use tests::program;
use tests::register::{CONTEST, stations};

use super::{World, report, upload};

#[tokio::test]
async fn what_is_found_later_is_not_served_any_more_and_its_form_stays() {
    let world = World::new().await;
    let officer = world.cluster.admin(0).await;
    let bytes = pdf("/Lang (penanda-yang-kelak-dikenal)", &[]);
    let uploaded = upload(&officer, "application/pdf", bytes.clone()).await.expect_status(201).json();
    assert_eq!(uploaded["media_type"], "application/pdf");
    let path = format!("/api/v1/attachments/{}", uploaded["sha256"].as_str().unwrap());
    let index = report(&officer, &stations()[0], &uploaded).await;
    let page = format!("/api/v1/stations/{}/{CONTEST}", stations()[0]);
    drop(world.cluster.everywhere(&page, index).await);
    for node in 0..3 {
        drop(world.cluster.public(node, &path).await.expect_status(200));
    }
    let file = world.cluster.file_path();
    let rescan = ["attachments", "rescan", "--json", "--cluster", file.to_str().unwrap()];
    let told = program::rakit(rescan).await.expect_code(0).json();
    assert_eq!(told["nodes"][2]["rescan"]["state"], "done", "{told}");

    world.clamd.knows(&[("Uji.Kelak", b"penanda-yang-kelak-dikenal")]);
    world.clamd.reload();
    tests::wait::until("the new signature to be in use", async || {
        let refused = upload(&officer, "application/pdf", bytes.clone()).await;
        (refused.code() == "infected").then_some(())
    })
    .await;
    let told = program::rakit(rescan).await.expect_code(3).json();
    for node in 0..3 {
        let rescanned = &told["nodes"][node]["rescan"];
        assert_eq!(rescanned["found"][0], uploaded["sha256"], "{told}");
        assert!(rescanned["engine"].as_str().is_some_and(|engine| engine.starts_with("ClamAV")), "{told}");
        world.cluster.public(node, &path).await.expect_problem(410, "gone");
        let shown = world.cluster.public(node, &page).await.expect_status(200).json();
        assert_eq!(
            (&shown["revision"], &shown["attachments"][0]["sha256"]),
            (&1.into(), &uploaded["sha256"])
        );
    }
}
