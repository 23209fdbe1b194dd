//! Two versions after each other: what is new, what is linked, what is left.

use std::os::unix::fs::MetadataExt as _;

use bytes::Bytes;

use super::*;
use crate::publish::depth::Depth;

fn path(text: &str) -> SitePath {
    SitePath::parse(text).expect("a path")
}

fn content(text: &str) -> Content {
    Content::pack(Bytes::from(text.repeat(100)))
}

fn sight(index: u64) -> Sight {
    Sight { index, late: false, etag: Some(format!("\"{index}\"")) }
}

fn state() -> State {
    State {
        cluster: "00".repeat(16),
        epoch: 1,
        index: 1,
        at: None,
        whole: true,
        depth: Depth::Nation,
        sirekap: false,
        contests: Vec::new(),
    }
}

fn inode(place: &Path) -> u64 {
    fs::metadata(place).expect("a file").ino()
}

#[test]
fn what_is_unchanged_is_the_same_file_and_what_changed_is_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = Directory::open(folder.path()).expect("opens");
    let (home, region) = (path("/"), path("/ppwp/31"));
    let mut draft = Draft::new(&directory, None, false).expect("a draft");
    draft.put(&home, &content("a"), &sight(1)).expect("written");
    draft.put(&region, &content("b"), &sight(1)).expect("written");
    assert!(!draft.unchanged());
    let (_, first) = draft.finish(state()).expect("shown");
    let loaded = Base::load(&directory).expect("readable").expect("a version");
    assert_eq!(loaded.manifest, first.manifest);

    let mut draft = Draft::new(&directory, Some(&first), true).expect("a draft");
    assert!(draft.unchanged());
    assert_eq!(draft.tag(&home).as_deref(), Some("\"1\""));
    draft.keep(&home, &sight(2));
    draft.put(&region, &content("b"), &sight(2)).expect("the same bytes");
    assert!(draft.unchanged());
    draft.put(&region, &content("c"), &sight(3)).expect("written");
    draft.put(&region, &content("d"), &sight(4)).expect("written again");
    assert_eq!(draft.body(&region), Some(content("d").plain.to_vec()));
    let (_, second) = draft.finish(state()).expect("shown");
    let places = |path: &SitePath| (first.folder.join(path.file()), second.folder.join(path.file()));
    let (before, after) = places(&home);
    assert_eq!(inode(&before), inode(&after));
    assert_eq!(inode(&beside(&before, Packing::Gzip)), inode(&beside(&after, Packing::Gzip)));
    let (before, after) = places(&region);
    assert_eq!(fs::read(before).expect("the old one"), content("b").plain);
    assert_eq!(fs::read(after).expect("the new one"), content("d").plain);
}

#[test]
fn a_file_that_is_damaged_has_no_tag_and_is_written_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = Directory::open(folder.path()).expect("opens");
    let home = path("/");
    let mut draft = Draft::new(&directory, None, false).expect("a draft");
    draft.put(&home, &content("a"), &sight(1)).expect("written");
    let (_, first) = draft.finish(state()).expect("shown");
    absent(&beside(&first.folder.join("index.html"), Packing::Brotli)).expect("removed");
    let mut draft = Draft::new(&directory, Some(&first), true).expect("a draft");
    assert_eq!(draft.tag(&home), None);
    draft.put(&home, &content("a"), &sight(1)).expect("written");
    assert!(!draft.unchanged());
    let (_, second) = draft.finish(state()).expect("shown");
    assert!(beside(&second.folder.join("index.html"), Packing::Brotli).exists());
}

#[test]
fn what_was_not_looked_at_any_more_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = Directory::open(folder.path()).expect("opens");
    let mut draft = Draft::new(&directory, None, false).expect("a draft");
    draft.put(&path("/"), &content("a"), &sight(1)).expect("written");
    draft.put(&path("/ppwp/31"), &content("b"), &sight(1)).expect("written");
    let (_, first) = draft.finish(state()).expect("shown");
    let mut draft = Draft::new(&directory, Some(&first), false).expect("a draft");
    draft.keep(&path("/"), &sight(2));
    assert!(!draft.unchanged());
    let (_, second) = draft.finish(state()).expect("shown");
    assert!(second.folder.join("index.html").exists() && !second.folder.join("ppwp").exists());
}
