//! Accounts, their sessions and the own credentials on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tally::account::{self, Role, Scope, username_allowed};
use utoipa::ToSchema;

use super::body::{Errors, Object};
use super::text::time;
use crate::error::Problem;
use crate::limits::PASSWORD_BYTES_MAX;

/// Shortest password that is taken from people, in characters (NIST SP 800-63B, 3.1.1.2: at least 8; 15 where it is the
/// only factor).
const PASSWORD_CHARACTERS_MIN: usize = 12;

/// An account as who governs it sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct AccountEntry {
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: String,
    /// Where.
    pub scope: String,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether it has a password of its own choice.
    pub password: bool,
    /// Its one-time code: `none`, `unused` or `used`.
    pub code: String,
    /// Whether it has a second factor.
    pub second_factor: bool,
}

/// Answer of `GET /accounts`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Accounts {
    /// Accounts, by name. A page may be short, or empty, and still have a next one.
    pub accounts: Vec<AccountEntry>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// Body of `POST /accounts`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountBody {
    /// Its name.
    pub username: String,
    /// What it may do.
    pub role: String,
    /// Where.
    pub scope: String,
}

/// Body of `PATCH /accounts/{name}`; what is missing stays.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    /// What it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether it may sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// Answer that carries a new one-time code.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct CodeIssued {
    /// The account.
    pub account: AccountEntry,
    /// The code. Shown once: a repeated answer has none, and the account is reset for another.
    #[schema(required)]
    pub code: Option<String>,
}

/// Answer of `GET /accounts/sessions`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Sessions {
    /// Living sessions.
    pub sessions: Vec<SessionEntry>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// A living session. Its identifier says nothing of its token.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SessionEntry {
    /// Whose it is.
    pub username: String,
    /// What the account may do.
    pub role: String,
    /// Where.
    pub scope: String,
    /// Where it was opened from, where known.
    #[schema(required)]
    pub address: Option<String>,
    /// When it was opened.
    pub opened_at: String,
    /// When it was last known to be used.
    pub seen_at: String,
}

/// Body of `POST /me/password`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The password so far; null when there is none.
    #[serde(default)]
    pub current: Option<String>,
    /// The new one, at least 12 characters.
    pub password: String,
}

/// Answer of `POST /me/totp`: nothing is set up before a code made with it comes back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct SecondFactorOffer {
    /// The secret in base 32.
    pub secret: String,
    /// The same as an address that authenticator apps scan.
    pub uri: String,
}

/// Body of `PUT /me/totp`; `DELETE` wants the code only.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorBody {
    /// The secret that was offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// A code made with it.
    pub totp: String,
}

impl AccountEntry {
    /// The wire shape of an account.
    #[must_use]
    pub fn of(account: &account::Account) -> Self {
        let code = match &account.code {
            None => "none",
            Some(code) if code.used.is_none() => "unused",
            Some(_) => "used",
        };
        Self {
            username: account.username.clone(),
            role: account.role.name().to_owned(),
            scope: account.scope.to_string(),
            active: account.active,
            password: account.password_hash.is_some(),
            code: code.to_owned(),
            second_factor: account.second_factor.is_some(),
        }
    }
}

impl SessionEntry {
    /// The wire shape of a session.
    #[must_use]
    pub fn of(session: &account::Session, account: &account::Account) -> Self {
        let address = session.address.map(|bytes| std::net::Ipv6Addr::from(bytes).to_canonical().to_string());
        Self {
            username: account.username.clone(),
            role: account.role.name().to_owned(),
            scope: account.scope.to_string(),
            address,
            opened_at: time(session.opened_at),
            seen_at: time(session.seen_at),
        }
    }
}

/// Reads the body of `POST /accounts`.
pub fn parse_new(value: &Value) -> Result<(String, Role, Scope), Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["username", "role", "scope"], &mut errors) else {
        return errors.finish(None);
    };
    let allowed = |text: &str| username_allowed(text).then(|| text.to_owned());
    let wanted = "Harus 1 sampai 64 dari a-z, 0-9, titik, - dan _.";
    let username = object.parsed("username", wanted, &mut errors, allowed);
    let role = object.parsed("role", "Peran ini tidak dikenal.", &mut errors, Role::parse);
    let scope = object.parsed("scope", "Harus kode wilayah atau TPS.", &mut errors, Scope::parse);
    errors.finish(username.zip(role).zip(scope).map(|((username, role), scope)| (username, role, scope)))
}

/// What a change of an account asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccountChange {
    /// Another role.
    pub role: Option<Role>,
    /// Another scope.
    pub scope: Option<Scope>,
    /// Whether it may sign in.
    pub active: Option<bool>,
}

/// Reads the body of `PATCH /accounts/{name}`.
pub fn parse_patch(value: &Value) -> Result<AccountChange, Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["role", "scope", "active"], &mut errors) else {
        return errors.finish(None);
    };
    let role = object
        .optional("role")
        .and_then(|_| object.parsed("role", "Peran ini tidak dikenal.", &mut errors, Role::parse));
    let scope = object
        .optional("scope")
        .and_then(|_| object.parsed("scope", "Harus kode wilayah atau TPS.", &mut errors, Scope::parse));
    let active = object.optional("active").map(|_| object.flag("active", true, &mut errors));
    if (role, scope, active) == (None, None, None) {
        errors.push("", "Sertakan role, scope, atau active.");
    }
    errors.finish(Some(AccountChange { role, scope, active }))
}

/// Reads the body of `POST /me/password`: the one so far, and the new one.
pub fn parse_password(value: &Value) -> Result<(Option<String>, String), Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["current", "password"], &mut errors) else {
        return errors.finish(None);
    };
    let current = object.optional_text("current", &mut errors).map(str::to_owned);
    let long_enough = |text: &str| {
        let enough = text.chars().count() >= PASSWORD_CHARACTERS_MIN && text.len() <= PASSWORD_BYTES_MAX;
        enough.then(|| text.to_owned())
    };
    let wanted = "Kata sandi paling sedikit 12 huruf, paling banyak 1.024 bita.";
    let password = object.parsed("password", wanted, &mut errors, long_enough);
    errors.finish(password.map(|password| (current, password)))
}

/// Reads the body of `PUT` and `DELETE /me/totp`: the secret, which only the first has, and the code.
pub fn parse_second_factor(value: &Value) -> Result<(Option<String>, String), Problem> {
    let mut errors = Errors::default();
    let Some(object) = Object::read(value, "", &["secret", "totp"], &mut errors) else {
        return errors.finish(None);
    };
    let secret = object.optional_text("secret", &mut errors).map(str::to_owned);
    let totp = object.text("totp", &mut errors).map(str::to_owned);
    errors.finish(totp.map(|totp| (secret, totp)))
}
