//! Master data on the wire: regions with stations, and accounts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::account::{Role, Scope, username_allowed};
use tally::command::{NAME_BYTES_MAX, RegionDefinition, StationDefinition};
use tally::region::{RegionCode, StationCode};
use tally::station::StationKind;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use super::text::parse_hex;
use crate::error::Problem;
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORDS_PER_CALL_MAX};

/// Body of `POST /master/regions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionsBody {
    /// Regions, parents before children.
    #[serde(default)]
    pub regions: Vec<RegionEntry>,
    /// Stations of regions that are defined, here or before.
    #[serde(default)]
    pub stations: Vec<StationEntry>,
}

/// A region to define or rename.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionEntry {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A station to define or change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StationEntry {
    /// Code.
    pub code: String,
    /// `home`, `special`, `tpsln`, `ksk` or `pos`.
    pub kind: String,
    /// A name of its own, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Voters in the register, where known.
    #[serde(default)]
    pub registered: Option<u32>,
}

/// Body of `POST /master/accounts`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsBody {
    /// Accounts, at most 100 of them with a plain password.
    pub accounts: Vec<AccountEntry>,
}

/// An account to define.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
// In the description it must not take the name of what `GET /accounts` answers.
#[schema(as = AccountDefinition)]
pub struct AccountEntry {
    /// Its name.
    pub username: String,
    /// Its password, in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Its argon2id hash in PHC form, instead of the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// What is kept of a one-time code, instead of a password: SHA-256 over the name, a zero byte and the sixteen
    /// characters of the code, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_digest: Option<String>,
    /// What it may do.
    pub role: String,
    /// Where: a region code, `0` for everywhere, or a station code.
    pub scope: String,
    /// Whether an account that is there gets the one-time code in place of what it has; false when missing: then it
    /// keeps that, and is told in `kept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<bool>,
    /// Whether it may sign in; true when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// Answer to master data.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Defined {
    /// Rows made.
    pub created: u64,
    /// Rows changed.
    pub changed: u64,
    /// Rows that were so already.
    pub unchanged: u64,
    /// Accounts that were there and kept their credential, with one-time codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

/// An account as it was asked for.
pub struct AccountRequest {
    /// Its name.
    pub username: String,
    /// How its password is given.
    pub secret: Secret,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether a code replaces what an account has.
    pub reset: bool,
}

/// A password as it was given.
pub enum Secret {
    /// To be hashed here.
    Password(String),
    /// Hashed already.
    Hash(String),
    /// What is kept of a one-time code.
    CodeDigest([u8; 32]),
}

/// Reads the body of `POST /master/regions`.
pub fn parse_regions(value: &Value) -> Result<(Vec<RegionDefinition>, Vec<StationDefinition>), Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["regions", "stations"], &mut errors) else {
        return errors.finish(None);
    };
    let mut regions = Vec::new();
    for (position, value) in object.list("regions", &mut errors).iter().enumerate() {
        regions.extend(region(value, &format!("/regions/{position}"), &mut errors));
    }
    let mut stations = Vec::new();
    for (position, value) in object.list("stations", &mut errors).iter().enumerate() {
        stations.extend(station(value, &format!("/stations/{position}"), &mut errors));
    }
    if regions.is_empty() && stations.is_empty() {
        errors.push("", "Harus ada regions atau stations.");
    }
    errors.finish(Some((regions, stations)))
}

fn named(text: &str) -> Option<String> {
    (!text.trim().is_empty() && text.len() <= NAME_BYTES_MAX).then(|| text.to_owned())
}

fn region(value: &Value, pointer: &str, errors: &mut Errors) -> Option<RegionDefinition> {
    let object = Object::read(value, pointer, &["code", "name"], errors)?;
    let code = object.parsed("code", "Harus 0, atau 2, 4, 6, atau 10 angka.", errors, RegionCode::parse);
    let name = object.parsed("name", "Harus 1 sampai 200 bita.", errors, named);
    Some(RegionDefinition { code: code?, name: name? })
}

fn station(value: &Value, pointer: &str, errors: &mut Errors) -> Option<StationDefinition> {
    let object = Object::read(value, pointer, &["code", "kind", "name", "registered"], errors)?;
    let code = object.parsed("code", "Harus 13 angka.", errors, StationCode::parse);
    let kind = object.parsed("kind", "Harus home, special, tpsln, ksk, atau pos.", errors, |text| {
        StationKind::ALL.into_iter().find(|kind| kind.name() == text)
    });
    let name = object
        .optional("name")
        .and_then(|_| object.parsed("name", "Harus 1 sampai 200 bita.", errors, named));
    let registered =
        object.optional("registered").and_then(|_| object.count("registered", 10_000_000, errors));
    Some(StationDefinition { code: code?, kind: kind?, name, registered })
}

/// Reads the body of `POST /master/accounts`.
pub fn parse_accounts(value: &Value) -> Result<Vec<AccountRequest>, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["accounts"], &mut errors) else {
        return errors.finish(None);
    };
    let _ = object.required("accounts", &mut errors);
    let mut accounts = Vec::new();
    for (position, value) in object.list("accounts", &mut errors).iter().enumerate() {
        accounts.extend(account(value, &format!("/accounts/{position}"), &mut errors));
    }
    let plain = accounts.iter().filter(|account| matches!(account.secret, Secret::Password(_))).count();
    if plain > PASSWORDS_PER_CALL_MAX {
        errors.push("/accounts", format!("Paling banyak {PASSWORDS_PER_CALL_MAX} kata sandi sekali kirim."));
    }
    if accounts.is_empty() {
        errors.push("/accounts", "Harus ada paling sedikit satu akun.");
    }
    errors.finish(Some(accounts))
}

fn account(value: &Value, pointer: &str, errors: &mut Errors) -> Option<AccountRequest> {
    const KEYS: [&str; 8] =
        ["username", "password", "password_hash", "code_digest", "reset", "role", "scope", "active"];
    let object = Object::read(value, pointer, &KEYS, errors)?;
    let username =
        object.parsed("username", "Harus 1 sampai 64 dari a-z, 0-9, titik, - dan _.", errors, |text| {
            username_allowed(text).then(|| text.to_owned())
        });
    let role = object.parsed("role", "Peran ini tidak dikenal.", errors, Role::parse);
    let scope = object.parsed("scope", "Harus kode wilayah atau TPS.", errors, Scope::parse);
    let active = object.flag("active", true, errors);
    let reset = object.flag("reset", false, errors);
    let given = ["password", "password_hash", "code_digest"].map(|key| object.optional(key).is_some());
    let secret = match given {
        [true, false, false] => object.parsed("password", "Harus 1 sampai 1.024 bita.", errors, |text| {
            (!text.is_empty() && text.len() <= PASSWORD_BYTES_MAX).then(|| Secret::Password(text.to_owned()))
        }),
        [false, false, true] => object
            .parsed("code_digest", "Harus SHA-256 dalam 64 angka heksadesimal kecil.", errors, parse_hex)
            .map(Secret::CodeDigest),
        [false, true, false] => {
            object.parsed("password_hash", "Harus argon2id dalam bentuk PHC.", errors, |text| {
                crate::auth::password::hash_allowed(text).then(|| Secret::Hash(text.to_owned()))
            })
        }
        _ => {
            errors.push(pointer, "Sertakan password, password_hash, atau code_digest, salah satu.");
            None
        }
    };
    Some(AccountRequest { username: username?, secret: secret?, role: role?, scope: scope?, active, reset })
}
