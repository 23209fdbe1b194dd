//! Kept pages and the files they need, as bytes for the wire.
//!
//! Invariant: an answer is the one that [`super::Front`] would give, byte for byte but for the order of its headers; a hit takes no
//! lock and formats nothing but digits into memory that is there already.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use uuid::fmt::Hyphenated;

use super::Publisher;
use super::page::{Kind, Page};
use super::snapshot::Snapshot;
use crate::serve::{Ready, ReadyRequest};
use crate::web;

/// Milliseconds in which the date on answers is the same.
const DATE_MS: u64 = 1_000;

/// The files that pages need, by their paths: a query only says which version a page meant.
static ASSETS: LazyLock<HashMap<&'static str, Page>> = LazyLock::new(|| {
    let page = |(path, media_type, bytes): (&'static str, &'static str, Bytes)| {
        (path, Page::compressed(Kind::Asset(media_type), bytes))
    };
    web::public_files().into_iter().map(page).collect()
});

impl Ready for Publisher {
    fn answer(&self, request: &ReadyRequest<'_>, head: &mut Vec<u8>) -> Option<Bytes> {
        if self.queries.withheld() {
            return None;
        }
        let snapshot = self.snapshot.load();
        let (page, kept) = match snapshot.pages.get(request.path) {
            Some(kept) if kept.source.asks_more(request.query) => return None,
            Some(kept) => (&kept.page, Some(kept)),
            None => (ASSETS.get(request.path)?, None),
        };
        if let Some(kept) = kept {
            kept.note_read(snapshot.round);
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        let (ready, body) = page.wire(request);
        head.extend_from_slice(ready);
        self.add_differing(&snapshot, head);
        Some(body)
    }
}

impl Publisher {
    /// What differs from answer to answer, and the end of the head.
    fn add_differing(&self, snapshot: &Snapshot, head: &mut Vec<u8>) {
        let mut add = |name: &[u8], value: &[u8]| {
            head.extend_from_slice(name);
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        let moment = snapshot.moment;
        let age_ms = self.queries.freshness().age_of(moment.index, moment.confirmed);
        add(b"rakit-node: ", snapshot.node.as_bytes());
        add(b"rakit-index: ", snapshot.index.as_bytes());
        add(b"rakit-leader-age-ms: ", digits(age_ms, &mut [0; 20]));
        add(b"request-id: ", self.numbers.next_text(&mut [0; Hyphenated::LENGTH]));
        with_date(self.queries.now().0, |date| add(b"date: ", date));
        head.extend_from_slice(b"\r\n");
    }
}

/// A number in digits.
fn digits(number: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut first = buffer.len();
    for place in buffer.iter_mut().rev() {
        #[expect(clippy::as_conversions, reason = "one digit")]
        let digit = (rest % 10) as u8;
        *place = b'0'.saturating_add(digit);
        first = first.saturating_sub(1);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        // Nineteen digits at most: there is a place before them.
        first = first.saturating_sub(1);
        if let Some(sign) = buffer.get_mut(first) {
            *sign = b'-';
        }
    }
    buffer.get(first..).unwrap_or_default()
}

/// Hands on the date (RFC 9110, section 6.6.1) of a time, written once a second on each thread.
fn with_date(now_ms: u64, take: impl FnOnce(&[u8])) {
    thread_local! {
        static DATE: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let second = now_ms / DATE_MS;
    DATE.with_borrow_mut(|(shown, date)| {
        if *shown != second {
            let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(second));
            *date = time.map(httpdate::fmt_http_date).unwrap_or_default();
            *shown = second;
        }
        take(date.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are() {
        for number in [0, 7, 10, 12_345, -1, i64::MAX, i64::MIN] {
            assert_eq!(digits(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }

    #[test]
    fn the_date_follows_the_clock() {
        let date = |ms| {
            let mut written = String::new();
            with_date(ms, |date| written = String::from_utf8(date.to_vec()).unwrap());
            written
        };
        assert_eq!(date(1_707_900_003_999), "Wed, 14 Feb 2024 08:40:03 GMT");
        assert_eq!(date(1_707_900_004_000), "Wed, 14 Feb 2024 08:40:04 GMT");
    }
}
