//! The way from the nation down to where a page is, and the contests to choose from.
//!
//! Invariant: every link leads to a page that exists in the same view.

use std::sync::Arc;

use tally::contest::Contest;
use tally::region::RegionCode;

use crate::ports::{ReadError, StateView};

use super::words;

/// One step of the way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Step {
    /// What the level is called.
    pub(super) level: &'static str,
    /// Name of the region.
    pub(super) name: String,
    /// Its page.
    pub(super) address: String,
}

/// The regions from the nation down to `region`, itself included.
pub(super) fn steps(
    view: &dyn StateView,
    contest: &Contest,
    region: RegionCode,
) -> Result<Vec<Step>, ReadError> {
    let mut steps = Vec::new();
    for code in region.ancestry() {
        steps.push(Step {
            level: words::level(code.level()),
            name: view.region(code)?.map_or_else(|| code.to_string(), |region| region.name),
            address: region_address(contest, code),
        });
    }
    steps.reverse();
    Ok(steps)
}

/// The page of a region.
#[must_use]
pub(super) fn region_address(contest: &Contest, region: RegionCode) -> String {
    format!("/{}/{region}", contest.id)
}

/// One contest to choose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Choice {
    /// Its name.
    pub(super) name: String,
    /// Its page.
    pub(super) address: String,
    /// Whether it is the one shown.
    pub(super) current: bool,
}

/// Most contests offered at once: a country has hundreds, and a page stays small.
const CHOICES_MAX: usize = 12;

/// The contests that `offered` lets through, each leading where `address` says; none when there is no choice.
pub(super) fn choices(
    contests: &[Arc<Contest>],
    current: &Contest,
    offered: impl Fn(&Contest) -> bool,
    address: impl Fn(&Contest) -> String,
) -> Vec<Choice> {
    let offered = contests.iter().filter(|contest| contest.id == current.id || offered(contest));
    let choices: Vec<Choice> = offered
        .take(CHOICES_MAX)
        .map(|contest| Choice {
            name: contest.name.clone(),
            address: address(contest),
            current: contest.id == current.id,
        })
        .collect();
    if choices.len() > 1 { choices } else { Vec::new() }
}
