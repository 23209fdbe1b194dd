//! The tree of regions: nation, province, regency, district, village; stations hang below villages.
//!
//! Invariant: a code names its parent. A code's digits are its parent's digits and some of its own, so the
//! ancestors of anything are computed, never looked up.

use alloc::string::String;
use core::fmt;

/// Depth of a region in the tree. The numbers are stored and frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Level {
    /// The whole country, code `0`.
    Nation = 0,
    /// Two digits.
    Province = 1,
    /// Four digits: kabupaten or kota.
    Regency = 2,
    /// Six digits: kecamatan.
    District = 3,
    /// Ten digits: kelurahan or desa.
    Village = 4,
}

impl Level {
    /// All levels, from the nation down.
    pub const ALL: [Self; 5] = [Self::Nation, Self::Province, Self::Regency, Self::District, Self::Village];

    /// The level with that stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// The stored number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Nation => 0,
            Self::Province => 1,
            Self::Regency => 2,
            Self::District => 3,
            Self::Village => 4,
        }
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nation => "nation",
            Self::Province => "province",
            Self::Regency => "regency",
            Self::District => "district",
            Self::Village => "village",
        }
    }

    /// Digits of a code of this level.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::Nation => 1,
            Self::Province => 2,
            Self::Regency => 4,
            Self::District => 6,
            Self::Village => 10,
        }
    }

    /// How many codes the level above has room for below one of its own.
    #[must_use]
    const fn fan(self) -> u64 {
        match self {
            Self::Nation => 1,
            Self::Province | Self::Regency | Self::District => 100,
            Self::Village => 10_000,
        }
    }
}

/// Code of a region. Ordered by level, then by number, which is the order of its key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegionCode {
    level: Level,
    number: u64,
}

impl RegionCode {
    /// The whole country.
    pub const NATION: Self = Self { level: Level::Nation, number: 0 };

    /// Reads `0`, or 2, 4, 6 or 10 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let level = Level::ALL.into_iter().find(|level| level.digits() == text.len())?;
        Self::new(level, text.parse().ok()?)
    }

    /// A code from its parts; `None` when the number has too many digits for the level.
    #[must_use]
    pub fn new(level: Level, number: u64) -> Option<Self> {
        let limit = match level {
            Level::Nation => 1,
            Level::Province => 100,
            Level::Regency => 10_000,
            Level::District => 1_000_000,
            Level::Village => 10_000_000_000,
        };
        (number < limit).then_some(Self { level, number })
    }

    /// Depth in the tree.
    #[must_use]
    pub const fn level(self) -> Level {
        self.level
    }

    /// The digits as a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }

    /// The region above; `None` for the nation.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let level = Level::from_number(self.level.number().checked_sub(1)?)?;
        let number = if level == Level::Nation { 0 } else { self.number.checked_div(self.level.fan())? };
        Some(Self { level, number })
    }

    /// The level below this one; `None` for a village, whose children are stations.
    #[must_use]
    pub fn child_level(self) -> Option<Level> {
        Level::from_number(self.level.number().checked_add(1)?)
    }

    /// First and last code that a child of this region can have; `None` for a village.
    #[must_use]
    pub fn children(self) -> Option<(Self, Self)> {
        let level = self.child_level()?;
        let fan = level.fan();
        let first = if self.level == Level::Nation { 0 } else { self.number.checked_mul(fan)? };
        let last = first.checked_add(fan)?.checked_sub(1)?;
        Some((Self { level, number: first }, Self { level, number: last }))
    }

    /// This region and everything above it, from here up to the nation.
    pub fn ancestry(self) -> impl Iterator<Item = Self> {
        core::iter::successors(Some(self), |region| region.parent())
    }

    /// Whether `other` is this region or lies below it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        other.ancestry().any(|region| region == self)
    }

    /// First and last station that can lie in the region.
    #[must_use]
    pub fn station_range(self) -> Option<(StationCode, StationCode)> {
        let (mut first, mut last) = (self, self);
        while let (Some((lowest, _)), Some((_, highest))) = (first.children(), last.children()) {
            (first, last) = (lowest, highest);
        }
        Some((first.stations()?.0, last.stations()?.1))
    }

    /// First and last station a village can have (numbers 000 to 999); `None` for other levels.
    #[must_use]
    pub fn stations(self) -> Option<(StationCode, StationCode)> {
        if self.level != Level::Village {
            return None;
        }
        let first = self.number.checked_mul(1000)?;
        Some((StationCode(first), StationCode(first.checked_add(999)?)))
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0width$}", self.number, width = self.level.digits())
    }
}

/// Code of a station: its village's ten digits and its own three.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StationCode(u64);

impl StationCode {
    /// Reads 13 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 13 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(text.parse().ok()?)
    }

    /// A code from its digits as a number; `None` when there are more than 13.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        (number < 10_000_000_000_000).then_some(Self(number))
    }

    /// The digits as a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The station's own three digits.
    #[must_use]
    pub const fn station_number(self) -> u16 {
        #[expect(clippy::as_conversions, reason = "below 1000")]
        let number = (self.0 % 1000) as u16;
        number
    }

    /// The village it belongs to.
    #[must_use]
    pub const fn village(self) -> RegionCode {
        RegionCode { level: Level::Village, number: self.0 / 1000 }
    }

    /// Whether it lies abroad: province `99`.
    #[must_use]
    pub const fn abroad(self) -> bool {
        self.0 / 100_000_000_000 == 99
    }
}

impl fmt::Display for StationCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:013}", self.0)
    }
}

/// A region as the register has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Region {
    /// Its code.
    pub code: RegionCode,
    /// Its name in Indonesian.
    pub name: String,
    /// Stations in it, all of them, whatever contests they hold.
    pub stations: u64,
    /// Voters in the register at those stations, as far as known.
    pub registered: u64,
    /// How many of the stations have a known register.
    pub stations_registered: u64,
    /// Log index that changed this row last.
    pub index: u64,
}
