//! The rules of the form (`docs/rules.md`), as data: a number, a name, a severity, a function.
//!
//! Invariant: a rule looks at one form, its contest, its station and what came before it in the log, computes in
//! integers, and says the same on every node. A part of the form that is not known skips the rules that need it.

pub mod bounds;
mod change;
mod flag;
mod identities;
mod limits;
mod neighbours;
mod register;
mod shares;
mod time;
mod zeros;

use alloc::vec::Vec;

use crate::contest::Contest;
use crate::form::{Field, Form};
use crate::ids::LogTime;
use crate::neighbourhood::Neighbourhood;
use crate::station::{Station, Tally};

pub use flag::{Flag, RuleId, RuleSet, Severity};

/// What is known beside the form itself, all of it from before it in the log. A rule that needs what is not known is
/// skipped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances<'a> {
    /// The forms of the village.
    pub neighbours: Option<&'a Neighbourhood>,
    /// The form's own likeness, see [`crate::neighbourhood::NeighbourForm::likeness`].
    pub likeness: Option<u64>,
    /// The form that this one corrects.
    pub before: Option<&'a Tally>,
    /// Whether a photo named with it was named for another station before.
    pub photo_elsewhere: bool,
    /// Log time of the command.
    pub received_at: Option<LogTime>,
    /// When the form was read, as the officer's device has it.
    pub observed_at: Option<LogTime>,
}

/// What a rule looks at.
pub(crate) struct Sheet<'a> {
    pub(crate) form: &'a Form,
    pub(crate) contest: &'a Contest,
    pub(crate) station: &'a Station,
    pub(crate) circumstances: Circumstances<'a>,
}

/// What a rule found: how bad, and where.
pub(crate) struct Finding {
    severity: Severity,
    fields: Vec<Field>,
}

/// A finding over some boxes; none if there are none.
pub(crate) fn finding(severity: Severity, fields: impl IntoIterator<Item = Field>) -> Option<Finding> {
    let mut fields: Vec<Field> = fields.into_iter().collect();
    fields.sort_unstable();
    fields.dedup();
    if fields.is_empty() { None } else { Some(Finding { severity, fields }) }
}

/// A rule that leads to a flag.
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// A short name for documents and metrics; never shown to officers.
    pub name: &'static str,
    /// What it leads to when it is broken.
    pub severity: Severity,
    /// What it leads to when it is broken badly, if that is more.
    pub severity_max: Severity,
    check: fn(&Sheet<'_>) -> Option<Finding>,
}

const fn rule(
    number: u8,
    name: &'static str,
    (severity, severity_max): (Severity, Severity),
    check: fn(&Sheet<'_>) -> Option<Finding>,
) -> Rule {
    let Some(id) = RuleId::new(number) else { panic!("a rule's number is 1 to 63") };
    Rule { id, name, severity, severity_max, check }
}

const NOTE_TO_HOLD: (Severity, Severity) = (Severity::Note, Severity::Hold);
const NOTE: (Severity, Severity) = (Severity::Note, Severity::Note);
const CONFIRM: (Severity, Severity) = (Severity::Confirm, Severity::Confirm);
const CONFIRM_TO_HOLD: (Severity, Severity) = (Severity::Confirm, Severity::Hold);
const HOLD: (Severity, Severity) = (Severity::Hold, Severity::Hold);

/// The rules, by number. What R03 refuses is in [`bounds`]; R01, R02, R04 and R05 are steps of the decision, and R18 is
/// what a second reading comes to ([`READINGS_DIFFER`]).
pub const RULES: &[Rule] = &[
    rule(7, "votes-valid", CONFIRM_TO_HOLD, identities::votes_are_valid),
    rule(8, "valid-invalid-total", CONFIRM, identities::valid_and_invalid_are_total),
    rule(9, "total-turnout", CONFIRM, identities::total_is_turnout),
    rule(10, "total-ballots-used", CONFIRM, identities::total_is_ballots_used),
    rule(11, "turnout-sum", CONFIRM, identities::turnout_is_its_sum),
    rule(12, "male-female-total", CONFIRM, identities::men_and_women_are_all),
    rule(13, "ballots-sum", CONFIRM, identities::ballots_are_received),
    rule(14, "turnout-roll", CONFIRM, limits::turnout_on_the_roll),
    rule(15, "total-ballots-received", HOLD, limits::total_within_ballots),
    rule(16, "roll-register", NOTE_TO_HOLD, register::roll_is_register),
    rule(17, "station-size", HOLD, limits::station_size),
    rule(21, "zeros", HOLD, zeros::nothing_but_zeros),
    rule(22, "one-option", NOTE, shares::one_option_has_all),
    rule(23, "turnout", NOTE, shares::turnout_is_usual),
    rule(24, "invalid-special", NOTE, shares::invalid_and_special_are_few),
    rule(25, "unlike-village", NOTE, neighbours::shares_are_the_villages),
    rule(26, "same-elsewhere", NOTE_TO_HOLD, neighbours::nobody_has_the_same),
    rule(27, "large-change", NOTE, change::small_change),
    rule(28, "before-poll-end", NOTE, time::counted_after_the_poll),
];

/// R18: two readings of the form differ. Told as a note: what holds the form back is its state, `disputed`.
pub const READINGS_DIFFER: RuleId = match RuleId::new(18) {
    Some(id) => id,
    None => panic!("a rule's number is 1 to 63"),
};

/// R27: the correction wants a second approval.
pub const LARGE_CHANGE: RuleId = match RuleId::new(27) {
    Some(id) => id,
    None => panic!("a rule's number is 1 to 63"),
};

/// What the rules find in a form by itself: [`check_in`] with nothing known beside it.
#[must_use]
pub fn check(form: &Form, contest: &Contest, station: &Station) -> Vec<Flag> {
    check_in(form, contest, station, Circumstances::default())
}

/// What the rules find, in the order of their numbers: one flag a rule, at its highest severity, with all the
/// boxes it concerns. Rules that the contest leaves out at the station's region are not asked.
#[must_use]
pub fn check_in(
    form: &Form,
    contest: &Contest,
    station: &Station,
    circumstances: Circumstances<'_>,
) -> Vec<Flag> {
    let sheet = Sheet { form, contest, station, circumstances };
    let flag = |rule: &Rule| {
        let Finding { severity, fields } = (rule.check)(&sheet)?;
        Some(Flag { rule: rule.id, severity, fields })
    };
    RULES.iter().filter(|rule| !exempt(rule.id, contest, station)).filter_map(flag).collect()
}

fn exempt(rule: RuleId, contest: &Contest, station: &Station) -> bool {
    let village = station.code.village();
    contest.exemptions.iter().any(|exemption| exemption.rule == rule && exemption.region.contains(village))
}

#[cfg(test)]
mod tests {
    use super::{RULES, check};
    use crate::contest::{Contest, Exemption};
    use crate::region::RegionCode;
    use crate::tests::sample;

    #[test]
    fn rules_stand_in_the_order_of_their_numbers() {
        assert!(RULES.is_sorted_by_key(|rule| rule.id));
        assert!(RULES.iter().all(|rule| rule.severity <= rule.severity_max));
    }

    #[test]
    fn a_sound_form_has_no_flags() {
        assert_eq!(check(&sample::whole_form(), &sample::contest(), &sample::station()), []);
    }

    #[test]
    fn a_rule_left_out_in_a_region_is_not_asked_there() {
        let mut form = sample::whole_form();
        form.votes[0] += 1;
        let rule = check(&form, &sample::contest(), &sample::station())[0].rule;
        let exempt = |region: &str| {
            let region = RegionCode::parse(region).unwrap();
            let contest = Contest { exemptions: [Exemption { rule, region }].into(), ..sample::contest() };
            check(&form, &contest, &sample::station()).is_empty()
        };
        assert!(exempt("1101") && exempt("0"));
        assert!(!exempt("1102") && !exempt("12"));
    }

    #[test]
    fn flags_come_in_the_order_of_rules_and_fields_in_the_order_of_boxes() {
        // 1407032002007, as published on the way: nearly every box was misread.
        let row = [
            62, 222, 25, 255, 135, 121, 154, 131, 833, 888, 400, 8, 415, 847, 888, 203, 178, 101, 204, 0, 204,
        ];
        let flags = check(&sample::published(row), &sample::contest(), &sample::station());
        let rules: alloc::vec::Vec<u8> = flags.iter().map(|flag| flag.rule.number()).collect();
        assert_eq!(rules, [7, 9, 11, 12, 14, 17, 24]);
        assert!(flags.iter().all(|flag| flag.fields.is_sorted_by(|left, right| left < right)));
    }
}
