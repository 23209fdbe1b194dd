//! The files that pages need, inside the binary: no page names another host.
//!
//! Invariant: the address of a file changes with its content, so it may be kept for ever.

use std::sync::LazyLock;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tally::ids::hex;

/// One embedded file.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    /// Its path without the version.
    pub(super) path: &'static str,
    /// Its path with the version, as pages name it.
    pub(super) address: String,
    /// Its media type.
    pub(super) media_type: &'static str,
    /// Its bytes.
    pub(super) bytes: Bytes,
}

impl Asset {
    fn new(path: &'static str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = hex(&Sha256::digest(bytes));
        let version = digest.get(..12).unwrap_or_default();
        Self { path, address: format!("{path}?v={version}"), media_type, bytes: Bytes::from_static(bytes) }
    }
}

/// The style sheet.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("/aset/rakit.css", "text/css; charset=utf-8", include_bytes!("../../assets/rakit.css"))
});

/// The style sheet of the desk, beside the other.
pub(super) static DESK_STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("/aset/meja.css", "text/css; charset=utf-8", include_bytes!("../../assets/meja.css"))
});

/// The script that renews numbers in place; pages are whole without it.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("/aset/rakit.js", "text/javascript; charset=utf-8", include_bytes!("../../assets/rakit.js"))
});

/// The icon.
pub(super) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("/aset/rakit.svg", "image/svg+xml", include_bytes!("../../assets/rakit.svg"))
});

/// All files.
#[must_use]
pub(super) fn all() -> [&'static Asset; 4] {
    [&STYLE, &DESK_STYLE, &SCRIPT, &ICON]
}
