//! House rules that no compiler and no linter knows.
//!
//! Invariant: every list of exceptions may only shrink; an exception that is no longer needed
//! fails the test that owns it.

mod documents;
mod edges;
mod layout;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace.
fn root() -> PathBuf {
    // As it is now, not as it was when this was built: checkouts may share what is built.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells where the package lies");
    Path::new(&own).parent().expect("tests/ lies in the workspace").to_path_buf()
}

/// One file of the project.
struct SourceFile {
    /// Path from the root, with forward slashes.
    path: String,
    /// What is in it.
    bytes: Vec<u8>,
}

impl SourceFile {
    /// The file as text, or `None` for pictures and archives.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Whether it has that extension.
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// Everything that is or would be committed, by path.
fn project_files() -> Vec<SourceFile> {
    let root = root();
    let listing = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(&root)
        .output()
        .expect("git lists the files of the project");
    assert!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    let mut files: Vec<SourceFile> = String::from_utf8(listing.stdout)
        .expect("paths are UTF-8")
        .split_terminator('\0')
        // A file that was deleted and not yet committed as deleted is still listed.
        .filter_map(|path| {
            Some(SourceFile { bytes: std::fs::read(root.join(path)).ok()?, path: path.to_owned() })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    assert!(files.len() > 50, "only {} files listed: is this a clone of the project?", files.len());
    files
}

/// Fails with every complaint at once, so that one run shows the whole work.
fn no_complaints(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}\n  {}", complaints.join("\n  "));
}
