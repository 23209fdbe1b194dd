//! Repairs to propose, in words.
//!
//! Invariant: what [`tally::repair`] finds, in its order, and nothing else. It is shown, never applied.

use tally::form::{Field, Form};
use tally::repair::{self, Repair, Slip};

use super::flags::{Proposal, Subject, pointer};
use super::text::grouped;

/// All repairs of a form, the likeliest first.
#[must_use]
pub(crate) fn proposals(subject: Subject<'_>) -> Vec<Proposal> {
    let Subject { form, contest, station } = subject;
    let worded = |repair: Repair| Proposal {
        reason: reason(&repair, form),
        repairs: repair.rules.iter().map(ToString::to_string).collect(),
        fields: repair.boxes.iter().map(|(field, count)| (pointer(*field, contest), *count)).collect(),
    };
    repair::repairs(form, contest, station).into_iter().map(worded).collect()
}

fn reason(repair: &Repair, form: &Form) -> String {
    let stands = |field: Field| form.boxes().find(|(known, _)| *known == field).map_or(0, |(_, count)| count);
    let numbers = repair.boxes.iter().map(|(field, count)| (stands(*field), *count));
    let change = |(from, to): (u32, u32)| format!("{} menjadi {}", grouped(from.into()), grouped(to.into()));
    let changes = numbers.map(change).collect::<Vec<_>>().join(", ");
    match repair.slip {
        Slip::Misread { .. } => format!("Mungkin salah baca satu angka: {changes}."),
        Slip::ExtraDigit => format!("Mungkin ada satu angka yang berlebih: {changes}."),
        Slip::DroppedDigit => format!("Mungkin ada satu angka yang hilang: {changes}."),
        Slip::Swapped => format!("Mungkin tertukar: {changes}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_says_what_would_have_gone_wrong() {
        let form = Form { votes: vec![897, 106, 27], invalid: Some(6), ..Form::default() };
        let worded = |slip, boxes: &[(Field, u32)]| {
            reason(&Repair { boxes: boxes.to_vec(), slip, rules: Vec::new() }, &form)
        };
        let first = Field::votes(0).unwrap();
        assert_eq!(
            worded(Slip::ExtraDigit, &[(first, 97)]),
            "Mungkin ada satu angka yang berlebih: 897 menjadi 97."
        );
        assert_eq!(
            worded(Slip::Swapped, &[(first, 6), (Field::INVALID, 897)]),
            "Mungkin tertukar: 897 menjadi 6, 6 menjadi 897."
        );
    }
}
