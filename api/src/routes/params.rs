//! Query parameters: a malformed known one is refused, an unknown one is ignored.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use tally::region::StationCode;

use super::{Listener, Surface};
use crate::error::Problem;
use crate::limits::{LIST_DEFAULT, LIST_MAX};
use crate::ports::{Consistency, ReadOptions};

/// The largest whole number that the contract knows: what 64 bits with a sign hold.
pub(super) const INTEGER_MAX: u64 = i64::MAX.unsigned_abs();

/// The query of a request and how it wants to read.
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    listener: Listener,
}

impl FromRequestParts<Surface> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, surface: &Surface) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::wrong("query", "Parameter tidak dapat dibaca."))?;
        Ok(Self { pairs, listener: surface.listener })
    }
}

impl Params {
    /// A parameter that may be given once.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() {
            return Err(Problem::wrong(name, "Parameter ini hanya boleh sekali."));
        }
        Ok(value)
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (least..=most).contains(number));
        number
            .map(Some)
            .ok_or_else(|| Problem::wrong(name, format!("Harus bilangan bulat dari {least} sampai {most}.")))
    }

    /// How many entries a list may answer.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let most = u64::try_from(LIST_MAX).unwrap_or(u64::MAX);
        let limit = self.number("limit", 1, most)?;
        Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIST_DEFAULT))
    }

    /// The station that a list goes on after.
    pub(super) fn after_station(&self) -> Result<Option<StationCode>, Problem> {
        self.after(StationCode::parse)
    }

    /// The place that a list goes on after.
    pub(super) fn after<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let wrong = || Problem::wrong("next", "Penanda ini tidak sah.");
        self.one("next")?.map(|text| parse(text).ok_or_else(wrong)).transpose()
    }

    /// The read options; `local` by default on `public`, `linearizable` on `officer`.
    pub(super) fn read_options(&self) -> Result<ReadOptions, Problem> {
        let max_age_ms = self.number("max_age_ms", 0, INTEGER_MAX)?;
        let min_index = self.number("min_index", 0, INTEGER_MAX)?;
        let consistency = match (self.one("consistency")?, max_age_ms) {
            (None, _) => match self.listener {
                Listener::Public | Listener::Ops => Consistency::Local,
                Listener::Officer => Consistency::Linearizable,
            },
            (Some("local"), _) => Consistency::Local,
            (Some("linearizable"), _) => Consistency::Linearizable,
            (Some("bounded"), Some(max_age_ms)) => Consistency::Bounded { max_age_ms },
            (Some("bounded"), None) => {
                return Err(Problem::wrong("max_age_ms", "Harus ada bersama bounded."));
            }
            (Some(_), _) => {
                return Err(Problem::wrong("consistency", "Harus local, bounded, atau linearizable."));
            }
        };
        Ok(ReadOptions { consistency, min_index })
    }
}
