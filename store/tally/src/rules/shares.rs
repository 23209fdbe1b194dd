//! R22, R23, R24: shares that are rare enough to be looked at. None of them says that a form is wrong.

use crate::form::Field;

use super::identities::vote_fields;
use super::{Finding, Severity, Sheet, finding};

/// Fewest votes of which all can be for one option without being chance (R22).
const VOTES_MIN: u64 = 50;

/// R22: all votes, at least fifty of them, are for one option.
pub(super) fn one_option_has_all(sheet: &Sheet<'_>) -> Option<Finding> {
    let sum = sheet.form.votes_sum();
    if sum < VOTES_MIN || sheet.form.votes.len() < 2 {
        return None;
    }
    let all = vote_fields(sheet.form).zip(&sheet.form.votes).filter(|(_, votes)| u64::from(**votes) == sum);
    finding(Severity::Note, all.map(|(field, _)| field))
}

/// R23: as many voters as the roll has, or more; or fewer than three tenths of it.
pub(super) fn turnout_is_usual(sheet: &Sheet<'_>) -> Option<Finding> {
    let voted = u64::from(sheet.form.turnout?.total.total);
    let roll = u64::from(sheet.form.registered?.total);
    let rare = voted >= roll || voted.saturating_mul(10) < roll.saturating_mul(3);
    // A roll of nobody says nothing of turnout; an empty form is R21's.
    let rare = rare && roll > 0 && voted > 0;
    if rare { finding(Severity::Note, [Field::REGISTERED_TOTAL, Field::TURNOUT_TOTAL]) } else { None }
}

/// R24: more than a tenth of the votes are invalid, or special voters are more than a tenth of the roll.
pub(super) fn invalid_and_special_are_few(sheet: &Sheet<'_>) -> Option<Finding> {
    let more_than_a_tenth = |part: u32, whole: u32| u64::from(part).saturating_mul(10) > u64::from(whole);
    let form = sheet.form;
    let invalid =
        form.invalid.zip(form.total).is_some_and(|(invalid, total)| more_than_a_tenth(invalid, total));
    let invalid = invalid.then_some([Field::INVALID, Field::TOTAL]);
    let special = form.turnout.zip(form.registered).is_some_and(|(turnout, registered)| {
        registered.total > 0 && more_than_a_tenth(turnout.dpk.total, registered.total)
    });
    let special = special.then_some([Field::REGISTERED_TOTAL, Field::TURNOUT_DPK_TOTAL]);
    finding(Severity::Note, invalid.into_iter().chain(special).flatten())
}

#[cfg(test)]
mod tests {
    use crate::rules::Severity::Note;
    use crate::tests::sample::{flags, flags_of, whole_form};

    #[test]
    fn r22_all_votes_for_one_option() {
        let mut form = whole_form();
        let sum = form.votes_sum();
        form.votes = [0, u32::try_from(sum).unwrap(), 0].into();
        assert_eq!(flags_of(&form), [(22, Note, [257].into())]);
        let few = |votes: u32| {
            let form = crate::form::Form { votes: [votes, 0, 0].into(), ..crate::form::Form::default() };
            flags_of(&form)
        };
        assert_eq!((few(49).len(), few(50).len()), (0, 1));
    }

    #[test]
    fn r23_as_many_voters_as_the_roll_has() {
        // 1101102012002: 233 of 233, 2 of them special voters.
        let row = [190, 40, 3, 233, 116, 117, 231, 115, 116, 0, 0, 0, 2, 1, 1, 233, 116, 117, 233, 0, 233];
        assert_eq!(flags(row), [(23, Note, [2, 14].into())]);
        let row = [60, 9, 0, 233, 116, 117, 69, 34, 35, 0, 0, 0, 0, 0, 0, 69, 34, 35, 69, 0, 69];
        assert_eq!(flags(row), [(23, Note, [2, 14].into())]);
        let row = [61, 9, 0, 233, 116, 117, 70, 35, 35, 0, 0, 0, 0, 0, 0, 70, 35, 35, 70, 0, 70];
        assert_eq!(flags(row), []);
    }

    #[test]
    fn r24_many_invalid_votes_and_many_special_voters() {
        let row = [150, 20, 10, 233, 116, 117, 201, 100, 101, 0, 0, 0, 0, 0, 0, 201, 100, 101, 180, 21, 201];
        assert_eq!(flags(row), [(24, Note, [23, 24].into())]);
        let row = [150, 20, 10, 233, 116, 117, 157, 78, 79, 0, 0, 0, 24, 12, 12, 181, 90, 91, 180, 1, 181];
        assert_eq!(flags(row), [(24, Note, [2, 11].into())]);
    }
}
