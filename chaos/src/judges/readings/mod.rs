//! Second readings and certification: each step that was acknowledged is in the history of every node, was allowed to who
//! took it, and made of the form what that step makes of it; nobody reads a form of their own; what is certified is what
//! was agreed on.
//!
//! Invariant: a step that was not answered may be there or not, at any place; a step that was refused must have been
//! refused by some form that stood between its call and its answer.

pub mod life;

use std::collections::BTreeSet;

use self::life::{Asked, Deed, Form, Large, Refusal, next};
use super::Complaint;

/// How a step ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Told {
    /// It was taken.
    Done {
        /// The state of the form afterwards.
        state: String,
        /// Its revision.
        revision: u32,
        /// The step's place in the log.
        index: u64,
    },
    /// It was refused, under that code.
    Refused(String),
    /// Nobody knows.
    Unknown,
}

/// A step on the form of a station.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What was asked for.
    pub asked: Asked,
    /// When.
    pub called_us: u64,
    /// When it ended.
    pub ended_us: u64,
    /// How.
    pub told: Told,
}

/// An event of a form's history, as a node shows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub kind: String,
    /// The form's revision after it.
    pub revision: u32,
    /// The form's number after it.
    pub value: u64,
    /// The number of what was read, if that was kept.
    pub reading: Option<u64>,
    /// The level, of a certification.
    pub level: Option<String>,
    /// Place in the log.
    pub index: u64,
}

/// The form of a station as a node shows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Held {
    /// Its state.
    pub state: String,
    /// Its revision.
    pub revision: u32,
    /// Its number.
    pub value: u64,
    /// Its history, oldest first.
    pub history: Vec<Entry>,
}

/// Judges all steps on one form against what a node shows of it.
#[must_use]
pub fn judge(steps: &[Step], held: &Held, large: Large) -> Option<Complaint> {
    let course = match Course::of(steps, held, large) {
        Ok(course) => course,
        Err(complaint) => return Some(complaint),
    };
    course.lost(steps).or_else(|| course.ends(held)).or_else(|| course.order(steps)).or_else(|| {
        let mut refused = steps.iter().filter_map(|step| match &step.told {
            Told::Refused(code) => Some((step, code.as_str())),
            Told::Done { .. } | Told::Unknown => None,
        });
        refused.find_map(|(step, code)| course.refused(steps, step, code, large))
    })
}

/// A history, told with who took which step.
struct Course {
    /// The form before the first step, after it, and so on.
    forms: Vec<Option<Form>>,
    /// The place among the steps of who took each.
    taken: Vec<usize>,
}

impl Course {
    fn of(steps: &[Step], held: &Held, large: Large) -> Result<Self, Complaint> {
        let mut course = Self { forms: vec![None], taken: Vec::new() };
        let mut left: BTreeSet<usize> = (0..steps.len()).collect();
        for entry in &held.history {
            let before = course.forms.last().copied().flatten();
            let of = |at: &usize| steps.get(*at).map(|step| (*at, step));
            let told: Vec<(usize, &Step)> =
                left.iter().filter_map(of).filter(|(_, step)| is_told(step, entry)).collect();
            let made = |step: &Step| made(before.as_ref(), step, entry, large);
            let known = told.iter().find_map(|(at, step)| Some((*at, made(step).ok()?)));
            let (at, form) = match (known, told.first()) {
                (Some(found), _) => found,
                (None, Some((_, step))) => {
                    return Err(made(step).err().unwrap_or_default());
                }
                (None, None) => {
                    let mut unknown =
                        left.iter().filter_map(of).filter(|(_, step)| step.told == Told::Unknown);
                    let found = unknown.find_map(|(at, step)| Some((at, made(step).ok()?)));
                    found.ok_or_else(|| format!("{entry:?} is there, and nobody did it who may"))?
                }
            };
            left.remove(&at);
            course.forms.push(Some(form));
            course.taken.push(at);
        }
        Ok(course)
    }

    /// An acknowledged step that is not there.
    fn lost(&self, steps: &[Step]) -> Option<Complaint> {
        let mut done = steps.iter().enumerate().filter(|(_, step)| matches!(step.told, Told::Done { .. }));
        let (_, step) = done.find(|(at, _)| !self.taken.contains(at))?;
        Some(format!("{:?} was acknowledged ({:?}) and is lost", step.asked, step.told))
    }

    /// What the node shows in the end.
    fn ends(&self, held: &Held) -> Option<Complaint> {
        let form = self.forms.last().copied().flatten();
        let should = form.as_ref().map_or(("absent", 0, 0), |form| (form.state(), form.revision, form.value));
        let shown = (held.state.as_str(), held.revision, held.value);
        (shown != should).then(|| format!("the form is shown as {shown:?}, its steps make {should:?}"))
    }

    /// A step that ended before another was called comes before it.
    fn order(&self, steps: &[Step]) -> Option<Complaint> {
        let mut latest: Option<&Step> = None;
        for step in self.taken.iter().filter_map(|at| steps.get(*at)) {
            if let Some(before) = latest.filter(|before| step.ended_us < before.called_us)
                && step.told != Told::Unknown
            {
                return Some(format!("{:?} stands before {:?}, which had ended", before.asked, step.asked));
            }
            if latest.is_none_or(|before| before.called_us < step.called_us) {
                latest = Some(step);
            }
        }
        None
    }

    /// A refusal that no form which stood meanwhile explains.
    fn refused(&self, steps: &[Step], refused: &Step, code: &str, large: Large) -> Option<Complaint> {
        let taken = || self.taken.iter().map(|at| steps.get(*at));
        let ended = |step: &Step| step.told != Told::Unknown && step.ended_us < refused.called_us;
        let first = taken().rposition(|step| step.is_some_and(ended)).map_or(0, |at| at.saturating_add(1));
        let begun = |step: &Step| step.called_us > refused.ended_us;
        let last = taken().position(|step| step.is_some_and(begun)).unwrap_or(self.taken.len());
        let stood = self.forms.get(first..=last.max(first)).unwrap_or_default();
        let explains = |form: &Option<Form>| {
            next(form.as_ref(), &refused.asked, large).err().is_some_and(|why| why.code() == code)
        };
        (!stood.iter().any(explains))
            .then(|| format!("{:?} was refused ({code}), and the form was {stood:?}", refused.asked))
    }
}

/// Whether a step was acknowledged as that event.
fn is_told(step: &Step, entry: &Entry) -> bool {
    let kinds: &[&str] = match step.asked.deed {
        Deed::Write { .. } => &["report", "correction"],
        Deed::Read { .. } => &["review", "correction"],
        Deed::Hold => &["hold"],
        Deed::Release => &["release"],
        Deed::Approve => &["approval"],
        Deed::Certify(_) => &["certification"],
    };
    matches!(step.told, Told::Done { index, .. } if index == entry.index)
        && kinds.contains(&entry.kind.as_str())
}

/// The form that a step made, if that is what the event says and the step's answer said.
fn made(before: Option<&Form>, step: &Step, entry: &Entry, large: Large) -> Result<Form, Complaint> {
    let asked = &step.asked;
    let (form, kind) = next(before, asked, large).map_err(|refusal| match (refusal, asked.deed) {
        (Refusal::SamePerson, Deed::Read { .. }) => {
            format!("person {} read a form a second time that they wrote or read: {asked:?}", asked.by)
        }
        _ => format!("{asked:?} was taken at {}, and is not allowed ({refusal:?}): {before:?}", entry.index),
    })?;
    let read = match asked.deed {
        Deed::Read { value } if kind == "review" => Some(value),
        Deed::Read { .. }
        | Deed::Write { .. }
        | Deed::Hold
        | Deed::Release
        | Deed::Approve
        | Deed::Certify(_) => None,
    };
    let level = match asked.deed {
        Deed::Certify(level) => Some(level.name()),
        Deed::Read { .. } | Deed::Write { .. } | Deed::Hold | Deed::Release | Deed::Approve => None,
    };
    let should = (kind, form.revision, form.value, read, level);
    let shown = (entry.kind.as_str(), entry.revision, entry.value, entry.reading, entry.level.as_deref());
    if shown != should {
        return Err(format!("{asked:?} is {shown:?} in the history and should be {should:?}"));
    }
    match &step.told {
        Told::Done { state, revision, .. }
            if (state.as_str(), *revision) != (form.state(), form.revision) =>
        {
            Err(format!(
                "{asked:?} was answered {state} at {revision}, it makes {} at {}",
                form.state(),
                form.revision
            ))
        }
        Told::Done { .. } | Told::Refused(_) | Told::Unknown => Ok(form),
    }
}

#[cfg(test)]
mod tests;
