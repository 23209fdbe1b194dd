//! Accounts of officers, from a file with columns `username,password,role,scope`; the password may be missing.
//!
//! Passwords go to the node as they are, over TLS: it alone can see that one is the current one, so that an import that is
//! run again changes nothing.

use std::path::Path;

use api::dto::master::{AccountEntry, AccountsBody};
use serde::Serialize;
use tally::account::{Role, Scope, username_allowed};

use super::codes::Issued;
use super::table::{Table, cell};
use crate::failure::Failure;
use crate::text;

/// Accounts with passwords sent in one call: each costs the node up to two hashes of tens of milliseconds.
const PASSWORDS_MAX: usize = 50;
/// Accounts with codes sent in one call.
const CODES_MAX: usize = 5_000;

/// What was read and what the cluster made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AccountsSummary {
    /// Accounts in the file.
    pub read: u64,
    /// Accounts made.
    pub created: u64,
    /// Accounts changed.
    pub changed: u64,
    /// Accounts that were so already.
    pub unchanged: u64,
    /// Accounts that were there and kept what they have, instead of a code.
    pub kept: u64,
    /// Cards printed.
    pub printed: u64,
    /// Seconds it took.
    pub seconds: f64,
}

/// A row of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountRow {
    /// Name of the account.
    pub username: String,
    /// Its password; a one-time code is made where there is none.
    pub password: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

/// Reads the file. A wrong row refuses the whole file.
pub fn read(path: &Path) -> Result<Vec<AccountRow>, Failure> {
    let mut table = Table::open(path)?;
    let username = table.column("username")?;
    let password = table.column("password").ok();
    let role = table.column("role")?;
    let scope = table.column("scope")?;
    let mut record = csv::StringRecord::new();
    let mut rows = Vec::new();
    while table.read(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |column: &str| {
            let shown = path.display();
            Failure::usage(text!(
                "{shown}:{line}: kolom \"{column}\" tidak berlaku",
                "{shown}:{line}: column \"{column}\" is not valid"
            ))
        };
        let username = cell(&record, username);
        if !username_allowed(username) {
            return Err(wrong("username"));
        }
        rows.push(AccountRow {
            username: username.to_owned(),
            // White space may be part of a password: it is taken as it stands.
            password: password
                .and_then(|password| record.get(password))
                .filter(|password| !password.is_empty())
                .map(str::to_owned),
            role: Role::parse(cell(&record, role)).ok_or_else(|| wrong("role"))?,
            scope: Scope::parse(cell(&record, scope)).ok_or_else(|| wrong("scope"))?,
        });
    }
    Ok(rows)
}

/// Cuts the rows into calls. `reset` is `None` where no codes are to be made: then every row must have a password.
pub fn bodies(
    rows: &[AccountRow],
    reset: Option<bool>,
    issued: &mut Issued,
) -> Result<Vec<AccountsBody>, Failure> {
    let mut with_passwords = Vec::new();
    let mut with_codes = Vec::new();
    for row in rows {
        let mut entry = AccountEntry {
            username: row.username.clone(),
            password: row.password.clone(),
            password_hash: None,
            code_digest: None,
            reset: None,
            role: row.role.name().to_owned(),
            scope: row.scope.to_string(),
            active: None,
        };
        match (&row.password, reset) {
            (Some(_), _) => with_passwords.push(entry),
            (None, Some(reset)) => {
                entry.code_digest = Some(issued.digest_for(&row.username)?);
                entry.reset = Some(reset);
                with_codes.push(entry);
            }
            (None, None) => {
                let name = &row.username;
                return Err(Failure::usage(text!(
                    "akun {name} tidak punya kata sandi; isi kolom password, atau buat kode dengan --codes DIR",
                    "account {name} has no password; fill the column password, or make codes with --codes DIR"
                )));
            }
        }
    }
    let cut = |entries: Vec<AccountEntry>, most: usize| -> Vec<AccountsBody> {
        entries.chunks(most).map(|chunk| AccountsBody { accounts: chunk.to_vec() }).collect()
    };
    let mut bodies = cut(with_passwords, PASSWORDS_MAX);
    bodies.extend(cut(with_codes, CODES_MAX));
    Ok(bodies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(rows: &str) -> Result<Vec<AccountRow>, Failure> {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("akun.csv");
        let content = format!("username,password,role,scope\n{rows}\n");
        crate::durable::write(&path, content.as_bytes(), crate::durable::Access::Owner).expect("writes");
        read(&path)
    }

    #[test]
    fn a_row_becomes_an_account_with_its_password_as_it_stands() {
        let rows = read_text("kpps.1, rahasia sekali,officer,1101012001001").expect("valid");
        let bodies = bodies(&rows, None, &mut Issued::default()).expect("all with passwords");
        let entry = &bodies[0].accounts[0];
        assert_eq!((entry.role.as_str(), entry.scope.as_str()), ("officer", "1101012001001"));
        assert_eq!(entry.password.as_deref(), Some(" rahasia sekali"));
    }

    #[test]
    fn a_row_without_a_password_gets_a_code_where_codes_are_made() {
        let rows = read_text("kpps.1,,officer,1101012001001").expect("valid");
        assert!(bodies(&rows, None, &mut Issued::default()).is_err());
        let mut issued = Issued::default();
        let first = bodies(&rows, Some(false), &mut issued).expect("a code");
        let digest = first[0].accounts[0].code_digest.clone().expect("a digest");
        let code = issued.code("kpps.1").expect("kept");
        let worked_out = api::auth::code::digest("kpps.1", code).expect("a code");
        assert_eq!(digest, tally::ids::hex(&worked_out));
        // Run again with the same codes nothing changes.
        assert_eq!(bodies(&rows, Some(false), &mut issued).expect("the same"), first);
    }

    #[test]
    fn one_wrong_row_refuses_the_file() {
        for (row, column) in
            [("KPPS,x,officer,11", "username"), ("kpps,x,boss,11", "role"), ("kpps,x,officer,111", "scope")]
        {
            let failure = read_text(&format!("baik,x,officer,11\n{row}")).expect_err("refused");
            assert!(failure.to_string().contains(&format!(":3: column \"{column}\"")), "{failure}");
        }
    }
}
