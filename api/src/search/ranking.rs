//! Which regions are meant by some words.
//!
//! Invariant: the order depends on the names and the words alone; equal points are ordered by level, the larger
//! region first, then by the letters of the name, then by code, each name once before any comes a second time: who mistyped a
//! name is shown many that may be meant, not one of them from everywhere.
//!
//! A region is a candidate when its own name is like one word of the query, or like several together ("kali deres"). Each
//! word gives points for the name it is like best: the region's own, or that of a region above it, which is what tells the
//! hundred villages of one name apart.

use std::collections::HashMap;

use tally::region::{Level, RegionCode};

use super::lexicon::{Lexicon, Similar};
use super::words::{Query, WORDS_MAX};
use super::{Gazetteer, Place};

/// Points of a word that is a whole name, or all of the letters of one together with its neighbours.
const WHOLE: u32 = 100;
/// Points of a word that is one of several in a name.
const PART: u32 = 70;
/// Points of a word that a name begins with.
const BEGUN: u32 = 55;
/// Points that each error costs.
const ERROR: u32 = 22;
/// Points of a word that is in no name, if it only says what kind of place is meant.
const KIND: u32 = 20;
/// Hundredths of its points that a word in the name of a region above is worth.
const ABOVE: u32 = 80;
/// Most points that places get in one query: what bounds its cost.
const NOTES_MAX: usize = 60_000;
/// Words that may be one name together.
const JOINED_MAX: usize = 4;

/// How well each word of the query fits one place's own name.
type Fit = [u32; WORDS_MAX];

/// The regions that are meant, best first.
pub(super) fn regions(gazetteer: &Gazetteer, query: &Query, limit: usize) -> Vec<RegionCode> {
    let fits = Fits::of(gazetteer, query);
    let mut ranked = fits.ranked(gazetteer, query);
    let order = |(points, place): &(u32, &Place)| {
        (u32::MAX.saturating_sub(*points), place.code.level(), place.letters, place.code)
    };
    if ranked.len() > limit {
        ranked.select_nth_unstable_by_key(limit, order);
        ranked.truncate(limit);
    }
    ranked.sort_unstable_by_key(order);
    let mut seen: HashMap<(u32, u32), usize> = HashMap::new();
    let time = |(points, place): (u32, &Place)| {
        let times = seen.entry((points, place.name)).or_default();
        *times = times.saturating_add(1);
        (u32::MAX.saturating_sub(points), *times, place.code)
    };
    let mut turns: Vec<(u32, usize, RegionCode)> = ranked.into_iter().map(time).collect();
    turns.sort_by_key(|(points, times, _)| (*points, *times));
    turns.into_iter().map(|(.., code)| code).collect()
}

/// The fits of all candidates.
#[derive(Default)]
struct Fits {
    by_place: HashMap<u32, Fit>,
    notes: usize,
}

impl Fits {
    fn of(gazetteer: &Gazetteer, query: &Query) -> Self {
        let mut fits = Self::default();
        let words = &query.words;
        // Whole names first: when the bound is reached, it is the vague that is left out.
        for length in (1..=JOINED_MAX.min(words.len())).rev() {
            for (first, run) in words.windows(length).enumerate() {
                fits.alike(&gazetteer.names, &run.concat(), (first, length), WHOLE);
            }
        }
        for (position, word) in words.iter().enumerate() {
            fits.alike(&gazetteer.words, word, (position, 1), PART);
        }
        if let Some(last) = words.last().filter(|word| query.open && word.len() > 1) {
            let position = words.len().saturating_sub(1);
            for lexicon in [&gazetteer.names, &gazetteer.words] {
                for begun in lexicon.begun(last) {
                    fits.note(lexicon.places(begun), (position, 1), BEGUN);
                }
            }
        }
        fits
    }

    fn alike(&mut self, lexicon: &Lexicon, word: &str, run: (usize, usize), whole: u32) {
        for Similar { word, errors } in lexicon.similar(word) {
            let points = whole.saturating_sub(ERROR.saturating_mul(u32::from(errors)));
            self.note(lexicon.places(word), run, points);
        }
    }

    /// Notes points of the words of a run, from its first on, for places.
    fn note(&mut self, places: &[u32], (first, length): (usize, usize), points: u32) {
        for place in places {
            if self.notes >= NOTES_MAX {
                return;
            }
            self.notes = self.notes.saturating_add(1);
            let fit = self.by_place.entry(*place).or_default();
            for word in fit.iter_mut().skip(first).take(length) {
                *word = (*word).max(points);
            }
        }
    }

    fn ranked<'g>(&self, gazetteer: &'g Gazetteer, query: &Query) -> Vec<(u32, &'g Place)> {
        let ranked = self.by_place.iter().filter_map(|(number, own)| {
            let place = at(gazetteer, *number)?;
            Some((self.points(gazetteer, query, place, own), place))
        });
        ranked.collect()
    }

    fn points(&self, gazetteer: &Gazetteer, query: &Query, place: &Place, own: &Fit) -> u32 {
        let mut best = *own;
        let mut above = place.parent;
        while let Some(number) = above {
            if let Some(fit) = self.by_place.get(&number) {
                for (best, fit) in best.iter_mut().zip(fit) {
                    *best = (*best).max(fit.saturating_mul(ABOVE) / 100);
                }
            }
            above = at(gazetteer, number).and_then(|place| place.parent);
        }
        let words = query
            .words
            .iter()
            .zip(best)
            .map(|(word, points)| if points == 0 && Query::is_kind(word) { KIND } else { points });
        // A word that fits several places on one way down means the one that has it as its own name.
        let own: u32 = own.iter().sum();
        let points = words.sum::<u32>().saturating_mul(4).saturating_add(own);
        // Whoever names a station looks for a village.
        let meant = query.station.is_none() || place.code.level() == Level::Village;
        if meant { points.saturating_mul(2) } else { points }
    }
}

fn at(gazetteer: &Gazetteer, number: u32) -> Option<&Place> {
    gazetteer.places.get(usize::try_from(number).ok()?)
}
