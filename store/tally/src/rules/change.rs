//! R27: a correction that changes much is looked at by a second person before the form is certified.

use alloc::vec::Vec;

use crate::form::Field;

use super::identities::vote_fields;
use super::{Finding, Severity, Sheet, finding};

/// A change of an option's votes by more than this wants an approval.
const VOTES_CHANGE_MAX: u32 = 50;

/// R27: the correction changes who leads or any option's votes by more than fifty, comes after a certification, or
/// follows one that nobody has approved yet.
pub(super) fn small_change(sheet: &Sheet<'_>) -> Option<Finding> {
    let before = sheet.circumstances.before?;
    let (old, new) = (&before.form.votes, &sheet.form.votes);
    let changed = vote_fields(sheet.form).zip(old.iter().zip(new));
    let much =
        changed.filter(|(_, (old, new))| old.abs_diff(**new) > VOTES_CHANGE_MAX).map(|(field, _)| field);
    let mut fields: Vec<Field> = much.collect();
    if leader(old) != leader(new) {
        fields.extend([leader(old), leader(new)].into_iter().flatten().filter_map(Field::votes));
    }
    if fields.is_empty() && (before.certified.is_some() || before.approval_pending) {
        fields.extend(vote_fields(sheet.form));
    }
    finding(Severity::Note, fields)
}

/// The option with the most votes; `None` where two have as many.
fn leader(votes: &[u32]) -> Option<usize> {
    let most = votes.iter().max()?;
    let mut leaders = votes.iter().enumerate().filter(|(_, votes)| *votes == most);
    let (leader, _) = leaders.next()?;
    if leaders.next().is_some() { None } else { Some(leader) }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::form::Form;
    use crate::region::Level;
    use crate::rules::{Circumstances, check_in};
    use crate::station::Tally;
    use crate::tests::sample::{contest, published, station, tally};

    fn fields(before: &Tally, votes: [u32; 3]) -> Option<Vec<u16>> {
        let form = Form { votes: votes.into(), ..published([0; 21]) };
        let circumstances = Circumstances { before: Some(before), ..Circumstances::default() };
        let flags = check_in(&form, &contest(), &station(), circumstances);
        let flag = flags.iter().find(|flag| flag.rule.number() == 27)?;
        Some(flag.fields.iter().map(|field| field.0).collect())
    }

    fn reported(votes: [u32; 3]) -> Tally {
        tally(Form { votes: votes.into(), ..Form::default() })
    }

    #[test]
    fn r27_a_large_change_or_another_leader() {
        // 2171101004176: 302, 404 and 849 were 103, 104 and 19.
        assert_eq!(fields(&reported([302, 404, 849]), [103, 104, 19]), Some([256, 257, 258].into()));
        // 1310022008014: 59 was 69.
        assert_eq!(fields(&reported([42, 59, 2]), [42, 69, 2]), None);
        assert_eq!(fields(&reported([42, 41, 2]), [41, 42, 2]), Some([256, 257].into()));
        assert_eq!(fields(&reported([42, 42, 2]), [42, 41, 2]), Some([256].into()));
        assert_eq!(
            (fields(&reported([0, 0, 100]), [0, 0, 50]), fields(&reported([0, 0, 100]), [0, 0, 49])),
            (None, Some([258].into()))
        );
    }

    #[test]
    fn r27_any_change_after_a_certification_or_before_an_approval() {
        let certified = Tally { certified: Some(Level::District), ..reported([42, 59, 2]) };
        assert_eq!(fields(&certified, [42, 60, 2]), Some([256, 257, 258].into()));
        let pending = Tally { approval_pending: true, ..reported([42, 59, 2]) };
        assert_eq!(fields(&pending, [42, 60, 2]), Some([256, 257, 258].into()));
    }
}
