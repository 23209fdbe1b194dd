//! Who may name whom: the diagram of ARCHITECTURE.md as two tables.

use std::process::Command;

use serde_json::Value;

use super::{no_complaints, root};

/// Crate, and the crates of the workspace it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("tally", &[]),
    ("store", &["tally"]),
    ("cluster", &["store", "tally"]),
    ("api", &["tally"]),
    ("node", &["api", "cluster", "store", "tally"]),
    ("tests", &["api", "node", "tally"]),
    ("chaos", &["api", "cluster", "store", "tally"]),
];

/// Library, and the crates that may name it: one, but where a reason stands beside.
const FENCES: &[(&str, &[&str])] = &[
    ("rust-rocksdb", &["store"]),
    ("bincode", &["store"]),
    ("openraft", &["cluster"]),
    ("openraft-rt", &["cluster"]),
    ("openraft-rt-tokio", &["cluster"]),
    ("axum", &["api"]),
    ("askama", &["api", "chaos"]),
    // The clients of tests and chaos need a provider, and share no set-up with what they look at.
    ("rustls", &["node", "tests", "chaos"]),
    ("tokio-rustls", &["node", "tests"]),
    ("rcgen", &["node"]),
];

/// What the rules may be made with.
const TALLY_LIBRARIES: &[&str] = &["sha2", "thiserror"];

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo describes the workspace");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("a list of packages").clone()
}

/// Names of the dependencies of a package; development ones only when asked for.
fn dependencies(package: &Value, development: bool) -> Vec<String> {
    package["dependencies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|dependency| development || dependency["kind"] != "dev")
        .filter_map(|dependency| dependency["name"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn crates_name_only_what_the_diagram_allows() {
    let packages = packages();
    let crates: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut complaints: Vec<String> = crates
        .iter()
        .filter(|name| !MAY_NAME.iter().any(|(known, _)| known == *name))
        .map(|name| format!("{name}: a crate that the diagram does not show"))
        .collect();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let allowed: Vec<&str> = MAY_NAME
            .iter()
            .filter(|(known, _)| *known == name)
            .flat_map(|(_, may)| may.iter().copied())
            .collect();
        for dependency in dependencies(package, true) {
            if crates.contains(&dependency.as_str())
                && dependency != name
                && !allowed.contains(&dependency.as_str())
            {
                complaints.push(format!("{name} -> {dependency}: an edge that the diagram does not show"));
            }
        }
    }
    no_complaints("arrows go one way:", &complaints);
}

#[test]
fn libraries_stay_behind_their_fence() {
    let mut complaints = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in dependencies(&package, true) {
            if let Some((_, homes)) =
                FENCES.iter().find(|(library, homes)| *library == dependency && !homes.contains(&name))
            {
                complaints.push(format!("{name} -> {dependency}: belongs to {homes:?}"));
            }
        }
        for dependency in dependencies(&package, false) {
            if name == "tally" && !TALLY_LIBRARIES.contains(&dependency.as_str()) {
                complaints
                    .push(format!("tally -> {dependency}: the rules need nothing but {TALLY_LIBRARIES:?}"));
            }
        }
    }
    no_complaints("what may have to be exchanged is named in one crate:", &complaints);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let complaints: Vec<String> = packages()
        .iter()
        .filter_map(|package| package["manifest_path"].as_str())
        .filter(|manifest| {
            let text = std::fs::read_to_string(manifest).unwrap_or_default();
            !text.contains("[lints]\nworkspace = true")
        })
        .map(|manifest| format!("{manifest}: lacks `[lints] workspace = true`"))
        .collect();
    no_complaints("one set of lints:", &complaints);
}

#[test]
fn tally_is_no_std_and_safe() {
    let text = std::fs::read_to_string(root().join("store/tally/src/lib.rs")).expect("tally has a lib.rs");
    assert!(text.contains("#![no_std]"), "tally must not be able to name a clock, a thread or a file");
    for library in ["store/tally", "store", "api"] {
        let text = std::fs::read_to_string(root().join(library).join("src/lib.rs")).expect("a lib.rs");
        assert!(text.contains("#![forbid(unsafe_code)]"), "{library} must forbid unsafe code");
    }
}
