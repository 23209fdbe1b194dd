//! R03: no box holds more than the paper has room for at that kind of station. Broken: the form is refused.

use crate::form::Form;
use crate::outcome::FormProblem;
use crate::station::StationKind;

/// The boxes that hold too much, in ascending order.
pub fn check(form: &Form, kind: StationKind) -> impl Iterator<Item = FormProblem> {
    let count_max = kind.count_max();
    form.boxes()
        .filter(move |(_, count)| *count > count_max)
        .map(move |(field, _)| FormProblem::CountTooLarge { field, count_max })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::check;
    use crate::form::Field;
    use crate::outcome::FormProblem;
    use crate::station::StationKind;
    use crate::tests::sample;

    #[test]
    fn six_digits_read_into_three_boxes_are_out_of_bounds_at_home() {
        // 1101032017005: 141113 women and men in one box.
        let row =
            [213, 30, 6, 298, 166, 132, 252, 139, 113, 2, 2, 0, 0, 0, 0, 254, 141_113, 113, 249, 5, 254];
        let form = sample::published(row);
        let problem = |count_max| FormProblem::CountTooLarge { field: Field(12), count_max };
        let found = |kind| check(&form, kind).collect::<Vec<_>>();
        assert_eq!(found(StationKind::Home), [problem(999)]);
        assert_eq!(found(StationKind::Special), [problem(999)]);
        assert_eq!(found(StationKind::Ksk), [problem(9_999)]);
        assert_eq!(found(StationKind::Pos), [problem(99_999)]);
    }

    #[test]
    fn the_largest_count_is_in_bounds() {
        let mut form = sample::whole_form();
        form.votes[2] = 999;
        assert_eq!(check(&form, StationKind::Home).count(), 0);
        form.votes[2] = 1_000;
        let problem = FormProblem::CountTooLarge { field: Field(258), count_max: 999 };
        assert_eq!(check(&form, StationKind::Home).collect::<Vec<_>>(), [problem]);
    }
}
