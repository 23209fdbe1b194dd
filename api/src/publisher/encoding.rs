//! Reading the two request headers that choose an answer, without allocating.
//!
//! Invariant: whatever bytes a client sends, the choice is one of the encodings there are.

/// How a body is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli.
    Brotli,
}

impl Encoding {
    /// The value of `Content-Encoding`.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// What sets the tag of this encoding apart: a strong tag names bytes.
    pub(super) const fn tag_suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }
}

/// The encodings that a reader takes, identity apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct AcceptedEncodings {
    pub(super) gzip: bool,
    pub(super) brotli: bool,
}

/// Reads `Accept-Encoding`. Weights only matter where they are zero: the smallest body wins.
pub(super) fn accepted(header: &[u8]) -> AcceptedEncodings {
    let mut accepted = AcceptedEncodings::default();
    for part in header.split(|byte| *byte == b',') {
        let mut fields = part.split(|byte| *byte == b';');
        let name = fields.next().unwrap_or_default().trim_ascii();
        let taken = !fields.any(|field| zero_weight(field.trim_ascii()));
        if name.eq_ignore_ascii_case(b"br") {
            accepted.brotli = taken;
        } else if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") {
            accepted.gzip = taken;
        }
    }
    accepted
}

fn zero_weight(field: &[u8]) -> bool {
    let weight = field.strip_prefix(b"q=").or_else(|| field.strip_prefix(b"Q="));
    weight.is_some_and(|weight| !weight.is_empty() && weight.iter().all(|byte| matches!(byte, b'0' | b'.')))
}

/// Whether `If-None-Match` names a tag: weak comparison, lists and `*` (RFC 9110).
pub(super) fn names_tag(header: &[u8], tag: &[u8]) -> bool {
    header.split(|byte| *byte == b',').any(|part| {
        let part = part.trim_ascii();
        part == b"*" || part.strip_prefix(b"W/").unwrap_or(part) == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_read_with_their_weights() {
        let read = |header: &str| {
            let accepted = accepted(header.as_bytes());
            (accepted.gzip, accepted.brotli)
        };
        assert_eq!(read("gzip, deflate, br, zstd"), (true, true));
        assert_eq!(read("GZIP"), (true, false));
        assert_eq!(read("br;q=0, gzip;q=0.5"), (true, false));
        assert_eq!(read("gzip; q=0.000"), (false, false));
        assert_eq!(read(""), (false, false));
        assert_eq!(read("*"), (false, false));
        assert_eq!(read("brotli,;;,=,q=0"), (false, false));
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let tag = b"\"abc-br\"";
        for header in ["\"abc-br\"", "W/\"abc-br\"", "\"x\", \"abc-br\"", "*"] {
            assert!(names_tag(header.as_bytes(), tag), "{header}");
        }
        for header in ["", "\"abc\"", "abc-br", "\"abc-br"] {
            assert!(!names_tag(header.as_bytes(), tag), "{header}");
        }
    }
}
