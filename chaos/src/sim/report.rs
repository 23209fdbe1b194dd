//! What came out, for people and for programs.
//!
//! Invariant: a broken promise is never told as anything else, and a run that could not be judged never as kept.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Value, json};

use super::Summary;

/// Every promise was kept.
pub(super) const KEPT: u8 = 0;
/// One was broken.
pub(super) const BROKEN: u8 = 1;
/// Too little happened, or a judge could not decide.
pub(super) const TOO_LITTLE: u8 = 2;
/// The harness failed.
pub(super) const HARNESS: u8 = 3;

/// The exit code of a run.
pub(super) fn code(summary: &Summary) -> u8 {
    if !summary.complaints.is_empty() {
        BROKEN
    } else if summary.harness.is_some() {
        HARNESS
    } else if summary.too_little.is_empty() {
        KEPT
    } else {
        TOO_LITTLE
    }
}

fn to_json(summary: &Summary) -> String {
    let complaints: Vec<Value> =
        summary.complaints.iter().map(|(judge, what)| json!({"judge": judge, "what": what})).collect();
    json!({
        "code": code(summary),
        "complaints": complaints,
        "too_little": summary.too_little,
        "harness": summary.harness,
        "trace": format!("{:016x}", summary.trace),
        "events": summary.events,
        "virtual_ms": summary.virtual_ms,
        "written_again_ms": summary.healed_ms.0,
        "caught_up_ms": summary.healed_ms.1,
        "faults": summary.struck,
        "numbers": summary.numbers,
    })
    .to_string()
}

fn to_text(summary: &Summary) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let mut line = |content: String| writeln!(text, "{content}").unwrap_or_default();
    for (judge, what) in &summary.complaints {
        line(format!("VIOLATION: {judge}: {what}"));
    }
    for why in &summary.too_little {
        line(format!("TOO LITTLE: {why}"));
    }
    if let Some(error) = &summary.harness {
        line(format!("the harness failed: {error}"));
    }
    let list = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    line(format!("faults: {}", list(&summary.struck)));
    line(format!("seen: {}", list(&summary.numbers)));
    let (written_ms, caught_up_ms) = summary.healed_ms;
    line(format!(
        "after the last fault: written again in {written_ms:?} ms, caught up in {caught_up_ms:?} ms"
    ));
    line(format!(
        "virtual time {} ms, {} events, trace {:016x}",
        summary.virtual_ms, summary.events, summary.trace
    ));
    text.trim_end().to_owned()
}

/// For a program or for people.
pub(super) fn told(summary: &Summary, json: bool) -> String {
    if json { to_json(summary) } else { to_text(summary) }
}

/// Ends the process of a run that goes in circles.
#[expect(clippy::exit, reason = "the thread that should end the run is the one that never will")]
pub(super) fn stuck(summary: &Summary, json: bool) {
    // A closed stream leaves nobody to tell.
    drop(writeln!(std::io::stdout(), "{}", told(summary, json)));
    std::process::exit(i32::from(code(summary)));
}
