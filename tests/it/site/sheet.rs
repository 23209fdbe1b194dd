//! The numbers of a region's page, read from its HTML or its JSON as a reader without our code would read them.
//!
//! Invariant: a sheet has the numbers of the region and those of each row below, column by column in one order, so that the
//! columns can be added up.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::form::OPTIONS;

/// A row, or the region itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line {
    /// Its code.
    pub(super) code: String,
    /// How often it changed, where that is told.
    pub(super) version: Option<u64>,
    /// Votes by option; then, in data, the other totals; then, of a region, progress.
    pub(super) numbers: Vec<u64>,
}

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) version: u64,
    pub(super) own: Line,
    pub(super) rows: Vec<Line>,
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    text.split_once(start)?.1.split_once(end).map(|(found, _)| found)
}

/// "12.345 suara" is 12345, and nothing is 0.
fn number(text: &str) -> u64 {
    text.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default()
}

fn of_progress(text: &str) -> Option<[u64; 2]> {
    text.split_once(" dari ").map(|(reported, stations)| [number(reported), number(stations)])
}

impl Sheet {
    /// The sheet of a page for people; `None` when it shows no region.
    pub(super) fn of_page(html: &str) -> Option<Self> {
        let options = between(html, "id=\"suara\"", "</ol>")?;
        let votes = options.split("class=\"got\"").skip(1);
        let mut numbers: Vec<u64> =
            votes.filter_map(|option| between(option, "<small>", "</small>").map(number)).collect();
        let progress = between(html, "id=\"progres\"", "</p>")?;
        numbers.extend(of_progress(progress.split_once("</strong>")?.1)?);
        let address = between(html, "/api/v1/results/", "\"")?;
        let code = address.rsplit('/').next()?.to_owned();
        let version = between(html, "versi ", "<").map_or(0, number);
        let body = between(html, "<tbody id=\"baris\"", "</tbody>").unwrap_or_default();
        let rows = body.split("<tr>").skip(1).filter_map(row).collect();
        Some(Self { version, own: Line { code, version: Some(version), numbers }, rows })
    }

    /// The sheet of an answer of `/api/v1/results`.
    pub(super) fn of_data(data: &Value) -> Self {
        let version = data["as_of"]["version"].as_u64().expect("a version");
        let own = line(data, &data["region"]["code"], Some(version));
        let rows = data["children"].as_array().expect("rows");
        let rows = rows.iter().map(|row| line(row, &row["code"], row["version"].as_u64())).collect();
        Self { version, own, rows }
    }

    /// Panics unless every column adds up to the region's own number.
    pub(super) fn adds_up(&self, what: &str) {
        // Rows of stations have no progress of their own.
        let columns = self.rows.iter().map(|row| row.numbers.len()).min().unwrap_or(0);
        for column in 0..columns {
            let sum: u64 = self.rows.iter().map(|row| row.numbers[column]).sum();
            assert_eq!(sum, self.own.numbers[column], "column {column} of {what}: {self:?}");
        }
        assert!(self.rows.iter().all(|row| row.numbers.len() == columns), "{what}: {self:?}");
    }

    /// What the page for people shows of it.
    pub(super) fn as_on_the_page(&self) -> Vec<u64> {
        let (votes, rest) = self.own.numbers.split_at(OPTIONS.len());
        // Behind the other five totals come stations and those that reported.
        [votes, &[rest[6], rest[5]]].concat()
    }
}

fn row(text: &str) -> Option<Line> {
    let address = between(text, "href=\"", "\"")?;
    // "/ppwp/3101" or "/tps/3101011001001/ppwp".
    let code = address.split('/').nth(2)?;
    let mut numbers = Vec::new();
    for cell in text.split("<td class=\"").skip(1) {
        let (class, inside) = cell.split_once("\">")?;
        let small = between(inside, "<small>", "</small>");
        if class.starts_with("status") {
            numbers.extend(small.and_then(of_progress).into_iter().flatten());
        } else if !class.contains(" all") {
            numbers.push(small.map_or(0, number));
        }
    }
    Some(Line { code: code.to_owned(), version: None, numbers })
}

fn line(data: &Value, code: &Value, version: Option<u64>) -> Line {
    let totals = &data["totals"];
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let mut numbers: Vec<u64> = OPTIONS.iter().map(|option| count(&totals["votes"][option])).collect();
    for field in ["valid", "invalid", "total", "registered", "turnout"] {
        numbers.push(count(&totals[field]));
    }
    if let Some(progress) = data.get("progress") {
        for field in ["stations", "reported", "held", "flagged", "partial", "certified"] {
            numbers.push(count(&progress[field]));
        }
    }
    Line { code: code.as_str().expect("a code").to_owned(), version, numbers }
}

/// What every place had at every version that was seen of it.
#[derive(Default)]
pub(super) struct Versions {
    seen: BTreeMap<(String, u64), Vec<u64>>,
    /// How often something was seen again.
    pub(super) again: usize,
}

impl Versions {
    /// Panics when a place has other numbers than the last time it was seen at that version.
    pub(super) fn note(&mut self, sheet: &Sheet) {
        for line in sheet.rows.iter().chain([&sheet.own]) {
            let Some(version) = line.version else { continue };
            let before = self.seen.insert((line.code.clone(), version), line.numbers.clone());
            if let Some(before) = before {
                self.again += 1;
                assert_eq!(before, line.numbers, "{} at version {version}", line.code);
            }
        }
    }
}

#[test]
fn pages_are_read_as_they_are_written() {
    let page = "<a href=\"/api/v1/results/ppwp/31\">x</a><span>versi 1.024</span><section id=\"progres\">\
        <p><strong>50 %</strong> 1.000 dari 2.000 TPS masuk</p><ol id=\"suara\"><li><span class=\"got\">\
        <strong>9 %</strong><small>1.234 suara</small></span></li></ol><tbody id=\"baris\" data-live-rows>\
        <tr><th scope=\"row\"><a href=\"/ppwp/3101\">A</a></th><td class=\"count most\">9 %<small>1.234</small></td>\
        <td class=\"count all\">1.234</td><td class=\"status\">50 %<small>1.000 dari 2.000</small></td></tr></tbody>";
    let sheet = Sheet::of_page(page).unwrap();
    assert_eq!((sheet.version, &sheet.own.numbers[..]), (1_024, &[1_234, 1_000, 2_000][..]));
    assert_eq!((sheet.rows[0].code.as_str(), &sheet.rows[0].numbers), ("3101", &sheet.own.numbers));
    sheet.adds_up("a page");
}
