//! Forms, a contest and a station for the tests. Numbers are real rows of the presidential count of 2024.

use alloc::format;
use alloc::vec::Vec;

use crate::contest::{Contest, ContestOption};
use crate::digest::form_digest;
use crate::form::{Ballots, Form, People, Turnout};
use crate::ids::{AccountId, ContestId, LogTime};
use crate::region::{RegionCode, StationCode};
use crate::rules::{Severity, check};
use crate::station::{Readings, Station, StationKind, Tally, TallyState};

/// A flag as tests compare it: number of the rule, severity, numbers of the boxes.
pub(crate) type Found = (u8, Severity, Vec<u16>);

/// The presidential contest of 2024.
pub(crate) fn contest() -> Contest {
    let option = |(id, order): (&str, u32)| ContestOption {
        id: id.into(),
        name: format!("PASANGAN CALON {order}"),
        order,
        color: Some("#8CB9BD".into()),
        party: None,
    };
    Contest {
        id: ContestId::parse("ppwp").unwrap(),
        name: "Presiden dan Wakil Presiden".into(),
        kind: "ppwp".into(),
        regions: [RegionCode::NATION].into(),
        partial_forms: false,
        photo_required: false,
        reason_required: false,
        poll_day: None,
        options: [("100025", 1), ("100026", 2), ("100027", 3)].map(option).into(),
        exemptions: Vec::new(),
        index: 0,
    }
}

/// A station at home whose register is not known.
pub(crate) fn station() -> Station {
    let code = StationCode::parse("1101012001003").unwrap();
    Station { code, kind: StationKind::Home, name: None, registered: None, index: 0 }
}

/// A row as published, in the order of its columns: votes, then roll and turnout with the sum first, then
/// valid, invalid, total. Parts II and III were never published.
pub(crate) fn published(row: [u32; 21]) -> Form {
    let [registered, dpt, dptb, dpk, total] = [3, 6, 9, 12, 15].map(|first| {
        let [total, male, female]: [u32; 3] = row[first..].first_chunk().copied().unwrap();
        People { male, female, total }
    });
    Form {
        registered: Some(registered),
        turnout: Some(Turnout { dpt, dptb, dpk, total }),
        ballots: None,
        disabled: None,
        votes: row[..3].into(),
        valid: Some(row[18]),
        invalid: Some(row[19]),
        total: Some(row[20]),
    }
}

/// Station 1101012001003 with parts II and III that fit: no rule is broken.
pub(crate) fn whole_form() -> Form {
    let row = [202, 38, 7, 293, 138, 155, 248, 118, 130, 1, 0, 1, 4, 2, 2, 253, 120, 133, 247, 6, 253];
    Form {
        ballots: Some(Ballots { received: 299, used: 253, returned: 0, unused: 46 }),
        disabled: Some(People { male: 1, female: 2, total: 3 }),
        ..published(row)
    }
}

/// What the rules find in a form at [`station`].
pub(crate) fn flags_of(form: &Form) -> Vec<Found> {
    let numbers = |fields: &[crate::form::Field]| fields.iter().map(|field| field.0).collect();
    let found = check(form, &contest(), &station());
    found.iter().map(|flag| (flag.rule.number(), flag.severity, numbers(&flag.fields))).collect()
}

/// What the rules find in a row as published.
pub(crate) fn flags(row: [u32; 21]) -> Vec<Found> {
    flags_of(&published(row))
}

/// The first report of a form.
pub(crate) fn tally(form: Form) -> Tally {
    Tally {
        state: TallyState::Reported,
        held_by_hand: false,
        held_by_rule: false,
        readings: Readings::One,
        certified: None,
        approval_pending: false,
        author: AccountId(2),
        revision: 1,
        events: 1,
        digest: form_digest(&form, &contest()),
        form,
        flags: Vec::new(),
        index: 1,
        at: LogTime(1),
    }
}

/// What the rules find that is more than a note.
pub(crate) fn grave_of(form: &Form) -> Vec<Found> {
    flags_of(form).into_iter().filter(|(_, severity, _)| *severity > Severity::Note).collect()
}

/// What the rules find in a row as published that is more than a note.
pub(crate) fn grave(row: [u32; 21]) -> Vec<Found> {
    grave_of(&published(row))
}
