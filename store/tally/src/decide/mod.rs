//! The one switch: every command comes through [`decide()`], and only here is told which file decides it.
//!
//! Order of checks: level, request key, session (401), existence (404), role and scope (403), revision (412),
//! state (409), form, rules and confirmations (422). A refusal changes nothing but log time and the memory of
//! the request; a repeated request changes log time only.

mod acceptance;
mod allocate_node;
mod answer_complaint;
mod approve;
mod certify;
mod close_session;
mod complain;
mod correct;
mod define_accounts;
mod define_contest;
mod define_regions;
mod define_stations;
mod definitions;
mod draft;
mod end_sessions;
mod expire_sessions;
mod found;
mod hold;
mod mark;
mod observe;
mod open_session;
mod raise_level;
mod read;
mod release;
mod report;
pub mod request;
mod review;
mod rights;
mod set_password;
mod set_second_factor;
mod sums;
mod tallying;

use crate::command::{Command, Header, Item, log_time};
use crate::ids::ContestId;
use crate::outcome::{Answer, Outcome, Refusal};
use crate::region::StationCode;
use crate::row::{Decision, MissingRow, WorkingSet};

use draft::{Case, Draft};
use rights::Caller;
use tallying::Target;

/// Where in the log an item stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Raft log index of the entry.
    pub index: u64,
    /// Raft term of the entry.
    pub term: u64,
    /// Place of the item in the entry, from 0.
    pub item: u16,
}

/// Why no decision could be made. Never the fault of the input: a bug, or rows that were damaged. The caller
/// must stop applying.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecideError {
    /// The footprint did not name a row that the decision reads.
    #[error(transparent)]
    Missing(#[from] MissingRow),
    /// The rows contradict each other.
    #[error("rows contradict each other: {0}")]
    Contradiction(#[from] Contradiction),
}

/// How rows can contradict each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Contradiction {
    /// A sum would fall below zero: a form leaves that never came in.
    #[error("a sum would fall below zero")]
    Underflow,
    /// A counter would grow beyond its width.
    #[error("a counter would grow beyond its width")]
    Overflow,
    /// A form and the sums of its region have different numbers of options.
    #[error("a form and a sum differ in their number of options")]
    Options,
    /// A village is defined but a region above it is not.
    #[error("a region above a defined one is not defined")]
    Ancestor,
    /// A name points to an account that is not there.
    #[error("a user name points to no account")]
    Username,
    /// A form has no last event.
    #[error("the last event of a form is not there")]
    LastEvent,
    /// A remembered request points to an event that is not there.
    #[error("the event behind a remembered request is not there")]
    RememberedEvent,
    /// The queue of remembered requests has a gap.
    #[error("the queue of remembered requests has a gap")]
    RequestQueueGap,
}

/// Ends a command early.
enum Stop {
    Refused(Refusal),
    Failed(DecideError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DecideError> for Stop {
    fn from(error: DecideError) -> Self {
        Self::Failed(error)
    }
}

impl From<MissingRow> for Stop {
    fn from(missing: MissingRow) -> Self {
        Self::Failed(missing.into())
    }
}

impl From<Contradiction> for Stop {
    fn from(contradiction: Contradiction) -> Self {
        Self::Failed(contradiction.into())
    }
}

/// What a command comes to before its answer is remembered.
type Verdict = Result<Outcome, Stop>;

/// Decides one item of a proposal over the rows that its footprint named.
///
/// Pure: the same arguments give the same decision. The ledger is among the effects of every decision, since
/// log time is kept there.
pub fn decide(
    rows: &WorkingSet,
    place: &Place,
    header: &Header,
    item: &Item,
) -> Result<Decision, DecideError> {
    let before = rows.ledger()?;
    let mut ledger = before.clone();
    ledger.log_time = log_time(before.log_time, header.proposed_at);
    let case = Case { rows, place, header, now: ledger.log_time };
    if ledger.level < level_required(&item.command) {
        // Not remembered: it says nothing of the request, and after the level is raised a retry may pass.
        let outcome = Outcome::Refused(Refusal::LevelTooLow { level: ledger.level });
        return Ok(finish(Draft::new(ledger), Answer { outcome, replay: false }));
    }
    if let Some(answer) = request::known_answer(&case, item)? {
        return Ok(finish(Draft::new(ledger), answer));
    }
    let mut draft = Draft::new(ledger.clone());
    let outcome = match verdict(&case, &mut draft, &item.command) {
        Ok(outcome) => outcome,
        Err(Stop::Refused(refusal)) => {
            draft = Draft::new(ledger);
            Outcome::Refused(refusal)
        }
        Err(Stop::Failed(error)) => return Err(error),
    };
    draft.write_notes(&case);
    request::expire(&case, &before, &mut draft)?;
    if let Some(request) = &item.request {
        request::remember(&case, &mut draft, request, &outcome)?;
    }
    Ok(finish(draft, Answer { outcome, replay: false }))
}

fn finish(draft: Draft, answer: Answer) -> Decision {
    Decision { effects: draft.into_effects(), answer }
}

/// The feature level from which a command is known. A cluster not founded yet is at level 0.
const fn level_required(command: &Command) -> u32 {
    match command {
        Command::Mark | Command::Found { .. } => 0,
        Command::RaiseLevel { .. }
        | Command::AllocateNode
        | Command::DefineRegions(_)
        | Command::DefineStations(_)
        | Command::DefineContest(_)
        | Command::DefineAccounts(_)
        | Command::OpenSession { .. }
        | Command::CloseSession
        | Command::TouchSession
        | Command::ExpireSessions(_)
        | Command::EndSessions(_)
        | Command::SetPassword { .. }
        | Command::SetSecondFactor(_)
        | Command::Observe(_)
        | Command::Report { .. }
        | Command::Correct { .. }
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::Review { .. }
        | Command::Certify { .. }
        | Command::Approve { .. }
        // With level 1, as no release without them was ever out that would have to apply them or stop.
        | Command::Complain { .. }
        | Command::AnswerComplaint { .. } => 1,
    }
}

fn verdict(case: &Case<'_>, draft: &mut Draft, command: &Command) -> Verdict {
    let caller = rights::authenticate(case)?;
    rights::seen(case, &caller, draft)?;
    match command {
        Command::Mark => mark::decide(&caller),
        Command::Found { cluster, name, epoch, next_node } => {
            let founding = found::Founding { cluster: *cluster, name, epoch: *epoch, next_node: *next_node };
            found::decide(&caller, draft, &founding)
        }
        Command::RaiseLevel { level } => raise_level::decide(&caller, draft, *level),
        Command::AllocateNode => allocate_node::decide(&caller, draft),
        Command::DefineRegions(regions) => define_regions::decide(case, &caller, draft, regions),
        Command::DefineStations(stations) => define_stations::decide(case, &caller, draft, stations),
        Command::DefineContest(contest) => define_contest::decide(case, &caller, draft, contest),
        Command::DefineAccounts(accounts) => define_accounts::decide(case, &caller, draft, accounts),
        Command::OpenSession {
            session,
            account,
            proof,
            second_factor_step,
            lifetime_ms,
            idle_ms,
            address,
        } => {
            let opening = open_session::Opening {
                session: *session,
                account: *account,
                proof,
                second_factor_step: *second_factor_step,
                lifetime_ms: *lifetime_ms,
                idle_ms: *idle_ms,
                address: *address,
            };
            open_session::decide(case, &caller, draft, &opening)
        }
        Command::CloseSession => close_session::decide(&caller, draft),
        Command::TouchSession => Ok(Outcome::Done),
        Command::ExpireSessions(sessions) => expire_sessions::decide(case, &caller, draft, sessions),
        Command::EndSessions(account) => end_sessions::decide(case, &caller, draft, *account),
        Command::SetPassword { before, after } => {
            set_password::decide(case, &caller, draft, (before.as_deref(), after))
        }
        Command::SetSecondFactor(factor) => set_second_factor::decide(&caller, draft, factor.as_ref()),
        Command::Observe(seen) => observe::decide(&caller, draft, seen),
        Command::Report { .. }
        | Command::Correct { .. }
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::Review { .. }
        | Command::Certify { .. }
        | Command::Approve { .. }
        | Command::Complain { .. }
        | Command::AnswerComplaint { .. } => step_on_form(case, &caller, draft, command),
    }
}

/// The commands about the form of a station.
fn step_on_form(case: &Case<'_>, caller: &Caller<'_>, draft: &mut Draft, command: &Command) -> Verdict {
    let target = |contest: &ContestId, station: &StationCode| Target { contest: *contest, station: *station };
    match command {
        Command::Report { contest, station, submission } => {
            report::decide(case, caller, draft, target(contest, station), submission)
        }
        Command::Correct { contest, station, revision, submission } => {
            correct::decide(case, caller, draft, target(contest, station).at(*revision), submission)
        }
        Command::Hold { contest, station, revision, reason } => {
            hold::decide(case, caller, draft, target(contest, station).at(*revision), reason)
        }
        Command::Release { contest, station, revision, reason } => {
            release::decide(case, caller, draft, target(contest, station).at(*revision), reason)
        }
        Command::Review { contest, station, revision, form } => {
            review::decide(case, caller, draft, target(contest, station).at(*revision), form)
        }
        Command::Certify { contest, station, revision, level, reason } => {
            let declaration = certify::Declaration { level: *level, reason };
            certify::decide(case, caller, draft, target(contest, station).at(*revision), &declaration)
        }
        Command::Approve { contest, station, revision, reason } => {
            approve::decide(case, caller, draft, target(contest, station).at(*revision), reason)
        }
        Command::Complain { contest, station, revision, complaint } => {
            complain::decide(case, caller, draft, target(contest, station).at(*revision), complaint)
        }
        Command::AnswerComplaint { contest, station, number, verdict, text } => {
            let told = answer_complaint::Answering { number: *number, verdict: *verdict, text };
            answer_complaint::decide(case, caller, draft, target(contest, station), &told)
        }
        Command::Mark
        | Command::Found { .. }
        | Command::RaiseLevel { .. }
        | Command::AllocateNode
        | Command::DefineRegions(_)
        | Command::DefineStations(_)
        | Command::DefineContest(_)
        | Command::DefineAccounts(_)
        | Command::OpenSession { .. }
        | Command::CloseSession
        | Command::TouchSession
        | Command::ExpireSessions(_)
        | Command::EndSessions(_)
        | Command::SetPassword { .. }
        | Command::SetSecondFactor(_)
        | Command::Observe(_) => Err(Refusal::Forbidden.into()),
    }
}
