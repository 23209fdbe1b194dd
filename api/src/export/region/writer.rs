//! Writing the stations of a region as a file, a piece at a time.
//!
//! Invariant: the pieces in their order are the file, whatever their sizes; what is in memory is one piece, but for a
//! workbook, whose rows are few enough (`WORKBOOK_STATIONS_MAX`).

use std::io::Write as _;

use csv::{Terminator, WriterBuilder};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use serde_json::{Map, json};
use tally::contest::Contest;
use tally::region::Level;
use tally::station::{Station, Tally};

use super::super::{ExportError, Value, comma};
use super::stations::{Village, Villages};
use super::table;
use crate::dto::form::Form;
use crate::dto::results::ResultsPage;
use crate::packing;
use crate::ports::ReadError;

/// Bytes of a piece before it is packed: about these, and a village more.
const PIECE_BYTES: usize = 512 * 1024;

/// A file of stations.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// RFC 4180.
    Csv,
    /// One object with an entry for each station.
    Json,
    /// Office Open XML.
    Xlsx,
}

/// Writes the file.
pub(super) struct StationsWriter {
    villages: Villages,
    body: Body,
    begun: bool,
    packed: Option<GzEncoder<Vec<u8>>>,
}

enum Body {
    Csv,
    /// What comes before the stations, and whether none was written yet.
    Json {
        head: String,
        first: bool,
    },
    /// The workbook, and its next line.
    Xlsx {
        workbook: Box<Workbook>,
        line: u32,
    },
}

fn failed(error: impl std::fmt::Display) -> ExportError {
    ExportError(error.to_string())
}

impl From<ReadError> for ExportError {
    fn from(error: ReadError) -> Self {
        failed(error)
    }
}

impl StationsWriter {
    /// Begins a file of the villages; packed by gzip if asked.
    pub(super) fn new(
        villages: Villages,
        page: &ResultsPage,
        kind: Kind,
        packed: bool,
    ) -> Result<Self, ExportError> {
        let body = match kind {
            Kind::Csv => Body::Csv,
            Kind::Json => {
                let head = json!({ "contest": page.contest, "region": page.region, "as_of": page.as_of });
                Body::Json { head: serde_json::to_string(&head).map_err(failed)?, first: true }
            }
            Kind::Xlsx => {
                let mut workbook = Box::new(Workbook::new());
                workbook.add_worksheet_with_constant_memory().map_err(failed)?;
                Body::Xlsx { workbook, line: 0 }
            }
        };
        let packed = packed.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
        Ok(Self { villages, body, begun: false, packed })
    }

    /// The next piece, and whether it was the last.
    pub(super) fn piece(&mut self) -> Result<(Vec<u8>, bool), ExportError> {
        let mut plain = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            self.begin(&mut plain)?;
        }
        let mut ended = false;
        while plain.len() < PIECE_BYTES && !ended {
            match self.villages.next()? {
                Some(village) => self.village(&village, &mut plain)?,
                None => ended = true,
            }
        }
        if ended {
            self.end(&mut plain)?;
        }
        let Some(packed) = &mut self.packed else { return Ok((plain, ended)) };
        packed.write_all(&plain).map_err(failed)?;
        if ended {
            packed.try_finish().map_err(failed)?;
        }
        Ok((std::mem::take(packed.get_mut()), ended))
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let columns = table::columns(self.villages.contest());
        match &mut self.body {
            Body::Csv => {
                let mut records = records(out);
                records.write_record(&columns).map_err(failed)?;
                records.flush().map_err(failed)
            }
            Body::Json { head, .. } => {
                // The object's end is written after its stations.
                out.extend_from_slice(head.strip_suffix('}').unwrap_or(head).as_bytes());
                out.extend_from_slice(b",\"stations\":[");
                Ok(())
            }
            Body::Xlsx { workbook, line } => {
                let bold = Format::new().set_bold();
                let sheet = workbook.worksheet_from_index(0).map_err(failed)?;
                for (column, name) in (0_u16..).zip(&columns) {
                    sheet.write_string_with_format(*line, column, name, &bold).map_err(failed)?;
                }
                *line = line.saturating_add(1);
                Ok(())
            }
        }
    }

    fn village(&mut self, village: &Village, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let contest = self.villages.contest();
        let rows = village.stations.iter().map(|(station, tally)| (station, tally.as_ref()));
        match &mut self.body {
            Body::Csv => {
                let mut records = records(out);
                for (station, tally) in rows {
                    let row = table::row(contest, &village.names, station, tally);
                    records.write_record(row.iter().map(comma::cell)).map_err(failed)?;
                }
                records.flush().map_err(failed)
            }
            Body::Json { first, .. } => {
                for (station, tally) in rows {
                    if !std::mem::take(first) {
                        out.push(b',');
                    }
                    out.push(b'\n');
                    let entry = entry(contest, &village.names, station, tally).map_err(failed)?;
                    serde_json::to_writer(&mut *out, &entry).map_err(failed)?;
                }
                Ok(())
            }
            Body::Xlsx { workbook, line } => {
                let sheet = workbook.worksheet_from_index(0).map_err(failed)?;
                for (station, tally) in rows {
                    let row = table::row(contest, &village.names, station, tally);
                    cells(sheet, *line, row)?;
                    *line = line.saturating_add(1);
                }
                Ok(())
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match &mut self.body {
            Body::Csv => {}
            Body::Json { .. } => out.extend_from_slice(b"\n]}\n"),
            Body::Xlsx { workbook, .. } => out.extend(workbook.save_to_buffer().map_err(failed)?),
        }
        Ok(())
    }
}

/// A line of a workbook; what is not known is an empty cell.
fn cells(sheet: &mut Worksheet, line: u32, row: Vec<Value>) -> Result<(), ExportError> {
    for (column, value) in (0_u16..).zip(row) {
        match value {
            Value::Text(text) => sheet.write_string(line, column, text).map_err(failed)?,
            Value::Count(count) => {
                // A box of a form: far from where fractions lose digits.
                let count = u32::try_from(count).map_err(failed)?;
                sheet.write_number(line, column, count).map_err(failed)?
            }
            Value::Unknown => continue,
        };
    }
    Ok(())
}

/// Comma-separated records at the end of some bytes.
fn records(out: &mut Vec<u8>) -> csv::Writer<&mut Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

/// A station's entry in a JSON file.
fn entry(
    contest: &Contest,
    names: &[String],
    station: &Station,
    tally: Option<&Tally>,
) -> Result<Map<String, serde_json::Value>, serde_json::Error> {
    let mut entry = Map::new();
    entry.insert("station".to_owned(), station.code.to_string().into());
    let levels = Level::ALL.into_iter().map(|level| level.name().to_owned());
    entry.extend(levels.zip(names.iter().map(|name| serde_json::Value::from(name.as_str()))));
    entry.insert("state".to_owned(), tally.map_or("absent", |tally| tally.state.name()).into());
    entry.insert("revision".to_owned(), tally.map_or(0, |tally| tally.revision).into());
    let form = tally.map(|tally| Form::of(&tally.form, contest));
    entry.insert("form".to_owned(), serde_json::to_value(form)?);
    Ok(entry)
}

/// Bytes packed by gzip.
pub(super) fn packed(bytes: &[u8]) -> Result<Vec<u8>, ExportError> {
    const EFFORT: u32 = 6;
    packing::gzip(bytes, EFFORT).ok_or_else(|| failed("gzip"))
}
