//! One round: from what was marked to the next snapshot.
//!
//! Invariant: the marks are taken after the view is pinned, so that whatever the view shows is marked; and they are looked at
//! in two rounds, so that a change that is marked a moment before it can be seen is not missed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderValue;
use tally::ids::ContestId;
use tally::region::{Level, RegionCode};
use tokio::time::Instant;

use super::pace::Pace;
use super::snapshot::{Kept, Moment, Pages, Snapshot, shrink};
use super::source::{self, Source};
use super::{BYTES_MAX, Publisher};
use crate::ports::{Dirty, ReadError, StateView};
use crate::web::{Conditions, Subject, Target};

/// Rounds for which a page is kept up to date after it was last read: about a minute.
const WARM_ROUNDS: u64 = 240;
/// Contests whose top pages are rendered before anybody asks.
const EAGER_CONTESTS_MAX: usize = 8;

/// What one round leaves to the next.
#[derive(Default)]
pub(super) struct Memory {
    before: Marks,
    /// Marks of rounds that failed.
    owed: Marks,
    pace: Pace,
    looked: Option<Instant>,
}

impl Memory {
    /// Steers readers by how many were answered since the last round.
    fn look_at_load(&mut self, publisher: &Publisher) {
        let now = Instant::now();
        let since =
            self.looked.replace(now).map_or(Duration::MAX, |looked| now.saturating_duration_since(looked));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.pace.look(publisher.hits(), since, u64::try_from(cores).unwrap_or(1));
        publisher.next_poll_ms.store(self.pace.next_poll_ms(), Ordering::Relaxed);
    }
}

/// What is to be looked at again.
#[derive(Clone, Default)]
struct Marks {
    all: bool,
    regions: BTreeSet<(ContestId, RegionCode)>,
}

impl Marks {
    fn add(&mut self, dirty: Dirty) {
        match dirty {
            Dirty::All => self.all = true,
            Dirty::Regions(regions) => self.regions.extend(regions),
        }
    }

    fn cover(&self, subject: Subject) -> bool {
        match subject {
            Subject::Nothing => true,
            // Only `all` touches it.
            Subject::MasterData => false,
            Subject::Region(contest, region) => self.regions.contains(&(contest, region)),
            Subject::Form(contest, station) => self.regions.contains(&(contest, station.village())),
        }
    }

    fn empty(&self) -> bool {
        !self.all && self.regions.is_empty()
    }
}

/// Runs a round. After a failure its marks are owed to the next.
pub(super) fn run(publisher: &Publisher, memory: &mut Memory) -> Result<(), ReadError> {
    memory.look_at_load(publisher);
    let demanded = publisher.demand.begin_round();
    let view = publisher.queries.local()?;
    let dirty = publisher.queries.take_dirty();
    if dirty == Dirty::All {
        publisher.master_data.send_modify(|count| *count = count.wrapping_add(1));
    }
    memory.owed.add(dirty);
    let shown = publisher.snapshot.load_full();
    let first = shown.round == 0;
    let mut round = Round {
        view: &*view,
        marks: &memory.owed,
        before: &memory.before,
        conditions: publisher.conditions(),
        number: shown.round.saturating_add(1),
    };
    let changed = first
        || !demanded.is_empty()
        || !memory.owed.empty()
        || !memory.before.empty()
        || round.conditions != shown.conditions;
    let (pages, bytes) = if changed {
        let mut pages = round.renew(shown.pages.iter().chain(demanded.iter()))?;
        if first || memory.owed.all {
            round.add_top(&mut pages)?;
        }
        let bytes = shrink(&mut pages, BYTES_MAX);
        (Arc::new(pages), bytes)
    } else {
        (Arc::clone(&shown.pages), shown.bytes)
    };
    publisher.feeds.renew(&*view, |contest, region| {
        let subject = Subject::Region(contest, region);
        let everything = memory.owed.all || memory.before.all;
        everything || memory.owed.cover(subject) || memory.before.cover(subject)
    })?;
    publisher.snapshot.store(Arc::new(Snapshot {
        pages,
        bytes,
        round: round.number,
        conditions: round.conditions,
        node: HeaderValue::from(publisher.queries.freshness().node.0),
        moment: Moment::of(&*view),
        index: HeaderValue::from(view.index()),
    }));
    memory.before = std::mem::take(&mut memory.owed);
    Ok(())
}

struct Round<'a> {
    view: &'a dyn StateView,
    marks: &'a Marks,
    before: &'a Marks,
    conditions: Conditions,
    number: u64,
}

impl Round<'_> {
    /// The pages that stay, made anew where they changed.
    fn renew<'p>(
        &mut self,
        pages: impl Iterator<Item = (&'p Box<str>, &'p Arc<Kept>)>,
    ) -> Result<Pages, ReadError> {
        let mut renewed = Pages::default();
        for (path, kept) in pages {
            if !self.changed(kept)? {
                renewed.insert(path.clone(), Arc::clone(kept));
            } else if kept.last_read().saturating_add(WARM_ROUNDS) >= self.number
                && let Some(made) = kept.source.make(self.view, self.conditions)?
            {
                let fresh =
                    Kept::new(kept.source, made, self.conditions, Moment::of(self.view), kept.last_read());
                renewed.insert(path.clone(), Arc::new(fresh));
            }
        }
        Ok(renewed)
    }

    fn changed(&self, kept: &Kept) -> Result<bool, ReadError> {
        // After `All` names may have changed too, which no version tells.
        if self.marks.all || self.before.all || kept.conditions != self.conditions {
            return Ok(kept.moment.index != self.view.index() || kept.conditions != self.conditions);
        }
        if !self.marks.cover(kept.subject) && !self.before.cover(kept.subject) {
            return Ok(false);
        }
        Ok(kept.subject == Subject::Nothing || source::version(self.view, kept.subject)? != kept.version)
    }

    /// Adds the pages that are rendered before anybody asks.
    fn add_top(&mut self, pages: &mut Pages) -> Result<(), ReadError> {
        self.add(pages, "/".to_owned(), Source::Html(Target::Home))?;
        for contest in self.view.contests()?.iter().take(EAGER_CONTESTS_MAX) {
            let mut regions = vec![contest.region()];
            if contest.region().level() == Level::Nation {
                let provinces = self.view.regions_below(RegionCode::NATION)?;
                regions.extend(provinces.iter().map(|province| province.code));
            }
            for region in regions {
                let html = Source::Html(Target::Region(contest.id, region));
                self.add(pages, format!("/{}/{region}", contest.id), html)?;
                let json = Source::Json(contest.id, region);
                self.add(pages, format!("/api/v1/results/{}/{region}", contest.id), json)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, pages: &mut Pages, path: String, source: Source) -> Result<(), ReadError> {
        let path = path.into_boxed_str();
        if !pages.contains_key(&path)
            && let Some(made) = source.make(self.view, self.conditions)?
        {
            let kept = Kept::new(source, made, self.conditions, Moment::of(self.view), self.number);
            pages.insert(path, Arc::new(kept));
        }
        Ok(())
    }
}
