//! What a version holds: every file with its size and hash, and which state of the count it shows.
//!
//! Invariant: a manifest that is read names files only as [`SitePath`] does, so it can be followed without leaving its
//! directory. A format that is not known is no manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::SitePath;
use super::depth::Depth;
use super::packed::Packing;

/// The manifest's own name in the directory of its version.
pub const FILE: &str = "manifest.json";
/// The format that this release writes and reads.
pub const FORMAT: u32 = 1;

/// Which state of the count a version shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct State {
    /// Identifier of the cluster.
    pub cluster: String,
    /// Epoch of its history.
    pub epoch: u64,
    /// The log index up to which everything is in it: the smallest of its contests'.
    pub index: u64,
    /// Log time of the newest form in it, RFC 3339; null before the first.
    pub at: Option<String>,
    /// Whether the pages of each contest are all of its one index, so that they add up among each other too. Each page
    /// adds up within itself in any case.
    pub whole: bool,
    /// The lowest pages in it.
    pub depth: Depth,
    /// Whether Sirekap's files are in it.
    pub sirekap: bool,
    /// The contests.
    pub contests: Vec<ContestState>,
}

/// Which state of a contest a version shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ContestState {
    /// The contest.
    pub contest: String,
    /// The log index at which its pages are true.
    pub index: u64,
    /// Log time of its newest form, RFC 3339; null before the first.
    pub at: Option<String>,
    /// How many changes its forms have had.
    pub version: u64,
    /// Whether all its pages are of that index.
    pub whole: bool,
}

/// A packed neighbour of a file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Neighbour {
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Which state of its region a file of results shows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Shown {
    /// Count of changes.
    pub version: u64,
    /// Log index of the last of them.
    pub changed: u64,
}

/// A file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// The tag under which nodes know these bytes; none for files that are not theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Log index at which the file was looked at last and was as it is.
    pub index: u64,
    /// Whether the node that gave it had not heard of a leader for long, which stands on the page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// With results of a region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Shown>,
    /// The neighbour that ends with `.gz`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gzip: Option<Neighbour>,
    /// The neighbour that ends with `.br`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brotli: Option<Neighbour>,
}

impl Entry {
    /// A packed neighbour.
    #[must_use]
    pub const fn neighbour(&self, packing: Packing) -> Option<&Neighbour> {
        match packing {
            Packing::Gzip => self.gzip.as_ref(),
            Packing::Brotli => self.brotli.as_ref(),
        }
    }

    /// Bytes of the file and its neighbours.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let packed = Packing::ALL.into_iter().filter_map(|packing| self.neighbour(packing));
        packed.fold(self.size, |sum, neighbour| sum.saturating_add(neighbour.size))
    }
}

/// Files by path.
pub type Entries = BTreeMap<SitePath, Entry>;

/// A file as it is written down.
#[derive(Deserialize, Serialize)]
struct Line {
    path: String,
    file: String,
    media_type: String,
    #[serde(flatten)]
    entry: Entry,
}

/// The whole as it is written down.
#[derive(Deserialize, Serialize)]
struct Document {
    format: u32,
    #[serde(flatten)]
    state: State,
    files: Vec<Line>,
}

/// A version as its manifest tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// What it shows.
    pub state: State,
    /// Its files.
    pub entries: Entries,
}

impl Manifest {
    /// The bytes of the file.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let line = |(path, entry): (&SitePath, &Entry)| Line {
            path: path.to_string(),
            file: path.file(),
            media_type: path.media().name().to_owned(),
            entry: entry.clone(),
        };
        let files = self.entries.iter().map(line).collect();
        serde_json::to_vec(&Document { format: FORMAT, state: self.state.clone(), files })
    }

    /// Reads it back; `None` for everything that this release would not write.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let Document { format, state, files } = serde_json::from_slice(bytes).ok()?;
        let line = |line: Line| {
            let path = SitePath::parse(&line.path)?;
            (line.file == path.file()).then_some((path, line.entry))
        };
        let entries = files.into_iter().map(line).collect::<Option<Entries>>()?;
        (format == FORMAT).then_some(Self { state, entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let contest = ContestState {
            contest: "ppwp".to_owned(),
            index: 12,
            at: Some("2024-02-14T08:40:03Z".to_owned()),
            version: 3,
            whole: true,
        };
        let state = State {
            cluster: "01".repeat(16),
            epoch: 1,
            index: 12,
            at: contest.at.clone(),
            whole: true,
            depth: Depth::District,
            sirekap: false,
            contests: vec![contest],
        };
        let entry = Entry {
            size: 10,
            sha256: "ab".repeat(32),
            etag: Some("\"x\"".to_owned()),
            index: 12,
            late: false,
            results: Some(Shown { version: 3, changed: 11 }),
            gzip: Some(Neighbour { size: 5, sha256: "cd".repeat(32) }),
            brotli: None,
        };
        let path = SitePath::parse("/api/v1/results/ppwp/0").expect("a path");
        Manifest { state, entries: Entries::from([(path, entry)]) }
    }

    #[test]
    fn what_is_written_is_read() {
        let manifest = manifest();
        let bytes = manifest.encode().expect("JSON");
        assert_eq!(Manifest::decode(&bytes), Some(manifest.clone()));
        let text = String::from_utf8(bytes).expect("JSON");
        assert!(text.contains("\"file\":\"api/v1/results/ppwp/0/index.json\""), "{text}");
        assert!(text.starts_with("{\"format\":1,"), "{text}");
    }

    #[test]
    fn a_manifest_that_names_other_places_is_none() {
        let text = String::from_utf8(manifest().encode().expect("JSON")).expect("JSON");
        for (from, to) in [
            ("\"format\":1", "\"format\":2"),
            ("\"/api/v1/results/ppwp/0\"", "\"/../../x\""),
            ("\"api/v1/results/ppwp/0/index.json\"", "\"../x\""),
        ] {
            assert!(text.contains(from), "{text}");
            assert_eq!(Manifest::decode(text.replace(from, to).as_bytes()), None, "{to}");
        }
    }
}
