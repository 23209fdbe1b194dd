//! The machine answers and keeps what the rules' own model does, on both engines.

use std::collections::BTreeMap;

use proptest::prelude::*;
use store::codec::encode_row;
use store::engine::Engine;
use store::{Dirty, LogEntry, LogId, Machine, Options, Payload, StoreError, open_on};
use tally::command::Proposal;
use tally::model::Model;
use tally::outcome::{Answer, Outcome};
use tally::region::RegionCode;
use tally::row::{Row, RowKey};

use crate::world::{
    STATIONS, apply, entries, founding, mark, memory, ppwp, proposals, reports, rocks, station,
};

fn model_of(proposals: &[Proposal]) -> (Model, Vec<Vec<Answer>>) {
    let mut model = Model::default();
    let answers =
        (1..).zip(proposals).map(|(index, proposal)| model.apply(proposal, index, 3).unwrap()).collect();
    (model, answers)
}

/// Every row of the model is what the machine's view shows.
fn check_rows<E: Engine>(machine: &Machine<E>, model: &Model) {
    let view = machine.view();
    for (key, expected) in model.rows() {
        let found = match key {
            RowKey::Ledger => Some(Row::Ledger(view.ledger().unwrap())),
            RowKey::Region(code) => view.region(*code).unwrap().map(Row::Region),
            RowKey::Station(code) => view.station(*code).unwrap().map(Row::Station),
            RowKey::Contest(id) => view.contest(id).unwrap().map(|contest| Row::Contest((*contest).clone())),
            RowKey::Account(id) => view.account(*id).unwrap().map(Row::Account),
            RowKey::Username(name) => {
                view.account_named(name).unwrap().map(|account| Row::Username(account.id))
            }
            RowKey::Session(id) => view.session(*id).unwrap().map(Row::Session),
            RowKey::Tally(contest, station) => view.tally(contest, *station).unwrap().map(Row::Tally),
            RowKey::Event(contest, station, event) => {
                view.event(contest, *station, *event).unwrap().map(Row::Event)
            }
            RowKey::Aggregate(contest, region) => {
                view.aggregate(contest, *region).unwrap().map(Row::Aggregate)
            }
            RowKey::Request(account, key) => view.request(*account, *key).unwrap().map(Row::Request),
            RowKey::Attachment(id) => view.attachment(*id).unwrap().map(Row::Attachment),
            RowKey::Audit(index, item, number) => {
                let from = view.audit(None, usize::MAX).unwrap();
                let at = (*index, *item, *number);
                from.into_iter().find(|(place, _)| *place == at).map(|(_, record)| Row::Audit(record))
            }
            RowKey::Complaint(contest, station, number) => {
                let all = view.complaints(contest, *station).unwrap();
                all.into_iter().find(|(known, _)| known == number).map(|(_, row)| Row::Complaint(row))
            }
            RowKey::Complaints(station, contest) => {
                Some(Row::Complaints(view.complaint_counts(contest, *station).unwrap()))
            }
            RowKey::Change(..) | RowKey::RequestQueue(_) | RowKey::Neighbourhood(..) | RowKey::Epoch(_) => {
                continue;
            }
        };
        assert_eq!(found.as_ref(), Some(expected), "{key:?}");
        assert!(encode_row(expected).len() > 5);
    }
}

/// Applies in rounds of the given sizes.
fn apply_in_rounds<E: Engine>(machine: &Machine<E>, all: &[LogEntry], rounds: &[usize]) -> Vec<Vec<Answer>> {
    let mut answers = Vec::new();
    let mut rest = all;
    for size in rounds.iter().copied().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at(size.clamp(1, rest.len()));
        answers.extend(machine.apply(now.to_vec()).unwrap());
        rest = later;
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn machine_equals_model(more in proposals(), rounds in proptest::collection::vec(1..6_usize, 1..4)) {
        let all: Vec<Proposal> = founding().into_iter().chain(more).collect();
        let (model, expected) = model_of(&all);
        prop_assert!(model.violations().is_empty());
        let log = entries(1, &all);
        let (_disk, (_log, in_memory)) = memory();
        let (_rocks, (_rocks_log, on_disk)) = rocks();
        prop_assert_eq!(&apply_in_rounds(&in_memory, &log, &rounds), &expected);
        prop_assert_eq!(&on_disk.apply(log).unwrap(), &expected);
        check_rows(&in_memory, &model);
        check_rows(&on_disk, &model);
        // Equal hashes, whatever the rounds and the engine; and as a scan of all rows says.
        prop_assert_eq!(in_memory.state_hash(), on_disk.state_hash());
        prop_assert_eq!(in_memory.recompute_hash().unwrap(), in_memory.state_hash());
        prop_assert_eq!(on_disk.recompute_hash().unwrap(), on_disk.state_hash());
    }
}

#[test]
fn a_restart_goes_on_from_the_last_flush() {
    let (place, (log, machine)) = rocks();
    apply(&machine, 1, &founding());
    assert_eq!(machine.flush().unwrap(), Some(LogId { term: 3, index: 4 }));
    assert_eq!(machine.entries_since_flush(), 0);
    let tail = entries(5, &reports(3));
    machine.apply(tail.clone()).unwrap();
    assert_eq!(machine.persisted_applied(), Some(LogId { term: 3, index: 4 }));
    assert_eq!(machine.entries_since_flush(), 3);
    let before = machine.state_hash();
    drop((log, machine));
    let (_log, machine) = open_on(&place.disk, None, Options::default()).unwrap();
    let found = machine.applied().id.unwrap().index;
    assert_eq!(machine.persisted_applied(), machine.applied().id);
    assert!((4..=7).contains(&found));
    let skip = usize::try_from(found - 4).unwrap();
    machine.apply(tail.into_iter().skip(skip).collect()).unwrap();
    assert_eq!(machine.state_hash(), before);
    assert_eq!(machine.recompute_hash().unwrap(), before);
}

#[test]
fn a_crash_in_memory_goes_back_to_the_last_flush() {
    let (disk, (log, machine)) = memory();
    apply(&machine, 1, &founding());
    machine.flush().unwrap();
    let flushed = machine.state_hash();
    apply(&machine, 5, &reports(3));
    drop((log, machine));
    disk.crash();
    let (_log, machine) = open_on(&disk, None, Options::default()).unwrap();
    assert_eq!(machine.state_hash(), flushed);
    assert_eq!(machine.recompute_hash().unwrap(), flushed);
}

#[test]
fn a_view_does_not_move() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    let before = machine.view();
    apply(&machine, 5, &reports(2));
    let after = machine.view();
    assert_eq!((before.index(), after.index()), (4, 6));
    assert_eq!(before.tally(&ppwp(), station(0)).unwrap(), None);
    assert_eq!(before.aggregate(&ppwp(), RegionCode::NATION).unwrap(), None);
    assert_eq!(after.aggregate(&ppwp(), RegionCode::NATION).unwrap().unwrap().reported, 2);
}

#[test]
fn lists_are_complete_and_in_order() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    apply(&machine, 5, &reports(STATIONS));
    let view = machine.view();
    let codes: Vec<String> = view
        .regions_below(RegionCode::NATION)
        .unwrap()
        .iter()
        .map(|region| region.code.to_string())
        .collect();
    assert_eq!(codes, ["11", "12"]);
    let village = RegionCode::parse("1101012001").unwrap();
    assert_eq!(view.stations_of(village).unwrap().len(), 3);
    assert_eq!(view.tallies_of(&ppwp(), village).unwrap().len(), 3);
    assert!(view.regions_below(village).unwrap().is_empty());
    assert_eq!(view.contests().unwrap().len(), 1);
    let below = view.aggregates_below(&ppwp(), RegionCode::NATION).unwrap();
    let sums: BTreeMap<String, u64> =
        below.iter().map(|(code, sum)| (code.to_string(), sum.reported)).collect();
    assert_eq!(sums, BTreeMap::from([("11".to_owned(), 6), ("12".to_owned(), 3)]));
    assert_eq!(view.events(&ppwp(), station(0)).unwrap().len(), 1);
}

#[test]
fn a_page_of_changes_never_splits_an_index() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    let items = reports(5).into_iter().flat_map(|proposal| proposal.items).collect();
    apply(&machine, 5, &[crate::world::proposal(60, items)]);
    apply(&machine, 6, &reports(7)[5..]);
    let view = machine.view();
    let page = |after, limit| {
        let page = view.changes(after, limit).unwrap();
        (page.changes.iter().map(|change| change.event.index).collect::<Vec<_>>(), page.next_after)
    };
    assert_eq!(page(0, 3), (vec![5; 5], 5), "one index that is larger than the limit comes whole");
    assert_eq!(page(0, 6), (vec![5, 5, 5, 5, 5, 6], 6));
    assert_eq!(page(5, 1), (vec![6], 6));
    assert_eq!(page(6, 100), (vec![7], 7));
    assert_eq!(page(7, 100), (vec![], 7));
    assert_eq!(page(u64::MAX, 100).0, Vec::<u64>::new());
}

#[test]
fn changed_sums_are_dirty_once() {
    let (_disk, (_log, machine)) = memory();
    assert_eq!(machine.take_dirty(), Dirty::All, "all of it after opening");
    apply(&machine, 1, &founding());
    assert_eq!(machine.take_dirty(), Dirty::All, "master data");
    apply(&machine, 5, &reports(1));
    let Dirty::Regions(regions) = machine.take_dirty() else { panic!("too much") };
    assert_eq!(regions.len(), 5, "the village and the four levels above");
    assert_eq!(machine.take_dirty(), Dirty::Regions(std::collections::BTreeSet::new()));
}

#[test]
fn an_undecodable_entry_changes_nothing_and_stops_the_machine() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    let before = machine.state_hash();
    let mut broken = entries(5, &reports(2));
    broken[1].payload = Payload::Proposal(vec![0xfe, 1, 2, 3, 4, 5].into());
    let error = machine.apply(broken).unwrap_err();
    assert!(matches!(error, StoreError::Undecodable { index: 6, .. }), "{error}");
    assert_eq!(machine.state_hash(), before);
    assert_eq!(machine.recompute_hash().unwrap(), before);
    assert!(machine.apply(entries(5, &reports(1))).is_err(), "stopped for good");
}

#[test]
fn memberships_and_hash_points_are_remembered() {
    const LAST: u64 = 243;
    let (place, (log, machine)) = rocks();
    apply(&machine, 1, &founding());
    let frame = bytes::Bytes::from_static(b"members");
    let membership =
        LogEntry { id: LogId { term: 3, index: 5 }, payload: Payload::Membership(frame.clone()) };
    let blank = |index| LogEntry { id: LogId { term: 3, index }, payload: Payload::Blank };
    let mut round = vec![membership];
    // A mark every three entries; each is one cut, wherever the rounds end.
    round.extend((6..=LAST).map(|index| match index % 3 {
        0 => entries(index, &[mark(index)]).remove(0),
        _ => blank(index),
    }));
    for part in round.chunks(7) {
        machine.apply(part.to_vec()).unwrap();
    }
    let points = machine.hash_points();
    let indexes: Vec<u64> = points.iter().map(|point| point.index).collect();
    assert_eq!(indexes, (6..=LAST).step_by(3).skip(16).collect::<Vec<_>>());
    assert!(points.iter().all(|point| point.sums.is_consistent()));
    assert_eq!(points.last().unwrap().hash_point(), machine.state_hash());
    machine.flush().unwrap();
    drop((log, machine));
    let (_log, machine) = open_on(&place.disk, None, Options::default()).unwrap();
    assert_eq!(machine.hash_points(), points);
    assert_eq!(machine.applied().membership, Some(frame));
    assert_eq!(machine.applied().membership_id, Some(LogId { term: 3, index: 5 }));
}

#[test]
fn a_retry_is_a_replay_across_rounds() {
    let (_disk, (_log, machine)) = memory();
    apply(&machine, 1, &founding());
    let mut asked = reports(1);
    asked[0].items[0].request = Some(tally::command::RequestIdentity {
        key: tally::ids::RequestKey([1; 16]),
        fingerprint: tally::ids::Fingerprint([2; 16]),
    });
    let first = machine.apply(entries(5, &asked)).unwrap();
    let second = machine.apply(entries(6, &asked)).unwrap();
    assert!(matches!(first[0][0], Answer { outcome: Outcome::Tallied { .. }, replay: false }));
    assert_eq!(second[0][0].outcome, first[0][0].outcome);
    assert!(second[0][0].replay);
}
