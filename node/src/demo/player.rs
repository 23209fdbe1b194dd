//! Plays forms in: each when the curve of the night says so, as fast as the cluster takes them.
//!
//! Invariant: every form ends acknowledged or refused, under one key, however many nodes die on the way; a form
//! is counted as played only then. At most [`BATCHES_MAX`] batches are on their way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::count::StationForm;
use super::curve::Curve;
use super::official::{self, Votes};

/// Forms in one batch at most.
const BATCH_FORMS_MAX: usize = 250;
/// Batches on their way at once.
const BATCHES_MAX: usize = 6;
/// How often the clock of the night is looked at.
const TICK: Duration = Duration::from_millis(50);
/// How often a report is made.
const REPORT_EVERY: Duration = Duration::from_secs(2);
/// Waits between two attempts.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// What became of a form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// It is in, by this attempt or an earlier one.
    Played,
    /// Not known, or not now: to be sent again under the same key.
    Later,
    /// It will never be in.
    Refused(String),
}

/// Who takes forms.
pub(super) trait Counter: Send + Sync + 'static {
    /// Hands in forms at the node whose turn it is. One ending for each form, in order; none at all when the
    /// node did not answer.
    fn hand_in(&self, turn: usize, forms: &[StationForm])
    -> impl Future<Output = Option<Vec<Ending>>> + Send;
}

/// How far a play is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Standing {
    /// Forms in the play.
    pub(super) whole: u64,
    /// Forms that are in.
    pub(super) played: u64,
    /// Forms that are in, from the first without a gap.
    pub(super) frontier: u64,
    /// Forms that were refused, and why the first one was.
    pub(super) refused: u64,
    /// Why the first refused form was.
    pub(super) refusal: Option<String>,
    /// Forms that became part of it in the last second.
    pub(super) per_second: u64,
    /// Time of the night in milliseconds since noon.
    pub(super) night_ms: u64,
    /// Votes that the forms handed out so far add up to.
    pub(super) votes: Votes,
}

/// When forms arrive.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// The curve they follow.
    pub(super) curve: Curve,
    /// Times real time.
    pub(super) speed: u64,
}

struct Delivered {
    first: u64,
    forms: u64,
    refused: u64,
    refusal: Option<String>,
}

/// A play that goes on.
pub(super) struct Player<C, F> {
    counter: Arc<C>,
    forms: F,
    pace: Pace,
    /// Forms handed out so far.
    next: u64,
    /// Batches handed out so far; each begins at the next node.
    batches: usize,
    /// Stretches that are in, beyond the frontier.
    beyond: BTreeMap<u64, u64>,
    on_their_way: JoinSet<Delivered>,
    standing: Standing,
}

impl<C: Counter, F: Iterator<Item = StationForm>> Player<C, F> {
    /// A play of `whole` forms of which the first `done` are in already.
    pub(super) fn new(counter: Arc<C>, forms: F, pace: Pace, (whole, done): (u64, u64)) -> Self {
        let mut player = Self {
            counter,
            forms,
            pace,
            next: 0,
            batches: 0,
            beyond: BTreeMap::new(),
            on_their_way: JoinSet::new(),
            standing: Standing { whole, ..Standing::default() },
        };
        while player.next < done && player.take().is_some() {}
        player.standing.played = player.next;
        player.standing.frontier = player.next;
        player
    }

    fn take(&mut self) -> Option<StationForm> {
        let form = self.forms.next()?;
        official::add(&mut self.standing.votes, &form.form.votes);
        self.next = self.next.saturating_add(1);
        Some(form)
    }

    /// Plays until all is in or `stop` says so; `report` is called every two seconds and at the end.
    pub(super) async fn play(
        mut self,
        mut stop: watch::Receiver<bool>,
        mut report: impl FnMut(&Standing),
    ) -> Standing {
        let began = Instant::now();
        let night_began = self.pace.curve.time_ms(self.standing.whole, self.next);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut reported, mut played_then) = (began, self.standing.played);
        while self.next < self.standing.whole || !self.on_their_way.is_empty() {
            tokio::select! {
                Some(done) = self.on_their_way.join_next() => {
                    // A batch cannot be cancelled but by dropping the set, and its code does not panic.
                    if let Ok(delivered) = done {
                        self.note(&delivered);
                    }
                }
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            let elapsed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.standing.night_ms = night_began
                .saturating_add(elapsed.saturating_mul(self.pace.speed))
                .min(self.pace.curve.length_ms());
            self.send_what_is_due();
            let since = reported.elapsed();
            if since >= REPORT_EVERY {
                let fresh = self.standing.played.saturating_sub(played_then).saturating_mul(1000);
                let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
                self.standing.per_second = fresh.checked_div(millis).unwrap_or(0);
                (reported, played_then) = (Instant::now(), self.standing.played);
                report(&self.standing);
            }
        }
        report(&self.standing);
        self.standing
    }

    fn send_what_is_due(&mut self) {
        let due = self.pace.curve.arrived(self.standing.whole, self.standing.night_ms);
        while self.next < due && self.on_their_way.len() < BATCHES_MAX {
            let first = self.next;
            let mut batch = Vec::with_capacity(BATCH_FORMS_MAX);
            while self.next < due && batch.len() < BATCH_FORMS_MAX {
                let Some(form) = self.take() else {
                    // Fewer forms than announced: the play is as long as it is.
                    self.standing.whole = self.next;
                    break;
                };
                batch.push(form);
            }
            if batch.is_empty() {
                break;
            }
            let turn = self.batches;
            self.batches = turn.wrapping_add(1);
            drop(self.on_their_way.spawn(deliver(Arc::clone(&self.counter), turn, first, batch)));
        }
    }

    fn note(&mut self, delivered: &Delivered) {
        let standing = &mut self.standing;
        standing.refused = standing.refused.saturating_add(delivered.refused);
        if standing.refusal.is_none() {
            standing.refusal.clone_from(&delivered.refusal);
        }
        standing.played = standing.played.saturating_add(delivered.forms.saturating_sub(delivered.refused));
        self.beyond.insert(delivered.first, delivered.forms);
        while let Some(forms) = self.beyond.remove(&standing.frontier) {
            standing.frontier = standing.frontier.saturating_add(forms);
        }
    }
}

/// Hands a batch in until each of its forms has ended, at one node after the other.
async fn deliver<C: Counter>(
    counter: Arc<C>,
    mut turn: usize,
    first: u64,
    batch: Vec<StationForm>,
) -> Delivered {
    let forms = u64::try_from(batch.len()).unwrap_or(0);
    let mut delivered = Delivered { first, forms, refused: 0, refusal: None };
    let mut left = batch;
    let mut wait = RETRY_MIN;
    loop {
        let endings = counter.hand_in(turn, &left).await;
        if let Some(endings) = endings.filter(|endings| endings.len() == left.len()) {
            let before = left.len();
            let mut later = Vec::new();
            for (form, ending) in left.into_iter().zip(endings) {
                match ending {
                    Ending::Played => {}
                    Ending::Later => later.push(form),
                    Ending::Refused(why) => {
                        delivered.refused = delivered.refused.saturating_add(1);
                        delivered.refusal.get_or_insert(format!("{}: {why}", form.place.code));
                    }
                }
            }
            left = later;
            if left.is_empty() {
                return delivered;
            }
            if left.len() < before {
                wait = RETRY_MIN;
            }
        }
        turn = turn.wrapping_add(1);
        sleep(wait).await;
        wait = wait.saturating_mul(2).min(RETRY_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tally::region::StationCode;

    use super::super::count::SEED;
    use super::super::play::Play;
    use super::super::register::Register;
    use super::*;

    /// Three nodes: one is dead, one loses its answers, one takes half and asks for the rest again.
    #[derive(Default)]
    struct Unreliable {
        taken: Mutex<BTreeSet<StationCode>>,
        refused: Option<StationCode>,
        calls: AtomicUsize,
        stop_after: Option<(usize, watch::Sender<bool>)>,
    }

    impl Counter for Unreliable {
        async fn hand_in(&self, turn: usize, forms: &[StationForm]) -> Option<Vec<Ending>> {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            if let Some((calls, stop)) = &self.stop_after
                && call >= *calls
            {
                stop.send_replace(true);
                return std::future::pending().await;
            }
            let mut taken = self.taken.lock().unwrap();
            let mut take = |form: &StationForm| {
                if Some(form.place.code) == self.refused {
                    return Ending::Refused("not-found".to_owned());
                }
                taken.insert(form.place.code);
                Ending::Played
            };
            match turn % 3 {
                0 => None,
                1 => {
                    for form in forms {
                        take(form);
                    }
                    None
                }
                _ => Some(
                    forms
                        .iter()
                        .enumerate()
                        .map(|(place, form)| if place % 2 == 0 { take(form) } else { Ending::Later })
                        .collect(),
                ),
            }
        }
    }

    fn pace() -> Pace {
        Pace { curve: Curve::shipped().unwrap(), speed: 1_000_000 }
    }

    async fn play(counter: Arc<Unreliable>, played: u64, stop: watch::Receiver<bool>) -> Standing {
        let register = Register::shipped().unwrap();
        let forms = Play::new(&register, SEED).unwrap().take(1_000);
        Player::new(counter, forms, pace(), (1_000, played)).play(stop, |_| {}).await
    }

    fn expected() -> Votes {
        let register = Register::shipped().unwrap();
        let mut votes = [0; 3];
        for station in Play::new(&register, SEED).unwrap().take(1_000) {
            official::add(&mut votes, &station.form.votes);
        }
        votes
    }

    #[tokio::test]
    async fn everything_is_played_whatever_the_nodes_do() {
        let (_keep, stop) = watch::channel(false);
        let counter = Arc::new(Unreliable::default());
        let standing = play(Arc::clone(&counter), 0, stop).await;
        assert_eq!((standing.whole, standing.played, standing.frontier), (1_000, 1_000, 1_000));
        assert_eq!(standing.votes, expected());
        assert_eq!(counter.taken.lock().unwrap().len(), 1_000);
    }

    #[tokio::test]
    async fn a_refused_form_is_told_and_holds_nothing_up() {
        let register = Register::shipped().unwrap();
        let victim = Play::new(&register, SEED).unwrap().nth(300).unwrap().place.code;
        let (_keep, stop) = watch::channel(false);
        let counter = Arc::new(Unreliable { refused: Some(victim), ..Unreliable::default() });
        let standing = play(counter, 0, stop).await;
        assert_eq!((standing.played, standing.frontier, standing.refused), (999, 1_000, 1));
        assert_eq!(standing.refusal, Some(format!("{victim}: not-found")));
    }

    #[tokio::test]
    async fn a_play_goes_on_where_it_was() {
        let (sender, stop) = watch::channel(false);
        let first = Arc::new(Unreliable { stop_after: Some((6, sender)), ..Unreliable::default() });
        let standing = play(Arc::clone(&first), 0, stop).await;
        assert!(standing.frontier < 1_000);
        let (_keep, stop) = watch::channel(false);
        let second = Arc::new(Unreliable::default());
        let again = play(Arc::clone(&second), standing.frontier, stop).await;
        assert_eq!((again.played, again.votes), (1_000, expected()));
        let both: BTreeSet<StationCode> =
            first.taken.lock().unwrap().union(&second.taken.lock().unwrap()).copied().collect();
        assert_eq!(both.len(), 1_000);
    }
}
