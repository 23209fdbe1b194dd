//! The synthetic count: a whole form for every station, so that each province ends at its official total.
//!
//! Invariant: over all stations of a province the votes of each pair add up to its official votes, exactly, and
//! every form keeps every identity of the paper (I1 to I9) and every limit of its station. A form is a function
//! of the seed and the station; only the sums behind it are counted on. What nobody published per province
//! (invalid votes, rolls, turnout by group) is made up around the votes.

use tally::form::{Ballots, Form, People, Turnout};

use super::official::{OPTIONS, Votes};
use super::register::{Place, Province};
use super::spread::{draw_between, golden_step, share};

/// The seed of the shipped count; another one makes other forms with the same provincial sums.
pub(super) const SEED: u64 = 20_240_214;
/// Most voters on the roll of a station, and with it most papers in its box (I10, R17).
const REGISTERED_MAX: u64 = 300;
/// Most valid votes aimed at, so that invalid ones still fit.
const VALID_MAX: u64 = 285;
/// How far a station's size may lie from its province's mean, per mille.
const SIZE_SPREAD_MAX: u64 = 350;
/// How far a pair's share may lie from its province's: by regency, village and station, per mille.
const LEAN_REGENCY: u64 = 150;
const LEAN_VILLAGE: u64 = 150;
const LEAN_STATION: u64 = 100;
const LEAN_LIMITS: (u64, u64) = (700, 1300);

/// What a number is drawn for; each draw of a station has its own purpose.
#[derive(Clone, Copy)]
enum Purpose {
    Size,
    Lean,
    Invalid,
    Turnout,
    Moved,
    MovedMale,
    Special,
    SpecialMale,
    Men,
    Returned,
    Disabled,
    DisabledMale,
    Start,
}

impl Purpose {
    const fn number(self) -> u64 {
        match self {
            Self::Size => 1,
            Self::Lean => 2,
            Self::Invalid => 3,
            Self::Turnout => 4,
            Self::Moved => 5,
            Self::MovedMale => 6,
            Self::Special => 7,
            Self::SpecialMale => 8,
            Self::Men => 9,
            Self::Returned => 10,
            Self::Disabled => 11,
            Self::DisabledMale => 12,
            Self::Start => 13,
        }
    }
}

/// A station and its form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct StationForm {
    /// The station.
    pub(super) place: Place,
    /// Its form.
    pub(super) form: Form,
}

/// The forms of a province, one after the other, in an order that is spread over its regencies and villages:
/// every stretch of it, and so every sample, looks like the whole.
#[derive(Clone, Debug)]
pub(super) struct ProvinceCount<'register> {
    province: &'register Province,
    seed: u64,
    totals: Votes,
    /// The option that gets what the other two leave: the largest, so that it never runs short.
    rest: usize,
    step: u64,
    start: u64,
    spread: u64,
    /// Whole weights: of the stations' sizes, and of each option's votes.
    size_whole: u64,
    lean_whole: Votes,
    /// The same up to here.
    position: u64,
    size_before: u64,
    lean_before: Votes,
}

impl<'register> ProvinceCount<'register> {
    /// Weighs the stations of a province for its official votes.
    pub(super) fn new(province: &'register Province, totals: Votes, seed: u64) -> Self {
        let valid = sum(&totals);
        let mean = valid.checked_div(province.stations).unwrap_or(0).max(1);
        let room = share(1000, VALID_MAX.saturating_sub(mean), mean);
        let rest = (0..OPTIONS).max_by_key(|option| totals.get(*option).copied()).unwrap_or(0);
        let mut count = Self {
            province,
            seed,
            totals,
            rest,
            step: golden_step(province.stations),
            start: draw_between(
                seed,
                province.code,
                Purpose::Start.number(),
                (0, province.stations.saturating_sub(1)),
            ),
            spread: room.min(SIZE_SPREAD_MAX),
            size_whole: 0,
            lean_whole: [0; OPTIONS],
            position: 0,
            size_before: 0,
            lean_before: [0; OPTIONS],
        };
        // Two walks: the votes' weights need the stations' valid votes, and these the sum of all sizes.
        let mut sizes = 0_u64;
        for position in 0..province.stations {
            sizes = count.place(position).map_or(sizes, |place| sizes.saturating_add(count.size(place)));
        }
        count.size_whole = sizes;
        let mut weights = [0; OPTIONS];
        while let Some((place, valid)) = count.advance() {
            count.add_leans(&mut weights, place, valid);
        }
        count.lean_whole = weights;
        count.position = 0;
        count.size_before = 0;
        count.lean_before = [0; OPTIONS];
        count
    }

    /// Stations of the province.
    pub(super) fn stations(&self) -> u64 {
        self.province.stations
    }

    fn place(&self, position: u64) -> Option<Place> {
        let walked = position.wrapping_mul(self.step).wrapping_add(self.start);
        self.province.station(walked.checked_rem(self.province.stations)?)
    }

    fn draw(&self, place: Place, purpose: Purpose, limits: (u64, u64)) -> u64 {
        draw_between(self.seed, place.code.number(), purpose.number(), limits)
    }

    fn size(&self, place: Place) -> u64 {
        self.draw(place, Purpose::Size, around(self.spread))
    }

    /// How much an option is liked at a station, per mille of its liking in the province.
    fn lean(&self, place: Place, option: usize) -> u64 {
        let option = u64::try_from(option).unwrap_or(0);
        let purpose = Purpose::Lean.number().saturating_add(option.saturating_mul(100));
        let village = place.code.village().number();
        [(village / 1_000_000, LEAN_REGENCY), (village, LEAN_VILLAGE), (place.code.number(), LEAN_STATION)]
            .into_iter()
            .fold(1000, |lean, (name, spread)| {
                share(lean, draw_between(self.seed, name, purpose, around(spread)), 1000)
            })
            .clamp(LEAN_LIMITS.0, LEAN_LIMITS.1)
    }

    fn add_leans(&self, weights: &mut Votes, place: Place, valid: u64) {
        for (option, weight) in weights.iter_mut().enumerate() {
            *weight = weight.saturating_add(valid.saturating_mul(self.lean(place, option)));
        }
    }

    /// The next station of the walk and its valid votes.
    fn advance(&mut self) -> Option<(Place, u64)> {
        let position = self.position;
        if position >= self.province.stations {
            return None;
        }
        let place = self.place(position)?;
        let whole = sum(&self.totals);
        let size_after = self.size_before.saturating_add(self.size(place));
        let valid = share(whole, size_after, self.size_whole).saturating_sub(share(
            whole,
            self.size_before,
            self.size_whole,
        ));
        self.size_before = size_after;
        self.position = position.saturating_add(1);
        Some((place, valid))
    }

    /// Divides a station's valid votes: the smaller options get their stretch of their totals, the largest what
    /// is left. Every option's sum is exact because two of them and the whole are.
    fn divide(&mut self, place: Place, valid: u64) -> Votes {
        let mut after = self.lean_before;
        self.add_leans(&mut after, place, valid);
        let mut votes = [0; OPTIONS];
        let mut left = valid;
        let figures = votes.iter_mut().zip(&self.totals).zip(&self.lean_whole);
        for (option, (((vote, total), whole), (before, after))) in
            figures.zip(self.lean_before.iter().zip(&after)).enumerate()
        {
            if option != self.rest {
                *vote = share(*total, *after, *whole).saturating_sub(share(*total, *before, *whole));
                left = left.saturating_sub(*vote);
            }
        }
        if let Some(vote) = votes.get_mut(self.rest) {
            *vote = left;
        }
        self.lean_before = after;
        votes
    }

    /// Builds the paper around the votes.
    fn form(&self, place: Place, votes: &Votes) -> Form {
        let valid = sum(votes);
        let per_mille = self.draw(place, Purpose::Invalid, (5, 35));
        let invalid = share(valid, per_mille, 1000).min((REGISTERED_MAX - 2).saturating_sub(valid));
        let total = valid.saturating_add(invalid);
        let moved = self.draw(place, Purpose::Moved, (0, (total / 50).min(4)));
        let special = self.draw(place, Purpose::Special, (0, (total / 40).min(5)));
        let on_roll = total.saturating_sub(moved).saturating_sub(special);
        let rate = self.draw(place, Purpose::Turnout, (72, 94));
        let registered = share(on_roll, 100, rate).max(total).saturating_add(1).min(REGISTERED_MAX);
        let men = share(registered, self.draw(place, Purpose::Men, (470, 530)), 1000);
        let on_roll_men = share(men, on_roll, registered);
        let moved_men = self.draw(place, Purpose::MovedMale, (0, moved));
        let special_men = self.draw(place, Purpose::SpecialMale, (0, special));
        let men_voted = on_roll_men.saturating_add(moved_men).saturating_add(special_men);
        let women_voted = total.saturating_sub(men_voted);
        let disabled = self.draw(place, Purpose::Disabled, (0, 3)).min(men_voted).min(women_voted);
        let disabled_men = self.draw(place, Purpose::DisabledMale, (0, disabled));
        let received = registered.saturating_add(registered.saturating_mul(2).div_ceil(100));
        let unspent = received.saturating_sub(total);
        let returned = self.draw(place, Purpose::Returned, (0, 2)).min(unspent);
        Form {
            registered: Some(people(registered, men)),
            turnout: Some(Turnout {
                dpt: people(on_roll, on_roll_men),
                dptb: people(moved, moved_men),
                dpk: people(special, special_men),
                total: people(total, men_voted),
            }),
            ballots: Some(Ballots {
                received: count(received),
                used: count(total),
                returned: count(returned),
                unused: count(unspent.saturating_sub(returned)),
            }),
            disabled: Some(people(disabled, disabled_men)),
            votes: votes.iter().map(|figure| count(*figure)).collect(),
            valid: Some(count(valid)),
            invalid: Some(count(invalid)),
            total: Some(count(total)),
        }
    }
}

impl Iterator for ProvinceCount<'_> {
    type Item = StationForm;

    fn next(&mut self) -> Option<StationForm> {
        let (place, valid) = self.advance()?;
        let votes = self.divide(place, valid);
        Some(StationForm { place, form: self.form(place, &votes) })
    }
}

fn around(spread: u64) -> (u64, u64) {
    (1000_u64.saturating_sub(spread), 1000_u64.saturating_add(spread))
}

fn sum(votes: &Votes) -> u64 {
    votes.iter().fold(0, |sum, figure| sum.saturating_add(*figure))
}

fn people(total: u64, male: u64) -> People {
    People { male: count(male), female: count(total.saturating_sub(male)), total: count(total) }
}

fn count(figure: u64) -> u32 {
    u32::try_from(figure).unwrap_or(u32::MAX)
}
