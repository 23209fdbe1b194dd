//! What the site shows, why it can be believed, where its data are from.
//!
//! Invariant: it depends on nothing, so it is there whenever the node is.

use askama::Template;

use super::frame::{Conditions, Frame};

/// The page.
#[derive(Template)]
#[template(path = "about.html")]
pub(super) struct AboutPage {
    frame: Frame,
}

/// The page.
pub(super) fn page(conditions: Conditions) -> AboutPage {
    AboutPage { frame: Frame::new("Tentang \u{2013} Rakit".to_owned(), conditions) }
}
