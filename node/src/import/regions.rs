//! The tree of regions and its stations, from the columns of the register of 2024.
//!
//! Invariant: parents go before children, regions before stations. A village's stations are `1..tps_maks` and the
//! special ones `tps_ext_awal..tps_ext_akhir`; a number from 900 on is a special location.

use std::path::Path;

use api::dto::master::{RegionEntry, RegionsBody, StationEntry};
use serde::Serialize;
use tally::region::{Level, RegionCode};
use tally::station::StationKind;

use super::table::{Table, cell};
use crate::failure::Failure;
use crate::text;

/// Regions sent in one call.
const REGIONS_MAX: usize = 2_000;
/// Stations sent in one call; with [`REGIONS_MAX`] this stays below 1 MiB of JSON.
const STATIONS_MAX: usize = 5_000;
/// Highest number of a station in its village.
const STATION_NUMBER_MAX: u16 = 999;
/// Stations numbered from here on are special locations.
const SPECIAL_NUMBER_MIN: u16 = 900;

/// What was read and what the cluster made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RegionsSummary {
    /// Regions in the file.
    pub regions: u64,
    /// Stations of its villages.
    pub stations: u64,
    /// Rows made.
    pub created: u64,
    /// Rows changed.
    pub changed: u64,
    /// Rows that were so already.
    pub unchanged: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// A region and the numbers of the stations right below it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Line {
    code: RegionCode,
    name: String,
    stations: Vec<u16>,
}

/// Reads the file and cuts it into calls, in the order they must be made.
pub fn read(path: &Path) -> Result<(Vec<RegionsBody>, RegionsSummary), Failure> {
    let mut lines = lines(path)?;
    lines.sort_by_key(|line| line.code);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let stations = lines.iter().map(|line| line.stations.len()).fold(0, usize::saturating_add);
    let summary = RegionsSummary {
        regions: count(lines.len()),
        stations: count(stations),
        ..RegionsSummary::default()
    };
    let regions: Vec<RegionEntry> = lines
        .iter()
        .map(|line| RegionEntry { code: line.code.to_string(), name: line.name.clone() })
        .collect();
    let entries: Vec<StationEntry> = lines.iter().flat_map(entries).collect();
    let mut bodies = cut_regions(&regions);
    bodies.extend(cut_stations(&entries));
    Ok((bodies, summary))
}

/// Cuts regions into calls.
pub(super) fn cut_regions(regions: &[RegionEntry]) -> Vec<RegionsBody> {
    let chunks = regions.chunks(REGIONS_MAX);
    chunks.map(|chunk| RegionsBody { regions: chunk.to_vec(), stations: Vec::new() }).collect()
}

/// Cuts stations into calls.
pub(super) fn cut_stations(stations: &[StationEntry]) -> Vec<RegionsBody> {
    let chunks = stations.chunks(STATIONS_MAX);
    chunks.map(|chunk| RegionsBody { regions: Vec::new(), stations: chunk.to_vec() }).collect()
}

fn lines(path: &Path) -> Result<Vec<Line>, Failure> {
    let mut table = Table::open(path)?;
    let code = table.column("kode")?;
    let name = table.column("nama")?;
    let numbers = [table.column("tps_maks")?, table.column("tps_ext_awal")?, table.column("tps_ext_akhir")?];
    let mut record = csv::StringRecord::new();
    let mut lines = Vec::new();
    while table.read(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |column: &str| {
            let shown = path.display();
            Failure::usage(text!(
                "{shown}:{line}: kolom \"{column}\" tidak berlaku",
                "{shown}:{line}: column \"{column}\" is not valid"
            ))
        };
        let code = RegionCode::parse(cell(&record, code)).ok_or_else(|| wrong("kode"))?;
        let name = cell(&record, name);
        if name.is_empty() || name.len() > tally::command::NAME_BYTES_MAX {
            return Err(wrong("nama"));
        }
        let [most, first, last] = numbers.map(|column| number(cell(&record, column)));
        let most = most.map_err(|_| wrong("tps_maks"))?;
        let first = first.map_err(|_| wrong("tps_ext_awal"))?;
        let last = last.map_err(|_| wrong("tps_ext_akhir"))?;
        let mut stations = Vec::new();
        if code.level() == Level::Village {
            stations.extend(1..=most.unwrap_or(0));
            if let (Some(first), Some(last)) = (first, last) {
                stations.extend(first..=last);
            }
            stations.sort_unstable();
            stations.dedup();
        }
        lines.push(Line { code, name: name.to_owned(), stations });
    }
    Ok(lines)
}

/// A cell that holds no station's number.
struct NotANumber;

/// A station's number; `None` when the cell is empty.
fn number(text: &str) -> Result<Option<u16>, NotANumber> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number| *number <= STATION_NUMBER_MAX);
    number.map(Some).ok_or(NotANumber)
}

fn entries(line: &Line) -> impl Iterator<Item = StationEntry> {
    line.stations.iter().map(|number| {
        let kind = if *number >= SPECIAL_NUMBER_MIN { StationKind::Special } else { StationKind::Home };
        StationEntry {
            code: format!("{}{number:03}", line.code),
            kind: kind.name().to_owned(),
            name: None,
            registered: None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "kode,tingkat,induk,nama,jumlah_tps,tps_maks,tps_ext_awal,tps_ext_akhir";

    fn read_text(rows: &str) -> Result<(Vec<RegionsBody>, RegionsSummary), Failure> {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("wilayah.csv");
        let content = format!("{HEADER}\n{rows}\n");
        crate::durable::write(&path, content.as_bytes(), crate::durable::Access::Owner).expect("writes");
        read(&path)
    }

    #[test]
    fn parents_go_first_and_special_stations_are_told_apart() {
        let rows = "1101012001,4,110101,DESA,4,2,901,902\n110101,3,1101,KECAMATAN,4,,,\n\
                    1101,2,11,\"KOTA, DAN LAIN\",4,,,\n11,1,,ACEH,4,,,";
        let (bodies, summary) = read_text(rows).expect("valid");
        assert_eq!((summary.regions, summary.stations), (4, 4));
        let [regions, stations] = bodies.as_slice() else { panic!("{bodies:?}") };
        let codes: Vec<&str> = regions.regions.iter().map(|region| region.code.as_str()).collect();
        assert_eq!(codes, ["11", "1101", "110101", "1101012001"]);
        assert_eq!(regions.regions[1].name, "KOTA, DAN LAIN");
        let stations: Vec<(&str, &str)> =
            stations.stations.iter().map(|station| (station.code.as_str(), station.kind.as_str())).collect();
        assert_eq!(
            stations,
            [
                ("1101012001001", "home"),
                ("1101012001002", "home"),
                ("1101012001901", "special"),
                ("1101012001902", "special")
            ]
        );
    }

    #[test]
    fn a_wrong_cell_is_told_with_its_line_and_column() {
        for (rows, place) in [
            ("11,1,,ACEH,4,,,\n1x,1,,ACEH,4,,,", ":3: column \"kode\""),
            ("11,1,,,4,,,", ":2: column \"nama\""),
            ("1101012001,4,110101,DESA,4,1000,,", ":2: column \"tps_maks\""),
        ] {
            let failure = read_text(rows).expect_err("refused");
            assert!(failure.to_string().contains(place), "{failure}");
        }
    }
}
