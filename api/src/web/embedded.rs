//! Files of an app inside the binary, and the name that changes with any of them.
//!
//! Invariant: a version names the bytes of all files of an app, so a device that keeps one never mixes two releases.

use sha2::{Digest as _, Sha256};
use tally::ids::hex;

/// The media type of scripts.
pub(super) const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One file as it lies beside the module that names it.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

/// Takes files into the binary, with their media types.
macro_rules! sources {
    ($($name:literal: $media_type:expr,)*) => {
        [$($crate::web::embedded::Source {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!($name),
        }),*]
    };
}
pub(super) use sources;

/// The name of these files together.
pub(super) fn version<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        for part in [name.as_bytes(), bytes] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
    }
    hex(hash.finalize().get(..6).unwrap_or_default())
}
