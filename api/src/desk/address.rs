//! Addresses of the desk: what stands in them, and the one of a page with one parameter changed.
//!
//! Invariant: a text from outside is escaped before it becomes a part of an address.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::gate::Visitor;

/// What stands in an address as it is (RFC 3986, unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as a part of an address.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// `&name=value`, or nothing for an empty value.
pub(super) fn parameter(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("&{name}={}", escaped(value)) }
}

/// The address of this page with one parameter changed.
pub(super) fn with(visitor: &Visitor, name: &str, value: &str) -> String {
    let kept = visitor.query.iter().filter(|(key, _)| key != name && key != "pesan");
    let pairs = kept.map(|(key, value)| format!("{}={}", escaped(key), escaped(value)));
    let all: Vec<String> = pairs.chain([format!("{name}={}", escaped(value))]).collect();
    format!("{}?{}", visitor.here, all.join("&"))
}
