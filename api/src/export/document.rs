//! Tables as PDF: A4 across, headings on every page, page numbers, a line that says where it is from.
//!
//! Invariant: only the fonts that every reader has are used, and only characters they have; text can be selected and
//! searched.
#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "places on a page are points; nothing is counted in them"
)]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref, Str};

use super::{ExportError, Sheet};

/// A4 across, in points.
const PAGE_WIDTH: f32 = 842.0;
const PAGE_HEIGHT: f32 = 595.0;
const MARGIN: f32 = 36.0;
const LINE: f32 = 13.0;
const SIZE: f32 = 8.5;
const TITLE_SIZE: f32 = 14.0;
/// Mean width of a character of Helvetica, of its size.
const CHARACTER: f32 = 0.52;
const ROWS_PER_PAGE: usize = 33;
/// Letters a column is as wide as, at most.
const LETTERS_MAX: usize = 48;

const PLAIN: Name<'static> = Name(b"P");
const BOLD: Name<'static> = Name(b"B");

pub(super) fn bytes(sheet: &Sheet) -> Result<Vec<u8>, ExportError> {
    let rows_per_page = ROWS_PER_PAGE.saturating_sub(sheet.notes.len()).max(ROWS_PER_PAGE / 2);
    let mut pages: Vec<&[Vec<super::Value>]> = sheet.rows.chunks(rows_per_page).collect();
    if pages.is_empty() {
        pages.push(&[]);
    }
    let reference = |number: usize| Ref::new(i32::try_from(number).unwrap_or(i32::MAX));
    let (catalog, tree, plain, bold) = (reference(1), reference(2), reference(3), reference(4));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    for (font, base) in [(plain, b"Helvetica".as_slice()), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(font).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let places = Places::of(sheet);
    let mut kids = Vec::with_capacity(pages.len());
    for (position, rows) in pages.iter().enumerate() {
        let number = position.saturating_mul(2).saturating_add(5);
        let (page, content) = (reference(number), reference(number.saturating_add(1)));
        kids.push(page);
        {
            let mut written = pdf.page(page);
            written.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT)).contents(content);
            written.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
        }
        let drawn = drawn(sheet, &places, rows, (position.saturating_add(1), pages.len()));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        let compressed = encoder.write_all(&drawn).and_then(|()| encoder.finish());
        let compressed = compressed.map_err(|error| ExportError(error.to_string()))?;
        pdf.stream(content, &compressed).filter(Filter::FlateDecode);
    }
    let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(kids).count(count);
    Ok(pdf.finish())
}

/// Where columns begin, and how many letters each holds.
struct Places {
    columns: Vec<(f32, f32, usize)>,
}

impl Places {
    /// Columns share the width by their longest cell.
    fn of(sheet: &Sheet) -> Self {
        let letters: Vec<usize> = sheet
            .columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let cells = sheet.rows.iter().filter_map(|row| row.get(position));
                let longest = cells.map(|value| value.shown().chars().count()).max().unwrap_or(0);
                longest.max(column.name.chars().count().min(16)).saturating_add(2).min(LETTERS_MAX)
            })
            .collect();
        let all: usize = letters.iter().sum();
        let width = PAGE_WIDTH - 2.0 * MARGIN;
        let wanted = all as f32 * SIZE * CHARACTER;
        let scale = if wanted > width { width / wanted } else { 1.0 };
        let mut left = MARGIN;
        let mut columns = Vec::with_capacity(letters.len());
        for count in letters {
            let wide = count as f32 * SIZE * CHARACTER * scale;
            let fitting = ((count as f32) * scale).floor().max(3.0);
            columns.push((left, wide, count.min(truncated(fitting)).saturating_sub(1)));
            left += wide;
        }
        Self { columns }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 3 and the letters of a column"
)]
const fn truncated(letters: f32) -> usize {
    letters as usize
}

fn drawn(
    sheet: &Sheet,
    places: &Places,
    rows: &[Vec<super::Value>],
    (page, pages): (usize, usize),
) -> Vec<u8> {
    let mut content = Content::new();
    let mut line = PAGE_HEIGHT - MARGIN - TITLE_SIZE;
    text(&mut content, (BOLD, TITLE_SIZE), (MARGIN, line), &sheet.title);
    line -= LINE * 1.3;
    text(&mut content, (PLAIN, SIZE), (MARGIN, line), &sheet.source);
    for note in sheet.notes.iter().take(ROWS_PER_PAGE / 2) {
        line -= LINE;
        text(&mut content, (PLAIN, SIZE), (MARGIN, line), note);
    }
    line -= LINE * 1.6;
    for (column, (left, wide, letters)) in sheet.columns.iter().zip(&places.columns) {
        cell(&mut content, BOLD, (*left, *wide, line), &fitted(&column.name, *letters), column.numeric);
    }
    line -= 4.0;
    content.set_line_width(0.6).move_to(MARGIN, line).line_to(PAGE_WIDTH - MARGIN, line).stroke();
    for row in rows {
        line -= LINE;
        for ((value, column), (left, wide, letters)) in row.iter().zip(&sheet.columns).zip(&places.columns) {
            cell(
                &mut content,
                PLAIN,
                (*left, *wide, line),
                &fitted(&value.shown(), *letters),
                column.numeric,
            );
        }
    }
    if let Some(cut) = sheet.cut_line().filter(|_| page == pages) {
        text(&mut content, (BOLD, SIZE), (MARGIN, line - LINE), &cut);
    }
    let foot = format!("Halaman {page} dari {pages}");
    text(&mut content, (PLAIN, SIZE), (MARGIN, MARGIN - LINE), &foot);
    content.finish().into_vec()
}

fn fitted(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['\u{2026}']).collect()
}

fn cell(
    content: &mut Content,
    font: Name<'_>,
    (left, wide, line): (f32, f32, f32),
    words: &str,
    numeric: bool,
) {
    let indent = if numeric { (wide - width(words) - SIZE * CHARACTER).max(0.0) } else { 0.0 };
    text(content, (font, SIZE), (left + indent, line), words);
}

/// About as wide as it is drawn: digits are 0.556 of the size, marks between them 0.278.
fn width(words: &str) -> f32 {
    words.chars().map(|letter| if matches!(letter, '.' | ',' | ' ') { 0.278 } else { 0.556 } * SIZE).sum()
}

fn text(content: &mut Content, (font, size): (Name<'_>, f32), (left, line): (f32, f32), words: &str) {
    let bytes: Vec<u8> = words.chars().map(ansi).collect();
    content.begin_text().set_font(font, size).next_line(left, line).show(Str(&bytes)).end_text();
}

/// The letter in Windows' Latin set, or a question mark.
fn ansi(letter: char) -> u8 {
    match letter {
        '\u{2026}' => 0x85,
        '\u{2018}' => 0x91,
        '\u{2019}' => 0x92,
        '\u{201c}' => 0x93,
        '\u{201d}' => 0x94,
        '\u{2013}' => 0x96,
        '\u{2014}' => 0x97,
        other => {
            u8::try_from(u32::from(other)).ok().filter(|byte| !(0x80..0xa0).contains(byte)).unwrap_or(b'?')
        }
    }
}
