//! Reading JSON bodies: strict, with a pointer to each wrong place.
//!
//! Invariant: a key that stands twice is refused, whatever reads the body afterwards; all wrong places are
//! told at once, not one per attempt.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{FieldError, Problem};

/// Most wrong places told at once.
const ERRORS_MAX: usize = 100;

/// A JSON value in which no object has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let Strict(value) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("kunci \"{key}\" muncul dua kali")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Reads a whole JSON text. Duplicate keys, trailing text and nesting deeper than 128 are refused.
pub fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(value)) => Ok(value),
        Err(error) => Err(Problem::wrong("", format!("Bukan JSON yang sah: {error}"))),
    }
}

/// JSON with keys sorted by byte and no white space: equal for equal bodies however they were written. That does not hold
/// for fractions and numbers beyond 64 bits, which no call takes.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for (position, key) in keys.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write_canonical(map.get(key).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_canonical(value, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

/// The wrong places found so far.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// Notes a wrong place.
    pub fn push(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        }
    }

    /// The value, when it was read and nothing was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::wrong_places(self.0)),
        }
    }
}

/// An object being read: where it stands and what it has.
#[derive(Clone, Debug)]
pub struct Object<'v> {
    pointer: String,
    map: &'v Map<String, Value>,
}

/// Escapes a key for use in a JSON pointer.
#[must_use]
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'v> Object<'v> {
    /// Reads an object that may have these keys and no others.
    pub fn read(value: &'v Value, pointer: &str, allowed: &[&str], errors: &mut Errors) -> Option<Self> {
        let object = Self::any(value, pointer, errors)?;
        for key in object.map.keys().filter(|key| !allowed.contains(&key.as_str())) {
            errors.push(object.at(key), "Kunci ini tidak dikenal.");
        }
        Some(object)
    }

    /// Reads an object whose keys are data.
    pub fn any(value: &'v Value, pointer: &str, errors: &mut Errors) -> Option<Self> {
        let Value::Object(map) = value else {
            errors.push(pointer, "Harus berupa objek.");
            return None;
        };
        Some(Self { pointer: pointer.to_owned(), map })
    }

    /// The pointer of a key.
    #[must_use]
    pub fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escape(key))
    }

    /// Its keys and values.
    #[must_use]
    pub const fn map(&self) -> &'v Map<String, Value> {
        self.map
    }

    /// A value that may be missing or null.
    #[must_use]
    pub fn optional(&self, key: &str) -> Option<&'v Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A value that must be there, null or not.
    pub fn required(&self, key: &str, errors: &mut Errors) -> Option<&'v Value> {
        let value = self.map.get(key);
        if value.is_none() {
            errors.push(self.at(key), "Kunci ini harus ada.");
        }
        value
    }

    /// A text that must be there.
    pub fn text(&self, key: &str, errors: &mut Errors) -> Option<&'v str> {
        self.required(key, errors)?;
        let text = self.map.get(key).and_then(Value::as_str);
        if text.is_none() {
            errors.push(self.at(key), "Harus berupa teks.");
        }
        text
    }

    /// A text that may be missing or null.
    pub fn optional_text(&self, key: &str, errors: &mut Errors) -> Option<&'v str> {
        self.optional(key)?;
        self.text(key, errors)
    }

    /// `true` or `false`; the default when missing or null.
    pub fn flag(&self, key: &str, default: bool, errors: &mut Errors) -> bool {
        let Some(value) = self.optional(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            errors.push(self.at(key), "Harus true atau false.");
            default
        })
    }

    /// An integer from 0 to a limit that must be there.
    pub fn count(&self, key: &str, count_max: u32, errors: &mut Errors) -> Option<u32> {
        let value = self.required(key, errors)?;
        count(value, &self.at(key), count_max, errors)
    }

    /// A list; empty when missing or null.
    pub fn list(&self, key: &str, errors: &mut Errors) -> &'v [Value] {
        let Some(value) = self.optional(key) else { return &[] };
        value.as_array().map_or_else(
            || {
                errors.push(self.at(key), "Harus berupa daftar.");
                &[][..]
            },
            Vec::as_slice,
        )
    }

    /// A text that must be there and that a parser understands.
    pub fn parsed<T>(
        &self,
        key: &str,
        detail: &str,
        errors: &mut Errors,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key, errors)?;
        let value = parse(text);
        if value.is_none() {
            errors.push(self.at(key), detail);
        }
        value
    }
}

/// An integer from 0 to a limit.
pub fn count(value: &Value, pointer: &str, count_max: u32, errors: &mut Errors) -> Option<u32> {
    let number =
        value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= count_max);
    if number.is_none() {
        errors.push(pointer, format!("Harus bilangan bulat dari 0 sampai {count_max}."));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_stand_twice_are_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":{"c":1,"c":2}}]}"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(200);
        for text in ["", "{", "{}x", "nul", "\u{feff}{}", "{\"a\":1,}", deep.as_str()] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(&[b'"', 0xff, b'"']).is_err(), "not UTF-8");
    }

    #[test]
    fn canonical_json_does_not_depend_on_order_or_space() {
        let one = parse(br#"{ "b": [1, {"d":null,"c":"x\u0041"}], "a": true }"#).expect("JSON");
        let other = parse(br#"{"a":true,"b":[1,{"c":"xA","d":null}]}"#).expect("JSON");
        assert_eq!(canonical(&one), canonical(&other));
        assert_eq!(canonical(&one), r#"{"a":true,"b":[1,{"c":"xA","d":null}]}"#);
    }

    #[test]
    fn counts_are_integers_from_zero_to_the_limit() {
        for wrong in ["-1", "1.0", "1.5", "1e2", "\"1\"", "null", "100000", "18446744073709551616", "[]"] {
            let value = parse(wrong.as_bytes()).expect("JSON");
            let mut errors = Errors::default();
            assert_eq!(count(&value, "/x", 99_999, &mut errors), None, "{wrong}");
            assert_eq!(errors.0.len(), 1);
        }
        let mut errors = Errors::default();
        assert_eq!(count(&Value::from(99_999), "/x", 99_999, &mut errors), Some(99_999));
    }
}
