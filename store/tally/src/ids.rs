//! Identifiers. Each is a value of its own type, so that one can never stand where another belongs.

use alloc::string::String;
use core::fmt;

/// Number of an account, given out by the log and never used twice. Zero is the system itself.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountId(pub u64);

impl AccountId {
    /// The principal of housekeeping that no person asked for.
    pub const SYSTEM: Self = Self(0);
    /// Everybody without an account: no account ever gets this number, so their request keys meet nobody else's.
    pub const PUBLIC: Self = Self(u64::MAX);
}

/// Number of a node, given out by the log and never used twice.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(pub u64);

/// A session: the first 16 bytes of the SHA-256 of its bearer token, so that no row holds a token.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionId(pub [u8; 16]);

/// The bytes of the UUID in `Idempotency-Key`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestKey(pub [u8; 16]);

/// The first 16 bytes of a SHA-256 over what makes two requests the same request.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint(pub [u8; 16]);

/// SHA-256 of a form's canonical JSON, see [`crate::digest`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FormDigest(pub [u8; 32]);

/// SHA-256 of an attachment's bytes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttachmentId(pub [u8; 32]);

/// Milliseconds since 1970-01-01T00:00:00Z as the log knows them: stamped by the leader, never going back.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LogTime(pub u64);

/// Longest contest identifier, in bytes.
pub const CONTEST_ID_BYTES_MAX: usize = 24;

/// Identifier of a contest such as `ppwp` or `pdpr-3101`: 1 to 24 of `a-z`, `0-9` and `-`, padded with zero bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ContestId([u8; CONTEST_ID_BYTES_MAX]);

impl ContestId {
    /// The one before all others: where a walk over them begins.
    pub const FIRST: Self = {
        let mut bytes = [0; CONTEST_ID_BYTES_MAX];
        bytes[0] = b'-';
        Self(bytes)
    };
    /// The one after all others.
    pub const LAST: Self = Self([b'z'; CONTEST_ID_BYTES_MAX]);

    /// Reads an identifier; `None` when it is empty, too long, or holds another character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        if text.is_empty() || !text.as_bytes().iter().all(allowed) {
            return None;
        }
        let mut bytes = [0; CONTEST_ID_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self(bytes))
    }

    /// The padded bytes, as they stand in keys.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; CONTEST_ID_BYTES_MAX] {
        &self.0
    }

    /// Reads the padded bytes back; `None` when they are not what [`Self::bytes`] gives.
    #[must_use]
    pub fn from_bytes(bytes: [u8; CONTEST_ID_BYTES_MAX]) -> Option<Self> {
        let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(CONTEST_ID_BYTES_MAX);
        let text = core::str::from_utf8(bytes.get(..length)?).ok()?;
        Self::parse(text).filter(|id| id.0 == bytes)
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(CONTEST_ID_BYTES_MAX);
        self.0.get(..length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl fmt::Display for ContestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for ContestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ContestId({})", self.as_str())
    }
}

/// Lower-case hexadecimal of some bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}
