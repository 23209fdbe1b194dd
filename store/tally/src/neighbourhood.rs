//! The forms of one village beside each other: what R25 and R26 compare a form with.
//!
//! Invariant: a village's row has one line for each current form of its stations, by station number, and nothing else.
//! It changes with a report or a correction, in the same decision.

use alloc::vec::Vec;

use crate::form::Form;
use crate::ids::FormDigest;
use crate::region::StationCode;

/// With more options than this the shares of votes are not kept: every form rewrites its village's row.
pub const COMPARED_OPTIONS_MAX: usize = 16;

/// Fewest known boxes, apart from votes, of a form that is compared as a whole (R26).
const KNOWN_FIELDS_MIN: usize = 4;
/// A form of more votes than this is not the same as another by chance (R26).
const ALIKE_TOTAL_MIN: u32 = 50;

/// What is kept of one form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NeighbourForm {
    /// The station's own three digits.
    pub station: u16,
    /// First 8 bytes of the form's digest, if the form is large enough to be compared as a whole.
    pub likeness: Option<u64>,
    /// Votes by option; none where the contest has too many options.
    pub votes: Vec<u32>,
}

/// See the module.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Neighbourhood {
    /// The forms, by station number.
    pub forms: Vec<NeighbourForm>,
}

impl NeighbourForm {
    /// What is kept of a form.
    #[must_use]
    pub fn of(station: StationCode, form: &Form, digest: &FormDigest) -> Self {
        let known = form.boxes().filter(|(field, _)| field.option_position().is_none()).count();
        let alike = known.saturating_add(form.votes.len()) >= KNOWN_FIELDS_MIN
            && form.total.is_some_and(|total| total > ALIKE_TOTAL_MIN);
        let votes = if form.votes.len() <= COMPARED_OPTIONS_MAX { form.votes.clone() } else { Vec::new() };
        Self {
            station: station.station_number(),
            likeness: digest.0.first_chunk().filter(|_| alike).map(|bytes| u64::from_be_bytes(*bytes)),
            votes,
        }
    }
}

impl Neighbourhood {
    /// The forms of the other stations.
    pub fn others(&self, station: StationCode) -> impl Iterator<Item = &NeighbourForm> {
        let number = station.station_number();
        self.forms.iter().filter(move |form| form.station != number)
    }

    /// The same with a form put in the place of its station's.
    #[must_use]
    pub fn with(&self, form: NeighbourForm) -> Self {
        let mut forms = self.forms.clone();
        match forms.binary_search_by_key(&form.station, |kept| kept.station) {
            Ok(place) => {
                if let Some(kept) = forms.get_mut(place) {
                    *kept = form;
                }
            }
            Err(place) => forms.insert(place, form),
        }
        Self { forms }
    }
}
