//! Forms that an officer sends together.
//!
//! Invariant: each form of a batch is a write of its own in the record, with its own key and its own end; what one of
//! them was answered once it is answered every time.

use api::client::{Client, ClientError};
use api::dto::batch::{BatchBody, BatchItem, BatchResult, BatchResults};
use uuid::Uuid;

use super::officers::PATIENCE;
use super::record::{Call, Fate, Record};
use crate::chance::Chance;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country};

/// Forms at once.
const FORMS: (u64, u64) = (2, 6);
/// Of a hundred batches that were answered, so many are sent once more.
const AGAIN_PERCENT: u64 = 20;
/// Of a hundred batches, so many correct the first form again in the same batch.
const TWICE_PERCENT: u64 = 25;

/// One form of a batch.
struct Form {
    call: Call,
    seen: u32,
    value: u64,
    key: Uuid,
    fate: Option<Fate>,
}

/// Sends a batch about stations of one's own, from `first` on, until every form of it is answered or patience ends.
pub(super) async fn write(
    client: &Client<HttpTransport>,
    record: &Record,
    name: &str,
    (first, count): (u64, u64),
    chance: &mut Chance,
) -> Result<(), Trouble> {
    let mut forms = draw(record, name, (first, count), chance);
    let items: Result<Vec<BatchItem>, Trouble> = forms.iter().map(item).collect();
    let body = BatchBody { items: items? };
    for _ in 0..PATIENCE {
        match client.batch(Uuid::new_v4(), &body).await {
            Ok(answer) => note(record, &mut forms, &answer.value),
            Err(ClientError::Unavailable { .. }) => continue,
            Err(error) => {
                record.judged("exactly_once", Some(format!("a batch was refused as a whole: {error}")));
                break;
            }
        }
        if forms.iter().all(|form| form.fate.is_some()) && !chance.percent(AGAIN_PERCENT) {
            break;
        }
    }
    for form in forms.iter().filter(|form| form.fate.is_none()) {
        record.wrote_as("batch", &form.call, (form.seen, form.value), Fate::Unknown);
    }
    Ok(())
}

fn draw(record: &Record, name: &str, (first, count): (u64, u64), chance: &mut Chance) -> Vec<Form> {
    let mut stations: Vec<u64> = (first..first.saturating_add(count)).collect();
    chance.shuffle(&mut stations);
    stations.truncate(usize::try_from(chance.between(FORMS.0, FORMS.1)).unwrap_or(usize::MAX));
    let called_us = record.now_us();
    let form = |station: u64, seen: u32| Form {
        call: Call { client: name.to_owned(), station, called_us },
        seen,
        value: record.next_form(),
        key: Uuid::new_v4(),
        fate: None,
    };
    let mut forms: Vec<Form> =
        stations.iter().map(|station| form(*station, record.revision(*station))).collect();
    if let Some(station) = stations.first().filter(|_| chance.percent(TWICE_PERCENT)) {
        // Effects come in the order of the batch.
        forms.push(form(*station, record.revision(*station).saturating_add(1)));
    }
    forms
}

fn item(form: &Form) -> Result<BatchItem, Trouble> {
    let body = country::body(form.value)?;
    Ok(BatchItem {
        key: form.key.to_string(),
        contest: country::CONTEST.to_owned(),
        station: country::station(form.call.station),
        if_revision: form.seen,
        form: body.form,
        confirm: body.confirm,
        reason: body.reason,
        attachments: body.attachments,
        observed_at: body.observed_at,
        count_kind: body.count_kind,
    })
}

/// Notes what became of each form; what is known already must not change.
fn note(record: &Record, forms: &mut [Form], answer: &BatchResults) {
    if answer.results.len() != forms.len() {
        let said = format!("{} forms were sent, {} results came", forms.len(), answer.results.len());
        record.judged("exactly_once", Some(said));
    }
    for (form, result) in forms.iter_mut().zip(&answer.results) {
        let fate = match fate_of(form, result) {
            Ok(Some(fate)) => fate,
            Ok(None) => continue,
            Err(said) => {
                record.judged("exactly_once", Some(said));
                Fate::Unknown
            }
        };
        match form.fate {
            None => {
                record.wrote_as("batch", &form.call, (form.seen, form.value), fate);
                form.fate = Some(fate);
            }
            Some(before) => {
                let differs = before != fate;
                record.judged(
                    "exactly_once",
                    differs
                        .then(|| format!("value {} was answered {before:?}, and then {fate:?}", form.value)),
                );
            }
        }
    }
}

/// What became of a form; `None` when nobody knows yet.
fn fate_of(form: &Form, result: &BatchResult) -> Result<Option<Fate>, String> {
    let station = country::station(form.call.station);
    if result.key != form.key.to_string() {
        return Err(format!("the result of another form came for that of station {station}: {result:?}"));
    }
    match (&result.receipt, &result.problem) {
        (Some(receipt), None) if matches!(result.status, 200 | 201) && receipt.station == station => {
            Ok(Some(Fate::Accepted(receipt.revision, receipt.index)))
        }
        (None, Some(problem)) if problem.code == "stale-revision" => {
            Ok(Some(Fate::Stale(problem.extra.current_revision.unwrap_or_default())))
        }
        (None, Some(problem)) if problem.status >= 500 => Ok(None),
        _ => Err(format!("station {station}: a form that keeps every rule was refused: {result:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let call = Call { client: "officer 1".to_owned(), station: 7, called_us: 0 };
        Form { call, seen: 2, value: 9, key: Uuid::nil(), fate: None }
    }

    fn result(more: &serde_json::Value) -> BatchResult {
        let mut result = serde_json::json!({"key": Uuid::nil().to_string(), "status": 200});
        for (key, value) in more.as_object().unwrap() {
            result[key] = value.clone();
        }
        serde_json::from_value(result).unwrap()
    }

    fn receipt(revision: u32) -> BatchResult {
        result(&serde_json::json!({"state": "reported", "flags": [], "receipt": {
            "contest": "ppwp", "station": country::station(7), "revision": revision, "index": 50, "term": 1,
            "at": "2024-02-14T00:00:00Z", "digest": "", "leaf_index": 0, "checkpoint": null, "node": 1,
        }}))
    }

    fn problem(code: &str, status: u16) -> BatchResult {
        result(&serde_json::json!({"status": status, "problem": {
            "type": "", "title": "", "status": status, "detail": "", "instance": "", "code": code,
            "retryable": status >= 500, "current_revision": 5,
        }}))
    }

    #[test]
    fn each_end_of_a_form_is_told_apart() {
        assert_eq!(fate_of(&form(), &receipt(3)), Ok(Some(Fate::Accepted(3, 50))));
        assert_eq!(fate_of(&form(), &problem("stale-revision", 412)), Ok(Some(Fate::Stale(5))));
        assert_eq!(fate_of(&form(), &problem("no-leader", 503)), Ok(None));
        assert!(fate_of(&form(), &problem("invalid-form", 422)).is_err());
        assert!(fate_of(&form(), &result(&serde_json::json!({}))).is_err());
        let mut other = form();
        other.key = Uuid::max();
        assert!(fate_of(&other, &receipt(3)).is_err());
    }

    #[test]
    fn an_answer_that_changes_is_noticed() {
        let said = |first: BatchResult, then: BatchResult| {
            let (record, mut forms) = (Record::new(), [form()]);
            note(&record, &mut forms, &BatchResults { results: vec![first] });
            note(&record, &mut forms, &BatchResults { results: vec![then] });
            (record.said("exactly_once").1, record.writes())
        };
        assert_eq!(said(receipt(3), receipt(3)), (vec![], 1));
        assert_eq!(said(problem("no-leader", 503), receipt(3)), (vec![], 1));
        assert_eq!(said(receipt(3), problem("no-leader", 503)), (vec![], 1));
        assert_eq!(said(receipt(3), receipt(4)).0.len(), 1);
        assert_eq!(said(receipt(3), problem("stale-revision", 412)).0.len(), 1);
        let (record, mut forms) = (Record::new(), [form()]);
        note(&record, &mut forms, &BatchResults { results: vec![] });
        assert_eq!(record.said("exactly_once").1.len(), 1);
    }
}
