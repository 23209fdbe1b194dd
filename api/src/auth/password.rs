//! Passwords: argon2id, one at a time, a short queue behind it.
//!
//! Invariant: checking an unknown account costs what checking a known one costs, and no flood of sign-ins can
//! take more than one processor or a bounded amount of memory.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{Code, Problem};
use crate::limits::SIGN_IN_QUEUE_MAX;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Longest hash in PHC form, in bytes.
const HASH_BYTES_MAX: usize = 256;

/// Why a password could not be hashed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with fresh salt; answers the PHC form. Takes tens of milliseconds of one processor.
pub fn hash(password: &str) -> Result<String, HashError> {
    let hash: PasswordHash =
        argon2().hash_password(password.as_bytes()).map_err(|error| HashError(error.to_string()))?;
    Ok(hash.to_string())
}

/// Checks a password against a hash in PHC form. Takes tens of milliseconds of one processor.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| argon2().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Whether a hash may stand in an account: argon2id in PHC form, not costlier than a node can bear.
#[must_use]
pub fn hash_allowed(text: &str) -> bool {
    if text.len() > HASH_BYTES_MAX {
        return false;
    }
    let Ok(hash) = PasswordHash::new(text) else { return false };
    let bearable = |params: Params| params.m_cost() <= 65_536 && params.t_cost() <= 8 && params.p_cost() <= 4;
    hash.algorithm.as_str() == "argon2id"
        && hash.hash.is_some()
        && hash.salt.is_some()
        && Params::try_from(&hash).is_ok_and(bearable)
}

/// A hash that no password has, to be checked in place of an account that is not there.
fn nobodys_hash() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let (token, _) = super::token::new().unwrap_or_default();
        hash(&token).unwrap_or_default()
    })
    .clone()
}

/// The one place of a node where passwords are checked and hashed.
pub struct PasswordDesk {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Default for PasswordDesk {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(SIGN_IN_QUEUE_MAX.saturating_add(1)));
        Self { places, turn: Arc::new(Semaphore::new(1)) }
    }
}

impl PasswordDesk {
    /// Checks a password against an account's hash, or wastes the same time where there is none.
    pub async fn check(&self, password: Option<String>, hash: Option<String>) -> Result<bool, Problem> {
        let real = password.is_some() && hash.is_some();
        let password = password.unwrap_or_default();
        let _place = self.place()?;
        let matched = self.work(move || matches(&password, &hash.unwrap_or_else(nobodys_hash))).await?;
        Ok(real && matched)
    }

    /// Hashes passwords in order. A password that fits the hash it had keeps it, so that nothing changes.
    pub async fn hash_all(&self, passwords: Vec<(String, Option<String>)>) -> Result<Vec<String>, Problem> {
        let _place = self.place()?;
        let mut hashes = Vec::with_capacity(passwords.len());
        for (password, current) in passwords {
            let kept_or_new = move || match current.filter(|current| matches(&password, current)) {
                Some(current) => Ok(current),
                None => hash(&password),
            };
            let outcome = self.work(kept_or_new).await?;
            hashes.push(outcome.map_err(|error| {
                tracing::error!(%error, "a password could not be hashed");
                Problem::new(Code::Internal)
            })?);
        }
        Ok(hashes)
    }

    fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        self.places.try_acquire().map_err(|_| Problem::new(Code::Overloaded))
    }

    /// Takes a turn off the async threads. The turn is given back when the work ends, not when the caller
    /// stops waiting for it.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let turn =
            Arc::clone(&self.turn).acquire_owned().await.map_err(|_| Problem::new(Code::Overloaded))?;
        let done = tokio::task::spawn_blocking(move || {
            let value = work();
            drop(turn);
            value
        });
        done.await.map_err(|_| Problem::new(Code::Internal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_only() {
        let hashed = hash("rahasia").expect("a hash");
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(matches("rahasia", &hashed) && !matches("Rahasia", &hashed));
        assert!(hash_allowed(&hashed));
        assert!(!matches("", &nobodys_hash()));
    }

    #[test]
    fn costly_or_foreign_hashes_are_refused() {
        let hashed = hash("x").expect("a hash");
        let costly = hashed.replace("m=19456", "m=4194304");
        let other = hashed.replace("argon2id", "argon2i");
        for wrong in ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", &costly, &other] {
            assert!(!hash_allowed(wrong), "{wrong}");
        }
    }
}
