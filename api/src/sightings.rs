//! What this node saw and did not let pass, on its way to the audit log.
//!
//! Invariant: equal sightings of a few seconds become one line with a count, the table never grows beyond its bound, and
//! no sighting is dropped from the counts: what finds no place is counted without its name.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tally::account::USERNAME_BYTES_MAX;
use tally::audit::{Address, Observation, Sighting};
use tally::command::{Command, Item, OBSERVATIONS_MAX, Principal};

use crate::ports::Commands;

/// How long sightings are put together before they are told, in milliseconds.
const GATHER_MS: u64 = 2_000;
/// Kinds of sightings: so many places are kept for those that find none.
const KINDS: usize = Sighting::ALL.len();

type Seen = BTreeMap<(Sighting, String, Address), u32>;

/// The table, and whether somebody is on the way to empty it.
#[derive(Default)]
struct Table {
    seen: Seen,
    gathering: bool,
}

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Sightings(Arc<Mutex<Table>>);

/// An address as the audit log has it.
#[must_use]
pub(crate) fn address(address: IpAddr) -> Address {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

impl Sightings {
    /// Counts a sighting; it is in the audit log a few seconds later.
    pub(crate) fn saw(&self, commands: &Arc<dyn Commands>, sighting: Sighting, username: &str, from: IpAddr) {
        let first = {
            let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            table.count(sighting, shortened(username), address(from));
            !std::mem::replace(&mut table.gathering, true)
        };
        if first {
            let (sightings, commands) = (self.clone(), Arc::clone(commands));
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(GATHER_MS)).await;
                sightings.tell(commands.as_ref()).await;
            });
        }
    }

    /// Empties the table into the log. What cannot be written is put back and told the next time.
    async fn tell(&self, commands: &dyn Commands) {
        let taken = {
            let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            table.gathering = false;
            std::mem::take(&mut table.seen)
        };
        let observation = |((sighting, username, address), count): (&(Sighting, String, Address), &u32)| {
            Observation { sighting: *sighting, username: username.clone(), address: *address, count: *count }
        };
        let command = Command::Observe(taken.iter().map(observation).collect());
        let told = commands.submit(Principal::System, vec![Item { request: None, command }]).await;
        if told.first().is_none_or(Result::is_err) {
            tracing::warn!(lines = taken.len(), "sightings could not be told now");
            let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for ((sighting, username, address), count) in taken {
                table.add((sighting, username, address), count);
            }
        }
    }
}

impl Table {
    fn count(&mut self, sighting: Sighting, username: String, from: Address) {
        self.add((sighting, username, from), 1);
    }

    fn add(&mut self, key: (Sighting, String, Address), count: u32) {
        let full = self.seen.len() >= OBSERVATIONS_MAX.saturating_sub(KINDS);
        let key = if full && !self.seen.contains_key(&key) {
            (key.0, String::new(), Address::default())
        } else {
            key
        };
        let counted = self.seen.entry(key).or_default();
        *counted = counted.saturating_add(count);
    }
}

/// A name that anybody may have typed, cut to what an account's can have.
fn shortened(username: &str) -> String {
    let end = username.floor_char_boundary(USERNAME_BYTES_MAX.min(username.len()));
    username.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_an_end_and_the_counts_have_not() {
        let mut table = Table::default();
        for number in 0..1_000_u32 {
            table.count(Sighting::SignInFailed, number.to_string(), Address::default());
            table.count(Sighting::Denied, number.to_string(), Address::default());
        }
        assert!(table.seen.len() <= OBSERVATIONS_MAX);
        assert_eq!(table.seen.values().sum::<u32>(), 2_000);
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(shortened("petugas"), "petugas");
        assert_eq!(shortened(&"\u{e9}".repeat(40)).len(), 64);
        assert!(shortened(&format!("a{}", "\u{e9}".repeat(40))).len() <= 64);
    }
}
