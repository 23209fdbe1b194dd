//! One-time codes: made here, kept in a file until they are on paper, and printed as sheets.
//!
//! Invariant: a code is in the file, flushed, before the cluster knows its hash; run again, an import uses the codes of
//! the file, so nobody who has signed in is signed out. Files with codes are for their owner's eyes only.

mod card;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use api::auth::code;
use tally::account::Scope;
use tally::ids::hex;

use super::accounts::AccountRow;
use super::table::{Table, cell};
use crate::durable::{self, Access};
use crate::failure::Failure;
use crate::text;
use card::Card;

/// Name of the file with all codes.
const CODES_FILE: &str = "kode.csv";

/// The codes of a directory, by name of the account.
#[derive(Debug, Default)]
pub struct Issued {
    path: Option<PathBuf>,
    codes: BTreeMap<String, String>,
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::failed(text!("{shown} tidak dapat ditulis: {error}", "{shown} cannot be written: {error}"))
}

impl Issued {
    /// The codes that are in a directory already; it is made if it is not there.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        durable::create_directory(directory).map_err(|error| unwritable(directory, &error))?;
        let path = directory.join(CODES_FILE);
        let mut codes = BTreeMap::new();
        if path.exists() {
            let mut table = Table::open(&path)?;
            let (username, written) = (table.column("username")?, table.column("code")?);
            let mut record = csv::StringRecord::new();
            while table.read(&mut record)? {
                codes.insert(cell(&record, username).to_owned(), cell(&record, written).to_owned());
            }
        }
        Ok(Self { path: Some(path), codes })
    }

    /// What the cluster keeps of an account's code; a code is made if it has none.
    pub fn digest_for(&mut self, username: &str) -> Result<String, Failure> {
        let unmakable = || Failure::failed(text!("kode tidak dapat dibuat", "no code could be made"));
        let code = match self.codes.get(username) {
            Some(code) => code.clone(),
            None => code::new().map_err(|_| unmakable())?,
        };
        let digest = code::digest(username, &code).ok_or_else(|| {
            Failure::usage(text!(
                "kode akun {username} di {CODES_FILE} tidak sah",
                "the code of account {username} in {CODES_FILE} is none"
            ))
        })?;
        self.codes.insert(username.to_owned(), code);
        Ok(hex(&digest))
    }

    /// The code of an account.
    #[must_use]
    pub fn code(&self, username: &str) -> Option<&str> {
        self.codes.get(username).map(String::as_str)
    }

    /// Forgets codes that the cluster did not take.
    pub fn withdraw(&mut self, usernames: &[String]) {
        for username in usernames {
            self.codes.remove(username);
        }
    }

    /// Writes the file anew.
    pub fn save(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = self.codes.iter().map(|(username, code)| [username.as_str(), code.as_str()]);
        let written = writer
            .write_record(["username", "code"])
            .and_then(|()| rows.into_iter().try_for_each(|row| writer.write_record(row)));
        let bytes = written
            .map_err(io::Error::from)
            .and_then(|()| writer.into_inner().map_err(|error| io::Error::other(error.to_string())));
        bytes
            .and_then(|bytes| durable::write(path, &bytes, Access::Owner))
            .map_err(|error| unwritable(path, &error))
    }
}

/// Prints a sheet for each district of the accounts that have a code; answers how many cards there are.
pub fn print(rows: &[AccountRow], issued: &Issued, directory: &Path, url: &str) -> Result<u64, Failure> {
    let mut districts: BTreeMap<String, Vec<Card>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let Some(code) = issued.code(&row.username) else { continue };
        if seen.insert(&row.username) {
            let card = Card::of(row, code, url);
            districts.entry(district(row.scope)).or_default().push(card);
        }
    }
    let mut printed = 0_u64;
    for (district, cards) in districts {
        let path = directory.join(format!("kode-{district}.pdf"));
        let bytes = sheet::pdf(&cards).map_err(|error| unwritable(&path, &error))?;
        durable::write(&path, &bytes, Access::Owner).map_err(|error| unwritable(&path, &error))?;
        printed = printed.saturating_add(u64::try_from(cards.len()).unwrap_or(u64::MAX));
    }
    Ok(printed)
}

/// The first six digits of a scope: whose sheet a card is on.
fn district(scope: Scope) -> String {
    let text = scope.to_string();
    text.get(..6.min(text.len())).unwrap_or_default().to_owned()
}

/// The sheets of a directory, by name.
#[cfg(test)]
fn sheets(directory: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(directory).map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()));
    let mut sheets: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .filter(|path| path.extension().is_some_and(|kind| kind == "pdf"))
        .collect();
    sheets.sort();
    sheets
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tally::account::Role;

    use super::*;

    fn row(username: &str, scope: &str) -> AccountRow {
        let scope = Scope::parse(scope).expect("a scope");
        AccountRow { username: username.to_owned(), password: None, role: Role::Officer, scope }
    }

    #[test]
    fn codes_survive_a_second_run_and_are_for_their_owner_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut issued = Issued::open(directory.path()).expect("opens");
        let digest = issued.digest_for("kpps-1").expect("a code");
        issued.digest_for("kpps-2").expect("a code");
        issued.withdraw(&["kpps-2".to_owned()]);
        issued.save().expect("saves");
        let mut again = Issued::open(directory.path()).expect("opens again");
        assert_eq!(again.digest_for("kpps-1").expect("the same"), digest);
        assert_eq!(again.code("kpps-2"), None);
        let mode = std::fs::metadata(directory.path().join(CODES_FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn a_district_has_a_sheet_with_its_cards() {
        let directory = tempfile::tempdir().expect("a directory");
        let rows =
            [row("a", "3175091001087"), row("b", "3175091001088"), row("c", "3275011001001"), row("d", "32")];
        let mut issued = Issued::open(directory.path()).expect("opens");
        for row in rows.iter().take(3) {
            issued.digest_for(&row.username).expect("a code");
        }
        assert_eq!(print(&rows, &issued, directory.path(), "https://petugas.contoh").expect("prints"), 3);
        let names: Vec<String> = sheets(directory.path())
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        assert_eq!(names, ["kode-317509.pdf", "kode-327501.pdf"]);
    }
}
