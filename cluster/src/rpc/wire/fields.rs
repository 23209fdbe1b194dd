//! Fields of frames: integers big-endian, byte strings with a 32-bit length before them.
//!
//! Invariant: every read checks what is left first.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::WireError;

/// Writes fields.
pub(crate) struct Writer {
    pub(super) buffer: BytesMut,
}

impl Writer {
    pub(crate) const fn new(buffer: BytesMut) -> Self {
        Self { buffer }
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.buffer.freeze()
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.buffer.put_u8(value);
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.buffer.put_u8(u8::from(value));
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.buffer.put_u32(value);
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.buffer.put_u64(value);
    }

    pub(crate) fn fixed(&mut self, value: &[u8]) {
        self.buffer.put_slice(value);
    }

    /// A list's or string's length; more than `u32::MAX` cannot be sent and reads back as a refusal.
    pub(crate) fn length(&mut self, value: usize) {
        self.buffer.put_u32(u32::try_from(value).unwrap_or(u32::MAX));
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.length(value.len());
        self.buffer.put_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    pub(crate) fn log_id(&mut self, value: Option<store::LogId>) {
        match value {
            None => self.u8(0),
            Some(id) => {
                self.u8(1);
                self.u64(id.term);
                self.u64(id.index);
            }
        }
    }

    pub(crate) fn vote(&mut self, value: store::Vote) {
        self.u64(value.term);
        self.u64(value.node);
        self.flag(value.committed);
    }
}

/// Reads fields.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(super) buffer: Bytes,
}

impl Reader {
    pub(crate) const fn new(buffer: Bytes) -> Self {
        Self { buffer }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        self.buffer.try_get_u8().map_err(|_| WireError::Short)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, WireError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::Value),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        self.buffer.try_get_u32().map_err(|_| WireError::Short)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        self.buffer.try_get_u64().map_err(|_| WireError::Short)
    }

    pub(crate) fn fixed<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], WireError> {
        let mut value = [0; LENGTH];
        self.buffer.try_copy_to_slice(&mut value).map_err(|_| WireError::Short)?;
        Ok(value)
    }

    /// A list's length, refused when not even `bytes_each` bytes an element are left.
    pub(crate) fn length(&mut self, bytes_each: usize) -> Result<usize, WireError> {
        let length = usize::try_from(self.u32()?).map_err(|_| WireError::TooLarge)?;
        if length.checked_mul(bytes_each).is_none_or(|bytes| bytes > self.buffer.remaining()) {
            return Err(WireError::Short);
        }
        Ok(length)
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes, WireError> {
        let length = self.length(1)?;
        Ok(self.buffer.split_to(length))
    }

    pub(crate) fn text(&mut self) -> Result<String, WireError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| WireError::Value)
    }

    pub(crate) fn log_id(&mut self) -> Result<Option<store::LogId>, WireError> {
        match self.u8()? {
            0 => Ok(None),
            1 => Ok(Some(store::LogId { term: self.u64()?, index: self.u64()? })),
            _ => Err(WireError::Value),
        }
    }

    pub(crate) fn vote(&mut self) -> Result<store::Vote, WireError> {
        Ok(store::Vote { term: self.u64()?, node: self.u64()?, committed: self.flag()? })
    }
}
