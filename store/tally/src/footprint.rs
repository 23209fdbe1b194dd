//! Which rows a decision reads. Asked before [`crate::decide()`], so that deciding never waits for a disk.
//!
//! Invariant: what [`footprint`] and [`footprint_more`] name is all that the decision reads; a row outside it
//! is a [`MissingRow`], never a silent `None`.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::command::{
    ATTACHMENTS_MAX, AccountDefinition, Command, EXPIRED_SESSIONS_MAX, Header, Item, Principal,
};
use crate::decide::request;
use crate::ids::ContestId;
use crate::region::{RegionCode, StationCode};
use crate::row::{Ledger, MissingRow, RememberedAnswer, RowKey, WorkingSet};

/// The rows that can be named knowing only the ledger; each once, always with [`RowKey::Ledger`].
#[must_use]
pub fn footprint(ledger: &Ledger, header: &Header, item: &Item) -> Vec<RowKey> {
    let mut keys = BTreeSet::from([RowKey::Ledger]);
    if let Principal::Session { account, session } = header.principal {
        keys.extend([RowKey::Account(account), RowKey::Session(session)]);
    }
    if let Some(request) = &item.request {
        keys.insert(RowKey::Request(header.principal.account(), request.key));
    }
    keys.extend(request::expirable(ledger).map(RowKey::RequestQueue));
    command_rows(&item.command, &mut keys);
    keys.into_iter().collect()
}

fn command_rows(command: &Command, keys: &mut BTreeSet<RowKey>) {
    match command {
        Command::Mark
        | Command::Found { .. }
        | Command::RaiseLevel { .. }
        | Command::AllocateNode
        | Command::CloseSession
        | Command::TouchSession
        | Command::SetPassword { .. }
        | Command::SetSecondFactor(_)
        | Command::Observe(_) => {}
        Command::ExpireSessions(sessions) => {
            keys.extend(sessions.iter().take(EXPIRED_SESSIONS_MAX).copied().map(RowKey::Session));
        }
        Command::EndSessions(account) => {
            keys.insert(RowKey::Account(*account));
        }
        Command::DefineRegions(regions) => {
            let codes = regions.iter().map(|region| region.code);
            keys.extend(codes.flat_map(|code| [Some(code), code.parent()]).flatten().map(RowKey::Region));
        }
        Command::DefineStations(stations) => {
            let villages: BTreeSet<_> = stations.iter().map(|station| station.code.village()).collect();
            keys.extend(villages.into_iter().flat_map(RegionCode::ancestry).map(RowKey::Region));
            keys.extend(stations.iter().map(|station| RowKey::Station(station.code)));
        }
        Command::DefineContest(contest) => {
            keys.insert(RowKey::Contest(contest.id));
            keys.extend(contest.regions.iter().copied().map(RowKey::Region));
        }
        Command::DefineAccounts(accounts) => {
            keys.extend(accounts.iter().map(username_row));
        }
        Command::OpenSession { session, account, .. } => {
            keys.extend([RowKey::Session(*session), RowKey::Account(*account)]);
        }
        Command::Report { contest, station, submission }
        | Command::Correct { contest, station, submission, .. } => {
            tally_rows(*contest, *station, keys);
            keys.insert(RowKey::Neighbourhood(*contest, station.village()));
            // More than that is refused before any of them is looked at.
            let named = submission.attachments.iter().take(ATTACHMENTS_MAX);
            keys.extend(named.copied().map(RowKey::Attachment));
        }
        Command::Hold { contest, station, .. }
        | Command::Release { contest, station, .. }
        | Command::Certify { contest, station, .. }
        | Command::Approve { contest, station, .. } => tally_rows(*contest, *station, keys),
        Command::Review { contest, station, .. } => {
            tally_rows(*contest, *station, keys);
            // A third reading may put the second in the form's place.
            keys.insert(RowKey::Neighbourhood(*contest, station.village()));
        }
        Command::Complain { contest, station, .. } => {
            keys.extend([RowKey::Contest(*contest), RowKey::Station(*station)]);
            keys.extend([RowKey::Tally(*contest, *station), RowKey::Complaints(*station, *contest)]);
        }
        Command::AnswerComplaint { contest, station, number, .. } => {
            keys.extend([RowKey::Contest(*contest), RowKey::Station(*station)]);
            keys.insert(RowKey::Complaint(*contest, *station, *number));
            keys.insert(RowKey::Complaints(*station, *contest));
        }
    }
}

fn username_row(definition: &AccountDefinition) -> RowKey {
    RowKey::Username(definition.username.clone())
}

fn tally_rows(contest: ContestId, station: StationCode, keys: &mut BTreeSet<RowKey>) {
    keys.extend([RowKey::Contest(contest), RowKey::Station(station), RowKey::Tally(contest, station)]);
    keys.extend(station.village().ancestry().map(|region| RowKey::Aggregate(contest, region)));
}

/// The rows that the loaded ones point to and that are not loaded yet. Call it until it names none: the
/// event behind a remembered answer, the accounts behind user names, the last event of a form whose state
/// changes. A remembered request needs nothing but its event.
pub fn footprint_more(rows: &WorkingSet, header: &Header, item: &Item) -> Result<Vec<RowKey>, MissingRow> {
    let mut keys = BTreeSet::new();
    if let Some(record) = request::record(rows, header, item)? {
        if let RememberedAnswer::Event(change) = &record.answer {
            keys.insert(RowKey::Event(change.contest, change.station, change.event));
        }
    } else {
        pointed_to(rows, &item.command, &mut keys)?;
    }
    Ok(keys.into_iter().filter(|key| !rows.contains(key)).collect())
}

fn pointed_to(rows: &WorkingSet, command: &Command, keys: &mut BTreeSet<RowKey>) -> Result<(), MissingRow> {
    match command {
        Command::DefineAccounts(accounts) => {
            for definition in accounts {
                keys.extend(rows.username(&definition.username)?.map(RowKey::Account));
            }
        }
        Command::Hold { contest, station, .. }
        | Command::Release { contest, station, .. }
        | Command::Certify { contest, station, .. }
        | Command::Approve { contest, station, .. }
        | Command::Review { contest, station, .. } => {
            let tally = rows.tally(*contest, *station)?;
            keys.extend(tally.map(|tally| RowKey::Event(*contest, *station, tally.events)));
        }
        Command::Mark
        | Command::Found { .. }
        | Command::RaiseLevel { .. }
        | Command::AllocateNode
        | Command::DefineRegions(_)
        | Command::DefineStations(_)
        | Command::DefineContest(_)
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
        | Command::Complain { .. }
        | Command::AnswerComplaint { .. } => {}
    }
    Ok(())
}
