//! Everybody beside the officers: who reads, and who comes and goes.
//!
//! Invariant: all of them end when they are told to, and what they have seen as a whole is judged when the nodes have
//! come to rest.

use api::client::Client;

use super::readers::Desk;
use super::sessions::{Desks, Left};
use super::{followers, pages, photographers, readers, sessions};
use crate::chance::Chance;
use crate::judges::feed::Feed;
use crate::judges::pages::Pages;
use crate::judges::photos::Photos;
use crate::live::Trouble;
use crate::live::transport::HttpTransport;

/// What they have seen, as far as it is judged as a whole.
pub(super) struct Seen {
    feeds: Vec<Feed>,
    pages: Pages,
    sessions: Left,
    pub(super) photos: Photos,
}

/// Where they sit.
#[derive(Clone, Copy)]
pub(super) struct Seats<'r> {
    pub(super) public: Desk<'r>,
    pub(super) officers: &'r [Client<HttpTransport>],
    /// Whoever photographs, where there is a scanner.
    pub(super) photographer: Option<&'r Client<HttpTransport>>,
}

impl Seats<'_> {
    const fn desks(&self) -> Desks<'_> {
        Desks { nodes: self.officers, record: self.public.record }
    }

    /// All of them, until they are told to stop.
    pub(super) async fn attend(&self, seed: u64) -> Result<Seen, Trouble> {
        let (desk, chance) = (self.public, |part: u64| Chance::of(seed, part));
        let (.., one, two, pages, sessions, photos) = tokio::join!(
            readers::linearizable(desk, chance(100)),
            readers::linearizable(desk, chance(101)),
            readers::session(desk, chance(102)),
            readers::session(desk, chance(103)),
            readers::sums(desk, chance(104)),
            followers::follow(desk, chance(105)),
            followers::follow(desk, chance(106)),
            pages::browse(desk, chance(107)),
            sessions::come_and_go(self.desks(), chance(108), desk.stop),
            photographers::work(self.photographer, desk, chance(109)),
        );
        Ok(Seen { feeds: vec![one, two], pages, sessions, photos: photos? })
    }

    /// When nobody writes any more.
    pub(super) async fn finish(&self, mut seen: Seen) {
        let desk = self.public;
        followers::finish(desk.nodes, desk.record, &mut seen.feeds).await;
        pages::finish(desk.nodes, desk.record, seen.pages).await;
        sessions::finish(self.desks(), &seen.sessions).await;
        photographers::finish(desk.nodes, desk.record, &seen.photos).await;
    }
}
