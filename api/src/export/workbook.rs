//! Workbooks of one sheet.
//!
//! Invariant: counts are numbers, texts are texts; the first rows say what the sheet shows and where it is from.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::{ExportError, Sheet, Value};

/// Rows above the headings.
const HEAD_ROWS: u32 = 3;
/// Width of columns, in characters.
const TEXT_WIDTH: u16 = 28;
const COUNT_WIDTH: u16 = 14;

pub(super) fn bytes(sheet: &Sheet) -> Result<Vec<u8>, ExportError> {
    written(sheet).map_err(|error| ExportError(error.to_string()))
}

fn written(sheet: &Sheet) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet();
    let (bold, count) = (Format::new().set_bold(), Format::new().set_num_format("#,##0"));
    page.write_string_with_format(0, 0, &sheet.title, &bold)?;
    page.write_string(1, 0, &sheet.source)?;
    for (position, column) in (0_u16..).zip(&sheet.columns) {
        page.write_string_with_format(HEAD_ROWS, position, &column.name, &bold)?;
        page.set_column_width(position, if column.numeric { COUNT_WIDTH } else { TEXT_WIDTH })?;
    }
    page.set_freeze_panes(HEAD_ROWS.saturating_add(1), 1)?;
    let mut line = HEAD_ROWS;
    for row in &sheet.rows {
        line = line.saturating_add(1);
        for (position, value) in (0_u16..).zip(row) {
            match value {
                Value::Text(text) => {
                    page.write_string(line, position, text)?;
                }
                Value::Count(number) => {
                    // A cell holds a fraction, in which every count of this size is exact.
                    match u32::try_from(*number) {
                        Ok(number) => page.write_number_with_format(line, position, number, &count)?,
                        Err(_) => page.write_string(line, position, number.to_string())?,
                    };
                }
                Value::Unknown => {}
            }
        }
    }
    if let Some(text) = sheet.cut_line() {
        page.write_string(line.saturating_add(2), 0, text)?;
    }
    workbook.save_to_buffer()
}
