//! R21: a form of zeros was not filled in, or not read.

use crate::form::Field;

use super::{Finding, Severity, Sheet, finding};

/// R21: all known boxes are zero, or nobody's vote was counted although voters voted.
pub(super) fn nothing_but_zeros(sheet: &Sheet<'_>) -> Option<Finding> {
    let form = sheet.form;
    if form.boxes().all(|(_, count)| count == 0) {
        return finding(Severity::Hold, form.boxes().map(|(field, _)| field));
    }
    let uncounted = form.total? == 0 && form.turnout?.total.total > 0;
    if uncounted { finding(Severity::Hold, [Field::TURNOUT_TOTAL, Field::TOTAL]) } else { None }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use crate::form::Form;
    use crate::rules::Severity::{Confirm, Hold};
    use crate::tests::sample::{grave, grave_of, published, whole_form};

    #[test]
    fn r21_a_form_of_zeros() {
        let form = Form { votes: vec![0; 3], ..Form::default() };
        assert_eq!(grave_of(&form), [(21, Hold, [256, 257, 258].into())]);
        let all = grave_of(&published([0; 21]));
        assert_eq!(all.last().unwrap().0, 21);
    }

    #[test]
    fn r21_voters_but_no_votes() {
        // 1101042014003: 211 voters, votes for the options, and zeros below.
        let row = [183, 18, 5, 250, 118, 132, 209, 91, 118, 1, 0, 1, 1, 1, 0, 211, 92, 119, 0, 0, 0];
        let votes = [22, 256, 257, 258];
        let expected = [(7, Hold, votes.into()), (9, Confirm, [14, 24].into()), (21, Hold, [14, 24].into())];
        assert_eq!(grave(row), expected);
    }

    #[test]
    fn r21_is_not_asked_of_votes_without_a_total() {
        let mut form = whole_form();
        form.total = None;
        assert_eq!(grave_of(&form), []);
    }
}
