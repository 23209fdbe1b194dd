//! The language in which the command speaks to people: Indonesian where the environment asks for it, else English.
//!
//! Invariant: the language is decided once a process, and every sentence is written in both at one place,
//! by [`text!`](crate::text).

use std::sync::OnceLock;

/// A language the command speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    English,
}

/// The language asked for by `LC_ALL`, else `LC_MESSAGES`, else `LANG`: the first that is set and not empty
/// decides. What starts with `id` (or its old code `in`) is Indonesian.
#[must_use]
pub fn language() -> Language {
    static CHOSEN: OnceLock<Language> = OnceLock::new();
    *CHOSEN.get_or_init(|| choose(|name| std::env::var(name).ok()))
}

fn choose(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let tongue = locale.split(['_', '.', '@']).next().unwrap_or_default();
    if matches!(tongue, "id" | "in") { Language::Indonesian } else { Language::English }
}

/// Formats one sentence in the language of the environment: `text!("kalimat {x}", "sentence {x}")`.
#[macro_export]
macro_rules! text {
    ($indonesian:literal, $english:literal $(,)?) => {
        match $crate::messages::language() {
            $crate::messages::Language::Indonesian => format!($indonesian),
            $crate::messages::Language::English => format!($english),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Language {
        choose(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(with(&[]), Language::English);
        assert_eq!(with(&[("LANG", "id_ID.UTF-8")]), Language::Indonesian);
        assert_eq!(with(&[("LANG", "id_ID.UTF-8"), ("LC_ALL", "C.UTF-8")]), Language::English);
        assert_eq!(with(&[("LC_ALL", ""), ("LC_MESSAGES", "id")]), Language::Indonesian);
        assert_eq!(with(&[("LANG", "idle")]), Language::English);
    }
}
