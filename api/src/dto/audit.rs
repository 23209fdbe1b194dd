//! The audit log on the wire.
//!
//! Invariant: names of accounts are looked up when a line is shown; a line itself never changes.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};
use tally::audit::{Actor, Address, AuditEvent, AuditRecord};
use tally::ids::{AccountId, ContestId};
use utoipa::ToSchema;

use super::text::time;
use crate::ports::{AuditPlace, ReadError, StateView};

/// Answer of `GET /audit`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    /// Lines, oldest first.
    pub records: Vec<AuditLine>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// One line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AuditLine {
    /// Log index.
    pub index: u64,
    /// Log time.
    pub at: String,
    /// `system`, `operator`, `public`, or the name of an account.
    pub actor: String,
    /// What happened, such as `signed_in`.
    pub event: String,
    /// To what or whom, where there is such a thing.
    #[schema(required)]
    pub subject: Option<String>,
    /// What else is known, by name.
    pub details: BTreeMap<String, String>,
}

/// Words a line.
pub fn line(view: &dyn StateView, place: AuditPlace, record: &AuditRecord) -> Result<AuditLine, ReadError> {
    let actor = match record.actor {
        Actor::System => "system".to_owned(),
        Actor::Operator => "operator".to_owned(),
        Actor::Account(id) => name(view, id)?,
        Actor::Public => "public".to_owned(),
    };
    let (event, subject, details) = worded(view, &record.event)?;
    let details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Ok(AuditLine {
        index: place.index,
        at: time(record.at),
        actor,
        event: event.to_owned(),
        subject,
        details,
    })
}

fn name(view: &dyn StateView, id: AccountId) -> Result<String, ReadError> {
    Ok(view.account(id)?.map_or_else(|| format!("#{}", id.0), |account| account.username))
}

fn shown(address: Address) -> String {
    Ipv6Addr::from(address).to_canonical().to_string()
}

fn complaint(
    contest: &ContestId,
    number: u32,
    (name, value): (&'static str, &str),
) -> Vec<(&'static str, String)> {
    vec![("contest", contest.to_string()), ("number", number.to_string()), (name, value.to_owned())]
}

type Worded = (&'static str, Option<String>, Vec<(&'static str, String)>);

fn worded(view: &dyn StateView, event: &AuditEvent) -> Result<Worded, ReadError> {
    let counts = |created: &u32, changed: &u32| {
        vec![("created", created.to_string()), ("changed", changed.to_string())]
    };
    Ok(match event {
        AuditEvent::Founded => ("founded", None, Vec::new()),
        AuditEvent::LevelRaised(level) => ("level_raised", Some(level.to_string()), Vec::new()),
        AuditEvent::NodeAllocated(node) => ("node_allocated", Some(node.0.to_string()), Vec::new()),
        AuditEvent::RegionsDefined { created, changed } => {
            ("regions_defined", None, counts(created, changed))
        }
        AuditEvent::StationsDefined { created, changed } => {
            ("stations_defined", None, counts(created, changed))
        }
        AuditEvent::ContestDefined(contest) => ("contest_defined", Some(contest.to_string()), Vec::new()),
        AuditEvent::AccountDefined(change) => {
            let event = if change.created { "account_created" } else { "account_changed" };
            let details = vec![
                ("role", change.role.name().to_owned()),
                ("scope", change.scope.to_string()),
                ("active", change.active.to_string()),
                ("credential", change.credential.to_string()),
            ];
            (event, Some(change.username.clone()), details)
        }
        AuditEvent::SignedIn { account, address, by_code } => {
            let mut details = vec![("by", if *by_code { "code" } else { "password" }.to_owned())];
            details.extend(address.map(|address| ("address", shown(address))));
            ("signed_in", Some(name(view, *account)?), details)
        }
        AuditEvent::SignedOut => ("signed_out", None, Vec::new()),
        AuditEvent::PasswordChanged => ("password_changed", None, Vec::new()),
        AuditEvent::SecondFactor { enabled } => {
            ("second_factor", None, vec![("enabled", enabled.to_string())])
        }
        AuditEvent::SessionsEnded { account } => ("sessions_ended", Some(name(view, *account)?), Vec::new()),
        AuditEvent::Complained { contest, station, number, kind } => {
            let details = complaint(contest, *number, ("kind", kind.name()));
            ("complained", Some(station.to_string()), details)
        }
        AuditEvent::ComplaintAnswered { contest, station, number, verdict } => {
            let details = complaint(contest, *number, ("verdict", verdict.name()));
            ("complaint_answered", Some(station.to_string()), details)
        }
        AuditEvent::Observed(seen) => {
            let details = vec![("address", shown(seen.address)), ("count", seen.count.to_string())];
            (seen.sighting.name(), Some(seen.username.clone()), details)
        }
    })
}
