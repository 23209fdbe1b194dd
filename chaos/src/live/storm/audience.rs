//! Everybody beside the officers: who reads, and who comes and goes.
//!
//! Invariant: all of them end when they are told to, and what they have seen as a whole is judged when the nodes have
//! come to rest.

use api::client::Client;

use super::accounts::Office;
use super::auditors::{self, Archive};
use super::codes::{self, Counter};
use super::flagged::{self, Flagged};
use super::people::{self, AUDITOR};
use super::plant::Planted;
use super::readers::Desk;
use super::readings::{self, Book, Hall};
use super::record::Record;
use super::sessions::{Desks, Left};
use super::visitors::{self, Sights, Square};
use super::watch::{Looked, Silence};
use super::{followers, pages, photographers, readers, sessions};
use crate::chance::Chance;
use crate::judges::feed::Feed;
use crate::judges::pages::Pages;
use crate::judges::photos::Photos;
use crate::live::fleet::Fleet;
use crate::live::transport::HttpTransport;
use crate::live::visitor::Visitor;
use crate::live::{Trouble, harness};

/// What they have seen, as far as it is judged as a whole.
pub(super) struct Seen {
    feeds: Vec<Feed>,
    pages: Pages,
    sessions: Left,
    codes: codes::Left,
    book: Book,
    audit: auditors::Read,
    sights: Sights,
    pub(super) photos: Photos,
}

/// Their ways to the nodes. A client has one token at a time: everybody has their own.
pub(super) struct Room {
    /// The officers' side of each node, for whoever comes and goes.
    officers: Vec<Client<HttpTransport>>,
    /// The same for those with codes.
    codes: Vec<Client<HttpTransport>>,
    /// The same for the auditor.
    archive: Vec<Client<HttpTransport>>,
    /// Who photographs, then who administers.
    signed_in: [Client<HttpTransport>; 2],
    /// For whoever comes in to stay, the auditor last.
    staff: Vec<Client<HttpTransport>>,
    /// Whoever comes to the public side for more than pages.
    visitors: Vec<Visitor>,
    /// What some of these come for.
    flagged: Flagged,
    pub(super) looked: Vec<Looked>,
}

impl Room {
    pub(super) async fn of(
        fleet: &Fleet,
        officers: &Client<HttpTransport>,
        record: &Record,
    ) -> Result<Self, Trouble> {
        let signed_in = <[_; 2]>::try_from(fleet.spread(officers, 2, 0));
        Ok(Self {
            officers: fleet.desks(),
            codes: fleet.desks(),
            archive: fleet.desks(),
            signed_in: signed_in.map_err(|_| harness("no clients"))?,
            staff: fleet.spread(officers, people::STAFF_COUNT.saturating_add(1), 0),
            visitors: fleet.visitors(),
            flagged: flagged::report(officers, record).await?,
            looked: fleet.lookers(),
        })
    }
}

/// Where they sit.
#[derive(Clone, Copy)]
pub(super) struct Seats<'r> {
    pub(super) public: Desk<'r>,
    pub(super) room: &'r Room,
    /// Whether anybody photographs: where there is a scanner.
    pub(super) photographs: bool,
    pub(super) planted: Planted<'r>,
    pub(super) silence: &'r Silence,
    /// Of all that they choose.
    pub(super) seed: u64,
}

impl<'r> Seats<'r> {
    fn desks(&self) -> Desks<'r> {
        Desks { nodes: &self.room.officers, record: self.public.record }
    }

    fn office(&self) -> Office<'r> {
        let [_, admin] = &self.room.signed_in;
        Office { admin, record: self.public.record }
    }

    fn counter(&self) -> Counter<'r> {
        Counter {
            office: self.office(),
            nodes: &self.room.codes,
            looked: &self.room.looked,
            planted: self.planted,
        }
    }

    fn archive(&self) -> Archive<'r> {
        Archive { nodes: &self.room.archive, record: self.public.record, planted: self.planted }
    }

    fn square(&self) -> Square<'r> {
        Square {
            visitors: &self.room.visitors,
            record: self.public.record,
            stop: self.public.stop,
            planted: self.planted,
            silence: self.silence,
            flagged: &self.room.flagged,
        }
    }

    /// Readings by people who come in first.
    async fn read_again(&self, chance: Chance) -> Book {
        let people = people::staff(self.office(), &self.room.staff).await;
        let hall = Hall { people: &people, record: self.public.record, planted: self.planted };
        readings::work(hall, chance, self.public.stop).await
    }

    /// The audit log, by somebody who comes in first.
    async fn audit(&self, chance: Chance) -> auditors::Read {
        let Some(client) = self.room.staff.last() else { return auditors::Read::default() };
        let token = people::come_in(self.office(), client, AUDITOR).await;
        self.room.archive.iter().for_each(|node| node.set_token(token.clone()));
        auditors::read(self.archive(), chance, self.public.stop).await
    }

    /// All of them, until they are told to stop.
    pub(super) async fn attend(&self) -> Result<Seen, Trouble> {
        let (desk, chance) = (self.public, |part: u64| Chance::of(self.seed, part));
        let [photographer, _] = &self.room.signed_in;
        let photographer = self.photographs.then_some(photographer);
        let reading = async {
            tokio::join!(
                readers::linearizable(desk, chance(100)),
                readers::linearizable(desk, chance(101)),
                readers::session(desk, chance(102)),
                readers::session(desk, chance(103)),
                readers::sums(desk, chance(104)),
            )
        };
        let (_, one, two, pages, sessions, photos, codes, book, audit, sights) = tokio::join!(
            reading,
            followers::follow(desk, chance(105)),
            followers::follow(desk, chance(106)),
            pages::browse(desk, chance(107)),
            sessions::come_and_go(self.desks(), chance(108), desk.stop),
            photographers::work(photographer, desk, chance(109)),
            codes::use_codes(self.counter(), chance(110), desk.stop),
            self.read_again(chance(111)),
            self.audit(chance(112)),
            visitors::attend(self.square(), chance(115)),
        );
        let feeds = vec![one, two];
        Ok(Seen { feeds, pages, sessions, codes, book, audit, sights, photos: photos? })
    }

    /// When nobody writes any more.
    pub(super) async fn finish(&self, mut seen: Seen, nodes: &[(u64, &Client<HttpTransport>)]) {
        let (desk, chance) = (self.public, |part: u64| Chance::of(self.seed, part));
        auditors::knock(&self.room.codes, desk.record).await;
        followers::finish(desk.nodes, desk.record, &mut seen.feeds).await;
        let steps = seen.book.acknowledged();
        seen.feeds.iter().for_each(|feed| desk.record.judged("feed", feed.lacks(&steps)));
        pages::finish(desk.nodes, desk.record, &mut seen.pages).await;
        visitors::finish(self.square(), desk.nodes, seen.sights, &seen.pages).await;
        sessions::finish(self.desks(), &seen.sessions).await;
        photographers::finish(desk.nodes, desk.record, &seen.photos).await;
        codes::finish(self.counter(), &seen.codes, chance(113)).await;
        readings::finish(nodes, (desk.record, self.planted), &seen.book).await;
        auditors::finish(self.archive(), &seen.audit, chance(114)).await;
    }
}
