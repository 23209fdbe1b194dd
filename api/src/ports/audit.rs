//! Places in the audit log.
//!
//! Invariant: places sort as the log does, and the text of a place reads back as the same place.

use std::fmt;

/// Where a line of the audit log stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct AuditPlace {
    /// Log index.
    pub index: u64,
    /// Place of the item in the entry.
    pub item: u16,
    /// Number of the line among those of the item.
    pub number: u32,
}

impl AuditPlace {
    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let place = Self {
            index: parts.next()?.parse().ok()?,
            item: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }
}

impl fmt::Display for AuditPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.index, self.item, self.number)
    }
}
