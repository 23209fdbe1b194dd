//! Sheets of cards as PDF: A4, two columns of four, lines to cut along.
//!
//! Invariant: only the fonts that every reader has are used, and only characters they have; text can be selected and
//! searched.
#![expect(clippy::float_arithmetic, reason = "places on a page are points; nothing is counted in them")]

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref, Str};
use qrcode::{Color, EcLevel, QrCode};

use super::card::Card;

/// A4 in points.
const PAGE_WIDTH: f32 = 595.0;
const PAGE_HEIGHT: f32 = 842.0;
const MARGIN: f32 = 28.0;
const COLUMNS: usize = 2;
const ROWS: usize = 4;
const CARD_WIDTH: f32 = 269.5;
const CARD_HEIGHT: f32 = 196.5;
/// Side of the square, its quiet zone apart.
const SQUARE: f32 = 112.0;
const PADDING: f32 = 12.0;

const PLAIN: Name<'static> = Name(b"P");
const BOLD: Name<'static> = Name(b"B");
const FIXED: Name<'static> = Name(b"F");

/// Numbers of the objects, given out in order.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 = self.0.saturating_add(1);
        Ref::new(self.0)
    }
}

/// A document with all cards.
pub(super) fn pdf(cards: &[Card]) -> io::Result<Vec<u8>> {
    let mut numbers = Numbers(0);
    let (catalog, tree) = (numbers.next(), numbers.next());
    let fonts = [(PLAIN, b"Helvetica".as_slice()), (BOLD, b"Helvetica-Bold"), (FIXED, b"Courier-Bold")]
        .map(|(name, base)| (name, base, numbers.next()));
    let mut document = Pdf::new();
    document.catalog(catalog).pages(tree);
    for (_, base, font) in &fonts {
        document.type1_font(*font).base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let mut pages = Vec::new();
    for chunk in cards.chunks(COLUMNS.saturating_mul(ROWS)) {
        let (page, content) = (numbers.next(), numbers.next());
        pages.push(page);
        let mut written = document.page(page);
        written.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT)).contents(content);
        {
            let mut resources = written.resources();
            let mut named = resources.fonts();
            for (name, _, font) in &fonts {
                named.pair(*name, *font);
            }
        }
        drop(written);
        let bytes = compressed(&drawn(chunk)?)?;
        document.stream(content, &bytes).filter(Filter::FlateDecode);
    }
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    document.pages(tree).kids(pages).count(count);
    Ok(document.finish())
}

fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The cards of one page, from the upper left.
fn drawn(cards: &[Card]) -> io::Result<Vec<u8>> {
    let mut content = Content::new();
    let mut top = PAGE_HEIGHT - MARGIN;
    for row in cards.chunks(COLUMNS) {
        let mut left = MARGIN;
        for card in row {
            draw(&mut content, card, (left, top))?;
            left += CARD_WIDTH;
        }
        top -= CARD_HEIGHT;
    }
    Ok(content.finish().to_vec())
}

fn draw(content: &mut Content, card: &Card, (left, top): (f32, f32)) -> io::Result<()> {
    content.set_line_width(0.3).set_dash_pattern([2.0, 2.0], 0.0);
    content.rect(left, top - CARD_HEIGHT, CARD_WIDTH, CARD_HEIGHT).stroke();
    let text_left = left + PADDING;
    let mut line = top - PADDING - 8.0;
    let mut write = |font: Name<'static>, size: f32, step: f32, text: &str| {
        content.begin_text().set_font(font, size).next_line(text_left, line);
        content.show(Str(&encoded(text))).end_text();
        line -= step;
    };
    write(BOLD, 11.0, 14.0, "Rakit - kartu akun");
    write(PLAIN, 9.0, 11.0, card.role);
    write(PLAIN, 9.0, 16.0, &card.place);
    write(PLAIN, 8.0, 11.0, "Nama akun");
    write(FIXED, 11.0, 16.0, &card.username);
    write(PLAIN, 8.0, 12.0, "Kode (sekali pakai)");
    let (first, last) = card.code.split_at(card.code.len().min(10));
    write(FIXED, 12.0, 14.0, first.trim_end_matches('-'));
    write(FIXED, 12.0, 18.0, last);
    write(PLAIN, 8.0, 10.0, "Pindai kotak ini dengan kamera telepon, atau buka");
    write(BOLD, 8.0, 10.0, &card.app);
    write(PLAIN, 8.0, 10.0, "lalu ketik nama akun dan kode. Jangan difoto,");
    write(PLAIN, 8.0, 10.0, "jangan dibagikan. Hilang: minta admin mengatur ulang.");
    square(content, &card.address, (left + CARD_WIDTH - PADDING - SQUARE, top - PADDING - SQUARE))
}

/// The square, rows of dark modules as one rectangle each.
fn square(content: &mut Content, text: &str, (left, bottom): (f32, f32)) -> io::Result<()> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| io::Error::other(error.to_string()))?;
    let width = code.width();
    let dark: Vec<bool> = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    let module = SQUARE / f32::from(u16::try_from(width).unwrap_or(u16::MAX));
    let place = |number: usize| f32::from(u16::try_from(number).unwrap_or(u16::MAX)) * module;
    for (row, modules) in dark.chunks(width).enumerate() {
        let bottom = bottom + SQUARE - place(row.saturating_add(1));
        let mut column = 0;
        while column < width {
            let run = modules.iter().skip(column).take_while(|dark| **dark).count();
            if run > 0 {
                content.rect(left + place(column), bottom, place(run), module);
            }
            column = column.saturating_add(run.max(1));
        }
    }
    content.fill_nonzero();
    Ok(())
}

/// Text in the encoding of the fonts; what they do not have is a question mark.
fn encoded(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| if character.is_ascii() { u8::try_from(character).unwrap_or(b'?') } else { b'?' })
        .collect()
}
