//! Lists of forms by state and flag, and what is remembered of a request.

use serde_json::{Value, json};

use super::world::{FAR, Reply, SECOND, STATION, World, form, misread, refused, tally, uuid};

async fn list(world: &World, username: &str, query: &str) -> Reply {
    let token = world.token(username).await;
    world.by(&token, "GET", &format!("/api/v1/tallies/ppwp{query}"), &[], None).await
}

fn stations(reply: &Reply) -> Vec<(String, String)> {
    let forms = reply.body["forms"].as_array().unwrap_or_else(|| panic!("{reply:?}"));
    let text = |form: &'_ Value, name: &str| form[name].as_str().unwrap().to_owned();
    forms.iter().map(|form| (text(form, "station"), text(form, "state"))).collect()
}

/// What a list should hold.
fn these(forms: &[(&str, &str)]) -> Vec<(String, String)> {
    forms.iter().map(|(station, state)| ((*station).to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn forms_are_found_by_state_flag_and_region_page_by_page() {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    assert_eq!(world.put(&officer, STATION, 0, &tally(&form())).await.status, 201);
    let held = world.put(&officer, SECOND, 0, &json!({"form": misread(91), "confirm": ["R07"], "reason": null, "attachments": [], "observed_at": null})).await;
    assert_eq!((held.status, &held.body["state"]), (201, &json!("held")), "{held:?}");

    let all = list(&world, "pemantau", "").await;
    assert_eq!(stations(&all), these(&[(STATION, "reported"), (SECOND, "held"), (FAR, "absent")]));
    let absent = list(&world, "pemantau", "?state=absent").await;
    assert_eq!(stations(&absent), these(&[(FAR, "absent")]));
    assert_eq!(stations(&list(&world, "pemantau", "?state=held").await), these(&[(SECOND, "held")]));
    assert_eq!(stations(&list(&world, "pemantau", "?rule=R07").await), these(&[(SECOND, "held")]));
    assert_eq!(stations(&list(&world, "pemantau", "?rule=R09").await), these(&[]));
    assert_eq!(stations(&list(&world, "pemantau", "?flagged=true&state=reported").await), these(&[]));
    assert_eq!(stations(&list(&world, "pemantau", "?state=certified").await), these(&[]));
    assert_eq!(stations(&list(&world, "pemantau", "?region=32").await), these(&[(FAR, "absent")]));
    // Without a region it is that of the account.
    assert_eq!(stations(&list(&world, "jauh", "").await), these(&[(FAR, "absent")]));

    let mut found = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let reply = list(&world, "pemantau", &format!("?limit=1{cursor}")).await;
        found.extend(stations(&reply).into_iter().map(|(station, _)| station));
        next = reply.body["next"].as_str().map(|next| format!("&next={next}"));
    }
    assert_eq!(found, [STATION, SECOND, FAR]);
    for wrong in ["?state=lupa", "?rule=7", "?flagged=ya", "?region=x", "?next=x", "?limit=0"] {
        refused(&list(&world, "pemantau", wrong).await, 400, "bad-request");
    }
}

#[tokio::test]
async fn what_became_of_a_request_is_told_to_its_owner_and_who_looks_after_it() {
    let world = World::new().await;
    let officer = world.token("petugas").await;
    let key = uuid();
    assert_eq!(world.put_with_key(&officer, STATION, 0, &key, &tally(&form())).await.status, 201);
    let asked = async |username: &str, query: &str| {
        let token = world.token(username).await;
        world.by(&token, "GET", &format!("/api/v1/requests/{key}{query}"), &[], None).await
    };
    let own = asked("petugas", "").await;
    assert_eq!((own.status, &own.body["outcome"], &own.body["event"]), (200, &json!("tallied"), &json!(1)));
    assert_eq!((&own.body["station"], &own.body["contest"]), (&json!(STATION), &json!("ppwp")));
    assert!(own.body["index"].as_u64().is_some_and(|index| index > 0));
    assert_eq!(asked("admin", "?account=petugas").await.body, own.body);
    assert_eq!(asked("pemantau", "?account=petugas").await.body, own.body);
    refused(&asked("pembaca", "?account=petugas").await, 403, "forbidden");
    refused(&asked("pembaca", "?account=tiada").await, 403, "forbidden");
    refused(&asked("pembaca", "").await, 404, "not-found");
    refused(&asked("admin", "?account=tiada").await, 404, "not-found");

    let again = uuid();
    let stale = world.put_with_key(&officer, STATION, 0, &again, &tally(&form())).await;
    assert_eq!(stale.status, 412, "{stale:?}");
    let token = world.token("petugas").await;
    let told = world.by(&token, "GET", &format!("/api/v1/requests/{again}"), &[], None).await;
    assert_eq!((&told.body["outcome"], &told.body["code"]), (&json!("refused"), &json!("stale-revision")));
}
