//! What a copy of the site that is nothing but files shows where only a node can answer.
//!
//! Invariant: such a page says why it is not there and where to go on, and asks for nothing that a file cannot give.

use askama::Template;
use bytes::Bytes;

use super::frame::{Conditions, Frame};

/// A page that needs a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StandIn {
    /// `/cari`.
    Search,
    /// `/status`.
    Status,
    /// `/kios`.
    Kiosk,
}

/// What stands in its place.
#[derive(Template)]
#[template(path = "stand_in.html")]
struct StandInPage<'a> {
    frame: Frame,
    heading: &'static str,
    text: &'static str,
    /// Pages to go on from: address and name.
    links: &'a [(String, String)],
}

impl StandIn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Search, Self::Status, Self::Kiosk];

    /// The path of the page that it stands for.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Search => "/cari",
            Self::Status => "/status",
            Self::Kiosk => "/kios",
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Search => (
                "Cari TPS",
                "Pencarian memerlukan simpul yang hidup, sedangkan salinan ini hanya berisi berkas. Telusuri dari daftar \
                 di bawah: provinsi, kabupaten atau kota, kecamatan, lalu kelurahan.",
            ),
            Self::Status => (
                "Status simpul",
                "Halaman ini salinan dan tidak tahu keadaan simpul sekarang. Waktu dan versi datanya tertulis di tiap \
                 halaman hasil.",
            ),
            Self::Kiosk => (
                "Kios",
                "Layar kios memerlukan simpul yang hidup. Halaman hasil di bawah dapat dibuka di perangkat mana pun.",
            ),
        }
    }

    /// The page, with addresses and names of pages to go on from.
    #[must_use]
    pub fn page(self, links: &[(String, String)]) -> Bytes {
        let (heading, text) = self.words();
        let frame = Frame::new(format!("{heading} \u{2013} Rakit"), Conditions::quiet(0));
        // Rendering fails only when a value of the template does, and these are plain text.
        StandInPage { frame, heading, text, links }
            .render()
            .map_or_else(|_| Bytes::from_static(text.as_bytes()), Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_on_and_asks_for_nothing() {
        for page in StandIn::ALL {
            let bytes = page.page(&[("/ppwp/31".to_owned(), "A<B".to_owned())]);
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(text.contains("href=\"/ppwp/31\"") && !text.contains("A<B"), "{text}");
            assert!(!text.contains("<form") && !text.contains("<script"), "{text}");
        }
    }
}
