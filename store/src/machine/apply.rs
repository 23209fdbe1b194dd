//! One apply round: footprint, load, decide, overlay, one batch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tally::command::{Command, Header, Item, Proposal};
use tally::decide::Contradiction;
use tally::outcome::{Answer, Outcome};
use tally::row::{Row, RowKey, WorkingSet};
use tally::{Place, decide, footprint, footprint_more};

use super::hash::{POINTS_MAX, StateSums, SumsPoint};
use super::round::{Round, Slot};
use super::view::Moment;
use super::{Core, Machine, Points};
use crate::codec::{self, AppliedRecord};
use crate::engine::{Batch, Engine, EngineError};
use crate::lock::locked;
use crate::{LogEntry, Payload, StoreError, keys};

/// What a round comes to, before anything of it is written.
struct Finished {
    answers: Vec<Vec<Answer>>,
    applied: AppliedRecord,
    sums: StateSums,
    points: Points,
    slots: BTreeMap<RowKey, Slot>,
    batch: Batch,
    bytes: usize,
}

/// An entry, read.
enum Work {
    Nothing,
    Membership(bytes::Bytes),
    Proposal(Proposal),
}

fn read(entry: LogEntry) -> Result<Work, StoreError> {
    Ok(match entry.payload {
        Payload::Blank => Work::Nothing,
        Payload::Membership(frame) => Work::Membership(frame),
        Payload::Proposal(frame) => Work::Proposal(
            codec::decode_proposal(&frame)
                .map_err(|source| StoreError::Undecodable { index: entry.id.index, source })?,
        ),
    })
}

fn decide_item<E: Engine>(
    round: &mut Round<'_, E>,
    place: &Place,
    header: &Header,
    item: &Item,
) -> Result<Answer, StoreError> {
    let rules = |source: tally::DecideError| StoreError::Rules { index: place.index, source };
    let ledger = round.row(&RowKey::Ledger)?;
    let wanted = match ledger.as_deref() {
        Some(Row::Ledger(ledger)) => footprint(ledger, header, item),
        _ => footprint(&tally::row::Ledger::default(), header, item),
    };
    let mut rows = WorkingSet::default();
    round.load_into(&mut rows, wanted)?;
    loop {
        let more = footprint_more(&rows, header, item).map_err(|missing| rules(missing.into()))?;
        if more.is_empty() {
            break;
        }
        round.load_into(&mut rows, more)?;
    }
    let decision = decide(&rows, place, header, item).map_err(rules)?;
    round.change(decision.effects)?;
    Ok(decision.answer)
}

impl<E: Engine> Core<E> {
    /// Works the entries out. Changes nothing but the result.
    fn work(&self, entries: Vec<LogEntry>) -> Result<Finished, StoreError> {
        let mut round = Round::new(&self.engine, &self.hot, self.sums.clone());
        let mut applied = self.applied.clone();
        let mut points = Arc::clone(&self.points);
        let mut batch = Batch::new();
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = entry.id;
            let mut entry_answers = Vec::new();
            let mut cuts = false;
            match read(entry)? {
                Work::Nothing => {}
                Work::Membership(frame) => {
                    applied.membership = Some(frame);
                    applied.membership_id = Some(id);
                }
                Work::Proposal(proposal) => {
                    if proposal.items.len() > usize::from(u16::MAX) {
                        let source = Contradiction::Overflow.into();
                        return Err(StoreError::Rules { index: id.index, source });
                    }
                    cuts = is_hash_point(&proposal);
                    for (item, number) in proposal.items.iter().zip(0_u16..) {
                        let place = Place { index: id.index, term: id.term, item: number };
                        let answer = decide_item(&mut round, &place, &proposal.header, item)?;
                        self.refuse_unknown_level(&place, &answer)?;
                        entry_answers.push(answer);
                    }
                }
            }
            answers.push(entry_answers);
            applied.id = Some(id);
            if cuts {
                let point = SumsPoint { index: id.index, sums: round.settle().clone() };
                remember(Arc::make_mut(&mut points), point, &mut batch);
            }
        }
        let sums = round.settle().clone();
        applied.hash = sums.hash;
        let bytes = round.write(&mut batch);
        batch.put(keys::APPLIED, codec::encode_applied(&applied));
        batch.put(keys::SUMS, codec::encode_sums(&sums));
        Ok(Finished { answers, applied, sums, points, slots: round.into_slots(), batch, bytes })
    }
}

impl<E: Engine> Core<E> {
    /// Stops before a level is in force that this build does not know: from there on it would decide otherwise than others.
    fn refuse_unknown_level(&self, place: &Place, answer: &Answer) -> Result<(), StoreError> {
        if let Outcome::LevelRaised(found) = answer.outcome
            && found > self.level_newest
        {
            let what = format!("entry {}", place.index);
            return Err(StoreError::LevelNewer { what, found, known: self.level_newest });
        }
        Ok(())
    }
}

/// Whether the entry cuts the round: the leader marks time in it, and what the rows are right behind it is the
/// same on every node and remembered (design 9.5).
fn is_hash_point(proposal: &Proposal) -> bool {
    proposal.items.iter().any(|item| matches!(item.command, Command::Mark))
}

/// Adds a hash point, and drops the oldest beyond the limit.
fn remember(points: &mut Vec<SumsPoint>, point: SumsPoint, batch: &mut Batch) {
    batch.put(keys::hash_point(point.index), codec::encode_sums(&point.sums));
    points.push(point);
    let surplus = points.len().saturating_sub(POINTS_MAX);
    for oldest in points.drain(..surplus) {
        batch.delete(keys::hash_point(oldest.index));
    }
}

impl<E: Engine> Machine<E> {
    /// Applies committed entries, in order, each one once; answers the items of each. All of it is one write
    /// batch, and the view shows it on return. Any error stops the machine for good: the caller stops the node.
    pub fn apply(&self, entries: Vec<LogEntry>) -> Result<Vec<Vec<Answer>>, StoreError> {
        let shared = &self.shared;
        let mut core = locked(&shared.core);
        if core.stopped {
            let message = "an earlier round failed".to_owned();
            return Err(EngineError { operation: "apply", message }.into());
        }
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let finished = core.work(entries).and_then(|finished| {
            core.engine.write(&finished.batch)?;
            Ok(finished)
        });
        let finished = finished.inspect_err(|_| core.stopped = true)?;
        {
            let mut dirty = locked(&shared.dirty);
            let mut named = locked(&shared.named);
            let changed = finished.slots.iter().filter(|(_, slot)| slot.changed());
            changed.for_each(|(key, _)| {
                dirty.add(key);
                named.add(key);
            });
        }
        core.applied = finished.applied;
        core.sums = finished.sums;
        core.points = finished.points;
        core.hot.keep(finished.slots);
        shared.entries_since_flush.fetch_add(count, Ordering::AcqRel);
        shared
            .bytes_since_flush
            .fetch_add(u64::try_from(finished.bytes).unwrap_or(u64::MAX), Ordering::AcqRel);
        shared.moment.store(Moment::of(&core));
        Ok(finished.answers)
    }
}
