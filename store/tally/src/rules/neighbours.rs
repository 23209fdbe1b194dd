//! R25, R26: a form beside those of the other stations of its village that came before it in the log.

use alloc::vec::Vec;

use super::identities::vote_fields;
use super::{Finding, Severity, Sheet, finding};

/// Fewest other forms that say what is usual in a village.
const OTHERS_MIN: usize = 8;
/// Fewest votes of a form whose shares mean anything.
const VOTES_MIN: u64 = 20;
/// Shares are counted in millionths.
const WHOLE: u64 = 1_000_000;
/// Smallest spread of shares that is believed, one hundredth: where all stations vote alike, a single vote is not rare.
const SPREAD_MIN: u64 = 10_000;
/// More than six robust z scores: 0.6745 times the distance from the median over the median distance.
const Z_MAX: u64 = 6;

/// R25: an option's share lies further from the village's median than its spread explains.
pub(super) fn shares_are_the_villages(sheet: &Sheet<'_>) -> Option<Finding> {
    let own = shares(&sheet.form.votes)?;
    let others = sheet.circumstances.neighbours?.others(sheet.station.code);
    let others: Vec<Vec<u64>> = others
        .filter(|other| other.votes.len() == sheet.form.votes.len())
        .filter_map(|other| shares(&other.votes))
        .collect();
    if others.len() < OTHERS_MIN {
        return None;
    }
    let rare = vote_fields(sheet.form).enumerate().zip(own).filter(|((option, _), share)| {
        let column = others.iter().filter_map(|shares| shares.get(*option).copied());
        far_from(column.collect(), *share)
    });
    finding(Severity::Note, rare.map(|((_, field), _)| field))
}

/// Each option's share of the votes; `None` of too few votes.
fn shares(votes: &[u32]) -> Option<Vec<u64>> {
    let sum = votes.iter().fold(0_u64, |sum, votes| sum.saturating_add(u64::from(*votes)));
    if sum < VOTES_MIN {
        return None;
    }
    votes.iter().map(|votes| u64::from(*votes).checked_mul(WHOLE)?.checked_div(sum)).collect()
}

fn far_from(column: Vec<u64>, share: u64) -> bool {
    let Some(usual) = median(column.clone()) else { return false };
    let distances = column.into_iter().map(|other| other.abs_diff(usual)).collect();
    let Some(spread) = median(distances) else { return false };
    let spread = spread.max(SPREAD_MIN);
    share.abs_diff(usual).saturating_mul(6_745) > spread.saturating_mul(Z_MAX).saturating_mul(10_000)
}

/// The middle one, the upper of two.
fn median(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    numbers.get(numbers.len().checked_div(2)?).copied()
}

/// R26: another station has handed in the same photo, or one of the village the same numbers.
pub(super) fn nobody_has_the_same(sheet: &Sheet<'_>) -> Option<Finding> {
    if sheet.circumstances.photo_elsewhere {
        // No box is wrong: the photo is. The votes stand for the form.
        return finding(Severity::Hold, vote_fields(sheet.form));
    }
    let likeness = sheet.circumstances.likeness?;
    let mut others = sheet.circumstances.neighbours?.others(sheet.station.code);
    if !others.any(|other| other.likeness == Some(likeness)) {
        return None;
    }
    finding(Severity::Note, vote_fields(sheet.form))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::slice;

    use crate::digest::form_digest;
    use crate::form::Form;
    use crate::neighbourhood::{NeighbourForm, Neighbourhood};
    use crate::region::StationCode;
    use crate::rules::{Circumstances, Severity, check_in};
    use crate::tests::sample::{contest, published, station, whole_form};

    fn other(number: u64) -> StationCode {
        StationCode::new(station().code.number().saturating_add(500).saturating_add(number)).unwrap()
    }

    fn village(forms: &[Form]) -> Neighbourhood {
        forms.iter().zip(0..).fold(Neighbourhood::default(), |village, (form, number)| {
            village.with(NeighbourForm::of(other(number), form, &form_digest(form, &contest())))
        })
    }

    fn found(form: &Form, neighbours: &Neighbourhood, photo_elsewhere: bool) -> Vec<(u8, Severity)> {
        let likeness = NeighbourForm::of(station().code, form, &form_digest(form, &contest())).likeness;
        let circumstances = Circumstances {
            neighbours: Some(neighbours),
            likeness,
            photo_elsewhere,
            ..Circumstances::default()
        };
        let flags = check_in(form, &contest(), &station(), circumstances);
        flags.iter().map(|flag| (flag.rule.number(), flag.severity)).collect()
    }

    fn votes(votes: [u32; 3]) -> Form {
        Form { votes: votes.into(), ..Form::default() }
    }

    #[test]
    fn r25_a_station_unlike_its_village() {
        // 2171101004176 as it was read, 302, 404 and 849, in a village that votes 103 to 104 to 19.
        let usual: Vec<Form> = (0..8).map(|off| votes([103 + off, 104 - off, 19 + off / 2])).collect();
        let misread = votes([30, 40, 184]);
        assert_eq!(found(&misread, &village(&usual), false), [(25, Severity::Note)]);
        assert_eq!(found(&votes([110, 95, 21]), &village(&usual), false), []);
        // Seven others are too few, and so are nineteen votes.
        assert_eq!(found(&misread, &village(&usual[1..]), false), []);
        assert_eq!(found(&votes([1, 2, 16]), &village(&usual), false), []);
    }

    #[test]
    fn r25_alike_to_the_vote_is_no_measure() {
        let usual: Vec<Form> = (0..12).map(|_| votes([200, 20, 30])).collect();
        assert_eq!(found(&votes([195, 22, 33]), &village(&usual), false), []);
        assert_eq!(found(&votes([100, 70, 80]), &village(&usual), false), [(25, Severity::Note)]);
    }

    #[test]
    fn r26_the_same_numbers_at_two_stations_of_a_village() {
        let form = whole_form();
        assert_eq!(found(&form, &village(slice::from_ref(&form)), false), [(26, Severity::Note)]);
        let mut another = form.clone();
        another.disabled = None;
        assert_eq!(found(&another, &village(&[form]), false), []);
        // Of at most fifty votes, or of votes alone, the same is chance.
        let few = published([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 3, 0, 3]);
        assert!(!found(&few, &village(slice::from_ref(&few)), false).contains(&(26, Severity::Note)));
        let bare = votes([100, 60, 40]);
        assert_eq!(found(&bare, &village(slice::from_ref(&bare)), false), []);
    }

    #[test]
    fn r26_a_photo_of_another_station_holds() {
        assert_eq!(found(&whole_form(), &Neighbourhood::default(), true), [(26, Severity::Hold)]);
    }
}
