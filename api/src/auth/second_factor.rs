//! Second factors: codes of six digits that change every 30 s (TOTP, RFC 6238, with HMAC-SHA-1 as all apps have it).
//!
//! Invariant: the code of a time step is looked at in constant time, and the step it belongs to travels to the decision,
//! which lets no step count twice.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use tally::ids::LogTime;

use crate::error::{Code, Problem};

/// Seconds of a time step.
const STEP_S: u64 = 30;
/// Steps around now whose code is taken: phones' clocks are a little off.
const STEPS_AROUND: u64 = 1;
/// Bytes of a new secret (RFC 4226, 4: at least 16, 20 recommended).
const SECRET_BYTES: usize = 20;
/// RFC 4648 base 32, which authenticator apps read.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret.
pub fn new() -> Result<Vec<u8>, Problem> {
    let mut secret = vec![0; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| {
        tracing::error!(%error, "no randomness for a second factor");
        Problem::new(Code::Internal)
    })?;
    Ok(secret)
}

/// The time step whose code this is, if it is one of those around now.
#[must_use]
pub fn step_of(secret: &[u8], text: &str, now: LogTime) -> Option<u64> {
    let current = now.0 / 1_000 / STEP_S;
    let first = current.saturating_sub(STEPS_AROUND);
    let last = current.saturating_add(STEPS_AROUND);
    let mut found = None;
    for step in first..=last {
        let code = code_at(secret, step)?;
        if bool::from(code.as_bytes().ct_eq(text.trim().as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The code of a time step: dynamic truncation of RFC 4226, 5.3.
fn code_at(secret: &[u8], step: u64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest.last()? & 0x0f);
    let word = digest.get(offset..offset.checked_add(4)?)?.first_chunk::<4>()?;
    let number = u32::from_be_bytes(*word) & 0x7fff_ffff;
    Some(format!("{:06}", number % 1_000_000))
}

/// A secret as authenticator apps read it.
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    let (mut pending, mut bits) = (0_u32, 0_u32);
    for byte in secret {
        pending = (pending << 8) | u32::from(*byte);
        bits = bits.saturating_add(8);
        while bits >= 5 {
            bits = bits.saturating_sub(5);
            push(&mut text, pending >> bits);
        }
    }
    if bits > 0 {
        push(&mut text, pending << 5_u32.saturating_sub(bits));
    }
    text
}

fn push(text: &mut String, digit: u32) {
    let digit = usize::try_from(digit & 31).unwrap_or_default();
    text.push(ALPHABET.get(digit).copied().map_or('A', char::from));
}

/// Reads what [`base32`] wrote.
#[must_use]
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut secret = Vec::with_capacity(SECRET_BYTES);
    let (mut pending, mut bits) = (0_u32, 0_u32);
    for character in text.trim().trim_end_matches('=').bytes() {
        let digit = ALPHABET.iter().position(|known| *known == character.to_ascii_uppercase())?;
        pending = (pending << 5) | u32::try_from(digit).ok()?;
        bits = bits.saturating_add(5);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            secret.push(u8::try_from((pending >> bits) & 0xff).ok()?);
        }
    }
    Some(secret)
}

/// The address that an authenticator app scans.
#[must_use]
pub fn address(secret: &[u8], cluster: &str, username: &str) -> String {
    let label = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let (issuer, secret) = (label(cluster), base32(secret));
    format!("otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}", label(username))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the last six of eight digits.
        let secret = b"12345678901234567890";
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(code_at(secret, second / STEP_S).as_deref(), Some(code));
            assert_eq!(step_of(secret, code, LogTime(second * 1_000)), Some(second / STEP_S));
            assert_eq!(step_of(secret, code, LogTime((second + 61) * 1_000)), None);
        }
        assert_eq!(step_of(secret, "28708", LogTime(59_000)), None);
    }

    #[test]
    fn secrets_are_written_as_the_rfc_has_it() {
        // RFC 4648, 10.
        assert_eq!((base32(b"fooba"), base32(b"foobar")), ("MZXW6YTB".to_owned(), "MZXW6YTBOI".to_owned()));
        let secret = new().expect("a secret");
        assert_eq!(from_base32(&base32(&secret)), Some(secret));
        assert_eq!(from_base32("!"), None);
    }
}
