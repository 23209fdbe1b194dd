//! Finding regions and stations by what people remember of their names.
//!
//! Invariant: an answer comes from memory but for the rows of what is shown, costs a bounded number of steps whatever was
//! typed, and is the same on every node with the same master data.
//!
//! Names of regions are kept, those of stations are not: a station is found through its village and number.

mod lexicon;
mod ranking;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tally::region::{Level, RegionCode, StationCode};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::dto::search::SearchPage;
use crate::limits::SEARCHES_MAX;
use crate::ports::{Queries, ReadError, StateView};
use lexicon::Lexicon;
use words::Query;

/// Between two times that names are read, so many times as long as reading took, within these bounds: master data comes in
/// pieces, and what else a node does must not wait for each of them.
const REST_TIMES: u32 = 10;
const REST_MIN: Duration = Duration::from_millis(100);
const REST_MAX: Duration = Duration::from_secs(5);
/// Villages that are looked into for a station of that number.
const VILLAGES_MAX: usize = 200;

/// How many words a search would look for.
#[cfg(any(test, fuzzing))]
pub(crate) fn words_of(text: &str) -> usize {
    Query::read(text).words.len()
}

/// Something that was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Found {
    /// A region.
    Region(RegionCode),
    /// A station that exists.
    Station(StationCode),
}

/// A region in memory.
#[derive(Debug)]
struct Place {
    code: RegionCode,
    /// The region above.
    parent: Option<u32>,
    /// Letters of its name without spaces.
    letters: u16,
    /// Hash of these letters: equal names are told by it, and an error of it costs a place in an order.
    name: u32,
}

/// Names of all regions, ready to be looked through.
#[derive(Debug, Default)]
pub(crate) struct Gazetteer {
    places: Vec<Place>,
    /// Single words of names.
    words: Lexicon,
    /// Whole names in one word.
    names: Lexicon,
}

/// Names as they are gathered.
#[derive(Default)]
struct Gathered {
    places: Vec<Place>,
    words: Vec<(Box<str>, u32)>,
    names: Vec<(Box<str>, u32)>,
}

impl Gathered {
    fn add(&mut self, code: RegionCode, parent: Option<u32>, name: &str) -> u32 {
        let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let words = words::words(name);
        let joined: String = words.concat();
        let letters = u16::try_from(joined.len()).unwrap_or(u16::MAX);
        self.places.push(Place { code, parent, letters, name: lexicon::hash_of(&joined) });
        // "KOTA BEKASI" is meant by "bekasi" as well.
        if let Some((kind, rest)) = words.split_first()
            && Query::is_kind(kind)
            && !rest.is_empty()
        {
            self.names.push((rest.concat().into(), place));
        }
        self.names.push((joined.into(), place));
        self.words.extend(words.into_iter().map(|word| (word.into(), place)));
        place
    }
}

impl Gazetteer {
    /// Reads all names.
    pub(crate) fn read(view: &dyn StateView) -> Result<Self, ReadError> {
        let mut gathered = Gathered::default();
        let mut level: Vec<(RegionCode, Option<u32>)> = vec![(RegionCode::NATION, None)];
        while !level.is_empty() {
            let mut below = Vec::new();
            for (above, parent) in level {
                let regions = view.regions_below(above)?;
                below.extend(regions.into_iter().map(|region| {
                    let place = gathered.add(region.code, parent, &region.name);
                    (region.code, Some(place))
                }));
            }
            // Below villages lie stations, which are found by their numbers.
            below.retain(|(code, _)| code.level() != Level::Village);
            level = below;
        }
        let Gathered { places, words, names } = gathered;
        Ok(Self { places, words: Lexicon::of(words), names: Lexicon::of(names) })
    }

    /// How many regions it knows.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Bytes it keeps in memory, about.
    pub(crate) fn size(&self) -> usize {
        let places = self.places.len().saturating_mul(size_of::<Place>());
        places.saturating_add(self.words.size()).saturating_add(self.names.size())
    }

    /// What fits a query best, at most `limit`; stations are looked up in the view.
    pub(crate) fn find(
        &self,
        view: &dyn StateView,
        text: &str,
        limit: usize,
    ) -> Result<Vec<Found>, ReadError> {
        let query = Query::read(text);
        if let Some(code) = &query.code {
            return coded(view, code);
        }
        let regions = ranking::regions(self, &query, limit.max(VILLAGES_MAX));
        let mut found = Vec::new();
        if let Some(number) = query.station {
            for village in regions.iter().filter(|region| region.level() == Level::Village) {
                if found.len() >= limit {
                    break;
                }
                let code = village.number().saturating_mul(1_000).saturating_add(u64::from(number));
                let station = StationCode::new(code).map(|code| view.station(code)).transpose()?.flatten();
                found.extend(station.map(|station| Found::Station(station.code)));
            }
        }
        let room = limit.saturating_sub(found.len());
        found.extend(regions.into_iter().take(room).map(Found::Region));
        Ok(found)
    }
}

/// What a code names, if it exists.
fn coded(view: &dyn StateView, code: &str) -> Result<Vec<Found>, ReadError> {
    let mut found = Vec::new();
    if let Some(code) = RegionCode::parse(code)
        && view.region(code)?.is_some()
    {
        found.push(Found::Region(code));
    }
    if let Some(code) = StationCode::parse(code)
        && view.station(code)?.is_some()
    {
        found.push(Found::Station(code));
    }
    Ok(found)
}

/// The names of one node's state, read again when they change.
#[derive(Debug)]
pub(crate) struct Search {
    gazetteer: ArcSwapOption<Gazetteer>,
    places: Arc<Semaphore>,
}

/// What a search comes to.
pub(crate) struct Outcome {
    /// The view it was made in.
    pub(crate) view: Arc<dyn StateView>,
    /// What was found; `None` as long as names are not read or too many search.
    pub(crate) found: Option<SearchPage>,
}

impl Default for Search {
    fn default() -> Self {
        Self { gazetteer: ArcSwapOption::empty(), places: Arc::new(Semaphore::new(SEARCHES_MAX)) }
    }
}

impl Search {
    /// What fits best, at most `limit`. Takes milliseconds at worst, so it is not done on a thread that answers a hundred
    /// thousand others a second.
    pub(crate) async fn find(
        &self,
        view: Arc<dyn StateView>,
        text: String,
        limit: usize,
    ) -> Result<Outcome, ReadError> {
        let names = self.gazetteer.load_full().zip(Arc::clone(&self.places).try_acquire_owned().ok());
        let Some((names, place)) = names else { return Ok(Outcome { view, found: None }) };
        let found = tokio::task::spawn_blocking(move || {
            let _place = place;
            let found = names.find(&*view, &text, limit)?;
            let found = Some(SearchPage::of(&*view, &found)?);
            Ok(Outcome { view, found })
        });
        found.await.map_err(|error| ReadError::Store(error.to_string()))?
    }

    /// Reads the names, and again whenever `changed` does, until the sender is gone.
    pub(crate) async fn run(self: Arc<Self>, queries: Arc<dyn Queries>, mut changed: watch::Receiver<u64>) {
        loop {
            changed.mark_unchanged();
            let began = Instant::now();
            let (own, source) = (Arc::clone(&self), Arc::clone(&queries));
            // Reads a hundred thousand rows: not on a thread that answers requests.
            let failure = match tokio::task::spawn_blocking(move || own.read(&*source)).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            let whole = failure.is_none();
            if let Some(error) = failure {
                tracing::warn!(error, "names of regions were not read");
            }
            let rest = began.elapsed().saturating_mul(REST_TIMES).clamp(REST_MIN, REST_MAX);
            tokio::time::sleep(if whole { rest } else { REST_MAX }).await;
            if whole && changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn read(&self, queries: &dyn Queries) -> Result<(), ReadError> {
        let gazetteer = Gazetteer::read(&*queries.local()?)?;
        tracing::debug!(regions = gazetteer.len(), bytes = gazetteer.size(), "names of regions were read");
        // A node that has just started may have no state until it has read its log: that is not a country without regions,
        // in which nothing is ever found.
        if gazetteer.len() == 0 {
            return Ok(());
        }
        self.gazetteer.store(Some(Arc::new(gazetteer)));
        Ok(())
    }
}
