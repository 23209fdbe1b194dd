//! How many complaints are taken, and from where.
//!
//! Invariant: the table never grows and keeps no address: a cell is found by a hash under a secret of this process, and is
//! forgotten with it. Two addresses that fall into one cell share it, which can only refuse more. What is not let in here
//! is never waited for.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tally::ids::LogTime;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Code, Problem};
use crate::limits::{Window, Windows, subscriber};

/// Complaints from one address within the window.
pub(crate) const PER_ADDRESS_MAX: u32 = 5;
/// Complaints that one node takes within the window, from wherever.
pub(crate) const PER_NODE_MAX: u32 = 600;
/// Over which time they are counted, in milliseconds.
pub(crate) const WINDOW_MS: u64 = 10 * 60 * 1_000;
/// Complaints on their way at once: one more entry each in the log that officers write to.
const AT_ONCE_MAX: usize = 2;
/// Seconds after which somebody comes back who was turned away for officers' sake.
pub(crate) const RETRY_AFTER_S: u32 = 30;

/// What is counted.
struct Counts {
    node: Window,
    addresses: Windows,
}

/// The way in for complaints of one node.
pub(crate) struct Gate {
    counts: Mutex<Counts>,
    places: Semaphore,
}

impl Gate {
    /// Nothing counted yet. The secret keeps outsiders from choosing who shares a cell with whom.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        let counts = Counts { node: Window::default(), addresses: Windows::new(secret) };
        Self { counts: Mutex::new(counts), places: Semaphore::const_new(AT_ONCE_MAX) }
    }

    /// Lets a complaint in and counts it, or says why not: 429 for an address that has had its share, 503 when too many are
    /// taken or on their way. Never waits. What is refused is not counted.
    pub(crate) fn enter(&self, address: IpAddr, now: LogTime) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = || Problem { retry_after_s: Some(RETRY_AFTER_S), ..Problem::new(Code::Overloaded) };
        let place = self.places.try_acquire().map_err(|_| busy())?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts { node, addresses } = &mut *counts;
        let Some(kept) = addresses.cell(&[&subscriber(address).to_string()]) else { return Err(busy()) };
        let (all, own) = (node.at(now, WINDOW_MS), kept.at(now, WINDOW_MS));
        if own.count >= PER_ADDRESS_MAX {
            let detail = "Dari alamat ini sudah 5 laporan dalam 10 menit.";
            let problem = Problem::with_detail(Code::TooManyRequests, detail);
            return Err(Problem { retry_after_s: Some(own.ends_in_s(now, WINDOW_MS)), ..problem });
        }
        if all.count >= PER_NODE_MAX {
            return Err(Problem { retry_after_s: Some(all.ends_in_s(now, WINDOW_MS)), ..busy() });
        }
        (*node, *kept) = (all.more(), own.more());
        Ok(place)
    }

    /// Counts one less: it was let in here and shed further on.
    pub(crate) fn give_back(&self, address: IpAddr) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.node = counts.node.less();
        if let Some(kept) = counts.addresses.cell(&[&subscriber(address).to_string()]) {
            *kept = kept.less();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: LogTime = LogTime(1_707_900_000_000);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn code(entered: Result<SemaphorePermit<'_>, Problem>) -> Option<(Code, Option<u32>)> {
        entered.err().map(|problem| (problem.code, problem.retry_after_s))
    }

    #[test]
    fn an_address_has_its_share_until_the_window_ends() {
        let gate = Gate::new([7; 16]);
        for _ in 0..PER_ADDRESS_MAX {
            assert_eq!(code(gate.enter(address("192.0.2.1"), NOW)), None);
        }
        let refused = Some((Code::TooManyRequests, Some(600)));
        assert_eq!(code(gate.enter(address("192.0.2.1"), NOW)), refused);
        assert_eq!(
            code(gate.enter(address("::ffff:192.0.2.1"), NOW)),
            refused,
            "the same, written otherwise"
        );
        assert_eq!(code(gate.enter(address("192.0.2.2"), NOW)), None);
        assert_eq!(code(gate.enter(address("192.0.2.1"), LogTime(NOW.0 + WINDOW_MS))), None);
    }

    #[test]
    fn addresses_of_one_network_share_a_cell() {
        let gate = Gate::new([7; 16]);
        for host in 1..=PER_ADDRESS_MAX {
            assert_eq!(code(gate.enter(address(&format!("2001:db8::{host}")), NOW)), None);
        }
        assert!(code(gate.enter(address("2001:db8::ffff"), NOW)).is_some());
        assert_eq!(code(gate.enter(address("2001:db8:0:1::1"), NOW)), None);
    }

    #[test]
    fn what_was_shed_further_on_is_nobodys_share() {
        let gate = Gate::new([7; 16]);
        for _ in 0..=PER_ADDRESS_MAX {
            assert_eq!(code(gate.enter(address("192.0.2.1"), NOW)), None);
            gate.give_back(address("192.0.2.1"));
        }
        for _ in 0..PER_ADDRESS_MAX {
            assert_eq!(code(gate.enter(address("192.0.2.1"), NOW)), None);
        }
        assert!(code(gate.enter(address("192.0.2.1"), NOW)).is_some());
    }

    #[test]
    fn a_node_has_its_bound_and_few_places() {
        let gate = Gate::new([7; 16]);
        let from = |number: u32| IpAddr::V4(std::net::Ipv4Addr::from_bits(number));
        let first = gate.enter(from(1), NOW).unwrap();
        let second = gate.enter(from(2), NOW).unwrap();
        assert_eq!(code(gate.enter(from(3), NOW)), Some((Code::Overloaded, Some(RETRY_AFTER_S))));
        drop((first, second));
        // Some fall into one cell; the bound of the node is met long before that matters.
        let taken = (10..10_000).filter(|number| gate.enter(from(*number), NOW).is_ok()).count();
        assert_eq!(taken, 600 - 2);
        assert_eq!(code(gate.enter(from(1), LogTime(NOW.0 + WINDOW_MS))), None);
    }
}
