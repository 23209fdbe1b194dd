//! The form of one station in one contest (Formulir Model C.HASIL), as it stands on paper.
//!
//! Invariant: a form holds what the paper says, right or wrong. Whether its sums hold is asked by the rules.

use alloc::vec::Vec;

/// Men, women and their sum, as written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct People {
    /// Laki-laki (L).
    pub male: u32,
    /// Perempuan (P).
    pub female: u32,
    /// Jumlah (J), as written, not computed.
    pub total: u32,
}

/// Part I.B: voters who voted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Turnout {
    /// I.B.1, on the permanent roll (DPT).
    pub dpt: People,
    /// I.B.2, moved voters (`DPTb`).
    pub dptb: People,
    /// I.B.3, special voters with an identity card (DPK).
    pub dpk: People,
    /// I.B.4, all of them.
    pub total: People,
}

/// Part II: ballot papers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ballots {
    /// II.1, received, spares included.
    pub received: u32,
    /// II.2, used.
    pub used: u32,
    /// II.3, returned: spoilt or marked by mistake.
    pub returned: u32,
    /// II.4, unused, spares included.
    pub unused: u32,
}

/// All parts of the form. A part that is not known is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Form {
    /// I.A, voters on the roll (DPT).
    pub registered: Option<People>,
    /// I.B, voters who voted.
    pub turnout: Option<Turnout>,
    /// II, ballot papers.
    pub ballots: Option<Ballots>,
    /// III, voters with disabilities who voted.
    pub disabled: Option<People>,
    /// IV, votes of each option, in the order of the contest's options.
    pub votes: Vec<u32>,
    /// V.A, valid votes.
    pub valid: Option<u32>,
    /// V.B, invalid votes.
    pub invalid: Option<u32>,
    /// V.C, valid and invalid votes.
    pub total: Option<u32>,
}

impl Form {
    /// Sum of the votes of all options.
    #[must_use]
    pub fn votes_sum(&self) -> u64 {
        self.votes.iter().fold(0, |sum, votes| sum.saturating_add(u64::from(*votes)))
    }

    /// Whether at least one part is not known.
    #[must_use]
    pub const fn partial(&self) -> bool {
        self.registered.is_none()
            || self.turnout.is_none()
            || self.ballots.is_none()
            || self.disabled.is_none()
            || self.valid.is_none()
            || self.invalid.is_none()
            || self.total.is_none()
    }
}

impl Form {
    /// Parts that are not known, each named by its first box, in the order of the form.
    pub fn parts_missing(&self) -> impl Iterator<Item = Field> + use<> {
        [
            (self.registered.is_none(), Field(0)),
            (self.turnout.is_none(), Field(3)),
            (self.ballots.is_none(), Field::BALLOTS_RECEIVED),
            (self.disabled.is_none(), Field(19)),
            (self.valid.is_none(), Field::VALID),
            (self.invalid.is_none(), Field::INVALID),
            (self.total.is_none(), Field::TOTAL),
        ]
        .into_iter()
        .filter_map(|(missing, field)| missing.then_some(field))
    }

    /// The rows of men, women and sum that are known, each with its first box; the other two follow it.
    pub fn people_rows(&self) -> impl Iterator<Item = (Field, People)> + use<> {
        [
            (Field(0), self.registered),
            (Field(3), self.turnout.map(|turnout| turnout.dpt)),
            (Field(6), self.turnout.map(|turnout| turnout.dptb)),
            (Field(9), self.turnout.map(|turnout| turnout.dpk)),
            (Field(12), self.turnout.map(|turnout| turnout.total)),
            (Field(19), self.disabled),
        ]
        .into_iter()
        .filter_map(|(field, people)| Some((field, people?)))
    }

    /// All known boxes with what stands in them, in ascending order.
    pub fn boxes(&self) -> impl Iterator<Item = (Field, u32)> {
        let columns = |(first, people): (Field, People)| {
            let counts = [people.male, people.female, people.total];
            (first.0..).map(Field).zip(counts)
        };
        let before_ballots = self.people_rows().filter(|(field, _)| *field < Field::BALLOTS_RECEIVED);
        let after_ballots = self.people_rows().filter(|(field, _)| *field > Field::BALLOTS_RECEIVED);
        let ballots = self.ballots.into_iter().flat_map(|ballots| {
            let counts = [ballots.received, ballots.used, ballots.returned, ballots.unused];
            (Field::BALLOTS_RECEIVED.0..).map(Field).zip(counts)
        });
        let sums = [(Field::VALID, self.valid), (Field::INVALID, self.invalid), (Field::TOTAL, self.total)];
        let sums = sums.into_iter().filter_map(|(field, count)| Some((field, count?)));
        let votes = self.votes.iter().enumerate();
        let votes = votes.filter_map(|(position, count)| Some((Field::votes(position)?, *count)));
        before_ballots
            .flat_map(columns)
            .chain(ballots)
            .chain(after_ballots.flat_map(columns))
            .chain(sums)
            .chain(votes)
    }
}

/// One number box of the form, named as in `api.md`. The numbers are stored and frozen.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Field(pub u16);

impl Field {
    /// Where the options' votes begin: the votes of option `i` are field `VOTES + i`.
    pub const VOTES: u16 = 256;
    /// JSON pointers of the fixed boxes, in the order of their numbers.
    pub const FIXED: [&'static str; 25] = [
        "/registered/male",
        "/registered/female",
        "/registered/total",
        "/turnout/dpt/male",
        "/turnout/dpt/female",
        "/turnout/dpt/total",
        "/turnout/dptb/male",
        "/turnout/dptb/female",
        "/turnout/dptb/total",
        "/turnout/dpk/male",
        "/turnout/dpk/female",
        "/turnout/dpk/total",
        "/turnout/total/male",
        "/turnout/total/female",
        "/turnout/total/total",
        "/ballots/received",
        "/ballots/used",
        "/ballots/returned",
        "/ballots/unused",
        "/disabled/male",
        "/disabled/female",
        "/disabled/total",
        "/valid",
        "/invalid",
        "/total",
    ];
    /// `/registered/total`.
    pub const REGISTERED_TOTAL: Self = Self(2);
    /// `/turnout/dpk/total`.
    pub const TURNOUT_DPK_TOTAL: Self = Self(11);
    /// `/turnout/total/total`.
    pub const TURNOUT_TOTAL: Self = Self(14);
    /// `/ballots/received`.
    pub const BALLOTS_RECEIVED: Self = Self(15);
    /// `/ballots/used`.
    pub const BALLOTS_USED: Self = Self(16);
    /// `/ballots/returned`.
    pub const BALLOTS_RETURNED: Self = Self(17);
    /// `/ballots/unused`.
    pub const BALLOTS_UNUSED: Self = Self(18);
    /// `/valid`.
    pub const VALID: Self = Self(22);
    /// `/invalid`.
    pub const INVALID: Self = Self(23);
    /// `/total`.
    pub const TOTAL: Self = Self(24);

    /// The votes of the option at a position of the contest.
    #[must_use]
    pub fn votes(position: usize) -> Option<Self> {
        Some(Self(Self::VOTES.checked_add(u16::try_from(position).ok()?)?))
    }

    /// The position of the option whose votes this box holds.
    #[must_use]
    pub fn option_position(self) -> Option<usize> {
        self.0.checked_sub(Self::VOTES).map(usize::from)
    }

    /// The JSON pointer of a fixed box; `None` for votes, whose name is the option's.
    #[must_use]
    pub fn fixed_pointer(self) -> Option<&'static str> {
        Self::FIXED.get(usize::from(self.0)).copied()
    }
}
