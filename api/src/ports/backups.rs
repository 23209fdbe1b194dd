//! What a backup needs from a node, and what an audit of its history does.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tally::epoch::EpochRecord;

use super::OperationError;

/// A backup that a node offers for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfferedBackup {
    /// Its name.
    pub id: String,
    /// Its manifest, as the store encoded it.
    pub manifest: Bytes,
}

/// Giving backups away, at the ops listener.
pub trait Backups: Send + Sync + 'static {
    /// Offers the state as it is now; `None` while that is still being prepared: ask again. Never takes long.
    fn offer(&self) -> BoxFuture<'_, Result<Option<OfferedBackup>, OperationError>>;
    /// The backup of that name, while it is offered.
    fn offered(&self, id: &str) -> Option<OfferedBackup>;
    /// Bytes of one of its objects from an offset: at most `length`, fewer at its end, and its whole size. `None`
    /// when the backup is not offered any more or has no such object. Takes as long as backups are slowed down.
    fn object(
        &self,
        id: &str,
        sha256: [u8; 32],
        offset: u64,
        length: usize,
    ) -> BoxFuture<'_, Result<Option<(Bytes, u64)>, OperationError>>;
    /// How each epoch but the first began, by epoch.
    fn epochs(&self) -> Result<Vec<(u64, EpochRecord)>, OperationError>;
}
