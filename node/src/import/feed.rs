//! The feed of presidential forms of 2024: from a row of text to a form.
//!
//! Invariant: what the feed lacks is unknown, not zero. The feed writes zeros where nothing was read: a part of
//! the administration (registered, turnout) that is all zeros is unknown, and so are valid, invalid and total
//! together when all three are zero beside votes that are not.

use tally::form::{Form, People, Turnout};
use tally::region::StationCode;

use super::table::{Table, cell};
use crate::failure::Failure;

/// Largest number any box of any form holds (a postal count abroad, R03).
const COUNT_MAX: u32 = 99_999;

/// Where the feed's columns are.
#[derive(Clone, Debug)]
pub struct Columns {
    station: usize,
    votes: Vec<usize>,
    registered: [usize; 3],
    dpt: [usize; 3],
    dptb: [usize; 3],
    dpk: [usize; 3],
    total: [usize; 3],
    sums: [usize; 3],
}

/// What a row comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Row {
    /// Not all votes are there: not read yet.
    WithoutVotes,
    /// No station can have this code (R01).
    WrongStation,
    /// A cell is no count a form can hold (R03).
    WrongCount(StationCode),
    /// A form.
    Form(StationCode, Form),
}

impl Columns {
    /// Finds the columns for a contest with that many options, whose votes are `suara_p1`, `suara_p2`, ... in the
    /// order of the ballot.
    pub fn find(table: &Table, options: usize) -> Result<Self, Failure> {
        let people = |name: &str| -> Result<[usize; 3], Failure> {
            Ok([
                table.column(&format!("{name}_l"))?,
                table.column(&format!("{name}_p"))?,
                table.column(&format!("{name}_j"))?,
            ])
        };
        let votes = (1..=options).map(|number| table.column(&format!("suara_p{number}")));
        Ok(Self {
            station: table.column("kode_tps")?,
            votes: votes.collect::<Result<_, _>>()?,
            registered: people("dpt")?,
            dpt: people("pengguna_dpt")?,
            dptb: people("pengguna_dptb")?,
            dpk: people("pengguna_dpk")?,
            total: people("pengguna_total")?,
            sums: [
                table.column("suara_sah")?,
                table.column("suara_tidak_sah")?,
                table.column("suara_total")?,
            ],
        })
    }

    /// The station a row is of, if its code can be one.
    #[must_use]
    pub fn station(&self, record: &csv::StringRecord) -> Option<StationCode> {
        StationCode::parse(cell(record, self.station))
    }

    /// Reads a row.
    #[must_use]
    pub fn read(&self, record: &csv::StringRecord) -> Row {
        if self.votes.iter().any(|column| cell(record, *column).is_empty()) {
            return Row::WithoutVotes;
        }
        let Some(station) = self.station(record) else {
            return Row::WrongStation;
        };
        self.form(record).map_or(Row::WrongCount(station), |form| Row::Form(station, form))
    }

    fn form(&self, record: &csv::StringRecord) -> Result<Form, NotACount> {
        let votes: Vec<u32> = self
            .votes
            .iter()
            .map(|column| count(cell(record, *column))?.ok_or(NotACount))
            .collect::<Result<_, _>>()?;
        let registered = people(record, self.registered)?.filter(|people| *people != People::default());
        let (dpt, dptb) = (people(record, self.dpt)?, people(record, self.dptb)?);
        let (dpk, total) = (people(record, self.dpk)?, people(record, self.total)?);
        let turnout = match (dpt, dptb, dpk, total) {
            (Some(dpt), Some(dptb), Some(dpk), Some(total)) => Some(Turnout { dpt, dptb, dpk, total }),
            _ => None,
        };
        let turnout = turnout.filter(|turnout| *turnout != Turnout::default());
        let [valid, invalid, total] = self.sums.map(|column| count(cell(record, column)));
        let (valid, invalid, total) = (valid?, invalid?, total?);
        let unread = [valid, invalid, total] == [Some(0); 3] && votes.iter().any(|votes| *votes > 0);
        let known = |number: Option<u32>| number.filter(|_| !unread);
        Ok(Form {
            registered,
            turnout,
            ballots: None,
            disabled: None,
            votes,
            valid: known(valid),
            invalid: known(invalid),
            total: known(total),
        })
    }
}

/// A cell that holds no count a form can have.
struct NotACount;

/// People of a row; `None` when a cell is empty. `columns` are male, female, total.
fn people(record: &csv::StringRecord, columns: [usize; 3]) -> Result<Option<People>, NotACount> {
    let [male, female, total] = columns.map(|column| count(cell(record, column)));
    Ok(match (male?, female?, total?) {
        (Some(male), Some(female), Some(total)) => Some(People { male, female, total }),
        _ => None,
    })
}

/// A count; `None` when the cell is empty.
fn count(text: &str) -> Result<Option<u32>, NotACount> {
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotACount);
    }
    let count = text.parse().ok().filter(|count| *count <= COUNT_MAX);
    count.map(Some).ok_or(NotACount)
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
