//! Complaints on disk: their bytes as they were released, and what a view shows of a region.

use std::fmt::Write as _;

use store::codec::{
    decode_answers, decode_proposal, decode_row, encode_answers, encode_proposal, encode_row,
};
use store::engine::Engine;
use store::{ComplaintPlace, Dirty, Machine};
use tally::account::Role;
use tally::audit::{Actor, AuditEvent, AuditRecord};
use tally::command::{Command, Header, Item, Principal, Proposal};
use tally::complaint::{
    Complaint, ComplaintAnswer, ComplaintKind, ComplaintReceipt, ComplaintVerdict, Complaints, NewComplaint,
};
use tally::form::Field;
use tally::ids::{AccountId, LogTime, NodeId};
use tally::outcome::{Answer, ComplaintProblem, Outcome, Refusal};
use tally::region::RegionCode;
use tally::row::{Row, RowKey};

use crate::world::{apply, founding, memory, ppwp, proposal, reports, rocks, station};

fn complain(number: u64) -> Command {
    let complaint = NewComplaint {
        kind: ComplaintKind::WrongNumber,
        field: Some(Field(256)),
        read: Some(91),
        text: "41 terbaca 91".to_owned(),
    };
    Command::Complain { contest: ppwp(), station: station(number), revision: 1, complaint }
}

fn answer(number: u64) -> Command {
    let (verdict, text) = (ComplaintVerdict::Accepted, "dikoreksi".to_owned());
    Command::AnswerComplaint { contest: ppwp(), station: station(number), number: 1, verdict, text }
}

fn by_the_public(at: u64, command: Command) -> Proposal {
    let header = Header { principal: Principal::Public, node: NodeId(1), proposed_at: LogTime(at) };
    Proposal { header, items: vec![Item { request: None, command }] }
}

fn complaint(answer: Option<ComplaintAnswer>) -> Row {
    Row::Complaint(Complaint {
        revision: 1,
        kind: ComplaintKind::Other,
        field: None,
        read: None,
        text: "foto tertukar".to_owned(),
        at: LogTime(5),
        index: 300,
        answer,
    })
}

/// A row of each kind that complaints have.
fn rows() -> Vec<(RowKey, Row)> {
    let (contest, station) = (ppwp(), station(0));
    let answer = ComplaintAnswer {
        verdict: ComplaintVerdict::Duplicate,
        text: "lihat nomor 1".to_owned(),
        account: AccountId(3),
        role: Role::Reviewer,
        at: LogTime(6),
        index: 301,
    };
    let line = |actor, event| Row::Audit(AuditRecord { at: LogTime(5), actor, event });
    let complained = AuditEvent::Complained { contest, station, number: 1, kind: ComplaintKind::Other };
    let verdict = ComplaintVerdict::Declined;
    let answered = AuditEvent::ComplaintAnswered { contest, station, number: 1, verdict };
    vec![
        (RowKey::Audit(300, 0, 0), line(Actor::Public, complained)),
        (RowKey::Audit(301, 0, 0), line(Actor::Account(AccountId(3)), answered)),
        (RowKey::Complaint(contest, station, 1), complaint(None)),
        (RowKey::Complaint(contest, station, 2), complaint(Some(answer))),
        (RowKey::Complaints(station, contest), Row::Complaints(Complaints { all: 2, open: 1 })),
    ]
}

fn answers() -> Vec<Answer> {
    let receipt = |verdict| ComplaintReceipt {
        contest: ppwp(),
        station: station(0),
        number: 1,
        verdict,
        index: 300,
        term: 3,
        at: LogTime(5),
        node: NodeId(2),
    };
    let refusals = [
        Refusal::ComplaintsFull,
        Refusal::ComplaintUnknown,
        Refusal::ComplaintAnswered,
        Refusal::InvalidComplaint(ComplaintProblem::Text),
        Refusal::InvalidComplaint(ComplaintProblem::Field),
        Refusal::InvalidComplaint(ComplaintProblem::Count),
    ];
    let taken = [None, Some(ComplaintVerdict::Accepted)].map(receipt).map(Outcome::Complained);
    let outcomes = taken.into_iter().chain(refusals.map(Outcome::Refused));
    outcomes.map(|outcome| Answer { outcome, replay: false }).collect()
}

/// Compares with the golden file; writes it when it is not there, and then fails, so that it is looked at.
fn golden(frames: &[Vec<u8>]) {
    let mut text = String::new();
    for frame in frames {
        writeln!(text, "{}", tally::ids::hex(frame)).unwrap();
    }
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let path = format!("{package}/tests/golden/complaints-v1.hex");
    if let Ok(expected) = std::fs::read_to_string(&path) {
        assert!(expected == text, "the format changed; give it a new format byte");
        return;
    }
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
    panic!("{path} was not there and is written now: look at it, and keep it");
}

#[test]
fn complaints_are_as_they_were_released() {
    let proposals =
        [by_the_public(9, complain(0)), proposal(9, vec![Item { request: None, command: answer(0) }])];
    let mut frames: Vec<Vec<u8>> =
        proposals.iter().map(|proposal| encode_proposal(proposal).to_vec()).collect();
    frames.push(encode_answers(&answers()).to_vec());
    frames.extend(rows().iter().map(|(_, row)| encode_row(row)));
    golden(&frames);
    for (frame, proposal) in frames.iter().zip(&proposals) {
        assert_eq!(&decode_proposal(frame).unwrap(), proposal);
    }
    assert_eq!(decode_answers(&frames[2]).unwrap(), answers());
    for ((key, row), frame) in rows().iter().zip(&frames[3..]) {
        assert_eq!(&decode_row(key, frame).unwrap(), row);
    }
}

/// Stations 0, 1 and 2 lie in three villages; the first two have an open complaint, the third an answered one.
fn a_region_shows_what_waits<E: Engine>(machine: &Machine<E>) {
    let at = |number: u64| 1_707_890_500_000 + number;
    let reported: Vec<Proposal> = founding().into_iter().chain(reports(3)).collect();
    apply(machine, 1, &reported);
    drop(machine.take_dirty());
    let mut proposals = Vec::new();
    proposals.extend((0..3).map(|number| by_the_public(at(number), complain(number))));
    proposals.push(proposal(200_000, vec![Item { request: None, command: answer(2) }]));
    apply(machine, 8, &proposals);
    let villages = (0..3).map(|number| (ppwp(), station(number).village())).collect();
    assert_eq!(machine.take_dirty(), Dirty::Regions(villages), "their pages are looked at again");
    let view = machine.view();
    let place = |number| -> ComplaintPlace { (station(number), ppwp()) };
    let shown = |region: &str, after, limit| {
        let page = view.open_complaints(RegionCode::parse(region).unwrap(), after, limit).unwrap();
        let places: Vec<_> = page.complaints.iter().map(|(place, number, _)| (*place, *number)).collect();
        (places, page.next)
    };
    assert_eq!(shown("0", None, 100), (vec![(place(0), 1), (place(1), 1)], None));
    assert_eq!(shown("0", None, 1), (vec![(place(0), 1)], Some(place(0))));
    assert_eq!(shown("0", Some(place(0)), 1), (vec![(place(1), 1)], Some(place(1))));
    assert_eq!(shown("0", Some(place(1)), 1), (vec![], None));
    assert_eq!(shown("1101012002", None, 100), (vec![(place(1), 1)], None));
    assert_eq!(shown("12", None, 100), (vec![], None));
    assert_eq!(shown("13", None, 100), (vec![], None));
    let counts = view.complaint_counts(&ppwp(), station(2)).unwrap();
    assert_eq!(counts, Complaints { all: 1, open: 0 });
    let kept = view.complaints(&ppwp(), station(2)).unwrap();
    assert_eq!(kept[0].1.answer.as_ref().map(|answer| answer.text.as_str()), Some("dikoreksi"));
}

#[test]
fn a_region_shows_what_waits_on_both_engines() {
    let (_disk, (_log, machine)) = memory();
    a_region_shows_what_waits(&machine);
    let (_rocks, (_log, machine)) = rocks();
    a_region_shows_what_waits(&machine);
}
