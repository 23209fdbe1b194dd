//! Finding a region or a station, and the forms that deserve a look.

use serde_json::{Value, json};

use super::world::{FAR, SECOND, STATION, World, form, misread, refused, tally};

#[tokio::test]
async fn names_codes_and_station_numbers_are_found() {
    let world = World::new().await;
    let early = world.get("/api/v1/search?q=cibubur").await;
    refused(&early, 503, "overloaded");
    world.read_names().await;
    for (text, kind, code, name) in [
        ("cibubur", "region", "3175091001", "CIBUBUR"),
        ("cibubr", "region", "3175091001", "CIBUBUR"),
        ("jawa+barat", "region", "32", "JAWA BARAT"),
        ("cibubur+tps+87", "station", STATION, "TPS 087"),
        ("cibubur+087", "station", STATION, "TPS 087"),
        (FAR, "station", FAR, "Balai Desa"),
        ("3175", "region", "3175", "JAKARTA TIMUR"),
    ] {
        let reply = world.get(&format!("/api/v1/search?q={text}")).await;
        let first = &reply.body["results"][0];
        assert_eq!(
            (&first["kind"], &first["code"], &first["name"]),
            (&json!(kind), &json!(code), &json!(name)),
            "{text}: {reply:?}"
        );
    }
    let station = world.get(&format!("/api/v1/search?q={STATION}")).await;
    let path: Vec<&str> = station.body["results"][0]["path"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|step| step["code"].as_str())
        .collect();
    assert_eq!(path, ["0", "31", "3175", "317509", "3175091001"]);
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_told() {
    let world = World::new().await;
    world.read_names().await;
    for query in ["", "?limit=5", "?q=a&q=b", "?q=a&limit=0", "?q=a&limit=x"] {
        refused(&world.get(&format!("/api/v1/search{query}")).await, 400, "bad-request");
    }
    refused(&world.get(&format!("/api/v1/search?q={}", "a".repeat(401))).await, 400, "bad-request");
    let nothing = world.get("/api/v1/search?q=zzzzqqqq").await;
    assert_eq!((nothing.status, &nothing.body), (200, &json!({"results": []})));
    let one = world.get("/api/v1/search?q=jakarta&limit=1").await;
    assert_eq!(one.body["results"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn flagged_and_held_forms_are_listed_page_by_page() {
    let world = World::new().await;
    let token = world.token("petugas").await;
    let certifier = world.token("pengesah").await;
    assert_eq!(world.get("/api/v1/anomalies/ppwp/0").await.body, json!({"items": [], "next": null}));
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    assert_eq!(world.put(&token, SECOND, 0, &tally(&misread(91))).await.status, 201);
    let all = world.get("/api/v1/anomalies/ppwp/0").await;
    let items = all.body["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["station"], &items[0]["state"]),
        (1, &json!(SECOND), &json!("held")),
        "{all:?}"
    );
    assert_eq!(items[0]["flags"][0]["rule"], "R07");
    assert!(items[0]["flags"][0]["message"].as_str().is_some_and(|text| text.len() > 10));
    assert_eq!(world.step(&certifier, "holds", STATION, 1).await.status, 200);
    let first = world.get("/api/v1/anomalies/ppwp/3175?limit=1").await;
    assert_eq!(
        (&first.body["items"][0]["station"], &first.body["items"][0]["flags"]),
        (&json!(STATION), &json!([]))
    );
    let next = first.body["next"].as_str().unwrap();
    let second = world.get(&format!("/api/v1/anomalies/ppwp/3175?limit=1&next={next}")).await;
    assert_eq!(second.body["items"][0]["station"], SECOND);
    let last =
        second.body["next"].as_str().map(|next| format!("/api/v1/anomalies/ppwp/3175?limit=1&next={next}"));
    assert_eq!(world.get(&last.unwrap()).await.body, json!({"items": [], "next": Value::Null}));
    assert_eq!(world.get("/api/v1/anomalies/ppwp/32").await.body["items"], json!([]));
}

#[tokio::test]
async fn anomalies_of_what_is_not_there_are_not_found() {
    let world = World::new().await;
    for path in ["ppwp/99", "tidak-ada/0", "pdpr-3201/31", "ppwp/x"] {
        refused(&world.get(&format!("/api/v1/anomalies/{path}")).await, 404, "not-found");
    }
    refused(&world.get("/api/v1/anomalies/ppwp/0?next=x").await, 400, "bad-request");
}
