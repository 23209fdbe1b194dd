//! What people do next with a form that they read a second time and certify: most times what helps it on, now and then
//! anything.
//!
//! Invariant: what is known here is what they were told. Nothing of it is judged, so it may be old or wrong.

use crate::chance::Chance;
use crate::judges::readings::life::{Asked, Deed, Level, Role};

/// Whether votes in place of others are a large change (R27): another option leads, or one's votes are others by more than
/// fifty.
pub(crate) fn is_large_change(old: [u64; 3], new: [u64; 3]) -> bool {
    const VOTES_CHANGE_MAX: u64 = 50;
    let leader = |votes: [u64; 3]| {
        let most = votes.into_iter().max();
        let mut leaders = votes.into_iter().enumerate().filter(|(_, votes)| Some(*votes) == most);
        leaders.next().map(|(option, _)| option).filter(|_| leaders.next().is_none())
    };
    let much = old.into_iter().zip(new).any(|(old, new)| old.abs_diff(new) > VOTES_CHANGE_MAX);
    much || leader(old) != leader(new)
}

/// What is known of a form while steps are taken on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) state: String,
    pub(crate) revision: u32,
    pub(crate) value: u64,
    /// What the second reader read, while readings differ.
    read: Option<u64>,
    /// Who wrote it.
    pub(crate) author: u64,
    /// A large change may wait for an approval.
    pub(crate) corrected: bool,
}

impl Sheet {
    /// A step was taken, and made that state and revision of the form.
    pub(crate) fn learn(&mut self, asked: &Asked, state: &str, revision: u32) {
        if revision < self.revision {
            return;
        }
        let written = revision > self.revision;
        match asked.deed {
            Deed::Write { value, .. } => {
                (self.corrected, self.value, self.author) = (self.revision > 0, value, asked.by);
            }
            Deed::Read { value } if written => self.value = value,
            Deed::Read { value } if state == "disputed" && self.read.is_none() => self.read = Some(value),
            Deed::Approve => self.corrected = false,
            Deed::Read { .. } | Deed::Hold | Deed::Release | Deed::Certify(_) => {}
        }
        if written || state == "reviewed" {
            self.read = None;
        }
        (self.state, self.revision) = (state.to_owned(), revision);
    }

    /// What to do next; `new` is the number of a form that was never used.
    pub(crate) fn next(&self, new: u64, chance: &mut Chance) -> Deed {
        let level = Level::UPWARDS.get(chance.place(4)).copied().unwrap_or(Level::District);
        let write = Deed::Write { value: new, reason: chance.percent(70) };
        if self.revision == 0 {
            return Deed::Write { value: new, reason: false };
        }
        let drawn = chance.below(100);
        // What else may be read: what the second reader read, or something new.
        let other = self.read.filter(|_| chance.percent(70)).unwrap_or(new);
        match (self.state.as_str(), drawn) {
            ("reported" | "reviewed", 0..20) if self.corrected => Deed::Approve,
            ("reported", 0..45) | ("disputed", 0..35) => Deed::Read { value: self.value },
            ("reported", 45..65) | ("reviewed", 0..15) | ("disputed", 35..75) => Deed::Read { value: other },
            ("reported", 65..80) | ("reviewed", 15..75) | ("certified", 15..45) => Deed::Certify(level),
            ("held", 0..35) => Deed::Release,
            ("held", 35..70) | ("certified", 0..15) => write,
            ("certified", 45..85) => Deed::Hold,
            _ => match chance.below(6) {
                0 => write,
                1 => Deed::Hold,
                2 => Deed::Release,
                3 => Deed::Approve,
                4 => Deed::Certify(level),
                _ => Deed::Read { value: self.value },
            },
        }
    }
}

/// Whether a role takes a step at all.
pub(crate) const fn takes(role: Role, deed: Deed) -> bool {
    match deed {
        Deed::Write { .. } => matches!(role, Role::Officer | Role::Chief),
        Deed::Read { .. } => matches!(role, Role::Reviewer | Role::Chief),
        Deed::Hold | Deed::Release | Deed::Approve | Deed::Certify(_) => {
            matches!(role, Role::Certifier | Role::Chief)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_on_from_what_was_told() {
        let asked = |by, deed| Asked { by, role: Role::Chief, seen: 0, deed };
        let mut sheet = Sheet::default();
        sheet.learn(&asked(7, Deed::Write { value: 5, reason: false }), "reported", 1);
        assert_eq!((sheet.author, sheet.corrected, sheet.value), (7, false, 5));
        sheet.learn(&asked(2, Deed::Read { value: 6 }), "disputed", 1);
        assert_eq!(sheet.read, Some(6));
        sheet.learn(&asked(3, Deed::Read { value: 6 }), "reviewed", 2);
        assert_eq!((sheet.read, sheet.value, sheet.state.as_str()), (None, 6, "reviewed"));
        // An answer that comes late tells nothing new.
        sheet.learn(&asked(2, Deed::Read { value: 9 }), "disputed", 1);
        assert_eq!((sheet.revision, sheet.state.as_str()), (2, "reviewed"));
        sheet.learn(&asked(7, Deed::Write { value: 8, reason: true }), "held", 3);
        assert!(sheet.corrected);
    }

    #[test]
    fn every_step_is_drawn() {
        let mut chance = Chance::new(1);
        let mut drawn = std::collections::BTreeSet::new();
        for state in ["reported", "reviewed", "disputed", "held", "certified"] {
            let sheet = Sheet { state: state.to_owned(), revision: 1, ..Sheet::default() };
            drawn.extend((0..200).map(|_| format!("{:?}", sheet.next(9, &mut chance))));
        }
        for deed in ["Write", "Read", "Hold", "Release", "Approve", "Certify(District)", "Certify(Nation)"] {
            assert!(drawn.iter().any(|drawn| drawn.starts_with(deed)), "{deed}: {drawn:?}");
        }
    }
}
