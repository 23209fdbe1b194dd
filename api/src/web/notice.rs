//! Pages that only say something: not found, nothing yet, cannot answer now.
//!
//! Invariant: they depend on nothing, so they are rendered once and never fail for want of data.

use std::sync::LazyLock;

use askama::Template;
use bytes::Bytes;

use super::frame::{Conditions, Frame};

/// What such a page shows.
#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    frame: Frame,
    heading: &'static str,
    text: &'static str,
}

fn notice(heading: &'static str, text: &'static str) -> Bytes {
    let frame = Frame::new(format!("{heading} \u{2013} Rakit"), Conditions::quiet(0));
    // Rendering fails only when a value of the template does, and these are plain text.
    NoticePage { frame, heading, text }
        .render()
        .map_or_else(|_| Bytes::from_static(heading.as_bytes()), Bytes::from)
}

/// No such page.
pub static NOT_FOUND: LazyLock<Bytes> = LazyLock::new(|| {
    notice(
        "Halaman tidak ditemukan",
        "Wilayah, TPS, atau pemilihan dengan kode itu tidak terdaftar. Periksa kembali alamatnya.",
    )
});

/// No contest is defined yet.
pub(super) static NOTHING_YET: LazyLock<Bytes> = LazyLock::new(|| {
    notice("Belum ada pemilihan", "Data pemilihan belum dimuat ke klaster ini. Muat ulang halaman ini nanti.")
});

/// The node cannot answer now.
pub static UNAVAILABLE: LazyLock<Bytes> = LazyLock::new(|| {
    notice("Sedang penuh", "Simpul ini belum dapat menampilkan halaman itu. Muat ulang beberapa detik lagi.")
});
