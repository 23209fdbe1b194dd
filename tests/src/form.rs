//! Forms that keep every rule, and small changes that break exactly one.

use serde_json::{Value, json};

/// The options of the contest that [`crate::register`] defines, in ballot order.
pub const OPTIONS: [&str; 3] = ["100025", "100026", "100027"];

/// Voters on the roll of every form made here.
pub const ROLL: u32 = 250;

fn people(total: u32) -> Value {
    let male = total / 2;
    json!({"male": male, "female": total - male, "total": total})
}

/// A form with these votes in which every identity holds.
#[must_use]
pub fn of_votes(votes: [u32; 3], invalid: u32) -> Value {
    let valid: u32 = votes.iter().sum();
    let total = valid + invalid;
    assert!(total <= ROLL, "more votes than voters: no such form keeps the rules");
    let received = ROLL + ROLL.div_ceil(50);
    json!({
        "registered": people(ROLL),
        "turnout": {"dpt": people(total), "dptb": people(0), "dpk": people(0), "total": people(total)},
        "ballots": {"received": received, "used": total, "returned": 0, "unused": received - total},
        "disabled": people(0),
        "votes": {OPTIONS[0]: votes[0], OPTIONS[1]: votes[1], OPTIONS[2]: votes[2]},
        "valid": valid, "invalid": invalid, "total": total,
    })
}

/// The body of a `PUT /tallies` with nothing confirmed.
#[must_use]
pub fn body(form: &Value) -> Value {
    json!({"form": form, "confirm": [], "reason": null, "attachments": [], "observed_at": null})
}

/// The same form with one number replaced, given by JSON pointer.
#[must_use]
pub fn with(form: &Value, pointer: &str, number: u32) -> Value {
    let mut changed = form.clone();
    *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer} in a form")) = json!(number);
    changed
}

/// Votes of a form in ballot order.
#[must_use]
pub fn votes(form: &Value) -> [u64; 3] {
    OPTIONS.map(|option| form["votes"][option].as_u64().unwrap_or_default())
}
