//! Accounts of officers, from a file with columns `username,password,role,scope`.
//!
//! Passwords go to the node as they are, over TLS: it alone can see that one is the current one, so that an import that is
//! run again changes nothing.

use std::path::Path;

use api::dto::master::{AccountEntry, AccountsBody};
use serde::Serialize;
use tally::account::{Role, Scope, username_allowed};

use super::table::{Table, cell};
use crate::failure::Failure;
use crate::text;

/// Accounts sent in one call: each costs the node up to two hashes of tens of milliseconds.
const ACCOUNTS_MAX: usize = 50;

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
    /// Seconds it took.
    pub seconds: f64,
}

/// Reads the file and cuts it into calls. A wrong row refuses the whole file.
pub fn read(path: &Path) -> Result<Vec<AccountsBody>, Failure> {
    let mut table = Table::open(path)?;
    let username = table.column("username")?;
    let password = table.column("password")?;
    let role = table.column("role")?;
    let scope = table.column("scope")?;
    let mut record = csv::StringRecord::new();
    let mut entries = Vec::new();
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
        // White space may be part of a password: it is taken as it stands.
        let password = record.get(password).filter(|password| !password.is_empty());
        let password = password.ok_or_else(|| wrong("password"))?.to_owned();
        let role = Role::parse(cell(&record, role)).ok_or_else(|| wrong("role"))?;
        let scope = Scope::parse(cell(&record, scope)).ok_or_else(|| wrong("scope"))?;
        entries.push(AccountEntry {
            username: username.to_owned(),
            password: Some(password),
            password_hash: None,
            role: role.name().to_owned(),
            scope: scope.to_string(),
            active: None,
        });
    }
    Ok(entries.chunks(ACCOUNTS_MAX).map(|chunk| AccountsBody { accounts: chunk.to_vec() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(rows: &str) -> Result<Vec<AccountsBody>, Failure> {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("akun.csv");
        let content = format!("username,password,role,scope\n{rows}\n");
        crate::durable::write(&path, content.as_bytes(), crate::durable::Access::Owner).expect("writes");
        read(&path)
    }

    #[test]
    fn a_row_becomes_an_account_with_its_password_as_it_stands() {
        let bodies = read_text("kpps.1, rahasia sekali,officer,1101012001001").expect("valid");
        let entry = &bodies[0].accounts[0];
        assert_eq!((entry.role.as_str(), entry.scope.as_str()), ("officer", "1101012001001"));
        assert_eq!(entry.password.as_deref(), Some(" rahasia sekali"));
    }

    #[test]
    fn one_wrong_row_refuses_the_file() {
        for (row, column) in [
            ("KPPS,x,officer,11", "username"),
            ("kpps,,officer,11", "password"),
            ("kpps,x,boss,11", "role"),
            ("kpps,x,officer,111", "scope"),
        ] {
            let failure = read_text(&format!("baik,x,officer,11\n{row}")).expect_err("refused");
            assert!(failure.to_string().contains(&format!(":3: column \"{column}\"")), "{failure}");
        }
    }
}
