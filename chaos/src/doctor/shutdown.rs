//! The one `ioctl` of this crate: an ext4 that stops as at a power failure.
//!
//! Holds unsafe code, and is named for it in `ARCHITECTURE.md`.

use std::os::fd::AsFd;

use rustix::ioctl::{Opcode, Setter, ioctl};

/// `FS_IOC_SHUTDOWN`, `_IOR('X', 125, u32)`.
const SHUTDOWN: Opcode = 0x8004_587d;
/// Neither data nor journal is written out first.
const NO_LOG_FLUSH: u32 = 2;

/// Stops the file system that holds `folder`; whatever was not flushed is lost.
///
/// # Errors
/// When the file system does not know the call, or the caller may not make it.
pub(crate) fn without_flush(folder: impl AsFd) -> rustix::io::Result<()> {
    #[expect(unsafe_code, reason = "the kernel reads one u32 through the pointer, which outlives the call")]
    unsafe {
        ioctl(folder, Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH))
    }
}
