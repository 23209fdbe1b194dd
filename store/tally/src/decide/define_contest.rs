//! `DefineContest`: a contest is defined once and stays as it is; votes are kept by position.

use alloc::collections::BTreeSet;

use crate::audit::AuditEvent;
use crate::command::NAME_BYTES_MAX;
use crate::contest::{CONTEST_REGIONS_MAX, Contest, ContestOption, OPTIONS_MAX};
use crate::outcome::{DefinitionProblem, Refusal};
use crate::row::{Row, RowKey};

use super::Verdict;
use super::definitions::{Count, each, malformed};
use super::draft::{Case, Draft};
use super::rights::Caller;

/// Longest identifier of an option, in bytes.
const OPTION_ID_BYTES_MAX: usize = 64;
/// Most exemptions of a contest.
const EXEMPTIONS_MAX: usize = 1_000;

pub(super) fn decide(case: &Case<'_>, caller: &Caller<'_>, draft: &mut Draft, contest: &Contest) -> Verdict {
    caller.master_data(|scope| contest.regions.iter().all(|region| scope.covers_region(*region)))?;
    well_formed(contest)?;
    for region in &contest.regions {
        if case.rows.region(*region)?.is_none() {
            return Err(Refusal::DefinitionConflict(DefinitionProblem::RegionUnknown).into());
        }
    }
    let defined = Contest { index: case.place.index, ..contest.clone() };
    let mut count = Count::default();
    match case.rows.contest(contest.id)? {
        None => {
            draft.put(RowKey::Contest(contest.id), Row::Contest(defined));
            draft.note(AuditEvent::ContestDefined(contest.id));
            count.created()?;
        }
        Some(before) if *before == (Contest { index: before.index, ..defined }) => count.unchanged()?,
        Some(_) => return Err(Refusal::DefinitionConflict(DefinitionProblem::ContestDiffers).into()),
    }
    Ok(count.outcome())
}

/// Checks bounds and names. A malformed option is told by its place, the contest itself as place 0.
fn well_formed(contest: &Contest) -> Result<(), super::Stop> {
    let bounded = (1..=OPTIONS_MAX).contains(&contest.options.len())
        && (1..=CONTEST_REGIONS_MAX).contains(&contest.regions.len())
        && contest.exemptions.len() <= EXEMPTIONS_MAX;
    if !bounded {
        return Err(Refusal::DefinitionConflict(DefinitionProblem::Length).into());
    }
    if !named(&contest.name) || !named(&contest.kind) {
        return Err(malformed(0));
    }
    let mut ids = BTreeSet::new();
    for (position, option) in each(&contest.options) {
        if !option_well_formed(option) || !ids.insert(option.id.as_str()) {
            return Err(malformed(position));
        }
    }
    Ok(())
}

fn named(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

/// The characters of an identifier need no escape in JSON, so that the canonical form of a form is plain.
fn option_well_formed(option: &ContestOption) -> bool {
    let character = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let id = &option.id;
    let identified = !id.is_empty() && id.len() <= OPTION_ID_BYTES_MAX && id.bytes().all(character);
    let party = option.party.as_deref().is_none_or(named);
    identified && named(&option.name) && party && option.color.as_deref().is_none_or(color_well_formed)
}

fn color_well_formed(color: &str) -> bool {
    color
        .strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
