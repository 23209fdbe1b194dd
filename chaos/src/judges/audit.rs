//! The audit log: whatever was acknowledged has its line, once and in the order of time; there is no other line; and what
//! anybody read of it stays as it was, on every node.
//!
//! Invariant: an act that was not answered has one line or none; one that was refused has none. Sightings are told in sums.

use std::collections::BTreeMap;

use super::Complaint;

/// What a line says, without its place.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Said {
    /// Who did it.
    pub actor: String,
    /// What happened.
    pub event: String,
    /// To whom.
    pub subject: String,
    /// What else a reader must know of it, in one word or more.
    pub detail: String,
}

/// A line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Line {
    /// Place in the log.
    pub index: u64,
    /// What it says.
    pub said: Said,
    /// Of a sighting: how often.
    pub count: u64,
}

/// Something that was done, or perhaps was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Act {
    /// What its line says.
    pub said: Said,
    /// When it was asked for.
    pub called_us: u64,
    /// When it was acknowledged; nothing when nobody knows.
    pub ended_us: Option<u64>,
}

/// Judges all lines about some people against all that was done to them.
#[must_use]
pub fn judge(acts: &[Act], lines: &[Line]) -> Option<Complaint> {
    let mut books: BTreeMap<&Said, (Vec<&Act>, Vec<&Line>)> = BTreeMap::new();
    for act in acts {
        books.entry(&act.said).or_default().0.push(act);
    }
    for line in lines {
        books.entry(&line.said).or_default().1.push(line);
    }
    let mut placed: Vec<(u64, &Act)> = Vec::new();
    for (said, (mut acts, lines)) in books {
        let known = acts.iter().filter(|act| act.ended_us.is_some()).count();
        if lines.len() < known {
            return Some(format!("{said:?} was acknowledged {known} times and has {} lines", lines.len()));
        }
        if lines.len() > acts.len() {
            return Some(format!("{said:?} was done {} times and has {} lines", acts.len(), lines.len()));
        }
        if known == acts.len() {
            acts.sort_unstable_by_key(|act| act.ended_us);
            placed.extend(lines.iter().map(|line| line.index).zip(acts));
        }
    }
    out_of_order(placed)
}

/// An act that had ended before another was asked for comes before it.
fn out_of_order(mut placed: Vec<(u64, &Act)>) -> Option<Complaint> {
    placed.sort_by_key(|(index, _)| *index);
    let mut latest: Option<(u64, &Act)> = None;
    for (index, act) in placed {
        let before = latest.filter(|(_, before)| act.ended_us.is_some_and(|ended| ended < before.called_us));
        if let Some((place, before)) = before {
            return Some(format!("{before:?} stands at {place}, before {act:?} at {index}, which had ended"));
        }
        if latest.is_none_or(|(_, before)| before.called_us < act.called_us) {
            latest = Some((index, act));
        }
    }
    None
}

/// Lines as one reader gets them must go on in the order of the log.
#[must_use]
pub fn goes_back(lines: &[Line]) -> Option<Complaint> {
    let (before, after) =
        lines.iter().zip(lines.iter().skip(1)).find(|(one, next)| next.index < one.index)?;
    Some(format!("after {before:?} comes {after:?}"))
}

/// What was read before is how the whole log begins.
#[must_use]
pub fn begins_with(whole: &[Line], read: &[Line]) -> Option<Complaint> {
    if whole.len() < read.len() {
        return Some(format!("{} lines were read, {} are there", read.len(), whole.len()));
    }
    let (is, was) = whole.iter().zip(read).find(|(is, was)| is != was)?;
    Some(format!("{was:?} was read where {is:?} is"))
}

/// Sightings of a name: in all at most so many as there were, and where nothing happened to a node exactly so many.
#[must_use]
pub fn sightings(name: &str, (least, most): (u64, u64), lines: &[Line]) -> Option<Complaint> {
    let about = lines.iter().filter(|line| line.said.subject == name);
    let told = about.fold(0, |sum: u64, line| sum.saturating_add(line.count));
    (told < least || told > most)
        .then(|| format!("{name} was seen {least} to {most} times, and {told} times by the audit log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(event: &str, subject: &str) -> Said {
        let word = str::to_owned;
        Said { actor: word("admin"), event: word(event), subject: word(subject), detail: String::new() }
    }

    /// Something that took from ten times its number to five later.
    fn act(number: u64, event: &str, subject: &str) -> Act {
        let called_us = number.saturating_mul(10);
        Act { said: said(event, subject), called_us, ended_us: Some(called_us.saturating_add(5)) }
    }

    fn line(index: u64, event: &str, subject: &str) -> Line {
        Line { index, said: said(event, subject), count: 0 }
    }

    fn acts() -> [Act; 3] {
        [act(1, "account_created", "a"), act(2, "signed_in", "a"), act(3, "signed_in", "a")]
    }

    #[test]
    fn a_line_for_each_act_is_right() {
        let lines = [line(4, "account_created", "a"), line(5, "signed_in", "a"), line(9, "signed_in", "a")];
        assert_eq!(judge(&acts(), &lines), None);
        assert_eq!((goes_back(&lines), begins_with(&lines, &lines[..2])), (None, None));
    }

    #[test]
    fn a_line_that_lacks_or_comes_twice_or_of_nobody_is_noticed() {
        let [one, two, three] =
            [line(4, "account_created", "a"), line(5, "signed_in", "a"), line(9, "signed_in", "a")];
        assert!(judge(&acts(), &[one.clone(), two.clone()]).unwrap().contains("acknowledged 2 times"));
        let twice = [one.clone(), one.clone(), two.clone(), three.clone()];
        assert!(judge(&acts(), &twice).unwrap().contains("has 2 lines"));
        let strange = [one, two, three, line(10, "sessions_ended", "a")];
        assert!(judge(&acts(), &strange).unwrap().contains("done 0 times"));
    }

    #[test]
    fn an_act_without_an_answer_has_one_line_or_none() {
        let mut acts = acts();
        acts[0].ended_us = None;
        let lines = [line(5, "signed_in", "a"), line(9, "signed_in", "a")];
        assert_eq!(judge(&acts, &lines), None);
        let made = line(20, "account_created", "a");
        assert_eq!(judge(&acts, &[&lines[..], std::slice::from_ref(&made)].concat()), None);
        assert!(judge(&acts, &[&lines[..], &[made.clone(), made]].concat()).is_some());
    }

    #[test]
    fn lines_in_another_order_are_noticed() {
        let lines = [line(4, "signed_in", "a"), line(5, "signed_in", "a"), line(9, "account_created", "a")];
        assert!(judge(&acts(), &lines).unwrap().contains("had ended"));
        // At the same time any order is right.
        let mut together = acts();
        for act in &mut together {
            act.ended_us = Some(99);
        }
        assert_eq!(judge(&together, &lines), None);
        assert!(goes_back(&[line(5, "signed_in", "a"), line(4, "signed_in", "a")]).is_some());
        assert!(begins_with(&lines[..1], &lines).is_some());
        assert!(begins_with(&lines, &lines[1..2]).is_some());
    }

    #[test]
    fn sightings_are_counted() {
        let seen = |count| Line { count, ..line(4, "sign_in_failed", "x") };
        let lines = [seen(2), seen(1), Line { count: 7, ..line(4, "sign_in_failed", "y") }];
        assert_eq!(sightings("x", (3, 3), &lines), None);
        assert_eq!(sightings("x", (0, 4), &lines), None);
        assert!(sightings("x", (4, 4), &lines).is_some());
        assert!(sightings("x", (0, 2), &lines).is_some());
    }
}
