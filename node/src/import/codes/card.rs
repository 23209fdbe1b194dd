//! What stands on the card of an account.
//!
//! Invariant: the code in the square is behind a `#`: a browser that opens it never sends it to a server.

use tally::account::{Role, Scope};

use crate::import::accounts::AccountRow;

/// A card.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Card {
    /// Name of the account.
    pub(super) username: String,
    /// What it may do, in words.
    pub(super) role: &'static str,
    /// Where, in words.
    pub(super) place: String,
    /// The code as it is typed.
    pub(super) code: String,
    /// What the square says.
    pub(super) address: String,
    /// Where the app is.
    pub(super) app: String,
}

impl Card {
    /// The card of an account.
    pub(super) fn of(row: &AccountRow, code: &str, url: &str) -> Self {
        let app = format!("{}/entri/", url.trim_end_matches('/'));
        Self {
            username: row.username.clone(),
            role: role(row.role),
            place: place(row.scope),
            code: code.to_owned(),
            address: format!("{app}#akun={}&kode={code}", row.username),
            app,
        }
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::SuperAdmin => "super admin",
        Role::Admin => "admin",
        Role::Certifier => "pengesah",
        Role::Reviewer => "pemeriksa",
        Role::Officer => "petugas KPPS",
        Role::Auditor => "pengawas",
    }
}

fn place(scope: Scope) -> String {
    match scope {
        Scope::Station(station) => format!("TPS {:03}, kode {station}", station.station_number()),
        Scope::Region(region) => format!("wilayah {region}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_behind_the_hash() {
        let scope = Scope::parse("3175091001087").expect("a scope");
        let row = AccountRow { username: "kpps.1".to_owned(), password: None, role: Role::Officer, scope };
        let card = Card::of(&row, "ABCD-EFGH-JKMN-PQRS", "https://petugas.contoh/");
        assert_eq!(card.address, "https://petugas.contoh/entri/#akun=kpps.1&kode=ABCD-EFGH-JKMN-PQRS");
        assert_eq!((card.role, card.place.as_str()), ("petugas KPPS", "TPS 087, kode 3175091001087"));
    }
}
