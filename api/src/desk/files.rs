//! What is on a page, to take away as a file: gathered page by page, written aside.
//!
//! Invariant: a few files are made at once at most, each of a bounded number of rows, none on a thread that answers
//! others; one that was cut says so.

use std::sync::Arc;

use axum::response::Response;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::address;
use super::blocks::{Block, Link, Table};
use super::frame::Failure;
use super::gate::Visitor;
use crate::dto::accounts::{AccountEntry, Accounts, SessionEntry, Sessions};
use crate::dto::forms::{FormEntry, Forms};
use crate::export::{Shape, Sheet};
use crate::limits::{DESK_FILES_MAX, LIST_MAX};

/// Rows of a file, and calls to gather them: pages may be short.
const ROWS_MAX: usize = 10_000;
const CALLS_MAX: usize = 200;

/// The places for files that are made at once.
#[derive(Clone)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DESK_FILES_MAX)))
    }
}

/// A file that is asked for, and its place.
pub(super) struct File {
    shape: Shape,
    _place: OwnedSemaphorePermit,
}

/// Links to the page as files.
pub(super) fn links(visitor: &Visitor) -> Block {
    let link = |(_, name): (Shape, &str)| {
        Link::new(address::with(visitor, "berkas", name), format!("Unduh {}", name.to_uppercase()))
    };
    Block::Links(Shape::ALL.into_iter().map(link).collect())
}

/// The file that is asked for, if one is.
pub(super) fn asked(visitor: &Visitor) -> Result<Option<File>, Failure> {
    let text = visitor.asked("berkas");
    if text.is_empty() {
        return Ok(None);
    }
    let shape = Shape::parse(text).ok_or_else(|| Failure::wrong("Bentuk berkas: csv, xlsx, atau pdf."))?;
    let place = Arc::clone(&visitor.files.0).try_acquire_owned().map_err(|_| Failure::overloaded())?;
    Ok(Some(File { shape, _place: place }))
}

/// A page of a list of the API.
pub(super) trait Page: DeserializeOwned {
    /// What it lists.
    type Entry;

    /// What it lists, and where to go on.
    fn taken(self) -> (Vec<Self::Entry>, Option<String>);
}

impl Page for Forms {
    type Entry = FormEntry;

    fn taken(self) -> (Vec<FormEntry>, Option<String>) {
        (self.forms, self.next)
    }
}

impl Page for Accounts {
    type Entry = AccountEntry;

    fn taken(self) -> (Vec<AccountEntry>, Option<String>) {
        (self.accounts, self.next)
    }
}

impl Page for Sessions {
    type Entry = SessionEntry;

    fn taken(self) -> (Vec<SessionEntry>, Option<String>) {
        (self.sessions, self.next)
    }
}

/// A list as far as a file goes.
pub(super) struct Gathered<R> {
    pub(super) rows: Vec<R>,
    /// Whether there is more.
    pub(super) cut: bool,
    /// Log index that the last page was read at.
    pub(super) index: u64,
}

/// Reads a list page by page, each at the path for so many entries beginning after one.
pub(super) async fn gathered<P: Page>(
    visitor: &Visitor,
    path: impl Fn(usize, Option<&str>) -> String,
) -> Result<Gathered<P::Entry>, Failure> {
    let mut found = Gathered { rows: Vec::new(), cut: false, index: 0 };
    let mut next = None::<String>;
    for _ in 0..CALLS_MAX {
        let answer = visitor.client.read::<P>(path(LIST_MAX, next.as_deref())).await?;
        found.index = answer.index.unwrap_or(found.index);
        let (rows, more) = answer.value.taken();
        found.rows.extend(rows);
        next = more;
        if next.is_none() || found.rows.len() >= ROWS_MAX {
            break;
        }
    }
    found.cut = next.is_some();
    Ok(found)
}

impl File {
    /// A table as this file, with the line that says where it is from.
    pub(super) async fn of(
        self,
        table: &Table,
        name: &str,
        (index, cut): (u64, bool),
    ) -> Result<Response, Failure> {
        let source = format!("Sumber: Rakit, indeks log {index}. Hasil sementara, bukan hasil resmi.");
        let sheet: Sheet = table.sheet(name, source, cut);
        let shape = self.shape;
        // Thousands of rows take a while; whoever else is served by this thread does not wait for them.
        let written = tokio::task::spawn_blocking(move || sheet.answer(shape)).await;
        let failed = |what: &dyn std::fmt::Display| {
            tracing::error!(%what, "a file was not written");
            Failure::internal("Berkas ini tidak dapat dibuat. Pilih bentuk lain.")
        };
        written.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }
}
