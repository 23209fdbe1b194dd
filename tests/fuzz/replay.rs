//! Replays what is kept for a fuzz target, in the ordinary tests of the crate that the target feeds.
//!
//! Invariant: a target for which nothing is kept fails: it would say nothing.

use std::path::Path;

/// Plays every kept input of a target.
pub(crate) fn replay(target: &str, play: fn(&[u8])) {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let seeds = |above: &Path| above.join("tests/fuzz/seeds").join(target);
    let folder = Path::new(&package).ancestors().map(seeds).find(|folder| folder.is_dir());
    let folder = folder.unwrap_or_else(|| panic!("{target}: there is no folder for it"));
    let mut played = false;
    for entry in std::fs::read_dir(folder).unwrap() {
        play(&std::fs::read(entry.unwrap().path()).unwrap());
        played = true;
    }
    assert!(played, "{target}: nothing is kept");
}
