//! One-time codes: what an officer gets on paper and types, or scans, once.
//!
//! Invariant: a code has 80 random bits, so a plain hash of it is enough: nobody tries 2 to the 80th of them. What is kept
//! is the hash over name and code, so the same code for two accounts is two hashes.

use sha2::{Digest as _, Sha256};

use crate::error::{Code as ErrorCode, Problem};

/// Crockford's base 32: no letter that looks like a digit, and none that makes a word.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Random bytes of a code: 16 characters of 5 bits.
const CODE_BYTES: usize = 10;
/// Characters between two hyphens.
const GROUP: usize = 4;
/// Longest text that is looked at, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// A new code, as printed: four groups of four characters with hyphens between.
pub fn new() -> Result<String, Problem> {
    let mut bytes = [0; CODE_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no randomness for a code");
        Problem::new(ErrorCode::Internal)
    })?;
    Ok(printed(bytes))
}

fn printed(bytes: [u8; CODE_BYTES]) -> String {
    let mut text = String::with_capacity(19);
    let (mut pending, mut bits, mut written) = (0_u32, 0_u32, 0_usize);
    for byte in bytes {
        pending = (pending << 8) | u32::from(byte);
        bits = bits.saturating_add(8);
        while bits >= 5 {
            bits = bits.saturating_sub(5);
            let digit = usize::try_from((pending >> bits) & 31).unwrap_or_default();
            if written > 0 && written.is_multiple_of(GROUP) {
                text.push('-');
            }
            text.push(ALPHABET.get(digit).copied().map_or('0', char::from));
            written = written.saturating_add(1);
        }
    }
    text
}

/// What is kept of a code, however it was typed: small letters, spaces and hyphens do not matter, O is 0, I and L are 1.
/// `None` when it is no code at all.
#[must_use]
pub fn digest(username: &str, text: &str) -> Option<[u8; 32]> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let mut canonical = String::with_capacity(16);
    for character in text.chars().filter(|character| !matches!(character, '-' | ' ' | '\u{a0}')) {
        let character = match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let known = u8::try_from(character).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !known {
            return None;
        }
        canonical.push(character);
    }
    let mut hash = Sha256::new();
    hash.update(username.as_bytes());
    hash.update([0]);
    hash.update(canonical.as_bytes());
    (canonical.len() == 16).then(|| hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = new().expect("a code");
        assert_eq!(code.len(), 19);
        let whole = digest("kpps", &code).expect("a digest");
        assert_eq!(digest("kpps", &code.to_lowercase().replace('-', " ")), Some(whole));
        assert_eq!(digest("kpps", &code.replace('0', "o").replace('1', "l")), Some(whole));
        assert_ne!(digest("lain", &code), Some(whole));
        assert_ne!(new().expect("another"), code);
    }

    #[test]
    fn what_is_no_code_has_no_digest() {
        let long = "A".repeat(17);
        for wrong in
            ["", "123456", "ABCD-EFGH-JKMN-PQR", "ABCD-EFGH-JKMN-PQRU", "\u{c4}BCDEFGHJKMNPQRS", &long]
        {
            assert_eq!(digest("kpps", wrong), None, "{wrong}");
        }
        assert_eq!(printed([0xff; CODE_BYTES]), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(printed([0; CODE_BYTES]), "0000-0000-0000-0000");
    }
}
