//! The files of Sirekap, as those who read them in 2024 find them.

use serde_json::{Value, json};

use super::world::{FAR, SECOND, STATION, World, form, misread, refused, tally};

async fn counted() -> World {
    let world = World::new().await;
    let token = world.token("petugas").await;
    assert_eq!(world.put(&token, STATION, 0, &tally(&form())).await.status, 201);
    assert_eq!(world.put(&token, SECOND, 0, &tally(&misread(91))).await.status, 201);
    world
}

fn station_file(station: &str) -> String {
    let (province, regency, district, village) =
        (&station[..2], &station[..4], &station[..6], &station[..10]);
    format!("/pemilu/hhcw/ppwp/{province}/{regency}/{district}/{village}/{station}.json")
}

#[tokio::test]
async fn sums_of_a_region_have_chart_table_and_progress() {
    let world = counted().await;
    let nation = world.get("/pemilu/hhcw/ppwp.json").await;
    assert_eq!(nation.status, 200);
    let body = &nation.body;
    assert_eq!((&body["mode"], &body["progres"]), (&json!("hhcw"), &json!({"total": 3, "progres": 2})));
    assert_eq!((&body["chart"]["100025"], &body["chart"]["persen"]), (&json!(41), &json!(66.66)));
    assert_eq!(body["table"]["31"]["100026"], 99);
    assert_eq!(body["table"]["32"], json!({"psu": "Reguler", "persen": 0.0, "status_progress": false}));
    assert!(body["ts"].as_str().is_some_and(|time| time.len() == "2024-02-16 16:25:10".len()));
    let village = world.get("/pemilu/hhcw/ppwp/31/3175/317509/3175091001.json").await;
    assert_eq!(village.body["table"][STATION]["100025"], 41);
    assert_eq!(village.body["table"][SECOND]["100025"], Value::Null, "held forms are in no sum");
}

#[tokio::test]
async fn a_station_has_its_form_and_says_what_is_missing() {
    let world = counted().await;
    let file = world.get(&station_file(STATION)).await;
    assert_eq!(file.body["chart"], json!({"100025": 41, "100026": 99, "100027": 60, "null": null}));
    let block = &file.body["administrasi"];
    assert_eq!(block.as_object().map(serde_json::Map::len), Some(18));
    assert_eq!(
        (&block["suara_sah"], &block["pemilih_dpt_j"], &block["pengguna_non_dpt_p"]),
        (&json!(200), &json!(250), &json!(1))
    );
    assert_eq!((&file.body["status_suara"], &file.body["status_adm"]), (&json!(true), &json!(true)));
    assert_eq!(file.body["images"], json!([null, null, null]));
    let absent = world.get(&station_file(FAR)).await;
    assert_eq!((&absent.body["chart"], &absent.body["administrasi"]), (&Value::Null, &Value::Null));
    assert_eq!((&absent.body["status_suara"], &absent.body["ts"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn regions_and_candidates_are_listed() {
    let world = World::new().await;
    let regions = world.get("/wilayah/pemilu/ppwp/0.json").await;
    assert_eq!(regions.body[0], json!({"nama": "DKI JAKARTA", "id": 31, "kode": "31", "tingkat": 1}));
    let stations = world.get("/wilayah/pemilu/ppwp/31/3175/317509/3175091001.json").await;
    assert_eq!(stations.body[0]["kode"], STATION);
    assert_eq!(stations.body[0]["tingkat"], 5);
    let candidates = world.get("/pemilu/ppwp.json").await;
    assert_eq!(candidates.body["100026"]["nomor_urut"], 2);
    assert_eq!(candidates.body["100026"]["warna"], "#8CB9BD");
}

#[tokio::test]
async fn other_files_are_not_there() {
    let world = World::new().await;
    for path in [
        "/pemilu/hhcw/tidak-ada.json",
        "/pemilu/hhcw/ppwp/99.json",
        "/pemilu/hhcw/ppwp/31/3201.json",
        "/wilayah/pemilu/ppwp/99.json",
        "/pemilu/x",
        "/wilayah/pemilu/ppwp",
    ] {
        refused(&world.get(path).await, 404, "not-found");
    }
}
