//! Tables as files: CSV, XLSX, PDF.
//!
//! Invariant: the three hold the same cells in the same order, and each says what it is of and where it is from; a text
//! never becomes a formula in the program that opens it.

mod comma;
mod document;
pub(crate) mod region;
mod workbook;

use axum::body::Body;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, Response};

/// A column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) name: String,
    /// Whether it holds numbers.
    pub(crate) numeric: bool,
}

/// What stands in a cell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value {
    /// Words.
    Text(String),
    /// A count.
    Count(u64),
    /// Not known.
    Unknown,
}

/// A table with what it says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    /// What it shows.
    pub(crate) title: String,
    /// Of when it is, by whom, from which data; one line.
    pub(crate) source: String,
    /// Lines below it on paper that say more: who stands behind a column.
    pub(crate) notes: Vec<String>,
    /// Name of the file, without its ending.
    pub(crate) file: String,
    /// Columns.
    pub(crate) columns: Vec<Column>,
    /// Rows, each with a value for every column.
    pub(crate) rows: Vec<Vec<Value>>,
    /// Whether rows were left out because there are too many.
    pub(crate) cut: bool,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// RFC 4180, UTF-8.
    Csv,
    /// Office Open XML.
    Xlsx,
    /// Pages to print.
    Pdf,
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ExportError(pub(crate) String);

impl Value {
    /// Whether it stands to the right, as counts do.
    pub(crate) const fn numeric(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Unknown)
    }

    /// What people read.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => crate::dto::text::grouped(*count),
            Self::Unknown => "\u{2013}".to_owned(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl Shape {
    /// All, with the word that asks for each.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Csv, "csv"), (Self::Xlsx, "xlsx"), (Self::Pdf, "pdf")];

    /// Reads the word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == text).map(|(shape, _)| shape)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }
}

impl Sheet {
    /// The bytes of a file.
    pub(crate) fn bytes(&self, shape: Shape) -> Result<Vec<u8>, ExportError> {
        match shape {
            Shape::Csv => comma::bytes(self),
            Shape::Xlsx => workbook::bytes(self),
            Shape::Pdf => document::bytes(self),
        }
    }

    /// The file as an answer to save.
    pub(crate) fn answer(&self, shape: Shape) -> Result<Response<Body>, ExportError> {
        let mut response = Response::new(Body::from(self.bytes(shape)?));
        let ending = Shape::ALL.into_iter().find(|(other, _)| *other == shape).map_or("", |(_, name)| name);
        let name = format!("attachment; filename=\"{}.{ending}\"", self.file);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(shape.media_type()));
        headers.extend(HeaderValue::from_str(&name).ok().map(|name| (CONTENT_DISPOSITION, name)));
        Ok(response)
    }

    /// The line below a table that was cut.
    fn cut_line(&self) -> Option<String> {
        let rows = crate::dto::text::grouped(u64::try_from(self.rows.len()).unwrap_or(u64::MAX));
        self.cut.then(|| format!("Dipotong setelah {rows} baris. Persempit wilayah atau saringannya."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(rows: usize) -> Sheet {
        let column = |name: &str, numeric| Column { name: name.to_owned(), numeric };
        let row = |number: usize| {
            vec![Value::Text(format!("=TPS \u{201c}{number}\u{201d}")), Value::Count(1_234), Value::Unknown]
        };
        Sheet {
            title: "Formulir ditahan".to_owned(),
            source: "Rakit, indeks 7".to_owned(),
            notes: vec!["1. Calon Satu".to_owned()],
            file: "formulir".to_owned(),
            columns: vec![column("TPS", false), column("Suara", true), column("Sah", true)],
            rows: (0..rows).map(row).collect(),
            cut: rows > 100,
        }
    }

    #[test]
    fn a_comma_file_holds_every_cell_and_no_formula() {
        let bytes = sheet(2).bytes(Shape::Csv).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(
            lines,
            ["TPS,Suara,Sah", "'=TPS \u{201c}0\u{201d},1234,", "'=TPS \u{201c}1\u{201d},1234,"]
        );
    }

    #[test]
    fn a_workbook_is_a_zip_with_a_sheet() {
        let bytes = sheet(2).bytes(Shape::Xlsx).unwrap();
        assert!(bytes.starts_with(b"PK"));
        let held = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
        assert!(held(b"xl/worksheets/sheet1.xml"));
    }

    #[test]
    fn a_document_has_as_many_pages_as_it_needs_and_its_text_can_be_read() {
        let pages = |rows| {
            let bytes = sheet(rows).bytes(Shape::Pdf).unwrap();
            let document = lopdf::Document::load_mem(&bytes).unwrap();
            let numbers: Vec<u32> = document.get_pages().keys().copied().collect();
            let text = document.extract_text(&numbers).unwrap();
            (numbers.len(), text)
        };
        let (few, text) = pages(3);
        assert_eq!(few, 1);
        assert!(text.contains("Formulir ditahan") && text.contains("Rakit, indeks 7"), "{text}");
        assert!(text.contains("1. Calon Satu"), "{text}");
        let (many, text) = pages(150);
        assert!(many > 1);
        assert!(text.contains(&format!("Halaman {many} dari {many}")), "{text}");
        assert!(text.contains("Dipotong setelah 150 baris"), "{text}");
        assert_eq!(pages(0).0, 1);
    }
}
