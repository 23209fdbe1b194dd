//! Who asks a node that is left alone for everything that the public is promised.
//!
//! Invariant: an answer counts only when the node was alone from before the question until after the answer; no answer in all
//! that time is one too.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::collectors::Wanted;
use super::{Square, listeners, scrapers, searchers, stations, walkers};
use crate::chance::Chance;
use crate::judges::files::File;
use crate::judges::search::{Answer as Found, Search};
use crate::judges::survivor::{Answer, Survivor};
use crate::live::country;
use crate::live::storm::plant::StormPlant;
use crate::live::storm::watch::Alone;
use crate::live::visitor::{Visit, Visitor};
use crate::report::Ended;

/// Between two looks whether anybody is alone.
const PACE: Duration = Duration::from_millis(10);
/// Between two questions to somebody who is.
const PAUSE: Duration = Duration::from_millis(5);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(8);
const REGION: &str = "31";

/// Waits for somebody to be alone and asks them, until told to stop.
pub(super) async fn keep(square: Square<'_>, mut chance: Chance) {
    while !square.stop.get() {
        sleep(PACE).await;
        let Some(alone) = square.silence.alone() else { continue };
        let Some(visitor) = square.visitors.get(alone.place) else { return };
        let vigil = Vigil { square, alone, visitor };
        let mut survivor = Survivor::default();
        while !square.stop.get() && vigil.round(&mut survivor, &mut chance).await {
            square.silence.visited();
        }
    }
}

/// At one node, as long as it is alone.
struct Vigil<'r> {
    square: Square<'r>,
    alone: Alone,
    visitor: &'r Visitor,
}

impl Vigil<'_> {
    fn lasts(&self) -> bool {
        self.square.silence.alone() == Some(self.alone)
    }

    fn silent_ms(&self) -> u64 {
        u64::try_from(self.alone.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Everything once; whether it was alone throughout.
    async fn round(&self, survivor: &mut Survivor, chance: &mut Chance) -> bool {
        let contest = country::CONTEST;
        let pages = ["/".to_owned(), format!("/{contest}/{REGION}"), "/cari?q=bogor".to_owned()];
        let data = [
            format!("/api/v1/results/{contest}/{REGION}"),
            format!("/janggal/{contest}/{REGION}"),
            walkers::path("0", 100, None),
        ];
        for address in pages.into_iter().chain(data) {
            self.ask(survivor, &address, &[]).await;
        }
        self.search(survivor, chance).await;
        for (json, packed) in [(false, false), (true, true)] {
            self.file(survivor, &Wanted { region: REGION.to_owned(), json, packed }).await;
        }
        if let Some(visit) = self.ask(survivor, &scrapers::path(REGION), &[]).await {
            let said = scrapers::read(REGION, &visit.body).err();
            self.judged(said.map(|error| format!("no file as Sirekap had it: {error}")));
        }
        self.events(survivor).await;
        self.lasts()
    }

    async fn search(&self, survivor: &mut Survivor, chance: &mut Chance) {
        let searches = country::searches();
        let Some((text, meant)) = searches.get(chance.place(searches.len())) else { return };
        let Some(visit) = self.ask(survivor, &searchers::path(text), &[]).await else { return };
        let answer = searchers::read(&visit);
        let node = (self.visitor.id, self.visitor.process());
        let wrong = !matches!(answer, Found::Found(_));
        self.judged(wrong.then(|| format!("{text:?} is not found: {answer:?}")));
        self.judged(Search::default().saw(node, (text, meant), &answer));
    }

    async fn file(&self, survivor: &mut Survivor, wanted: &Wanted) {
        let address = wanted.path();
        let Some(visit) = self.ask(survivor, &address, &wanted.headers()).await else { return };
        self.judged(match wanted.read(&visit, self.square.planted) {
            Ok((index, rows)) => {
                File { whence: address, region: REGION.to_owned(), index, rows }.whole(&stations())
            }
            Err(error) => Some(format!("{address}: {error}")),
        });
    }

    /// Whoever comes is sent the newest state.
    async fn events(&self, survivor: &mut Survivor) {
        let (address, began) = (listeners::path(REGION), Instant::now());
        let (called_ms, listened) = loop {
            let called_ms = self.silent_ms();
            let listened = self.visitor.listen(&address, None, PATIENCE).await;
            if listened.is_some() || !self.lasts() || began.elapsed() >= PATIENCE {
                break (called_ms, listened);
            }
            sleep(PACE).await;
        };
        let Some((visit, mut heard)) = listened else {
            return self.tell(survivor, &address, (called_ms, None));
        };
        self.tell(survivor, &address, (called_ms, Some(&visit)));
        let message = timeout(PATIENCE, heard.next()).await.ok().flatten();
        let read = message.as_ref().and_then(listeners::read);
        self.judged(read.is_none().then(|| format!("{address} sends {message:?} and no event")));
    }

    /// One question, again as long as the line breaks off; what is refused is refused.
    async fn ask(
        &self,
        survivor: &mut Survivor,
        address: &str,
        headers: &[(&'static str, String)],
    ) -> Option<Visit> {
        sleep(PAUSE).await;
        let (began, first_ms) = (Instant::now(), self.silent_ms());
        while self.lasts() {
            let called_ms = self.silent_ms();
            let visit = self.visitor.get(address, headers, PATIENCE).await;
            if visit.is_none() && began.elapsed() < PATIENCE {
                // A connection that was open before and has ended says nothing.
                sleep(PACE).await;
                continue;
            }
            let since_ms = if visit.is_some() { called_ms } else { first_ms };
            self.tell(survivor, address, (since_ms, visit.as_ref()));
            return visit.filter(|visit| visit.status == 200);
        }
        None
    }

    /// Lets the judge hear of an answer, if the node is alone to this moment.
    fn tell(&self, survivor: &mut Survivor, address: &str, (called_ms, visit): (u64, Option<&Visit>)) {
        let mut answer = Answer {
            status: visit.map(|visit| visit.status),
            index: visit.and_then(Visit::index),
            age_ms: visit.and_then(Visit::age_ms),
            called_ms,
            ended_ms: self.silent_ms(),
        };
        if self.square.planted.has(StormPlant::YoungSurvivor) {
            answer.age_ms = answer.age_ms.map(|_| 0);
        }
        let record = self.square.record;
        let took_us = self.silent_ms().saturating_sub(called_ms).saturating_mul(1_000);
        let began_us = record.now_us().saturating_sub(took_us);
        let call = (format!("vigil at node {}", self.visitor.id), address.to_owned(), began_us);
        let ended = if answer.status == Some(200) { Ended::Done } else { Ended::Refused };
        record.did(call, "read-survivor", (ended, 0, answer.index.unwrap_or_default()));
        self.judged(survivor.saw(address, answer));
    }

    fn judged(&self, complaint: Option<String>) {
        if self.lasts() {
            let said = complaint.map(|said| format!("node {}, left alone: {said}", self.visitor.id));
            self.square.record.judged("survivor", said);
        }
    }
}
