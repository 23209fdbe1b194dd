//! Comma-separated files, compressed or not, read row by row.
//!
//! Invariant: columns are found by their name in the header, so their order is free; a row is never held longer
//! than it takes to look at it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::text;

/// An open table.
pub struct Table {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read + Send>>,
    headers: csv::StringRecord,
}

impl Table {
    /// Opens a file; a name that ends with `.gz` is decompressed on the way.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| unreadable(path, &error.to_string()))?;
        let buffered = BufReader::with_capacity(256 * 1024, file);
        let compressed = path.extension().is_some_and(|extension| extension == "gz");
        let bytes: Box<dyn Read + Send> = if compressed {
            Box::new(flate2::bufread::MultiGzDecoder::new(buffered))
        } else {
            Box::new(buffered)
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let headers = reader.headers().map_err(|error| unreadable(path, &error.to_string()))?.clone();
        Ok(Self { path: path.to_owned(), reader, headers })
    }

    /// The place of a column, if the table has it.
    #[must_use]
    pub fn optional_column(&self, name: &str) -> Option<usize> {
        // A byte order mark is what spreadsheets put before the first name.
        self.headers.iter().position(|header| header.trim_start_matches('\u{feff}').trim() == name)
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Result<usize, Failure> {
        self.optional_column(name).ok_or_else(|| {
            let shown = self.path.display();
            Failure::usage(text!(
                "{shown}: tidak ada kolom \"{name}\"",
                "{shown}: there is no column \"{name}\""
            ))
        })
    }

    /// Reads the next row into `record`; `false` at the end.
    pub fn read(&mut self, record: &mut csv::StringRecord) -> Result<bool, Failure> {
        self.reader.read_record(record).map_err(|error| unreadable(&self.path, &error.to_string()))
    }
}

/// A cell without the white space around it; empty where the row is too short.
#[must_use]
pub fn cell(record: &csv::StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default().trim()
}

fn unreadable(path: &Path, fault: &str) -> Failure {
    let shown = path.display();
    Failure::usage(text!("{shown}: tidak terbaca: {fault}", "{shown}: cannot be read: {fault}"))
}
