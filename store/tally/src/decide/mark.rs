//! Mark: log time moves on, nothing else happens.

use crate::outcome::Outcome;

use super::Verdict;
use super::rights::Caller;

pub(super) fn decide(caller: &Caller<'_>) -> Verdict {
    caller.housekeeping()?;
    Ok(Outcome::Done)
}
