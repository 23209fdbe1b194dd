//! What this node saw and did not let pass, on its way to the audit log.
//!
//! Invariant: equal sightings of a few seconds become one line with a count, the table never grows beyond its bound, and
//! no sighting is dropped from the counts: what finds no place is counted without its name. What may have been written
//! already is told again under its key until that is known, so it is counted once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tally::account::USERNAME_BYTES_MAX;
use tally::audit::{Address, Observation, Sighting};
use tally::command::{Command, Item, OBSERVATIONS_MAX, Principal, RequestIdentity};
use tally::ids::{Fingerprint, RequestKey};

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
            tokio::spawn(async move { sightings.tell_all(commands.as_ref()).await });
        }
    }

    /// Empties the table into the log, until nothing is left to tell. An answer may be lost: the same is told again then,
    /// under the same key, before anything newer.
    async fn tell_all(&self, commands: &dyn Commands) {
        let mut untold: Option<Item> = None;
        loop {
            tokio::time::sleep(Duration::from_millis(GATHER_MS)).await;
            let Some(item) = untold.take().or_else(|| self.take()) else { return };
            let told = commands.submit(Principal::System, vec![item.clone()]).await;
            if told.first().is_none_or(Result::is_err) {
                tracing::warn!("sightings could not be told now");
                untold = Some(item);
            }
        }
    }

    /// What was gathered, under a key of its own. `None` when that is nothing: whoever comes next begins anew.
    fn take(&self) -> Option<Item> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.seen.is_empty() {
            table.gathering = false;
            return None;
        }
        let mut key = [0; 16];
        if let Err(error) = getrandom::fill(&mut key) {
            tracing::error!(%error, "no randomness for a key; sightings are not told");
            table.gathering = false;
            return None;
        }
        let request = RequestIdentity { key: RequestKey(key), fingerprint: Fingerprint(key) };
        let observation =
            |((sighting, username, address), count)| Observation { sighting, username, address, count };
        let seen = std::mem::take(&mut table.seen).into_iter().map(observation).collect();
        Some(Item { request: Some(request), command: Command::Observe(seen) })
    }
}

impl Table {
    fn count(&mut self, sighting: Sighting, username: String, from: Address) {
        let key = (sighting, username, from);
        let full = self.seen.len() >= OBSERVATIONS_MAX.saturating_sub(KINDS);
        let key = if full && !self.seen.contains_key(&key) {
            (key.0, String::new(), Address::default())
        } else {
            key
        };
        let counted = self.seen.entry(key).or_default();
        *counted = counted.saturating_add(1);
    }
}

/// A name that anybody may have typed, cut to what an account's can have.
fn shortened(username: &str) -> String {
    let end = username.floor_char_boundary(USERNAME_BYTES_MAX.min(username.len()));
    username.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use tally::outcome::{Answer, Outcome};

    use super::*;
    use crate::ports::SubmitError;

    /// A cluster that writes everything and loses its first answers.
    struct Forgetful {
        lost: usize,
        sent: Mutex<Vec<Item>>,
    }

    impl Commands for Forgetful {
        fn submit(
            &self,
            _: Principal,
            mut items: Vec<Item>,
        ) -> BoxFuture<'_, Vec<Result<Answer, SubmitError>>> {
            let mut sent = self.sent.lock().unwrap();
            sent.append(&mut items);
            let answer = if sent.len() > self.lost {
                Ok(Answer { outcome: Outcome::Done, replay: false })
            } else {
                Err(SubmitError::Unknown)
            };
            Box::pin(async move { vec![answer] })
        }
    }

    fn seen(item: &Item) -> Vec<(String, u32)> {
        let Command::Observe(seen) = &item.command else { panic!("something else: {item:?}") };
        seen.iter().map(|observation| (observation.username.clone(), observation.count)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_written_is_told_again_under_its_key() {
        let cluster = Arc::new(Forgetful { lost: 2, sent: Mutex::default() });
        let commands: Arc<dyn Commands> = Arc::<Forgetful>::clone(&cluster);
        let (sightings, nobody) = (Sightings::default(), IpAddr::from([127, 0, 0, 1]));
        let saw = |name: &str| sightings.saw(&commands, Sighting::SignInFailed, name, nobody);
        saw("a");
        saw("a");
        tokio::time::sleep(Duration::from_millis(GATHER_MS + GATHER_MS / 2)).await;
        // Seen meanwhile: told next, and not with what may be there.
        saw("b");
        tokio::time::sleep(Duration::from_millis(10 * GATHER_MS)).await;
        let sent = cluster.sent.lock().unwrap().clone();
        let told: Vec<_> = sent.iter().map(seen).collect();
        let (first, next) = (vec![("a".to_owned(), 2)], vec![("b".to_owned(), 1)]);
        assert_eq!(told, [first.clone(), first.clone(), first, next]);
        assert!(sent[0].request.is_some() && sent[0] == sent[1] && sent[1] == sent[2]);
        assert_ne!(sent[2].request, sent[3].request);
        // The next one is told, too, though nobody was on the way any more.
        saw("c");
        tokio::time::sleep(Duration::from_millis(2 * GATHER_MS)).await;
        assert_eq!(cluster.sent.lock().unwrap().len(), 5);
    }

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
