//! Results of a region as files: one row a station, or a sheet to print, or another office's format.
//!
//! Invariant: a file is of one view from its first byte to its last; files are made one at a time, written aside in a file
//! without a name, and kept for whoever asks next; all of them together stay within the bytes allowed.

mod cdf;
mod service;
mod sheet;
mod stations;
mod table;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tally::contest::Contest;
use tally::ids::ContestId;
use tally::region::RegionCode;

use super::{ExportError, Shape};
use crate::dto::results::ResultsPage;
use crate::ports::StateView;

pub(crate) use service::{Exports, Failure, Made};

/// Most stations of a workbook: spreadsheets open no more than a million rows, and a node makes one in memory.
pub(crate) const WORKBOOK_STATIONS_MAX: u64 = 50_000;

/// A kind of file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    /// Stations, RFC 4180.
    Csv,
    /// Stations, Office Open XML.
    Xlsx,
    /// What lies right below the region, on pages to print.
    Pdf,
    /// Stations, JSON.
    Json,
    /// The region and what lies right below it, NIST SP 1500-100 version 2.
    Cdf,
}

impl Format {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        // Longest ending first: `.cdf.json` is no `.json`.
        (Self::Cdf, "cdf.json", "application/json"),
        (Self::Json, "json", "application/json"),
        (Self::Csv, "csv", "text/csv; charset=utf-8; header=present"),
        (Self::Xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Self::Pdf, "pdf", "application/pdf"),
    ];

    /// Reads `3175.csv`.
    pub(crate) fn parse(file: &str) -> Option<(RegionCode, Self)> {
        let (region, ending) = file.split_once('.')?;
        let format = Self::ALL.into_iter().find(|(_, name, _)| *name == ending).map(|(format, ..)| format)?;
        Some((RegionCode::parse(region)?, format))
    }

    /// Ending of the file's name.
    pub(crate) fn ending(self) -> &'static str {
        Self::ALL.into_iter().find(|(format, ..)| *format == self).map_or("", |(_, ending, _)| ending)
    }

    /// Media type.
    pub(crate) fn media_type(self) -> &'static str {
        Self::ALL.into_iter().find(|(format, ..)| *format == self).map_or("", |(.., media_type)| media_type)
    }

    /// Whether packing makes it smaller.
    pub(crate) const fn packs(self) -> bool {
        match self {
            Self::Csv | Self::Json | Self::Cdf => true,
            Self::Xlsx | Self::Pdf => false,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Order {
    pub(crate) contest: ContestId,
    pub(crate) region: RegionCode,
    pub(crate) format: Format,
    /// By gzip.
    pub(crate) packed: bool,
}

/// What a file is made from.
struct Source {
    view: Arc<dyn StateView>,
    contest: Arc<Contest>,
    page: ResultsPage,
    region: RegionCode,
}

/// The pieces of a file, in their order.
enum Pieces {
    Whole(Vec<u8>),
    Stations(Box<writer::StationsWriter>),
}

impl Pieces {
    fn of(source: Source, order: Order) -> Result<Self, ExportError> {
        let Source { view, contest, page, region } = source;
        let kind = match order.format {
            Format::Csv => writer::Kind::Csv,
            Format::Json => writer::Kind::Json,
            Format::Xlsx => writer::Kind::Xlsx,
            Format::Pdf => return sheet::of(&page, &contest).bytes(Shape::Pdf).map(Self::Whole),
            Format::Cdf => {
                let report = serde_json::to_vec(&cdf::report(&page, &contest));
                let report = report.map_err(|error| ExportError(error.to_string()))?;
                return if order.packed { writer::packed(&report) } else { Ok(report) }.map(Self::Whole);
            }
        };
        let villages = stations::Villages::below(view, contest, region)?;
        let writer = writer::StationsWriter::new(villages, &page, kind, order.packed)?;
        Ok(Self::Stations(Box::new(writer)))
    }

    /// The next piece, and whether it was the last.
    fn next(&mut self) -> Result<(Vec<u8>, bool), ExportError> {
        match self {
            Self::Whole(bytes) => Ok((std::mem::take(bytes), true)),
            Self::Stations(writer) => writer.piece(),
        }
    }
}
