//! Master data in bulk: regions with stations, contests, accounts.
//!
//! Invariant: a body becomes commands that each fit a log entry, in order, under keys made from the request's
//! own; so the same request sent again is answered from memory, however far the first one came.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tally::account::{Account, Role};
use tally::command::{
    AccountDefinition, Command, Item, NewCredential, Principal, RegionDefinition, RequestIdentity,
    StationDefinition,
};
use tally::ids::RequestKey;
use tally::outcome::{DefinitionProblem, Outcome, Refusal};

use super::{Surface, door, json, replayed};
use crate::auth::Caller;
use crate::dto::master::{AccountRequest, Defined, Secret};
use crate::dto::outcome::unexpected;
use crate::dto::{contests, master};
use crate::error::{Code, FieldError, Problem};
use crate::limits::BULK_BYTES_MAX;

/// Most definitions in one command, and bytes of their texts: far below what a log entry holds.
const CHUNK_ITEMS_MAX: usize = 500;
const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// What a definition takes beside its texts, in bytes.
const DEFINITION_BYTES: usize = 32;

/// A command and where its definitions stand in the body.
struct Part {
    command: Command,
    list: &'static str,
    offset: usize,
}

/// What a body comes to.
struct Commands {
    parts: Vec<Part>,
    /// Accounts that keep the credential they have.
    kept: BTreeSet<String>,
}

impl Commands {
    const fn of(parts: Vec<Part>) -> Self {
        Self { parts, kept: BTreeSet::new() }
    }
}

/// Reads the key and the body.
async fn asked(request: Request) -> Result<(Parts, RequestKey, Value), Problem> {
    let (parts, body) = request.into_parts();
    let value = door::body(&parts.headers, body, BULK_BYTES_MAX).await?;
    let key = door::key(&parts.headers)?;
    Ok((parts, key, value))
}

fn allowed(caller: &Caller) -> Result<(), Problem> {
    if caller.account.role == Role::SuperAdmin { Ok(()) } else { Err(Problem::new(Code::Forbidden)) }
}

/// `POST /master/regions` by a super admin.
pub(super) async fn regions_by_account(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, key, value) = asked(request).await?;
    let commands = Commands::of(region_parts(master::parse_regions(&value)?));
    allowed(&caller)?;
    define(&surface, caller.principal(), (&parts, key, &value), commands).await
}

/// `POST /master/regions` by an operator.
pub(super) async fn regions_by_operator(
    State(surface): State<Surface>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, key, value) = asked(request).await?;
    let commands = Commands::of(region_parts(master::parse_regions(&value)?));
    define(&surface, Principal::Operator, (&parts, key, &value), commands).await
}

/// `POST /master/contests` by a super admin.
pub(super) async fn contests_by_account(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, key, value) = asked(request).await?;
    let commands = Commands::of(contest_parts(contests::parse(&value)?)?);
    allowed(&caller)?;
    define(&surface, caller.principal(), (&parts, key, &value), commands).await
}

/// `POST /master/contests` by an operator.
pub(super) async fn contests_by_operator(
    State(surface): State<Surface>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, key, value) = asked(request).await?;
    let commands = Commands::of(contest_parts(contests::parse(&value)?)?);
    define(&surface, Principal::Operator, (&parts, key, &value), commands).await
}

/// `POST /master/accounts` by a super admin.
pub(super) async fn accounts_by_account(
    State(surface): State<Surface>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, key, value) = asked(request).await?;
    let requests = master::parse_accounts(&value)?;
    allowed(&caller)?;
    let Credentials { accounts, kept } = credentials(&surface, requests).await?;
    let commands = Commands { parts: account_parts(accounts), kept };
    define(&surface, caller.principal(), (&parts, key, &value), commands).await
}

/// `POST /master/accounts` by an operator.
pub(super) async fn accounts_by_operator(
    State(surface): State<Surface>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, key, value) = asked(request).await?;
    let Credentials { accounts, kept } = credentials(&surface, master::parse_accounts(&value)?).await?;
    let commands = Commands { parts: account_parts(accounts), kept };
    define(&surface, Principal::Operator, (&parts, key, &value), commands).await
}

/// Cuts a list into runs that each fit a command.
fn chunks<T>(items: Vec<T>, bytes: impl Fn(&T) -> usize) -> Vec<(usize, Vec<T>)> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    let (mut offset, mut filled) = (0_usize, 0_usize);
    for (position, item) in items.into_iter().enumerate() {
        let size = bytes(&item).saturating_add(DEFINITION_BYTES);
        let full = chunk.len() >= CHUNK_ITEMS_MAX || filled.saturating_add(size) > CHUNK_BYTES_MAX;
        if full && !chunk.is_empty() {
            chunks.push((offset, std::mem::take(&mut chunk)));
            (offset, filled) = (position, 0);
        }
        filled = filled.saturating_add(size);
        chunk.push(item);
    }
    if !chunk.is_empty() {
        chunks.push((offset, chunk));
    }
    chunks
}

fn region_parts((regions, stations): (Vec<RegionDefinition>, Vec<StationDefinition>)) -> Vec<Part> {
    let regions = chunks(regions, |region| region.name.len());
    let stations = chunks(stations, |station| station.name.as_ref().map_or(0, String::len));
    let mut parts: Vec<Part> = regions
        .into_iter()
        .map(|(offset, chunk)| Part { command: Command::DefineRegions(chunk), list: "regions", offset })
        .collect();
    let stations = stations.into_iter();
    parts.extend(stations.map(|(offset, chunk)| Part {
        command: Command::DefineStations(chunk),
        list: "stations",
        offset,
    }));
    parts
}

fn contest_parts(contests: Vec<tally::contest::Contest>) -> Result<Vec<Part>, Problem> {
    if contests.is_empty() {
        return Err(Problem::wrong("/contests", "Harus ada paling sedikit satu pemilihan."));
    }
    let numbered = contests.into_iter().enumerate();
    Ok(numbered
        .map(|(offset, contest)| Part { command: Command::DefineContest(contest), list: "contests", offset })
        .collect())
}

fn account_parts(accounts: Vec<AccountDefinition>) -> Vec<Part> {
    let bytes = |account: &AccountDefinition| {
        let secret = match &account.credential {
            NewCredential::Kept => 0,
            NewCredential::Password(hash) => hash.len(),
            NewCredential::Code(digest) => digest.len(),
        };
        account.username.len().saturating_add(secret)
    };
    let accounts = chunks(accounts, bytes).into_iter();
    accounts
        .map(|(offset, chunk)| Part { command: Command::DefineAccounts(chunk), list: "accounts", offset })
        .collect()
}

/// Accounts to define, and the names of those that are there and keep what they have.
struct Credentials {
    accounts: Vec<AccountDefinition>,
    kept: BTreeSet<String>,
}

/// Hashes what came as plain passwords; one that fits the current hash keeps it. A code is for who has none yet.
async fn credentials(surface: &Surface, requests: Vec<AccountRequest>) -> Result<Credentials, Problem> {
    let mut plain = Vec::new();
    let mut kept = BTreeSet::new();
    {
        let codes = requests.iter().any(|request| matches!(request.secret, Secret::CodeDigest(_)));
        let view = if codes { surface.linearizable().await? } else { surface.ports().queries.local()? };
        for request in &requests {
            let known = view.account_named(&request.username)?;
            match &request.secret {
                Secret::Password(password) => {
                    plain.push((password.clone(), known.and_then(|account| account.password_hash)));
                }
                Secret::CodeDigest(digest) => {
                    let same =
                        |account: &Account| account.code.as_ref().is_some_and(|code| code.digest == *digest);
                    if !request.reset && known.is_some_and(|account| !same(&account)) {
                        kept.insert(request.username.clone());
                    }
                }
                Secret::Hash(_) => {}
            }
        }
    }
    let mut hashes = if plain.is_empty() {
        Vec::new().into_iter()
    } else {
        surface.api.0.passwords.hash_all(plain).await?.into_iter()
    };
    let mut accounts = Vec::with_capacity(requests.len());
    for request in requests {
        let credential = match request.secret {
            Secret::Hash(hash) => NewCredential::Password(hash),
            Secret::Password(_) => {
                NewCredential::Password(hashes.next().ok_or_else(|| Problem::new(Code::Internal))?)
            }
            Secret::CodeDigest(_) if kept.contains(&request.username) => NewCredential::Kept,
            Secret::CodeDigest(digest) => NewCredential::Code(digest),
        };
        accounts.push(AccountDefinition {
            username: request.username,
            role: request.role,
            scope: request.scope,
            credential,
            active: request.active,
        });
    }
    Ok(Credentials { accounts, kept })
}

/// The key of a part: the request's own for the first, one made from it for each other.
fn part_key(key: RequestKey, position: usize) -> RequestKey {
    if position == 0 {
        return key;
    }
    let mut hash = Sha256::new();
    hash.update(key.0);
    hash.update(u64::try_from(position).unwrap_or(u64::MAX).to_be_bytes());
    RequestKey(hash.finalize().first_chunk().copied().unwrap_or_default())
}

async fn define(
    surface: &Surface,
    principal: Principal,
    (parts, key, value): (&Parts, RequestKey, &Value),
    commands: Commands,
) -> Result<Response, Problem> {
    let fingerprint = door::fingerprint(parts.method.as_str(), parts.uri.path(), None, value);
    let mut places = Vec::with_capacity(commands.parts.len());
    let mut items = Vec::with_capacity(commands.parts.len());
    for (position, part) in commands.parts.into_iter().enumerate() {
        places.push((part.list, part.offset));
        let request = Some(RequestIdentity { key: part_key(key, position), fingerprint });
        items.push(Item { request, command: part.command });
    }
    let kept = commands.kept.into_iter().collect();
    let mut defined = Defined { kept, ..Defined::default() };
    let mut replay = true;
    for (outcome, place) in surface.submit(principal, items).await.into_iter().zip(places) {
        let answer = outcome?;
        replay &= answer.replay;
        match answer.outcome {
            Outcome::Defined { created, changed, unchanged } => {
                defined.created = defined.created.saturating_add(u64::from(created));
                defined.changed = defined.changed.saturating_add(u64::from(changed));
                defined.unchanged = defined.unchanged.saturating_add(u64::from(unchanged));
            }
            Outcome::Refused(refusal) => {
                return Err(Problem { replay: answer.replay, ..refused(&refusal, place) });
            }
            Outcome::Tallied { .. }
            | Outcome::SessionOpened { .. }
            | Outcome::Done
            | Outcome::NodeAllocated(_)
            | Outcome::LevelRaised(_)
            | Outcome::Complained(_) => return Err(unexpected(&answer.outcome)),
        }
    }
    Ok(replayed(json(StatusCode::OK, &defined)?, replay))
}

/// Says where in the body the refused definition stands.
pub(super) fn refused(refusal: &Refusal, (list, offset): (&str, usize)) -> Problem {
    let mut problem = Problem::of_refusal(refusal);
    let Refusal::DefinitionConflict(conflict) = refusal else { return problem };
    let at = |position: u32| {
        // One command holds one contest; the position of a malformed option says nothing of the body's list.
        let position = if list == "contests" { 0 } else { usize::try_from(position).unwrap_or(usize::MAX) };
        let position = position.saturating_add(offset);
        format!("/{list}/{position}")
    };
    let (pointer, detail) = match conflict {
        DefinitionProblem::ParentUnknown { position } => {
            (at(*position), "Wilayah di atasnya belum ada; daftarkan lebih dahulu.")
        }
        DefinitionProblem::Malformed { position } => (at(*position), "Isian ini tidak sah."),
        DefinitionProblem::ContestDiffers => {
            (at(0), "Pemilihan dengan kode ini sudah ada dengan isi lain dan tidak dapat diganti.")
        }
        DefinitionProblem::RegionUnknown => (format!("{}/regions", at(0)), "Wilayah ini belum ada."),
        DefinitionProblem::LastSuperAdmin => {
            (format!("/{list}"), "Super admin terakhir yang aktif tidak dapat dicabut.")
        }
        DefinitionProblem::Length => (at(0), "Daftar kosong atau terlalu panjang."),
    };
    problem.extra.errors = Some(vec![FieldError { pointer, detail: detail.to_owned() }]);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_keep_order_and_offsets_and_fit() {
        let items: Vec<String> = (0..1_200).map(|number| format!("{number:0100}")).collect();
        let chunks = chunks(items.clone(), String::len);
        assert!(chunks.len() > 2);
        let mut joined = Vec::new();
        for (offset, chunk) in chunks {
            assert_eq!(offset, joined.len());
            assert!(chunk.len() <= CHUNK_ITEMS_MAX);
            assert!(chunk.iter().map(|item| item.len() + DEFINITION_BYTES).sum::<usize>() <= CHUNK_BYTES_MAX);
            joined.extend(chunk);
        }
        assert_eq!(joined, items);
    }

    #[test]
    fn part_keys_differ_and_repeat() {
        let key = RequestKey([3; 16]);
        assert_eq!(part_key(key, 0), key);
        assert_ne!(part_key(key, 1), part_key(key, 2));
        assert_eq!(part_key(key, 1), part_key(key, 1));
    }
}
