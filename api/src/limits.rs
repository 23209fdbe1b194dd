//! Every bound of the HTTP side, with its unit, whom bounds by address count as one, and tables of fixed size that count within
//! windows of time.
//!
//! Invariant: a table never grows. Two callers that fall into one cell share it, which can only refuse more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use tally::account::Role;
use tally::ids::LogTime;

use crate::serve::RemoteAddress;

/// Largest JSON body, in bytes.
pub const JSON_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a batch or of master data, in bytes.
pub const BULK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest body of a complaint or an answer to one, in bytes: its text with every letter escaped, and room for the rest.
pub const COMPLAINT_BODY_BYTES_MAX: usize = 8 * 1024;
/// Longest time a body may take to arrive, in milliseconds.
pub const BODY_MS_MAX: u64 = 20_000;
/// Most items of a batch.
pub const BATCH_ITEMS_MAX: usize = 500;
/// Longest wait of the change feed, in milliseconds.
pub const CHANGES_WAIT_MS_MAX: u64 = 30_000;
/// Most entries a list answers at once.
pub const LIST_MAX: usize = 1_000;
/// Entries a list answers when the caller names no number.
pub const LIST_DEFAULT: usize = 100;
/// Reads that wait for the cluster at once, public and officer each.
pub const WAITING_READS_MAX: usize = 256;
/// Callers of the change feed that wait at once.
pub const WAITING_FEEDS_MAX: usize = 1_024;
/// How often clients should look again, in milliseconds; constant per load step.
pub const NEXT_POLL_MS: u32 = 15_000;
/// Longest text that is searched for, in bytes.
pub const SEARCH_BYTES_MAX: usize = 400;
/// Most that a search answers.
pub const SEARCH_MAX: usize = 100;
/// What a search answers when the caller names no number.
pub const SEARCH_DEFAULT: usize = 20;
/// Searches at once, public and officers together: each takes a core for milliseconds.
pub const SEARCHES_MAX: usize = 64;
/// Walks over the stations of a region at once, of one kind: each reads thousands of rows.
pub const WALKS_MAX: usize = 64;
/// Connections that events go over at once, public and officers together.
pub const EVENTS_MAX: usize = 2_048;
/// Those of one address: thousands of telephones may share one.
pub const EVENTS_PER_ADDRESS_MAX: u32 = 256;
/// Requests of one address at work at once on `public`, those for kept pages aside.
pub const READS_PER_ADDRESS_MAX: u32 = 256;
/// How long such a connection may last, in milliseconds: then the client comes back, to another node perhaps.
pub const EVENTS_MS_MAX: u64 = 60 * 60 * 1_000;
/// After how long a quiet one is sent a comment, in milliseconds.
pub const EVENTS_QUIET_MS: u64 = 15_000;
/// Passwords that wait to be checked behind the one being checked.
pub const SIGN_IN_QUEUE_MAX: usize = 16;
/// Longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Most bytes of a backup's object in one answer: what is in memory for it, on both sides.
pub const BACKUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How old a node's knowledge of sessions may be, in milliseconds: an ended one passes nowhere for longer.
pub const SESSION_AGE_MS_MAX: i64 = 1_000;
/// Uses of sessions that are written down at once.
pub const TOUCHES_MAX: usize = 64;
/// Largest photo or scan that may be handed in, in bytes.
pub const UPLOAD_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Uploads under way at once. Each keeps one part in memory and the rest in a file.
pub const UPLOADS_MAX: usize = 64;
/// Uploads of one account under way at once, so that no account takes all places.
pub const UPLOADS_PER_ACCOUNT_MAX: usize = 16;
/// Longest time an upload may take to arrive, in milliseconds.
pub const UPLOAD_MS_MAX: u64 = 120_000;
/// Over which time the least pace of an upload is looked at, in milliseconds.
pub const UPLOAD_PACE_MS: u64 = 30_000;
/// Bytes that must come in that time: 1 KiB a second.
pub const UPLOAD_PACE_BYTES: u64 = 30 * 1024;
/// Longest wait of an upload for its turn to be looked through, and that longest look, in milliseconds.
pub const UPLOAD_TURN_MS_MAX: u64 = 60_000;
/// Attachments handed out at once on `public`. Each keeps one part in memory.
pub const DOWNLOADS_PUBLIC_MAX: usize = 256;
/// Attachments handed out at once on `officer`.
pub const DOWNLOADS_OFFICER_MAX: usize = 64;
/// Longest time an attachment may take to be taken, in milliseconds.
pub const DOWNLOAD_MS_MAX: u64 = 5 * 60 * 1_000;
/// Files of reports that are made at once for people at the desk. Each holds thousands of rows.
pub const DESK_FILES_MAX: usize = 4;
/// Bytes of an attachment that are in memory for one reader.
pub const DOWNLOAD_PART_BYTES: usize = 64 * 1024;
/// Failed sign-ins of one account from one address before it must wait.
pub const FAILURES_PER_ACCOUNT_MAX: u32 = 5;
/// Failed sign-ins from one address before it must wait.
pub const FAILURES_PER_ADDRESS_MAX: u32 = 100;
/// Over which time failures are counted, in milliseconds.
pub const FAILURE_WINDOW_MS: u64 = 10 * 60 * 1_000;
/// Plain passwords one master-data call may carry: each costs tens of milliseconds to hash.
pub const PASSWORDS_PER_CALL_MAX: usize = 100;
/// Cells of a table of windows.
const WINDOW_CELLS: usize = 1 << 14;

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How long a session lives, in milliseconds: in all, and unused. An officer's phone may be without a network for days and
/// the recapitulation takes 35; whoever can change accounts signs in every day.
#[must_use]
pub const fn session_ms(role: Role) -> (u64, u64) {
    match role {
        Role::Officer => (35 * DAY_MS, 5 * DAY_MS),
        Role::Reviewer | Role::Certifier | Role::Auditor => (7 * DAY_MS, DAY_MS),
        Role::Admin | Role::SuperAdmin => (DAY_MS, 4 * HOUR_MS),
    }
}

/// Where a request came from, put into its extensions by the accept loop (after trusted proxies).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientAddress(pub IpAddr);

/// Where a request came from: what the accept loop says, else the other end of the socket.
pub(crate) fn client_address(extensions: &http::Extensions) -> IpAddr {
    let told = extensions.get::<ClientAddress>().map(|address| address.0);
    let socket = extensions.get::<RemoteAddress>().map(|address| address.0.ip());
    told.or(socket).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// What one subscriber has: an IPv4 address, or a network of 64 bits in IPv6, within which addresses cost nothing (RFC 6177).
/// Every bound by address counts these.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    const HOST_BITS: u32 = 64;
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> HOST_BITS << HOST_BITS;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

/// A window of time and what was counted in it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Window {
    began: LogTime,
    /// How much.
    pub(crate) count: u32,
}

impl Window {
    /// The same at a later time: a new window once this one is over.
    pub(crate) fn at(self, now: LogTime, length_ms: u64) -> Self {
        let over = self.count == 0 || now.0 >= self.began.0.saturating_add(length_ms);
        if over { Self { began: now, count: 0 } } else { self }
    }

    /// With one more.
    pub(crate) const fn more(self) -> Self {
        Self { count: self.count.saturating_add(1), ..self }
    }

    /// With one less.
    pub(crate) const fn less(self) -> Self {
        Self { count: self.count.saturating_sub(1), ..self }
    }

    /// Seconds until it ends, at least one.
    pub(crate) fn ends_in_s(self, now: LogTime, length_ms: u64) -> u32 {
        let left_ms = self.began.0.saturating_add(length_ms).saturating_sub(now.0);
        u32::try_from(left_ms.div_ceil(1_000).max(1)).unwrap_or(u32::MAX)
    }
}

/// Windows found by a hash, in memory of a fixed size. The secret keeps outsiders from choosing who shares a cell with whom.
pub(crate) struct Windows {
    secret: [u8; 16],
    cells: Vec<Window>,
}

impl Windows {
    /// Nothing counted yet.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        Self { secret, cells: vec![Window::default(); WINDOW_CELLS] }
    }

    /// Where something is counted.
    pub(crate) fn cell(&mut self, parts: &[&str]) -> Option<&mut Window> {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        for part in parts {
            hash.update([0]);
            hash.update(part.as_bytes());
        }
        let bytes = hash.finalize();
        let number = bytes.iter().take(4).fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
        let place = number.checked_rem(self.cells.len())?;
        self.cells.get_mut(place)
    }
}

/// Counts failed sign-ins by (account, address) and by address in memory of a fixed size.
pub struct FailureTable(Mutex<Windows>);

impl FailureTable {
    /// An empty table under a secret.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Self {
        Self(Mutex::new(Windows::new(secret)))
    }

    /// Seconds to wait before this account may be tried from this address; `None` when it may be now.
    #[must_use]
    pub fn wait_s(&self, username: &str, address: IpAddr, now: LogTime) -> Option<u32> {
        let address = subscriber(address).to_string();
        let account = self.remaining_s(&[username, &address], FAILURES_PER_ACCOUNT_MAX, now);
        account.max(self.remaining_s(&[&address], FAILURES_PER_ADDRESS_MAX, now))
    }

    /// Counts a failure.
    pub fn failed(&self, username: &str, address: IpAddr, now: LogTime) {
        let address = subscriber(address).to_string();
        for parts in [&[username, &address][..], &[&address]] {
            self.change(parts, |window| window.at(now, FAILURE_WINDOW_MS).more());
        }
    }

    /// Forgets the failures of an account from an address after a success.
    pub fn succeeded(&self, username: &str, address: IpAddr) {
        self.change(&[username, &subscriber(address).to_string()], |_| Window::default());
    }

    fn change(&self, parts: &[&str], change: impl FnOnce(Window) -> Window) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.cell(parts) {
            *window = change(*window);
        }
    }

    fn remaining_s(&self, parts: &[&str], failures_max: u32, now: LogTime) -> Option<u32> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.cell(parts)?.at(now, FAILURE_WINDOW_MS);
        (window.count >= failures_max).then(|| window.ends_in_s(now, FAILURE_WINDOW_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    #[test]
    fn five_failures_close_one_account_at_one_address_until_the_window_ends() {
        let table = FailureTable::new([7; 16]);
        let now = LogTime(1_000_000);
        for _ in 0..FAILURES_PER_ACCOUNT_MAX {
            assert_eq!(table.wait_s("a", HERE, now), None);
            table.failed("a", HERE, now);
        }
        assert_eq!(table.wait_s("a", HERE, now), Some(600));
        assert_eq!(table.wait_s("a", THERE, now), None, "another address may");
        assert_eq!(table.wait_s("b", HERE, now), None, "another account may");
        assert_eq!(table.wait_s("a", HERE, LogTime(now.0 + FAILURE_WINDOW_MS)), None);
    }

    #[test]
    fn success_clears_the_account_but_not_the_address() {
        let table = FailureTable::new([7; 16]);
        let now = LogTime(1_000_000);
        for name in 0..FAILURES_PER_ADDRESS_MAX {
            table.failed(&format!("name{name}"), HERE, now);
        }
        table.succeeded("name1", HERE);
        assert!(table.wait_s("name1", HERE, now).is_some(), "the address is closed for everybody");
    }

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        let table = FailureTable::new([7; 16]);
        let (now, address) = (LogTime(1_000_000), |text: &str| text.parse::<IpAddr>().unwrap());
        for host in 1..=FAILURES_PER_ACCOUNT_MAX {
            table.failed("a", address(&format!("2001:db8::{host}")), now);
        }
        assert!(table.wait_s("a", address("2001:db8::ffff"), now).is_some(), "the same network of 64 bits");
        assert_eq!(table.wait_s("a", address("2001:db8:0:1::1"), now), None);
        assert_eq!(subscriber(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
