//! What a form is between its steps: who may take which, and what becomes of it.
//!
//! Invariant: written from `docs/forms.md` and not from the product, which it judges; it knows numbers of forms and no
//! boxes, so whether a change is a large one is told to it.

/// Somebody with an account.
pub type Person = u64;
/// Whether the second form in place of the first one is a large change (R27).
pub type Large = fn(u64, u64) -> bool;

/// What an account may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Reports and corrects.
    Officer,
    /// Reads a second time.
    Reviewer,
    /// Holds, releases, approves, certifies.
    Certifier,
    /// All of that.
    Chief,
}

/// Who certifies, the highest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// The nation.
    Nation,
    /// A province.
    Province,
    /// A regency or a city.
    Regency,
    /// A district.
    District,
}

impl Level {
    /// All of them, the lowest first.
    pub const UPWARDS: [Self; 4] = [Self::District, Self::Regency, Self::Province, Self::Nation];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nation => "nation",
            Self::Province => "province",
            Self::Regency => "regency",
            Self::District => "district",
        }
    }
}

/// What somebody does with a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deed {
    /// Reports or corrects it, with a reason or without one.
    Write {
        /// The form's number.
        value: u64,
        /// Whether a reason is given.
        reason: bool,
    },
    /// Reads it a second time.
    Read {
        /// The number of what was read.
        value: u64,
    },
    /// Takes it out of the sums.
    Hold,
    /// Puts it back.
    Release,
    /// Lets a large change stand.
    Approve,
    /// Declares that it stands.
    Certify(Level),
}

/// A step as it was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asked {
    /// Who asks.
    pub by: Person,
    /// As what.
    pub role: Role,
    /// The revision that was seen.
    pub seen: u32,
    /// What is to be done.
    pub deed: Deed,
}

/// Why a step is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The role does not take it.
    Forbidden,
    /// Whoever wrote the form, or read it as its second reader, is no other person.
    SamePerson,
    /// Another revision was there.
    Stale,
    /// The state does not allow it.
    State,
    /// A reason is wanted.
    ReasonMissing,
}

impl Refusal {
    /// Its code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Forbidden | Self::SamePerson => "forbidden",
            Self::Stale => "stale-revision",
            Self::State => "invalid-state",
            Self::ReasonMissing => "confirmation-required",
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Readings {
    One,
    Agreed,
    Differ(Person, u64),
}

/// A form and what is known of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Form {
    /// Its revision.
    pub revision: u32,
    /// Its number.
    pub value: u64,
    author: Person,
    readings: Readings,
    certified: Option<Level>,
    held: bool,
    pending: bool,
}

impl Form {
    /// The name of its state.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.readings {
            _ if self.held => "held",
            Readings::Differ(..) => "disputed",
            Readings::One | Readings::Agreed if self.certified.is_some() => "certified",
            Readings::Agreed => "reviewed",
            Readings::One => "reported",
        }
    }

    fn written(before: Option<&Self>, author: Person, value: u64, readings: Readings, large: Large) -> Self {
        let follows_up =
            |before: &Self| before.certified.is_some() || before.pending || large(before.value, value);
        Self {
            revision: before.map_or(0, |before| before.revision).saturating_add(1),
            value,
            author,
            readings,
            certified: None,
            held: before.is_some_and(|before| before.held),
            // What two have read so needs no third.
            pending: readings == Readings::One && before.is_some_and(follows_up),
        }
    }
}

/// What a step makes of a form, and how the history calls it.
///
/// # Errors
/// Why it is refused.
pub fn next(before: Option<&Form>, asked: &Asked, large: Large) -> Result<(Form, &'static str), Refusal> {
    let takes = match asked.deed {
        Deed::Write { .. } => matches!(asked.role, Role::Officer | Role::Chief),
        Deed::Read { .. } => matches!(asked.role, Role::Reviewer | Role::Chief),
        Deed::Hold | Deed::Release | Deed::Approve | Deed::Certify(_) => {
            matches!(asked.role, Role::Certifier | Role::Chief)
        }
    };
    if !takes {
        return Err(Refusal::Forbidden);
    }
    if asked.seen != before.map_or(0, |form| form.revision) {
        return Err(Refusal::Stale);
    }
    let Some(form) = before else {
        return match asked.deed {
            Deed::Write { value, .. } => {
                Ok((Form::written(None, asked.by, value, Readings::One, large), "report"))
            }
            Deed::Read { .. } | Deed::Hold | Deed::Release | Deed::Approve | Deed::Certify(_) => {
                Err(Refusal::Stale)
            }
        };
    };
    match asked.deed {
        Deed::Write { value, reason } => match (form.state(), form.certified) {
            ("certified", _) => Err(Refusal::State),
            (_, Some(_)) if !reason => Err(Refusal::ReasonMissing),
            _ => Ok((Form::written(before, asked.by, value, Readings::One, large), "correction")),
        },
        Deed::Read { value } => read(form, asked.by, value, large),
        Deed::Hold if form.held => Err(Refusal::State),
        Deed::Hold => Ok((Form { held: true, ..*form }, "hold")),
        Deed::Release if !form.held => Err(Refusal::State),
        Deed::Release => Ok((Form { held: false, ..*form }, "release")),
        Deed::Approve if !form.pending => Err(Refusal::State),
        Deed::Approve if form.author == asked.by => Err(Refusal::SamePerson),
        Deed::Approve => Ok((Form { pending: false, ..*form }, "approval")),
        Deed::Certify(level) => {
            let higher = match form.state() {
                "reported" | "reviewed" => true,
                "certified" => form.certified.is_some_and(|certified| level < certified),
                _ => false,
            };
            if higher && !form.pending {
                Ok((Form { certified: Some(level), ..*form }, "certification"))
            } else {
                Err(Refusal::State)
            }
        }
    }
}

fn read(form: &Form, by: Person, value: u64, large: Large) -> Result<(Form, &'static str), Refusal> {
    if form.state() == "certified" {
        return Err(Refusal::State);
    }
    let second = match form.readings {
        Readings::Differ(reader, read) => Some((reader, read)),
        Readings::One | Readings::Agreed => None,
    };
    if form.author == by || second.is_some_and(|(reader, _)| reader == by) {
        return Err(Refusal::SamePerson);
    }
    let readings = match second {
        _ if value == form.value => Readings::Agreed,
        Some((reader, read)) if read == value => {
            let form = Form::written(Some(form), reader, value, Readings::Agreed, large);
            return Ok((form, "correction"));
        }
        Some((reader, read)) => Readings::Differ(reader, read),
        None => Readings::Differ(by, value),
    };
    Ok((Form { readings, ..*form }, "review"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn never(_: u64, _: u64) -> bool {
        false
    }

    fn asked(by: Person, role: Role, seen: u32, deed: Deed) -> Asked {
        Asked { by, role, seen, deed }
    }

    /// Goes through steps; answers the state after the last one, or why it is refused.
    fn through(steps: &[Asked]) -> Result<&'static str, Refusal> {
        let mut form = None;
        for step in steps {
            form = Some(next(form.as_ref(), step, never)?.0);
        }
        Ok(form.map_or("absent", |form| form.state()))
    }

    fn report() -> Asked {
        asked(1, Role::Chief, 0, Deed::Write { value: 10, reason: false })
    }

    fn reads(by: Person, seen: u32, value: u64) -> Asked {
        asked(by, Role::Reviewer, seen, Deed::Read { value })
    }

    fn chief(seen: u32, deed: Deed) -> Asked {
        asked(9, Role::Chief, seen, deed)
    }

    #[test]
    fn a_third_reading_decides() {
        assert_eq!(through(&[report(), reads(2, 1, 10)]), Ok("reviewed"));
        assert_eq!(through(&[report(), reads(2, 1, 11)]), Ok("disputed"));
        assert_eq!(through(&[report(), reads(2, 1, 11), reads(3, 1, 12)]), Ok("disputed"));
        assert_eq!(through(&[report(), reads(2, 1, 11), reads(3, 1, 10)]), Ok("reviewed"));
        // The second reader is the author now, and has read it.
        let decided = [report(), reads(2, 1, 11), reads(3, 1, 11)];
        assert_eq!(through(&decided), Ok("reviewed"));
        assert_eq!(through(&[&decided[..], &[reads(2, 2, 11)]].concat()), Err(Refusal::SamePerson));
        assert_eq!(through(&[report(), reads(2, 1, 11), reads(2, 1, 10)]), Err(Refusal::SamePerson));
        assert_eq!(
            through(&[report(), asked(1, Role::Chief, 1, Deed::Read { value: 10 })]),
            Err(Refusal::SamePerson)
        );
    }

    #[test]
    fn a_certified_form_is_held_before_it_is_corrected() {
        let (district, nation) = (Deed::Certify(Level::District), Deed::Certify(Level::Nation));
        let correct = |seen, reason| chief(seen, Deed::Write { value: 12, reason });
        let certified = [report(), chief(1, district)];
        let then = |more: &[Asked]| through(&[&certified[..], more].concat());
        assert_eq!(then(&[]), Ok("certified"));
        assert_eq!(then(&[chief(1, district)]), Err(Refusal::State));
        assert_eq!(then(&[chief(1, nation)]), Ok("certified"));
        assert_eq!(then(&[chief(1, nation), chief(1, district)]), Err(Refusal::State));
        assert_eq!(then(&[correct(1, true)]), Err(Refusal::State));
        let held = chief(1, Deed::Hold);
        assert_eq!(then(&[held, chief(1, Deed::Release)]), Ok("certified"));
        assert_eq!(then(&[held, correct(1, false)]), Err(Refusal::ReasonMissing));
        let (release, certify) = (chief(2, Deed::Release), chief(2, district));
        assert_eq!(then(&[held, correct(1, true), release]), Ok("reported"));
        assert_eq!(then(&[held, correct(1, true), release, certify]), Err(Refusal::State));
        assert_eq!(then(&[held, correct(1, true), chief(2, Deed::Approve)]), Err(Refusal::SamePerson));
        let approve = asked(4, Role::Certifier, 2, Deed::Approve);
        assert_eq!(then(&[held, correct(1, true), release, approve, certify]), Ok("certified"));
    }

    #[test]
    fn roles_and_revisions_come_first() {
        assert_eq!(through(&[reads(2, 0, 10)]), Err(Refusal::Stale));
        assert_eq!(through(&[report(), reads(2, 2, 10)]), Err(Refusal::Stale));
        assert_eq!(through(&[report(), asked(3, Role::Officer, 2, Deed::Hold)]), Err(Refusal::Forbidden));
        assert_eq!(through(&[report(), chief(1, Deed::Approve)]), Err(Refusal::State));
        let large = asked(1, Role::Officer, 1, Deed::Write { value: 90, reason: true });
        let form = next(None, &report(), never).unwrap().0;
        assert!(!next(Some(&form), &large, never).unwrap().0.pending);
        assert!(next(Some(&form), &large, |old, new| (old, new) == (10, 90)).unwrap().0.pending);
    }
}
