//! The map of the nation: a square for each province, laid by hand about where it lies, and one for the votes abroad.
//!
//! Invariant: all squares are equal, whatever a province's area, and show how far the count is, never who leads; a province
//! that has no place on the map is in the table all the same.

use crate::dto::results::{ResultChild, ResultRegionLine, ResultsPage};
use crate::dto::text::grouped;

use super::number::Share;

/// Side of a square, in units of the drawing: 13 of them side by side are 24 pixels each on the narrowest phone.
const SIDE: u32 = 24;
/// Side of what is seen of it.
const INNER: u32 = SIDE - 2;
/// Squares side by side, and one above the other.
const COLUMNS: u32 = 13;
const ROWS: u32 = 7;

/// Codes of provinces with their letters (ISO 3166-2:ID; abroad LN) and places: column, row.
const PLACES: [(&str, &str, u32, u32); 39] = [
    ("11", "AC", 0, 0),
    ("12", "SU", 1, 1),
    ("14", "RI", 2, 1),
    ("21", "KR", 3, 1),
    ("13", "SB", 1, 2),
    ("15", "JA", 2, 2),
    ("17", "BE", 1, 3),
    ("16", "SS", 2, 3),
    ("19", "BB", 3, 3),
    ("18", "LA", 2, 4),
    ("31", "JK", 4, 4),
    ("36", "BT", 3, 5),
    ("32", "JB", 4, 5),
    ("33", "JT", 5, 5),
    ("35", "JI", 6, 5),
    ("34", "YO", 5, 6),
    ("51", "BA", 7, 5),
    ("52", "NB", 8, 5),
    ("53", "NT", 9, 5),
    ("65", "KU", 6, 0),
    ("61", "KB", 5, 1),
    ("64", "KI", 6, 1),
    ("62", "KT", 5, 2),
    ("63", "KS", 6, 2),
    ("75", "GO", 8, 1),
    ("71", "SA", 9, 1),
    ("72", "ST", 8, 2),
    ("76", "SR", 7, 3),
    ("73", "SN", 8, 3),
    ("74", "SG", 9, 3),
    ("82", "MU", 10, 0),
    ("81", "MA", 10, 3),
    ("96", "PD", 11, 1),
    ("92", "PB", 11, 2),
    ("91", "PA", 12, 2),
    ("94", "PT", 11, 4),
    ("95", "PE", 12, 3),
    ("93", "PS", 12, 4),
    ("99", "LN", 0, 6),
];

/// The map.
pub(super) struct TileMap {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) tiles: Vec<Tile>,
}

/// One province.
pub(super) struct Tile {
    pub(super) address: String,
    pub(super) letters: &'static str,
    /// Name and progress in words.
    pub(super) title: String,
    pub(super) left: u32,
    pub(super) top: u32,
    /// Where the part that is in begins, and how high it is.
    pub(super) filled_top: u32,
    pub(super) filled: u32,
    pub(super) complete: bool,
}

/// The map of a page whose children are provinces; `None` when fewer than two of them have a place.
pub(super) fn map(page: &ResultsPage) -> Option<TileMap> {
    let tiles: Vec<Tile> = page.children.iter().filter_map(|child| tile(page, child)).collect();
    (tiles.len() > 1).then_some(TileMap {
        width: COLUMNS.saturating_mul(SIDE),
        height: ROWS.saturating_mul(SIDE),
        tiles,
    })
}

fn tile(page: &ResultsPage, child: &ResultChild) -> Option<Tile> {
    let ResultChild::Region(line) = child else { return None };
    let (_, letters, column, row) = PLACES.into_iter().find(|(code, ..)| *code == line.code)?;
    let progress = &line.progress;
    let filled =
        u64::from(INNER).saturating_mul(progress.reported).checked_div(progress.stations).unwrap_or(0);
    let filled = u32::try_from(filled).unwrap_or(INNER).min(INNER);
    let (left, top) = (column.saturating_mul(SIDE), row.saturating_mul(SIDE));
    Some(Tile {
        address: format!("/{}/{}", page.contest, line.code),
        letters,
        title: title(line),
        left,
        top,
        filled_top: top.saturating_add(1).saturating_add(INNER.saturating_sub(filled)),
        filled,
        complete: progress.stations > 0 && progress.reported == progress.stations,
    })
}

fn title(line: &ResultRegionLine) -> String {
    let progress = &line.progress;
    let share = Share::of_progress(progress.reported, progress.stations);
    let percent = share.map_or_else(|| "0\u{a0}%".to_owned(), Share::text);
    let (reported, stations) = (grouped(progress.reported), grouped(progress.stations));
    format!("{}: {percent}, {reported} dari {stations} TPS masuk", line.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_province_of_2024_has_one_place_of_its_own() {
        let codes: BTreeSet<&str> = PLACES.iter().map(|(code, ..)| *code).collect();
        let letters: BTreeSet<&str> = PLACES.iter().map(|(_, letters, ..)| *letters).collect();
        let places: BTreeSet<(u32, u32)> = PLACES.iter().map(|(_, _, column, row)| (*column, *row)).collect();
        assert_eq!((codes.len(), letters.len(), places.len()), (39, 39, 39));
        assert!(places.iter().all(|(column, row)| *column < COLUMNS && *row < ROWS));
    }
}
