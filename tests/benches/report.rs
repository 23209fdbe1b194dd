//! Figures as a table for people and as JSON for comparing runs.

use std::path::PathBuf;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

/// Median and range over the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let median = match values.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => values[length / 2],
            length => f64::midpoint(values[length / 2 - 1], values[length / 2]),
        };
        Self {
            median,
            min: values.first().copied().unwrap_or(f64::NAN),
            max: values.last().copied().unwrap_or(f64::NAN),
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    part: String,
    what: String,
    unit: String,
    rakit: Spread,
    peer: Option<Spread>,
    /// Rakit over its peer, round by round.
    ratio: Option<Spread>,
}

impl Row {
    /// A figure without a peer, measured once.
    pub(crate) fn single(part: &str, what: &str, unit: &str, value: f64) -> Self {
        Self::alone(part, what, unit, vec![value])
    }

    /// A figure without a peer.
    pub(crate) fn alone(part: &str, what: &str, unit: &str, values: Vec<f64>) -> Self {
        let (part, what, unit) = (part.to_owned(), what.to_owned(), unit.to_owned());
        Self { part, what, unit, rakit: Spread::of(values), peer: None, ratio: None }
    }

    /// A figure beside a peer's, round by round.
    pub(crate) fn pair(part: &str, what: &str, unit: &str, rakit: Vec<f64>, peer: Vec<f64>) -> Self {
        let ratios = rakit.iter().zip(&peer).map(|(rakit, peer)| rakit / peer).collect();
        let row = Self::alone(part, what, unit, rakit);
        Self { peer: Some(Spread::of(peer)), ratio: Some(Spread::of(ratios)), ..row }
    }
}

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

fn shown(spread: Spread) -> String {
    if spread.min.total_cmp(&spread.max).is_eq() {
        return figure(spread.median);
    }
    format!("{} ({}-{})", figure(spread.median), figure(spread.min), figure(spread.max))
}

fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

impl Report {
    /// Adds a line and shows that it is there.
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("{}: {} {}", row.what, shown(row.rakit), row.peer.map(shown).unwrap_or_default());
        self.rows.push(row);
    }

    /// Adds a remark below the table.
    pub(crate) fn note(&mut self, text: String) {
        eprintln!("{text}");
        self.notes.push(text);
    }

    fn to_markdown(&self) -> String {
        let mut table = Table::new();
        table.load_preset(ASCII_MARKDOWN).set_header([
            "part",
            "what",
            "unit",
            "rakit",
            "peer",
            "rakit / peer",
        ]);
        for row in &self.rows {
            let optional = |spread: Option<Spread>| spread.map(shown).unwrap_or_default();
            table.add_row([
                row.part.clone(),
                row.what.clone(),
                row.unit.clone(),
                shown(row.rakit),
                optional(row.peer),
                optional(row.ratio),
            ]);
        }
        for column in 3..6 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n\nMedian (lowest-highest) over the rounds.\n\n{}\n", self.notes.join("\n"))
    }

    /// Prints the table and keeps it, with the figures as JSON, in `bench/` of the target directory.
    pub(crate) fn finish(&self) {
        let markdown = self.to_markdown();
        println!("{markdown}");
        let folder = folder();
        std::fs::create_dir_all(&folder).expect("a folder for the report");
        tests::program::write_file(&folder.join("report.md"), &markdown);
        let json = serde_json::to_string_pretty(self).expect("figures are JSON");
        tests::program::write_file(&folder.join("report.json"), &json);
        println!("kept in {}", folder.display());
    }
}

fn folder() -> PathBuf {
    let this = std::env::current_exe().expect("a program knows where it is");
    this.ancestors().nth(2).expect("a program lies in target/release").join("bench")
}
