//! Those who come to what the public side has beside pages: events, search, files, flagged forms, Sirekap's paths; and whoever
//! asks a node that is left alone for all of it.
//!
//! Invariant: what can be judged at once is; what needs the whole count is judged when nobody writes any more, by the course
//! that the change feed tells.

mod collectors;
mod listeners;
mod scrapers;
mod searchers;
mod table;
mod vigil;
mod walkers;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use api::client::Client;
use api::dto::changes::Changes;
use futures_util::future::join_all;

use super::flagged::{FLAGGED, Flagged};
use super::plant::Planted;
use super::record::Record;
use super::watch::Silence;
use crate::chance::Chance;
use crate::course::{Course, Told};
use crate::judges::pages::Pages;
use crate::judges::{files, sirekap};
use crate::live::country;
use crate::live::transport::HttpTransport;
use crate::live::visitor::Visitor;

/// How long a visitor waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Changes that are asked for at once, and how often a node that does not answer is left for another.
const CHANGES: usize = 1_000;
const ATTEMPTS: usize = 12;

/// Where they come to.
#[derive(Clone, Copy)]
pub(super) struct Square<'r> {
    pub(super) visitors: &'r [Visitor],
    pub(super) record: &'r Record,
    pub(super) stop: &'r Cell<bool>,
    pub(super) planted: Planted<'r>,
    pub(super) silence: &'r Silence,
    pub(super) flagged: &'r Flagged,
}

impl<'r> Square<'r> {
    fn pick(&self, chance: &mut Chance) -> Option<&'r Visitor> {
        self.visitors.get(chance.place(self.visitors.len()))
    }
}

/// What they have seen that only the whole count can judge.
#[derive(Default)]
pub(super) struct Sights {
    streams: Vec<listeners::Followed>,
    files: Vec<files::File>,
    sheets: Vec<sirekap::File>,
}

/// Some region.
fn some_region(regions: &[String], chance: &mut Chance) -> String {
    regions.get(chance.place(regions.len())).cloned().unwrap_or_else(|| "0".to_owned())
}

/// All stations that there are.
fn stations() -> BTreeSet<String> {
    (0..country::STATIONS.saturating_add(FLAGGED)).map(country::station).collect()
}

/// All of them, until they are told to stop.
pub(super) async fn attend(square: Square<'_>, mut chance: Chance) -> Sights {
    let mut own = || Chance::new(chance.next());
    // The nation changes most, a village changes seldom.
    let followed = ["0", "31", "3201011001"].map(|region| listeners::follow(square, region, own()));
    let (streams, files, sheets, (), (), ()) = tokio::join!(
        join_all(followed),
        collectors::collect(square, own()),
        scrapers::scrape(square, own()),
        searchers::search(square, own()),
        walkers::walk(square, own()),
        vigil::keep(square, own()),
    );
    Sights { streams, files, sheets }
}

/// When nobody writes any more.
pub(super) async fn finish(
    square: Square<'_>,
    nodes: &[Client<HttpTransport>],
    mut sights: Sights,
    pages: &Pages,
) {
    let record = square.record;
    let Some(course) = course(nodes).await else {
        record.judged("events", Some("nobody tells the whole change feed, and nobody writes".to_owned()));
        return;
    };
    listeners::finish(square, &course, &mut sights.streams).await;
    for followed in &sights.streams {
        followed.judge(record, &course, pages);
    }
    sights.files.iter().for_each(|file| record.judged("files", file.judge(&course)));
    sights.sheets.iter().for_each(|sheet| record.judged("sirekap", sheet.end(&course, false)));
    scrapers::finish(square, &course).await;
    searchers::finish(square).await;
}

/// The whole change feed, now from this node and now from that.
async fn course(nodes: &[Client<HttpTransport>]) -> Option<Course> {
    let (mut course, mut after) = (Course::default(), 0);
    let mut failures: usize = 0;
    loop {
        let node = nodes.get(failures.checked_rem(nodes.len())?)?;
        let path = format!("/api/v1/changes?after={after}&limit={CHANGES}");
        let Ok(page) = node.read::<Changes>(path).await else {
            failures = failures.saturating_add(1);
            if failures > ATTEMPTS {
                return None;
            }
            continue;
        };
        if page.value.changes.is_empty() {
            return Some(course);
        }
        for change in page.value.changes {
            course.tell(&Told {
                index: change.index,
                votes: country::votes_of(&change.form).into(),
                station: change.station,
                revision: change.revision,
                kind: change.kind,
            });
        }
        after = page.value.next_after;
    }
}
