//! Rules about the tree: what lies in the root, how folders and files are called, how big assets are.

use std::collections::BTreeSet;

use super::{no_complaints, project_files};

const FOLDERS: &[&str] = &["api", "chaos", "cluster", "docs", "node", "store", "tests"];
const HIDDEN_FOLDERS: &[&str] = &[".cargo", ".ci", ".config"];
const ROOT_FILES: &[&str] = &[
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc", "manager"];

const BLOB_BYTES_MAX: usize = 256 * 1024;
const ASSETS: &str = "node/assets/";
const ASSETS_BYTES_MAX: usize = 1024 * 1024;

#[test]
fn root_holds_exactly_the_house() {
    let files = project_files();
    let found: BTreeSet<&str> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    let expected: BTreeSet<&str> = [FOLDERS, HIDDEN_FOLDERS, ROOT_FILES].concat().into_iter().collect();
    let mut complaints: Vec<String> =
        found.difference(&expected).map(|name| format!("{name}: does not belong in the root")).collect();
    complaints.extend(expected.difference(&found).map(|name| format!("{name}: is missing")));
    no_complaints("the root shows the architecture:", &complaints);
}

#[test]
fn names_say_what_is_inside() {
    let complaints: Vec<String> = project_files()
        .iter()
        .filter(|file| {
            file.path
                .split('/')
                .map(|part| part.split('.').next().unwrap_or(part))
                .any(|name| EMPTY_NAMES.contains(&name))
        })
        .map(|file| format!("{}: call it by what it does", file.path))
        .collect();
    no_complaints("no drawer for everything:", &complaints);
}

#[test]
fn blobs_stay_small() {
    let files = project_files();
    let mut complaints: Vec<String> = files
        .iter()
        .filter(|file| file.bytes.len() > BLOB_BYTES_MAX && !file.path.starts_with(ASSETS))
        .map(|file| format!("{}: {} bytes, at most {BLOB_BYTES_MAX}", file.path, file.bytes.len()))
        .collect();
    let assets_bytes: usize =
        files.iter().filter(|file| file.path.starts_with(ASSETS)).map(|file| file.bytes.len()).sum();
    if assets_bytes > ASSETS_BYTES_MAX {
        complaints.push(format!("{ASSETS}: {assets_bytes} bytes together, at most {ASSETS_BYTES_MAX}"));
    }
    no_complaints("every clone carries every blob for ever:", &complaints);
}
