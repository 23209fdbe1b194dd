//! What a parameter's value looks like, by its name: the same name means the same everywhere.
//!
//! Invariant: what is described here is exactly what the parsers take, no wider; what depends on data (which contests
//! there are) is described by its form.

use tally::complaint::COMPLAINTS_MAX;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};

use crate::limits::{CHANGES_WAIT_MS_MAX, LIST_MAX, SEARCH_BYTES_MAX};

/// 13 digits.
const STATION: &str = "^[0-9]{13}$";
/// A region as its parser takes it.
const REGION: &str = "^(0|[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{10})$";
const CONTEST: &str = "^[a-z0-9-]{1,24}$";
/// A region with the ending of a file.
const FILE: &str = "^(0|[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{10})\\.(csv|xlsx|pdf|json|cdf\\.json)$";
const SHA256: &str = "^[0-9a-f]{64}$";
/// One strong tag of a revision, from 1.
const REVISION: &str = "^\"[1-9][0-9]{0,8}\"$";

/// Letters that never take more bytes than a search may have.
const SEARCH_LETTERS_MAX: usize = SEARCH_BYTES_MAX / 4;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn one_of(words: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(words.iter().map(|word| (*word).to_owned())))
}

fn number(least: u64, most: Option<u64>) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
    match most {
        Some(most) => number.maximum(Some(most)),
        None => number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))),
    }
}

/// The schema of a parameter.
pub(super) fn of(name: &str) -> Object {
    let list = u64::try_from(LIST_MAX).unwrap_or(u64::MAX);
    let schema = match name {
        "contest" => text().pattern(Some(CONTEST)),
        "region" => text().pattern(Some(REGION)),
        "station" => text().pattern(Some(STATION)),
        "file" => text().pattern(Some(FILE)),
        "q" => text().min_length(Some(1)).max_length(Some(SEARCH_LETTERS_MAX)),
        "sha256" => text().pattern(Some(SHA256)),
        "Idempotency-Key" => text().format(Some(SchemaFormat::Custom("uuid".to_owned()))),
        "If-Match" => text().pattern(Some(REVISION)),
        "If-None-Match" => one_of(&["*"]),
        "consistency" => one_of(&["local", "bounded", "linearizable"]),
        "max_age_ms" | "min_index" | "after" | "epoch" | "index" | "Last-Event-ID" => number(0, None),
        "limit" => number(1, Some(list)),
        "number" => number(1, Some(u64::from(COMPLAINTS_MAX))),
        "wait_ms" => number(0, Some(CHANGES_WAIT_MS_MAX)),
        _ => text(),
    };
    schema.build()
}
