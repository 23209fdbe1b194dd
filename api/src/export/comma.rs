//! Comma-separated values, RFC 4180, with the mark that has spreadsheets read them as UTF-8.
//!
//! Invariant: a text that a spreadsheet would take for a formula gets an apostrophe in front.

use super::{ExportError, Sheet, Value};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn bytes(sheet: &Sheet) -> Result<Vec<u8>, ExportError> {
    let failed = |error: csv::Error| ExportError(error.to_string());
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(sheet.columns.iter().map(|column| column.name.as_str())).map_err(failed)?;
    for row in &sheet.rows {
        writer.write_record(row.iter().map(cell)).map_err(failed)?;
    }
    let rows = writer.into_inner().map_err(|error| ExportError(error.to_string()))?;
    let mut bytes = BYTE_ORDER_MARK.to_vec();
    bytes.extend_from_slice(&rows);
    if let Some(line) = sheet.cut_line() {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    Ok(bytes)
}

/// A value as it stands between commas.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::Text(text) => text.clone(),
        Value::Count(count) => count.to_string(),
        Value::Unknown => String::new(),
    }
}
