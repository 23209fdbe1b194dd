//! R07 to R13: sums that must come out equal. Broken, they are to be fixed or confirmed as being so on paper.

use crate::form::{Field, Form, People};

use super::{Finding, Severity, Sheet, finding};

/// From this difference on, R07 keeps the form out of the sums instead of asking for a confirmation.
const VOTES_DIFFERENCE_HELD: u64 = 50;

/// The boxes with the votes of all options.
pub(super) fn vote_fields(form: &Form) -> impl Iterator<Item = Field> {
    (0..form.votes.len()).filter_map(Field::votes)
}

/// Men, women and sum of a row, in the order of their boxes.
pub(super) const fn columns(people: People) -> [u32; 3] {
    [people.male, people.female, people.total]
}

/// R07: the votes of all options make the valid votes.
pub(super) fn votes_are_valid(sheet: &Sheet<'_>) -> Option<Finding> {
    let difference = sheet.form.votes_sum().abs_diff(u64::from(sheet.form.valid?));
    if difference == 0 {
        return None;
    }
    let held = difference >= VOTES_DIFFERENCE_HELD;
    let severity = if held { Severity::Hold } else { Severity::Confirm };
    finding(severity, vote_fields(sheet.form).chain([Field::VALID]))
}

/// R08: valid and invalid votes make the total.
pub(super) fn valid_and_invalid_are_total(sheet: &Sheet<'_>) -> Option<Finding> {
    let sum = u64::from(sheet.form.valid?).saturating_add(u64::from(sheet.form.invalid?));
    let broken = sum != u64::from(sheet.form.total?);
    if broken { finding(Severity::Confirm, [Field::VALID, Field::INVALID, Field::TOTAL]) } else { None }
}

/// R09: as many votes as voters who voted.
pub(super) fn total_is_turnout(sheet: &Sheet<'_>) -> Option<Finding> {
    let broken = sheet.form.total? != sheet.form.turnout?.total.total;
    if broken { finding(Severity::Confirm, [Field::TURNOUT_TOTAL, Field::TOTAL]) } else { None }
}

/// R10: as many votes as ballot papers used.
pub(super) fn total_is_ballots_used(sheet: &Sheet<'_>) -> Option<Finding> {
    let broken = sheet.form.total? != sheet.form.ballots?.used;
    if broken { finding(Severity::Confirm, [Field::BALLOTS_USED, Field::TOTAL]) } else { None }
}

/// R11: roll, moved and special voters make the voters who voted, in each column.
pub(super) fn turnout_is_its_sum(sheet: &Sheet<'_>) -> Option<Finding> {
    let turnout = sheet.form.turnout?;
    let rows = [turnout.dpt, turnout.dptb, turnout.dpk, turnout.total].map(columns);
    let [dpt, dptb, dpk, total] = rows;
    let parts = dpt.into_iter().zip(dptb).zip(dpk);
    let sums = parts.map(|((dpt, dptb), dpk)| [dpt, dptb, dpk].into_iter().map(u64::from).sum::<u64>());
    let broken = sums.zip(total).map(|(sum, total)| sum != u64::from(total));
    let fields = (0_u16..).zip(broken).filter(|(_, broken)| *broken).flat_map(|(column, _)| {
        [3, 6, 9, 12].into_iter().filter_map(move |row: u16| row.checked_add(column)).map(Field)
    });
    finding(Severity::Confirm, fields)
}

/// R12: men and women make the sum, in each of the six rows.
pub(super) fn men_and_women_are_all(sheet: &Sheet<'_>) -> Option<Finding> {
    let broken = |people: People| {
        u64::from(people.male).saturating_add(u64::from(people.female)) != u64::from(people.total)
    };
    let rows = sheet.form.people_rows().filter(|(_, people)| broken(*people));
    finding(Severity::Confirm, rows.flat_map(|(first, _)| (first.0..).take(3).map(Field)))
}

/// R13: ballot papers used, returned and unused make those received.
pub(super) fn ballots_are_received(sheet: &Sheet<'_>) -> Option<Finding> {
    let ballots = sheet.form.ballots?;
    let parts = [ballots.used, ballots.returned, ballots.unused];
    let broken = parts.into_iter().map(u64::from).sum::<u64>() != u64::from(ballots.received);
    let fields =
        [Field::BALLOTS_RECEIVED, Field::BALLOTS_USED, Field::BALLOTS_RETURNED, Field::BALLOTS_UNUSED];
    if broken { finding(Severity::Confirm, fields) } else { None }
}

#[cfg(test)]
mod tests {
    use crate::form::Ballots;
    use crate::rules::Severity::{Confirm, Hold};
    use crate::tests::sample::{grave, grave_of, published, whole_form};

    #[test]
    fn r07_a_small_difference_asks_and_a_large_one_holds() {
        // 1101022018003: the votes make 210, written is 220.
        let row = [203, 4, 3, 231, 107, 124, 222, 103, 119, 0, 0, 0, 2, 1, 1, 224, 104, 120, 220, 4, 224];
        assert_eq!(grave(row), [(7, Confirm, [22, 256, 257, 258].into())]);
        // 1101032006002: 131 for 191, a hold and no confirmation beside it.
        let row = [25, 55, 51, 203, 101, 102, 192, 94, 98, 0, 0, 0, 2, 1, 1, 194, 95, 99, 191, 3, 194];
        assert_eq!(grave(row), [(7, Hold, [22, 256, 257, 258].into())]);
    }

    #[test]
    fn r07_holds_from_a_difference_of_fifty_on() {
        let severity = |missing: u32| {
            let mut form = whole_form();
            form.votes[0] -= missing;
            grave_of(&form)[0].1
        };
        assert_eq!((severity(49), severity(50)), (Confirm, Hold));
    }

    #[test]
    fn r08_valid_and_invalid_votes_miss_the_total() {
        // 1102142009002: 202 and 16 are not 215.
        let row = [103, 96, 3, 239, 112, 127, 215, 109, 106, 0, 0, 0, 0, 0, 0, 215, 109, 106, 202, 16, 215];
        assert_eq!(grave(row), [(8, Confirm, [22, 23, 24].into())]);
    }

    #[test]
    fn r09_fewer_votes_than_voters() {
        // 1101012001001: 239 voters, 166 votes.
        let row = [144, 19, 2, 284, 139, 145, 236, 110, 126, 1, 0, 1, 2, 2, 0, 239, 112, 127, 165, 1, 166];
        assert_eq!(grave(row), [(9, Confirm, [14, 24].into())]);
    }

    #[test]
    fn r10_votes_and_ballot_papers_used_differ() {
        // 1101012001003, a sound row, with a part II (never published) whose sum holds.
        let row = [202, 38, 7, 293, 138, 155, 248, 118, 130, 1, 0, 1, 4, 2, 2, 253, 120, 133, 247, 6, 253];
        assert_eq!(grave(row), []);
        let mut form = published(row);
        form.ballots = Some(Ballots { received: 299, used: 254, returned: 0, unused: 45 });
        assert_eq!(grave_of(&form), [(10, Confirm, [16, 24].into())]);
    }

    #[test]
    fn r11_a_column_of_the_turnout_does_not_add_up() {
        // 1101012001002: 133, 2 and 1 women are 136, written is 137; men 115, 0 and 2 are 117, written 116.
        let row = [209, 37, 6, 296, 138, 158, 248, 115, 133, 2, 0, 2, 3, 2, 1, 253, 116, 137, 252, 1, 253];
        assert_eq!(grave(row), [(11, Confirm, [3, 4, 6, 7, 9, 10, 12, 13].into())]);
    }

    #[test]
    fn r12_men_and_women_are_not_all() {
        // 1101102012001: 736 for 116 men on the roll.
        let row = [190, 9, 3, 223, 736, 107, 202, 101, 101, 2, 1, 1, 0, 0, 0, 204, 102, 102, 202, 2, 204];
        assert_eq!(grave(row), [(12, Confirm, [0, 1, 2].into())]);
        let mut form = whole_form();
        form.disabled.as_mut().unwrap().total += 1;
        assert_eq!(grave_of(&form), [(12, Confirm, [19, 20, 21].into())]);
    }

    #[test]
    fn r13_ballot_papers_do_not_add_up() {
        // 1101012001003 again, its part II one paper short.
        let row = [202, 38, 7, 293, 138, 155, 248, 118, 130, 1, 0, 1, 4, 2, 2, 253, 120, 133, 247, 6, 253];
        let mut form = published(row);
        form.ballots = Some(Ballots { received: 299, used: 253, returned: 1, unused: 44 });
        assert_eq!(grave_of(&form), [(13, Confirm, [15, 16, 17, 18].into())]);
    }

    #[test]
    fn parts_that_are_not_known_skip_their_rules() {
        let row = [209, 37, 6, 296, 138, 158, 248, 115, 133, 2, 0, 2, 3, 2, 1, 253, 116, 137, 252, 1, 253];
        let mut form = published(row);
        form.turnout = None;
        assert_eq!(grave_of(&form), []);
        form.votes[0] += 1;
        form.valid = None;
        assert_eq!(grave_of(&form), []);
    }
}
