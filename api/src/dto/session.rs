//! Signing in on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::account;
use utoipa::ToSchema;

use super::body::{Errors, Object};
use crate::error::Problem;
use crate::limits::PASSWORD_BYTES_MAX;

/// Body of `POST /session`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    /// Name of the account.
    pub username: String,
    /// Its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Second factor, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
    /// One-time code instead of a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Answer of `POST /session`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct SignedIn {
    /// The bearer token. Shown once.
    pub token: String,
    /// When it ends.
    pub expires_at: String,
    /// Whose it is.
    pub account: Account,
}

/// An account as its owner sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Account {
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: String,
    /// Where.
    pub scope: String,
}

/// Answer of `GET /me/stations`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct OwnStations {
    /// The contest.
    pub contest: String,
    /// Stations in the account's scope that hold it, by code.
    pub stations: Vec<OwnStation>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// A station in an account's scope.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct OwnStation {
    /// Code.
    pub code: String,
    /// Number within the village.
    pub number: u16,
    /// Name.
    pub name: String,
    /// State of its form, `absent` when there is none.
    pub state: String,
    /// Revision of its form, 0 when there is none.
    pub revision: u32,
}

/// What somebody offers to sign in with.
pub struct Credential {
    /// Name of the account.
    pub username: String,
    /// What is to prove it.
    pub secret: Secret,
    /// Code of the second factor, if one was given.
    pub totp: Option<String>,
}

/// A password or a one-time code.
pub enum Secret {
    /// A password.
    Password(String),
    /// A one-time code.
    Code(String),
}

impl From<&account::Account> for Account {
    fn from(account: &account::Account) -> Self {
        Self {
            username: account.username.clone(),
            role: account.role.name().to_owned(),
            scope: account.scope.to_string(),
        }
    }
}

/// Reads the body of `POST /session`.
pub fn parse(value: &Value) -> Result<Credential, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["username", "password", "totp", "code"], &mut errors) else {
        return errors.finish(None);
    };
    let username = object.text("username", &mut errors).map(str::to_owned);
    let password = object.optional_text("password", &mut errors).map(str::to_owned);
    let code = object.optional_text("code", &mut errors).map(str::to_owned);
    let totp = object.optional_text("totp", &mut errors).map(str::to_owned);
    if password.as_ref().is_some_and(|password| password.len() > PASSWORD_BYTES_MAX) {
        errors.push("/password", "Terlalu panjang.");
    }
    let secret = match (password, code) {
        (Some(password), None) => Some(Secret::Password(password)),
        (None, Some(code)) => Some(Secret::Code(code)),
        (None, None) | (Some(_), Some(_)) => {
            errors.push("", "Sertakan password atau code, salah satu; totp boleh menyertai.");
            None
        }
    };
    errors.finish(username.zip(secret).map(|(username, secret)| Credential { username, secret, totp }))
}
