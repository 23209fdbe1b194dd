//! Bytes from a fuzzer, read as what comes from people's devices; `tests/fuzz` feeds them, the tests below replay what is
//! kept.
//!
//! Invariant: whatever bytes come, nothing here panics but on a promise that was broken: what was read and is written
//! again reads as the same, and a picture that was taken in can be taken in again. Not part of any release.
#![allow(clippy::missing_panics_doc, reason = "to panic on a broken promise is what these functions are for")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tally::complaint::{COMPLAINT_ANSWER_BYTES_MAX, COMPLAINT_BYTES_MAX, text_allowed};
use tally::contest::{Contest, ContestOption};
use tally::ids::{ContestId, LogTime};
use tally::region::RegionCode;

use crate::auth::{code, password, second_factor, token};
use crate::dto::sirekap::SirekapFile;
use crate::dto::{
    accounts, attachments, audit, batch, body, changes, cluster, complaints, contests, epochs, form, joining,
    master, regions, results, session, stations, status, steps, submission, text,
};
use crate::export::region::Format;
use crate::ports::{AuditPlace, ComplaintPlace};
use crate::web::Target;
use crate::{error, limits};
use crate::{publisher, search};

pub use crate::intake::fuzzing::{documents, photos};

/// The contest whose options a form names.
fn contest() -> Option<Contest> {
    let option = |(id, order): (&str, u32)| ContestOption {
        id: id.to_owned(),
        name: format!("PASANGAN CALON {order}"),
        order,
        color: None,
        party: None,
    };
    Some(Contest {
        id: ContestId::parse("ppwp")?,
        name: "Presiden dan Wakil Presiden".to_owned(),
        kind: "ppwp".to_owned(),
        regions: vec![RegionCode::NATION],
        partial_forms: false,
        photo_required: false,
        reason_required: false,
        poll_day: None,
        options: [("100025", 1), ("100026", 2), ("100027", 3)].map(option).to_vec(),
        exemptions: Vec::new(),
        index: 0,
    })
}

/// A body in JSON; the first byte says of which call.
pub fn bodies(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let Ok(value) = body::parse(bytes) else { return };
    let written = body::canonical(&value);
    let again = body::parse(written.as_bytes());
    let same = again.is_ok_and(|again| body::canonical(&again) == written);
    assert!(same || !whole(&value), "canonical once, canonical for ever: {written}");
    let Some(contest) = contest() else { return };
    let contest = Some(&contest).filter(|_| kind.is_ascii_lowercase());
    match kind.to_ascii_lowercase() {
        b'f' => report(&value, contest),
        b'v' => drop(steps::parse_review(&value, contest)),
        b'b' => items(&value, contest),
        b'h' => drop(steps::parse_step(&value)),
        b'k' => complaint(&value, contest),
        b's' => drop(session::parse(&value)),
        b'n' => drop(accounts::parse_new(&value)),
        b'p' => drop(accounts::parse_patch(&value)),
        b'w' => drop(accounts::parse_password(&value)),
        b't' => drop(accounts::parse_second_factor(&value)),
        b'r' => drop(master::parse_regions(&value)),
        b'a' => drop(master::parse_accounts(&value)),
        b'c' => drop(contests::parse(&value)),
        b'i' => drop(joining::parse_invitation(&value)),
        b'j' => join(&value),
        b'q' => drop(joining::parse_answer(&value)),
        b'm' => drop(cluster::parse_member(&value)),
        b'x' => drop((cluster::parse_transfer(&value), cluster::parse_replacement(&value))),
        b'l' => drop(cluster::parse_level(&value)),
        b'z' => answers(bytes),
        _ => {}
    }
}

/// Whether all numbers are integers: others are read as the nearest that a double has, or one beside it, and refused
/// wherever they stand.
fn whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(values) => values.iter().all(whole),
        Value::Object(map) => map.values().all(whole),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// A form that was read is written with every key, and read as the same.
fn report(value: &Value, contest: Option<&Contest>) {
    let Ok(submission) = submission::parse_body(value, contest) else { return };
    let Some(contest) = contest else { return };
    let wire = form::Form::of(&submission.form, contest);
    let Ok(written) = serde_json::to_value(&wire) else { return };
    let mut errors = body::Errors::default();
    let again = form::parse(&written, "/form", contest, &mut errors);
    assert!(errors.finish(again).is_ok_and(|again| again == submission.form), "{written}");
    assert!(
        serde_json::from_value::<form::Form>(written.clone()).is_ok_and(|typed| typed == wire),
        "the typed client reads what is written: {written}"
    );
}

/// A complaint says nothing that a form's page may not show; an answer neither.
fn complaint(value: &Value, contest: Option<&Contest>) {
    if let Ok((_, text)) = complaints::parse_answer(value) {
        assert!(text_allowed(&text, COMPLAINT_ANSWER_BYTES_MAX), "{text:?}");
    }
    let Ok(told) = complaints::parse(value) else { return };
    let Some(Ok(complaint)) = contest.map(|contest| told.about(contest)) else { return };
    assert!(text_allowed(&complaint.text, COMPLAINT_BYTES_MAX), "{complaint:?}");
    assert!(told.revision > 0 && (complaint.read.is_none() || complaint.field.is_some()), "{complaint:?}");
}

fn items(value: &Value, contest: Option<&Contest>) {
    let Ok(items) = batch::parse(value) else { return };
    assert!(items.len() <= limits::BATCH_ITEMS_MAX);
    for item in &items {
        if let Ok(named) = batch::name(item) {
            drop(named.submission(contest));
        }
    }
}

fn join(value: &Value) {
    let Ok(request) = joining::parse_join(value) else { return };
    both_ways(&request);
    let Ok(written) = serde_json::to_value(&request) else { return };
    assert!(joining::parse_join(&written).is_ok_and(|again| again == request), "{written}");
}

/// What was read as an answer is written and read as the same.
fn both_ways<T: DeserializeOwned + PartialEq + Serialize>(value: &T) {
    let Ok(written) = serde_json::to_vec(value) else { return };
    let again = serde_json::from_slice::<T>(&written);
    assert!(again.is_ok_and(|again| again == *value), "{}", String::from_utf8_lossy(&written));
}

fn answer<T: DeserializeOwned + PartialEq + Serialize>(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(bytes) {
        both_ways(&value);
    }
}

/// Answers, as the typed client of the command line reads them.
fn answers(bytes: &[u8]) {
    answer::<error::ProblemBody>(bytes);
    answer::<batch::BatchResults>(bytes);
    answer::<contests::Contests>(bytes);
    answer::<results::ResultsPage>(bytes);
    answer::<stations::TallyPage>(bytes);
    answer::<regions::RegionPage>(bytes);
    answer::<changes::Changes>(bytes);
    answer::<status::Status>(bytes);
    answer::<cluster::Cluster>(bytes);
    answer::<epochs::Epochs>(bytes);
    answer::<audit::AuditPage>(bytes);
    answer::<attachments::Uploaded>(bytes);
    answer::<master::Defined>(bytes);
    answer::<joining::JoinAnswer>(bytes);
}

/// Short texts: codes on paper, codes that change, tokens, keys, times, addresses of pages; the first line is a name.
pub fn texts(data: &[u8]) {
    let Ok(all) = std::str::from_utf8(data) else { return };
    let (name, text) = all.split_once('\n').unwrap_or(("petugas", all));
    activation(name, text);
    secret(text);
    if let Some(session) = token::session_of(text) {
        assert_eq!(token::session_of(text), Some(session));
        assert_eq!(text.len(), 43, "a token has one spelling");
    }
    if let Some(key) = batch::parse_key(text) {
        let hyphenated = uuid::Uuid::from_bytes(key.0).hyphenated().to_string();
        assert_eq!(hyphenated, text.to_ascii_lowercase());
    }
    if let Some(at) = text::parse_time(text) {
        assert_eq!(text::parse_time(&text::time(at)), Some(at), "{text}");
    }
    if let Some(day) = text::parse_day(text) {
        assert_eq!(text::day(day), text, "a day has one spelling");
    }
    if let Some(digest) = text::parse_hex::<32>(text) {
        assert_eq!(tally::ids::hex(&digest), text);
    }
    if let Some(target) = Target::parse(text) {
        assert_eq!(Target::parse(text), Some(target));
    }
    let _ = (publisher::look_up(text, Some(name)), password::hash_allowed(text), error::Code::parse(text));
    let (_, _) = (SirekapFile::parse(text), Format::parse(text));
    assert!(search::words_of(text) <= 8, "a query is cut to a bounded number of words");
    if let Some(place) = ComplaintPlace::parse(text) {
        assert_eq!(place.to_string(), text, "a place has one spelling");
    }
    if let Some(place) = AuditPlace::parse(text) {
        assert_eq!(AuditPlace::parse(&place.to_string()), Some(place), "{text}");
    }
}

/// However a code is typed, it is the same code; a letter more is another.
fn activation(name: &str, text: &str) {
    let Some(digest) = code::digest(name, text) else { return };
    let typed = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
    if typed.len() <= text.len() {
        assert_eq!(code::digest(name, &typed), Some(digest), "{text:?} and {typed:?}");
    }
    assert_ne!(code::digest(&format!("{name}."), text), Some(digest));
    assert_eq!(code::digest(name, &format!("{text}A")), None, "17 characters are no code");
}

/// Secrets in base 32, and codes made with them.
fn secret(text: &str) {
    let Some(secret) = second_factor::from_base32(text) else { return };
    assert_eq!(second_factor::from_base32(&second_factor::base32(&secret)).as_ref(), Some(&secret));
    for now in [0, 1_707_900_000_000, u64::MAX] {
        let step = second_factor::step_of(&secret, text, LogTime(now));
        assert!(step.is_none_or(|step| step.abs_diff(now / 30_000) <= 1));
    }
    drop(second_factor::address(&secret, "uji", text));
}

#[cfg(test)]
#[path = "../../tests/fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn kept_bodies_break_nothing() {
        replay("api_bodies", bodies);
    }

    #[test]
    fn kept_texts_break_nothing() {
        replay("api_texts", texts);
    }

    #[test]
    fn kept_photos_break_nothing() {
        replay("api_photos", photos);
    }

    #[test]
    fn kept_documents_break_nothing() {
        replay("api_documents", documents);
    }
}
