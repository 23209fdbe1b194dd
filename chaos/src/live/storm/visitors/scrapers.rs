//! Those who read the files that Sirekap had: sums of regions and forms of stations.
//!
//! Invariant: what is read under load must be something that the count came to at some time; what every node shows in the end
//! is what it came to in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{PATIENCE, Square, some_region, stations};
use crate::chance::Chance;
use crate::course::{Course, Sums};
use crate::judges::sirekap::{File, Sheet};
use crate::live::country;
use crate::live::storm::plant::{Planted, StormPlant};
use crate::live::visitor::{Visit, Visitor};
use crate::report::Ended;

/// Between two files.
const PAUSE: Duration = Duration::from_millis(120);
/// Of a hundred files, so many are a station's.
const STATIONS_PERCENT: u64 = 30;
/// Longest until all nodes at rest show the end.
const REST_MAX: Duration = Duration::from_secs(20);

/// A region's file, as far as anybody here looks.
#[derive(Deserialize)]
struct Region {
    chart: BTreeMap<String, Value>,
    table: BTreeMap<String, BTreeMap<String, Value>>,
    progres: Progress,
}

#[derive(Deserialize)]
struct Progress {
    progres: u64,
}

/// A station's file.
#[derive(Deserialize)]
struct Station {
    chart: Option<BTreeMap<String, Value>>,
}

/// Where the file of a region or a station is.
pub(super) fn path(code: &str) -> String {
    let mut path = format!("/pemilu/hhcw/{}", country::CONTEST);
    let codes = [2, 4, 6, 10, 13].into_iter().filter_map(|digits| code.get(..digits));
    codes.for_each(|step| {
        path.push('/');
        path.push_str(step);
    });
    path.push_str(".json");
    path
}

/// What a file shows.
pub(super) fn read(code: &str, bytes: &[u8]) -> Result<Sheet, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let votes = |chart: &BTreeMap<String, Value>| -> Vec<u64> {
        let of = |option: &str| chart.get(option).and_then(Value::as_u64).unwrap_or_default();
        country::OPTIONS.into_iter().map(of).collect()
    };
    if code.len() == 13 {
        let file: Station = serde_json::from_slice(bytes).map_err(wrong)?;
        return Ok(Sheet::Station(file.chart.as_ref().map(votes)));
    }
    let file: Region = serde_json::from_slice(bytes).map_err(wrong)?;
    let is_in = |line: &&BTreeMap<String, Value>| line.get("status_progress") == Some(&Value::Bool(true));
    let reported = u64::try_from(file.table.values().filter(is_in).count()).unwrap_or(u64::MAX);
    Ok(Sheet::Region {
        sums: Sums { reported: file.progres.progres, votes: votes(&file.chart) },
        below: file.table.values().map(votes).collect(),
        reported: (code.len() == 10).then_some(reported),
    })
}

/// Reads files until told to stop.
pub(super) async fn scrape(square: Square<'_>, mut chance: Chance) -> Vec<File> {
    let regions = country::region_codes();
    let stations: Vec<String> = stations().into_iter().collect();
    let mut files = Vec::new();
    while !square.stop.get() {
        sleep(PAUSE).await;
        let codes = if chance.percent(STATIONS_PERCENT) { &stations } else { &regions };
        let (code, Some(visitor)) = (some_region(codes, &mut chance), square.pick(&mut chance)) else {
            break;
        };
        let file = look(square, visitor, &code).await;
        files.extend(file.map(|file| File { sheet: spoil(file.sheet, square.planted), ..file }));
    }
    files
}

/// One file of one node.
async fn look(square: Square<'_>, visitor: &Visitor, code: &str) -> Option<File> {
    let called_us = square.record.now_us();
    let visit = visitor.get(&path(code), &[], PATIENCE).await;
    let call = (format!("scraper at node {}", visitor.id), code.to_owned(), called_us);
    let Some(Visit { body, .. }) = visit.filter(|visit| visit.status == 200) else {
        square.record.did(call, "read-sirekap", (Ended::Refused, 0, 0));
        return None;
    };
    square.record.did(call, "read-sirekap", (Ended::Done, 0, 0));
    let whence = format!("Sirekap's file of node {}", visitor.id);
    match read(code, &body) {
        Ok(sheet) => {
            let file = File { whence, code: code.to_owned(), sheet };
            square.record.judged("sirekap", file.judge());
            Some(file)
        }
        Err(error) => {
            square.record.judged("sirekap", Some(format!("{whence}, {code}: no such file: {error}")));
            None
        }
    }
}

fn spoil(sheet: Sheet, planted: Planted<'_>) -> Sheet {
    match sheet {
        Sheet::Region { mut sums, mut below, reported: None } if planted.has(StormPlant::WrongSirekap) => {
            // What adds up is not therefore right.
            let votes = sums.votes.first_mut().into_iter();
            let line = below.first_mut().and_then(|line| line.first_mut());
            votes.chain(line).for_each(|votes| *votes = votes.saturating_add(1));
            Sheet::Region { sums, below, reported: None }
        }
        Sheet::Region { .. } | Sheet::Station(_) => sheet,
    }
}

/// When nobody writes any more all nodes show what it came to.
pub(super) async fn finish(square: Square<'_>, course: &Course) {
    let began = Instant::now();
    for code in country::region_codes() {
        for visitor in square.visitors {
            loop {
                let complaint = match look(square, visitor, &code).await {
                    Some(file) => file.end(course, true),
                    None => Some(format!("node {} does not show {code}, and nobody writes", visitor.id)),
                };
                if complaint.is_none() || began.elapsed() > REST_MAX {
                    square.record.judged("sirekap", complaint);
                    break;
                }
                sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_in_the_folders_of_their_regions() {
        for (code, end) in [
            ("0", "ppwp.json"),
            ("31", "ppwp/31.json"),
            ("3101011001", "ppwp/31/3101/310101/3101011001.json"),
            ("3101011001001", "ppwp/31/3101/310101/3101011001/3101011001001.json"),
        ] {
            assert_eq!(path(code), format!("/pemilu/hhcw/{end}"));
        }
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        let village = br#"{"ts":null,"psu":"Reguler","mode":"hhcw","chart":{"100025":3,"100026":4,"100027":0,"persen":50.0},
            "table":{"3101011001001":{"100025":3,"100026":4,"100027":0,"psu":"Reguler","persen":100.0,"status_progress":true},
            "3101011001002":{"psu":"Reguler","persen":0.0,"status_progress":false}},"progres":{"total":2,"progres":1}}"#;
        let sums = Sums { reported: 1, votes: vec![3, 4, 0] };
        let below = vec![vec![3, 4, 0], vec![0, 0, 0]];
        assert_eq!(read("3101011001", village), Ok(Sheet::Region { sums, below, reported: Some(1) }));
        let station = br#"{"mode":"hhcw","chart":{"100025":3,"100026":4,"100027":0,"null":null},"ts":null}"#;
        assert_eq!(read("3101011001001", station), Ok(Sheet::Station(Some(vec![3, 4, 0]))));
        assert_eq!(read("3101011001001", br#"{"chart":null}"#), Ok(Sheet::Station(None)));
        assert!(read("31", b"{}").is_err());
    }
}
