//! What there is: scenarios, faults, judges, planted faults.
//!
//! Invariant: every name here is one that can be typed or that a report shows; nothing is listed by hand that the code knows.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;

use crate::judges;
use crate::live::storm::{Scenario, StormPlant};
use crate::live::{self, Fault};
use crate::sim;

/// A name and what it is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// What it is.
    pub what: String,
}

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub struct Catalogue {
    /// Scenarios of `rakit-chaos live`.
    pub scenarios: Vec<Entry>,
    /// Faults of `rakit-chaos crash`.
    pub crash_faults: Vec<Entry>,
    /// Kinds of faults of `rakit-chaos sim`.
    pub sim_faults: Vec<String>,
    /// Judges, by their file.
    pub judges: Vec<Entry>,
    /// Faults that `rakit-chaos sim --plant` plants.
    pub sim_plants: Vec<Entry>,
    /// Faults that `rakit-chaos crash --plant` plants.
    pub crash_plants: Vec<Entry>,
    /// Faults that `rakit-chaos live --plant` plants.
    pub live_plants: Vec<Entry>,
}

fn values<V: ValueEnum>() -> Vec<Entry> {
    let entry = |value: &V| {
        let possible = value.to_possible_value()?;
        let what = possible.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Entry { name: possible.get_name().to_owned(), what })
    };
    V::value_variants().iter().filter_map(entry).collect()
}

impl Catalogue {
    /// What this program has.
    #[must_use]
    pub fn new() -> Self {
        let scenario = |scenario: Scenario| Entry {
            name: scenario.name().to_owned(),
            what: scenario.sentence().to_owned(),
        };
        let judge = |(name, what): (&str, &str)| Entry { name: name.to_owned(), what: what.to_owned() };
        Self {
            scenarios: Scenario::ALL.into_iter().map(scenario).collect(),
            crash_faults: values::<Fault>(),
            sim_faults: sim::nemesis::kinds().into_iter().map(str::to_owned).collect(),
            judges: judges::ALL.into_iter().map(judge).collect(),
            sim_plants: values::<sim::Plant>(),
            crash_plants: values::<live::Plant>(),
            live_plants: values::<StormPlant>(),
        }
    }

    /// For a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut part = |title: &str, entries: &[Entry]| {
            // Writing to a text cannot fail.
            writeln!(text, "{title}").unwrap_or_default();
            for Entry { name, what } in entries {
                writeln!(text, "  {name:24} {what}").unwrap_or_default();
            }
        };
        part("Scenarios of `live`, and of `soak`:", &self.scenarios);
        part("Faults of `crash`:", &self.crash_faults);
        let faults = Entry { name: String::new(), what: self.sim_faults.join(", ") };
        part("Faults of `sim`:", &[faults]);
        part("Judges:", &self.judges);
        part("Planted in `sim`:", &self.sim_plants);
        part("Planted in `crash`:", &self.crash_plants);
        part("Planted in `live`:", &self.live_plants);
        text.trim_end().to_owned()
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_name_and_a_sentence() {
        let catalogue = Catalogue::new();
        let all = [&catalogue.scenarios, &catalogue.crash_faults, &catalogue.judges, &catalogue.sim_plants];
        assert!(all.iter().all(|entries| entries.len() >= 6), "{catalogue:?}");
        let named = |entry: &Entry| !entry.name.is_empty() && !entry.what.is_empty();
        assert!(all.into_iter().flatten().chain(&catalogue.crash_plants).all(named), "{catalogue:?}");
        assert_eq!(catalogue.sim_faults.len(), 24);
        assert!(catalogue.to_text().contains("linearizability"));
    }

    #[test]
    fn every_judge_is_listed() {
        // As it is now, not as it was when this was built: checkouts may share what is built.
        let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let files = std::fs::read_dir(format!("{package}/src/judges")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> =
            names.filter(|name| name != "mod.rs").map(|name| name.replace(".rs", "")).collect();
        names.sort_unstable();
        let mut listed: Vec<&str> = judges::ALL.iter().map(|(name, _)| *name).collect();
        listed.sort_unstable();
        assert_eq!(names, listed);
    }
}
