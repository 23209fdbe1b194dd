//! R14, R15, R17: what cannot be exceeded: the roll, the ballot papers, the size of a station.

use crate::form::{Field, Form};
use crate::station::StationKind;

use super::identities::{columns, vote_fields};
use super::{Finding, Severity, Sheet, finding};

/// R14: in no column do more voters of the roll vote than are on it.
pub(super) fn turnout_on_the_roll(sheet: &Sheet<'_>) -> Option<Finding> {
    let voted = columns(sheet.form.turnout?.dpt);
    let roll = columns(sheet.form.registered?);
    let exceeded = (0_u16..).zip(voted.into_iter().zip(roll)).filter(|(_, (voted, roll))| voted > roll);
    let fields = exceeded.flat_map(|(column, _)| [Some(column), column.checked_add(3)]);
    finding(Severity::Confirm, fields.flatten().map(Field))
}

/// R15: no more votes than ballot papers received. Where part II is not known, the papers that should have
/// been sent: as many as voters on the roll and a fiftieth of it, rounded up, to spare.
pub(super) fn total_within_ballots(sheet: &Sheet<'_>) -> Option<Finding> {
    let total = u64::from(sheet.form.total?);
    let (limit, field) = if let Some(ballots) = sheet.form.ballots {
        (u64::from(ballots.received), Field::BALLOTS_RECEIVED)
    } else {
        let roll = u64::from(sheet.form.registered?.total);
        (roll.saturating_add(roll.div_ceil(50)), Field::REGISTERED_TOTAL)
    };
    if total > limit { finding(Severity::Hold, [field, Field::TOTAL]) } else { None }
}

/// Largest numbers at an ordinary station at home.
struct StationSize {
    /// Kind of the contests they hold for.
    contest_kind: &'static str,
    /// Voters on the roll.
    registered_max: u32,
    /// Votes of all options.
    votes_max: u64,
    /// Votes of one option: as many as the tally grid has room for.
    option_votes_max: u32,
}

/// 2024: at most 300 voters on the roll of a station, and a fiftieth of ballot papers to spare.
const STATION_SIZES: [StationSize; 1] =
    [StationSize { contest_kind: "ppwp", registered_max: 300, votes_max: 306, option_votes_max: 300 }];

/// R17: an ordinary station at home is no larger than the law lets it be.
pub(super) fn station_size(sheet: &Sheet<'_>) -> Option<Finding> {
    if sheet.station.kind != StationKind::Home {
        return None;
    }
    let size = STATION_SIZES.iter().find(|size| size.contest_kind == sheet.contest.kind)?;
    let form = sheet.form;
    let registered = form.registered.filter(|people| people.total > size.registered_max);
    let registered = registered.map(|_| Field::REGISTERED_TOTAL);
    finding(Severity::Hold, registered.into_iter().chain(votes_beyond(form, size)))
}

/// All votes if their sum is too large, else those options that have too many.
fn votes_beyond<'a>(form: &'a Form, size: &'a StationSize) -> impl Iterator<Item = Field> + 'a {
    let all = form.votes_sum() > size.votes_max;
    vote_fields(form)
        .zip(&form.votes)
        .filter(move |(_, votes)| all || **votes > size.option_votes_max)
        .map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use crate::contest::Contest;
    use crate::form::Ballots;
    use crate::rules::Severity::{Confirm, Hold};
    use crate::rules::check;
    use crate::station::{Station, StationKind};
    use crate::tests::sample::{contest, grave, grave_of, published, station, whole_form};

    #[test]
    fn r14_more_voters_of_the_roll_than_are_on_it() {
        // 1101022018001: 101 men of 107 and 113 women of 112 voted.
        let row = [193, 17, 2, 219, 107, 112, 214, 101, 113, 0, 0, 0, 0, 0, 0, 214, 101, 113, 212, 2, 214];
        assert_eq!(grave(row), [(14, Confirm, [1, 4].into())]);
    }

    #[test]
    fn r15_more_votes_than_papers_that_should_have_been_sent() {
        // 1101022011006: 260 votes, 253 voters on the roll and 6 papers to spare.
        let row = [228, 28, 3, 253, 134, 119, 253, 134, 119, 0, 0, 0, 7, 3, 4, 260, 137, 123, 259, 1, 260];
        assert_eq!(grave(row), [(15, Hold, [2, 24].into())]);
        // With part II known its papers count, not the roll.
        let mut form = published(row);
        form.ballots = Some(Ballots { received: 260, used: 260, returned: 0, unused: 0 });
        assert_eq!(grave_of(&form), []);
        form.ballots = Some(Ballots { received: 259, used: 260, returned: 0, unused: 0 });
        assert_eq!(grave_of(&form), [(13, Confirm, [15, 16, 17, 18].into()), (15, Hold, [15, 24].into())]);
    }

    #[test]
    fn r15_spare_papers_are_rounded_up() {
        // 251 on the roll: 5.02 papers to spare are 6.
        let votes = |total: u32| {
            let mut form = published([0; 21]);
            form.registered.as_mut().unwrap().total = 251;
            form.turnout = None;
            form.registered.as_mut().unwrap().male = 251;
            form.votes = [total, 0, 0].into();
            (form.valid, form.total) = (Some(total), Some(total));
            grave_of(&form)
        };
        assert_eq!(votes(257), []);
        assert_eq!(votes(258), [(15, Hold, [2, 24].into())]);
    }

    #[test]
    fn r17_a_roll_of_302_voters() {
        // 5104042004002.
        let row = [4, 172, 73, 302, 157, 145, 256, 136, 120, 6, 5, 1, 0, 0, 0, 262, 141, 121, 249, 13, 262];
        assert_eq!(grave(row), [(17, Hold, [2].into())]);
        let abroad = Station { kind: StationKind::Tpsln, ..station() };
        assert_eq!(check(&published(row), &contest(), &abroad), []);
        let governor = Contest { kind: "pkwkp".into(), ..contest() };
        assert_eq!(check(&published(row), &governor, &station()), []);
    }

    #[test]
    fn r17_more_votes_than_papers_at_any_station() {
        // 1174052004013: 146, 69 and 222 votes, 218 voters.
        let row = [146, 69, 222, 290, 135, 155, 218, 103, 115, 3, 2, 1, 0, 0, 0, 221, 105, 116, 218, 3, 221];
        let votes = [256, 257, 258];
        assert_eq!(grave(row), [(7, Hold, [22, 256, 257, 258].into()), (17, Hold, votes.into())]);
    }

    #[test]
    fn r17_more_votes_for_one_option_than_the_grid_has_room_for() {
        let mut form = whole_form();
        form.votes = [0, 301, 0].into();
        let found = grave_of(&form);
        assert_eq!(found.last(), Some(&(17, Hold, [257].into())));
    }
}
