//! The page about the API: every call in one line each, and where the whole description is.
//!
//! Invariant: it is made from the same table as the description, and names no other host.

use std::sync::LazyLock;

use askama::Template;
use bytes::Bytes;

use super::frame::{Conditions, Frame};
use crate::openapi::{self, Line};

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    frame: Frame,
    groups: [Group; 3],
}

struct Group {
    name: &'static str,
    note: &'static str,
    lines: Vec<Line>,
}

/// The page, rendered once.
pub(super) static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
    let [open, guarded, operators] = openapi::lines();
    let group = |name, note, lines| Group { name, note, lines };
    let mut frame = Frame::new("API \u{2013} Rakit".to_owned(), Conditions::quiet(0));
    frame.data_address = Some("/openapi.json".to_owned());
    let page = DocsPage {
        frame,
        groups: [
            group(
                "Untuk semua orang",
                "Tanpa akun, di alamat ini. Boleh dipanggil dari situs mana pun (CORS).",
                open,
            ),
            group("Untuk akun", "Di alamat petugas, dengan token dari POST /api/v1/session.", guarded),
            group("Untuk operator", "Di alamat operasi, yang tidak terbuka untuk umum.", operators),
        ],
    };
    // Rendering fails only when a value of the template does, and these are plain text.
    page.render().map_or_else(|_| Bytes::from_static(b"/openapi.json"), Bytes::from)
});
