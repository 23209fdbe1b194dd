//! Complaints as people read them: on the page of the station, and as boxes to point at.
//!
//! Invariant: what somebody wrote stands there as text of theirs, never as ours, and never as markup.

use tally::complaint::{Complaint, ComplaintKind, ComplaintVerdict};
use tally::contest::Contest;
use tally::form::{Field, Form};

use crate::dto::flags::pointer;
use crate::dto::text::grouped;

use super::moment::{self, Zone};
use super::{paper, words};

/// Complaints shown; older ones are in the JSON.
const SHOWN_MAX: usize = 30;

/// What is in the halves of a line with men, women and a sum.
const PARTS: [(&str, &str); 3] = [("/male", "laki-laki"), ("/female", "perempuan"), ("/total", "jumlah")];

/// A complaint on the page of its station.
pub(super) struct ComplaintLine {
    pub(super) number: u32,
    pub(super) kind: &'static str,
    pub(super) revision: u32,
    pub(super) time: String,
    /// Which box is meant, and what was read there.
    pub(super) place: Option<String>,
    pub(super) text: String,
    pub(super) answer: Option<AnswerLine>,
}

/// What was answered.
pub(super) struct AnswerLine {
    pub(super) verdict: &'static str,
    pub(super) text: String,
    pub(super) role: &'static str,
    pub(super) time: String,
}

/// Boxes of a part of the form.
pub(super) struct BoxGroup {
    pub(super) heading: &'static str,
    pub(super) boxes: Vec<BoxLine>,
}

/// A box to point at.
pub(super) struct BoxLine {
    /// Its JSON pointer.
    pub(super) value: String,
    /// What it is called and what stands in it.
    pub(super) words: String,
}

/// The newest complaints, the newest first, and how many are left out.
pub(super) fn lines(
    complaints: &[(u32, Complaint)],
    contest: &Contest,
    zone: Zone,
) -> (Vec<ComplaintLine>, usize) {
    let shown = complaints.iter().rev().take(SHOWN_MAX);
    let lines = shown.map(|(number, complaint)| line(*number, complaint, contest, zone));
    (lines.collect(), complaints.len().saturating_sub(SHOWN_MAX))
}

fn line(number: u32, complaint: &Complaint, contest: &Contest, zone: Zone) -> ComplaintLine {
    let place = complaint.field.map(|field| {
        let name = box_name(field, contest);
        let read = complaint.read.map(|read| format!(": terbaca {}", grouped(u64::from(read))));
        format!("{name}{}", read.unwrap_or_default())
    });
    ComplaintLine {
        number,
        kind: kind_words(complaint.kind),
        revision: complaint.revision,
        time: moment::written(complaint.at, zone),
        place,
        text: complaint.text.clone(),
        answer: complaint.answer.as_ref().map(|answer| AnswerLine {
            verdict: verdict_words(answer.verdict),
            text: answer.text.clone(),
            role: words::role(answer.role),
            time: moment::written(answer.at, zone),
        }),
    }
}

/// What a kind is called.
#[must_use]
pub(super) const fn kind_words(kind: ComplaintKind) -> &'static str {
    match kind {
        ComplaintKind::WrongNumber => "Angka salah",
        ComplaintKind::UnreadablePhoto => "Foto tidak terbaca atau tidak ada",
        ComplaintKind::WrongStation => "Formulir atau foto TPS lain",
        ComplaintKind::Other => "Lainnya",
    }
}

/// What a verdict is called.
#[must_use]
pub(super) const fn verdict_words(verdict: ComplaintVerdict) -> &'static str {
    match verdict {
        ComplaintVerdict::Accepted => "Laporan benar",
        ComplaintVerdict::Declined => "Laporan tidak benar",
        ComplaintVerdict::Duplicate => "Sudah dilaporkan",
    }
}

/// What a box is called: the line of the paper it stands in.
fn box_name(field: Field, contest: &Contest) -> String {
    if let Some(position) = field.option_position() {
        let option = contest.options.get(position);
        return option
            .map_or_else(|| paper::VOTES.to_owned(), |option| format!("{}. {}", option.order, option.name));
    }
    let pointer = field.fixed_pointer().unwrap_or_default();
    let people = paper::PEOPLE.iter().find_map(|(_, line, name)| {
        let part = pointer.strip_prefix(line)?;
        let (_, words) = PARTS.iter().find(|(suffix, _)| *suffix == part)?;
        Some(format!("{name}, {words}"))
    });
    let fixed = paper::BALLOTS.iter().chain(&paper::SUMS).find(|(line, _)| *line == pointer);
    people.or_else(|| fixed.map(|(_, name)| (*name).to_owned())).unwrap_or_else(|| pointer.to_owned())
}

/// The part of the paper a box stands in.
fn heading(field: Field) -> &'static str {
    let pointer = field.fixed_pointer().unwrap_or_default();
    if field.option_position().is_some() {
        paper::VOTES
    } else if pointer.starts_with("/disabled") {
        paper::DISABLED
    } else if pointer.starts_with("/ballots") {
        paper::USE_OF_BALLOTS
    } else if paper::SUMS.iter().any(|(line, _)| *line == pointer) {
        paper::VALID
    } else {
        paper::VOTERS
    }
}

/// The boxes of a form with what stands in them, in the parts of the paper.
pub(super) fn groups(form: &Form, contest: &Contest) -> Vec<BoxGroup> {
    const HEADINGS: [&str; 5] =
        [paper::VOTERS, paper::USE_OF_BALLOTS, paper::DISABLED, paper::VOTES, paper::VALID];
    let of = |heading_of: &'static str| {
        let boxes = form.boxes().filter(|(field, _)| heading(*field) == heading_of);
        let boxes = boxes.map(|(field, count)| BoxLine {
            value: pointer(field, contest),
            words: format!("{}: tertulis {}", box_name(field, contest), grouped(u64::from(count))),
        });
        BoxGroup { heading: heading_of, boxes: boxes.collect() }
    };
    HEADINGS.map(of).into_iter().filter(|group| !group.boxes.is_empty()).collect()
}
