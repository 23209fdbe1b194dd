//! What the answer to one form means for its row.
//!
//! Invariant: every answer ends in exactly one [`Verdict`]; only an unknown outcome is sent again.

use api::dto::batch::BatchResult;
use api::dto::flags::Flag;

use super::summary::Ending;

/// What is to be done with a row after an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// The row has ended.
    Ended {
        /// Where.
        ending: Ending,
        /// The code, when refused.
        code: Option<String>,
        /// Rules that it broke.
        rules: Vec<String>,
    },
    /// The same item must be sent again with the same key: nobody knows what became of it.
    Unknown,
    /// These rules want a confirmation.
    Confirm(Vec<String>),
}

/// Judges an answer. `confirmed`: the item carried confirmations. `before`: log index that was applied before this
/// import began: a receipt at or below it is an older one, found again by its key. `digest`: of the row's form.
pub(super) fn judge(result: &BatchResult, confirmed: bool, before: u64, digest: &str) -> Verdict {
    let ended =
        |ending, code: Option<&str>, rules| Verdict::Ended { ending, code: code.map(str::to_owned), rules };
    if let Some(receipt) = &result.receipt {
        if receipt.index <= before {
            return ended(Ending::Unchanged, None, Vec::new());
        }
        let rules = rules(result.flags.as_deref().unwrap_or_default(), |_| true);
        let held = result.state.as_deref() == Some("held");
        let ending = match (held, confirmed) {
            (true, _) => Ending::Held,
            (false, true) => Ending::Confirmed,
            (false, false) => Ending::Accepted,
        };
        return ended(ending, None, rules);
    }
    let Some(problem) = &result.problem else {
        return Verdict::Unknown;
    };
    let code = problem.code.as_str();
    if result.status >= 500 || result.status == 429 || code == "idempotency-in-flight" {
        return Verdict::Unknown;
    }
    let flags = problem.extra.flags.as_deref().unwrap_or_default();
    match code {
        "confirmation-required" if !confirmed => {
            Verdict::Confirm(rules(flags, |flag| flag.severity == "confirm"))
        }
        "confirmation-required" => ended(Ending::Refused, Some(code), rules(flags, |_| true)),
        "stale-revision" if problem.extra.digest.as_ref().and_then(Option::as_deref) == Some(digest) => {
            ended(Ending::Unchanged, None, Vec::new())
        }
        "stale-revision" => ended(Ending::Refused, Some(code), vec!["R04".to_owned()]),
        "not-found" => ended(Ending::Refused, Some(code), vec!["R01".to_owned()]),
        "forbidden" => ended(Ending::Refused, Some(code), vec!["R02".to_owned()]),
        "invalid-form" => ended(Ending::Refused, Some(code), vec!["R03".to_owned()]),
        _ => ended(Ending::Refused, Some(code), Vec::new()),
    }
}

fn rules(flags: &[Flag], wanted: impl Fn(&Flag) -> bool) -> Vec<String> {
    flags.iter().filter(|flag| wanted(flag)).map(|flag| flag.rule.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DIGEST: &str = "aa";

    fn judged(result: serde_json::Value, confirmed: bool) -> Verdict {
        let result = serde_json::from_value(result).expect("a result");
        judge(&result, confirmed, 100, DIGEST)
    }

    fn accepted(index: u64, state: &str) -> serde_json::Value {
        let flag = json!({"rule": "R16", "severity": "note", "message": "", "fields": []});
        json!({"key": "k", "status": 201, "state": state, "flags": [flag], "receipt": {
            "contest": "ppwp", "station": "1101012001001", "revision": 1, "index": index, "term": 1,
            "at": "2024-02-14T00:00:00Z", "digest": DIGEST, "leaf_index": 0, "checkpoint": null, "node": 1}})
    }

    fn refused(status: u16, code: &str, extra: &serde_json::Value) -> serde_json::Value {
        let mut problem = json!({"type": "urn:rakit:problem:x", "title": "", "status": status, "detail": "",
            "instance": "", "code": code, "retryable": false});
        for (key, value) in extra.as_object().expect("object") {
            problem[key] = value.clone();
        }
        json!({"key": "k", "status": status, "problem": problem})
    }

    fn ended(ending: Ending, code: Option<&str>, rules: &[&str]) -> Verdict {
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        Verdict::Ended { ending, code: code.map(str::to_owned), rules }
    }

    #[test]
    fn a_receipt_is_accepted_confirmed_held_or_older_than_the_import() {
        assert_eq!(judged(accepted(101, "reported"), false), ended(Ending::Accepted, None, &["R16"]));
        assert_eq!(judged(accepted(101, "reported"), true), ended(Ending::Confirmed, None, &["R16"]));
        assert_eq!(judged(accepted(101, "held"), true), ended(Ending::Held, None, &["R16"]));
        assert_eq!(judged(accepted(100, "held"), false), ended(Ending::Unchanged, None, &[]));
    }

    #[test]
    fn an_equal_current_form_is_unchanged_and_another_one_is_stale() {
        let equal = refused(412, "stale-revision", &json!({"digest": DIGEST, "current_revision": 1}));
        assert_eq!(judged(equal, false), ended(Ending::Unchanged, None, &[]));
        let other = refused(412, "stale-revision", &json!({"digest": "bb", "current_revision": 1}));
        assert_eq!(judged(other, false), ended(Ending::Refused, Some("stale-revision"), &["R04"]));
    }

    #[test]
    fn a_confirmation_is_asked_for_once() {
        let flags = json!({"flags": [
            {"rule": "R07", "severity": "hold", "message": "", "fields": []},
            {"rule": "R08", "severity": "confirm", "message": "", "fields": []}]});
        let result = refused(422, "confirmation-required", &flags);
        assert_eq!(judged(result.clone(), false), Verdict::Confirm(vec!["R08".to_owned()]));
        let again = ended(Ending::Refused, Some("confirmation-required"), &["R07", "R08"]);
        assert_eq!(judged(result, true), again);
    }

    #[test]
    fn what_nobody_knows_is_sent_again() {
        for (status, code) in
            [(503, "no-leader"), (503, "overloaded"), (409, "idempotency-in-flight"), (429, "x")]
        {
            assert_eq!(judged(refused(status, code, &json!({})), false), Verdict::Unknown);
        }
        let missing = ended(Ending::Refused, Some("not-found"), &["R01"]);
        assert_eq!(judged(refused(404, "not-found", &json!({})), false), missing);
        let state = ended(Ending::Refused, Some("invalid-state"), &[]);
        assert_eq!(judged(refused(409, "invalid-state", &json!({})), false), state);
    }
}
