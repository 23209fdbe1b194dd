//! Attachments that were named since somebody last asked.
//!
//! Invariant: one that was named is either told or the answer is [`Named::Any`], never neither.

use tally::ids::AttachmentId;
use tally::row::RowKey;

/// Most names kept; beyond it, whoever asks must look at all of them. A few seconds of writes.
const NAMES_MAX: usize = 20_000;

/// See the module.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// These, and no others.
    These(Vec<AttachmentId>),
    /// Not known: it may be any that the state names.
    Any,
}

impl Default for Named {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Named {
    pub(super) fn add(&mut self, key: &RowKey) {
        let (RowKey::Attachment(id), Self::These(names)) = (key, &mut *self) else { return };
        if names.len() < NAMES_MAX {
            names.push(*id);
        } else {
            *self = Self::Any;
        }
    }
}
