//! The digest of a form: what an officer, the public and a node can each work out and compare.
//!
//! Promise: SHA-256 over the form as JSON with all keys present, nulls written, keys sorted by byte, no white
//! space and plain integers (`docs/digest.md` has test vectors). Two forms have one digest only if they are
//! equal box by box, whatever the order of the contest's options.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use sha2::{Digest, Sha256};

use crate::contest::Contest;
use crate::form::{Ballots, Form, People, Turnout};
use crate::ids::FormDigest;

/// SHA-256 of [`canonical_json`].
#[must_use]
pub fn form_digest(form: &Form, contest: &Contest) -> FormDigest {
    FormDigest(Sha256::digest(canonical_json(form, contest).as_bytes()).into())
}

/// The form as canonical JSON. Votes beyond the contest's options have no name and are left out; an accepted
/// form has none.
#[must_use]
pub fn canonical_json(form: &Form, contest: &Contest) -> String {
    // All boxes of three digits take a little less than this; a longer form only makes it grow.
    let mut json = String::with_capacity(1024);
    json.push_str("{\"ballots\":");
    optional(&mut json, form.ballots.as_ref(), ballots);
    json.push_str(",\"disabled\":");
    optional(&mut json, form.disabled.as_ref(), people);
    json.push_str(",\"invalid\":");
    optional(&mut json, form.invalid, count);
    json.push_str(",\"registered\":");
    optional(&mut json, form.registered.as_ref(), people);
    json.push_str(",\"total\":");
    optional(&mut json, form.total, count);
    json.push_str(",\"turnout\":");
    optional(&mut json, form.turnout.as_ref(), turnout);
    json.push_str(",\"valid\":");
    optional(&mut json, form.valid, count);
    json.push_str(",\"votes\":{");
    votes(&mut json, form, contest);
    json.push_str("}}");
    json
}

fn optional<T>(json: &mut String, part: Option<T>, write: impl Fn(&mut String, T)) {
    match part {
        Some(part) => write(json, part),
        None => json.push_str("null"),
    }
}

fn count(json: &mut String, count: u32) {
    // Writing to a string cannot fail.
    _ = write!(json, "{count}");
}

fn people(json: &mut String, people: &People) {
    let People { male, female, total } = people;
    _ = write!(json, "{{\"female\":{female},\"male\":{male},\"total\":{total}}}");
}

fn ballots(json: &mut String, ballots: &Ballots) {
    let Ballots { received, used, returned, unused } = ballots;
    _ = write!(
        json,
        "{{\"received\":{received},\"returned\":{returned},\"unused\":{unused},\"used\":{used}}}"
    );
}

fn turnout(json: &mut String, turnout: &Turnout) {
    json.push_str("{\"dpk\":");
    people(json, &turnout.dpk);
    json.push_str(",\"dpt\":");
    people(json, &turnout.dpt);
    json.push_str(",\"dptb\":");
    people(json, &turnout.dptb);
    json.push_str(",\"total\":");
    people(json, &turnout.total);
    json.push('}');
}

fn votes(json: &mut String, form: &Form, contest: &Contest) {
    let ids = contest.options.iter().map(|option| option.id.as_str());
    let mut votes: Vec<(&str, u32)> = ids.zip(form.votes.iter().copied()).collect();
    votes.sort_unstable();
    for (place, (id, votes)) in votes.into_iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        // Identifiers hold no character that JSON escapes (see `DefineContest`).
        _ = write!(json, "\"{id}\":{votes}");
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical_json, form_digest};
    use crate::contest::{Contest, ContestOption};
    use crate::form::Form;
    use crate::ids::hex;
    use crate::tests::sample;

    // The three vectors of docs/digest.md, made by another program.
    fn check(form: &Form, contest: &Contest, json: &str, digest: &str) {
        assert_eq!(canonical_json(form, contest), json);
        assert_eq!(hex(&form_digest(form, contest).0), digest);
    }

    #[test]
    fn a_whole_form() {
        let json = concat!(
            "{\"ballots\":{\"received\":299,\"returned\":0,\"unused\":46,\"used\":253},",
            "\"disabled\":{\"female\":2,\"male\":1,\"total\":3},\"invalid\":6,",
            "\"registered\":{\"female\":155,\"male\":138,\"total\":293},\"total\":253,",
            "\"turnout\":{\"dpk\":{\"female\":2,\"male\":2,\"total\":4},",
            "\"dpt\":{\"female\":130,\"male\":118,\"total\":248},",
            "\"dptb\":{\"female\":1,\"male\":0,\"total\":1},",
            "\"total\":{\"female\":133,\"male\":120,\"total\":253}},\"valid\":247,",
            "\"votes\":{\"100025\":202,\"100026\":38,\"100027\":7}}",
        );
        let digest = "ab0a929f4f109d65e0e82cc4ec3f6c694797df045a3e708777f8e597d2f45356";
        check(&sample::whole_form(), &sample::contest(), json, digest);
    }

    #[test]
    fn a_form_with_parts_not_known() {
        let form = Form {
            votes: [103, 104, 19].into(),
            valid: Some(226),
            invalid: Some(1),
            total: Some(227),
            ..Form::default()
        };
        let json = concat!(
            "{\"ballots\":null,\"disabled\":null,\"invalid\":1,\"registered\":null,\"total\":227,",
            "\"turnout\":null,\"valid\":226,\"votes\":{\"100025\":103,\"100026\":104,\"100027\":19}}",
        );
        let digest = "0cfdf8c706c8d40741f15e68f8a25f5f41a1e0af4b975ec7a387ceac29c0fd85";
        check(&form, &sample::contest(), json, digest);
    }

    #[test]
    fn options_sort_by_byte_whatever_their_order_on_the_ballot() {
        let first = sample::contest().options[0].clone();
        let options = ["9", "10", "B", "a"].map(|id| ContestOption { id: id.into(), ..first.clone() });
        let contest = Contest { options: options.into(), ..sample::contest() };
        let form = Form { votes: [1, 0, 99_999, 4].into(), ..Form::default() };
        let json = concat!(
            "{\"ballots\":null,\"disabled\":null,\"invalid\":null,\"registered\":null,\"total\":null,",
            "\"turnout\":null,\"valid\":null,\"votes\":{\"10\":0,\"9\":1,\"B\":99999,\"a\":4}}",
        );
        let digest = "31d6d053416da2c135941659534cf83366d27912c925718e5bf3f21b47922570";
        check(&form, &contest, json, digest);
    }
}
