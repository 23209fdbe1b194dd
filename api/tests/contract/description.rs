//! The description of the API: complete, and never changed unseen.

use serde_json::Value;

fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_schema_that_is_named_is_there() {
    let document = serde_json::to_value(api::openapi::description()).expect("JSON");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (path, methods) in [
        ("/api/v1/session", ["post", "delete"].as_slice()),
        ("/api/v1/tallies/{contest}/{station}", &["put"]),
        ("/api/v1/cluster/members/{id}", &["delete"]),
    ] {
        for method in methods {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
    }
}

/// Whoever writes `api/openapi.json` anew, by `cargo run -p api --example openapi`, changes the contract.
#[test]
fn the_document_is_as_it_was() {
    let text = serde_json::to_string_pretty(&api::openapi::description()).expect("JSON");
    let kept = include_str!("../../openapi.json");
    for (number, (kept, now)) in kept.lines().zip(text.lines()).enumerate() {
        assert_eq!(kept, now, "api/openapi.json line {}", number + 1);
    }
    assert_eq!(kept.trim_end(), text);
}
