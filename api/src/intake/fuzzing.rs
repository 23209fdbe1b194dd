//! Files from a fuzzer, taken in as those of phones are; see [`crate::fuzzing`].
//!
//! Invariant: a picture that was taken in can be taken in again, and a document is what came or nothing.
#![allow(clippy::missing_panics_doc, reason = "to panic on a broken promise is what these functions are for")]

use bytes::Bytes;

use super::{clean, measure, sniff};
use crate::ports::MediaType;

/// A picture from a phone: what it is, whether it is bearable, what is stored in its place.
pub fn photos(data: &[u8]) {
    let found = sniff(data);
    let refused = measure(found, data).is_err();
    let Some(kind) = found.filter(|kind| *kind != MediaType::Pdf) else { return };
    let Ok((kept, bytes)) = clean(kind, Bytes::copy_from_slice(data)) else { return };
    assert!(!refused, "what is stored was bearable by its header");
    assert_eq!(sniff(&bytes), Some(kept), "it is what it is called");
    assert!(kept != MediaType::Webp, "only what this node writes is stored");
    let again = clean(kept, bytes.clone());
    // A PNG is its pixels; a JPEG loses a little each time, so only that it can be read is promised.
    match again {
        Ok((_, again)) => assert!(kept == MediaType::Jpeg || again == bytes, "pixels stay as they are"),
        Err(_) => unreachable!("what was written here cannot be read"),
    }
}

/// A scan: looked through, and stored as it came.
pub fn documents(data: &[u8]) {
    let found = sniff(data);
    drop(measure(found, data));
    if found == Some(MediaType::Pdf)
        && let Ok((kind, bytes)) = clean(MediaType::Pdf, Bytes::copy_from_slice(data))
    {
        assert_eq!((kind, bytes.as_ref()), (MediaType::Pdf, data), "it is stored as it came");
        // What every reader acts on, spelled plainly, is never in what was taken.
        for name in [&b"/JavaScript"[..], b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/Encrypt"] {
            let ends = |rest: &[u8]| rest.get(name.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let plain = data
                .windows(name.len())
                .enumerate()
                .find(|(place, window)| *window == name && data.get(*place..).is_some_and(ends));
            assert!(plain.is_none_or(|(place, _)| data.get(place.wrapping_add(name.len())).is_some_and(
                |next| {
                    // Part of a longer name.
                    !next.is_ascii_whitespace() && !b"/<>[]()%{}".contains(next)
                }
            )));
        }
    }
}
