//! People who sign in by one-time codes: alone, two at once, again because they were not answered, with a code that was
//! taken back; their tokens are tried at every node, and their sessions ended by themselves or by an administrator.
//!
//! Invariant: each account and its code are used in one round alone. A read under a closed token is judged where the same
//! process has answered a linearizable read under it just before: before that a node may not know.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::client::Client;
use futures_util::future::join;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::accounts::{self, Office, answer_of};
use super::plant::{Planted, StormPlant};
use super::watch::Looked;
use crate::chance::Chance;
use crate::judges::codes::Codes;
use crate::judges::revocation::{Answer, Tokens};
use crate::live::transport::HttpTransport;

/// Between two rounds.
const PACE: Duration = Duration::from_millis(600);
/// Role of whoever gets a code.
const ROLE: &str = "officer";
/// A call is sent to so many nodes, one after the other.
const PATIENCE: usize = 5;
/// Wrong credentials of a run: a node takes a hundred from one address in ten minutes.
const WRONG_MAX: u32 = 80;
/// Closed tokens that are tried once more in the end.
const KEPT_MAX: usize = 30;
/// Sessions that end when all has come to rest, to see how long their tokens live.
const LAST_ROUNDS: u64 = 2;
/// Longest that a token is tried after the end of its session.
const LAST_MAX: Duration = Duration::from_secs(5);
const LAST_PACE: Duration = Duration::from_millis(20);

/// Who hands codes out, and the nodes where they are used.
#[derive(Clone, Copy)]
pub(super) struct Counter<'r> {
    pub(super) office: Office<'r>,
    /// The officers' side of each node.
    pub(super) nodes: &'r [Client<HttpTransport>],
    /// The same nodes, to see whether their processes are the same.
    pub(super) looked: &'r [Looked],
    pub(super) planted: Planted<'r>,
}

/// What all rounds have left.
#[derive(Default)]
pub(super) struct Left {
    judges: RefCell<(Codes, Tokens)>,
    closed: RefCell<Vec<(u64, String)>>,
    wrong: Cell<u32>,
    rounds: Cell<u64>,
}

/// A code while it is used.
struct Paper {
    number: u64,
    username: String,
    code: String,
    since_us: u64,
    /// Some attempt was not answered.
    unanswered: Cell<bool>,
}

impl Paper {
    fn new(number: u64, username: String, code: String, since_us: u64) -> Self {
        Self { number, username, code, since_us, unanswered: Cell::new(false) }
    }
}

/// A session: the number of its token, and the token.
type Opened = (u64, String);

impl Left {
    /// Whether one more wrong credential may be sent.
    fn may_fail(&self) -> bool {
        let wrong = self.wrong.get();
        self.wrong.set(wrong.saturating_add(1));
        wrong < WRONG_MAX
    }
}

/// One round after the other until told to stop.
pub(super) async fn use_codes(counter: Counter<'_>, mut chance: Chance, stop: &Cell<bool>) -> Left {
    let left = Left::default();
    while !stop.get() {
        sleep(PACE).await;
        counter.round(&left, &mut chance).await;
    }
    left
}

/// When all has come to rest: tokens die in time, and what was closed before is closed everywhere.
pub(super) async fn finish(counter: Counter<'_>, left: &Left, mut chance: Chance) {
    for round in 0..LAST_ROUNDS {
        let Some(paper) = counter.issue(left).await else { continue };
        let Some(session) = counter.insist(left, &paper, (1, Uuid::new_v4()), &mut chance).await else {
            continue;
        };
        counter.try_open(left, &session).await;
        if counter.close(left, (&paper, &session), round, &mut chance).await {
            counter.outlive(left, &session).await;
        }
    }
    for (number, token) in left.closed.take() {
        for place in 0..counter.nodes.len() {
            if let Some(answer) = counter.read(place, &token).await {
                counter.judged_use(left, (number, place), &answer);
            }
        }
    }
}

impl Counter<'_> {
    async fn issue(&self, left: &Left) -> Option<Paper> {
        left.rounds.set(left.rounds.get().saturating_add(1));
        let username = format!("kode-{}", left.rounds.get());
        let since_us = self.office.record.now_us();
        let code = self.office.create(&username, ROLE).await?;
        let number = left.judges.borrow_mut().0.issued();
        Some(Paper::new(number, username, code, since_us))
    }

    /// From a code to a session to its end, and beyond.
    async fn round(&self, left: &Left, chance: &mut Chance) {
        let Some(paper) = self.issue(left).await else { return };
        let (one, other) = ((1, Uuid::new_v4()), (2, Uuid::new_v4()));
        let session = match chance.below(4) {
            _ if self.planted.has(StormPlant::ForgottenAttempt) => {
                self.asked_again(left, &paper, one, chance).await
            }
            _ if self.planted.has(StormPlant::SharedAttempt) => {
                self.then_another(left, &paper, (one, other), chance).await
            }
            0 => self.then_another(left, &paper, (one, other), chance).await,
            1 => self.two_at_once(left, &paper, (one, other), chance).await,
            2 => self.asked_again(left, &paper, one, chance).await,
            _ => self.taken_back(left, &paper, one, chance).await,
        };
        let Some(session) = session else { return };
        self.try_open(left, &session).await;
        let way = chance.below(3);
        if self.close(left, (&paper, &session), way, chance).await {
            self.try_closed(left, &session).await;
        }
    }

    /// One gets in, another who comes later does not.
    async fn then_another(
        &self,
        left: &Left,
        paper: &Paper,
        (one, other): ((u64, Uuid), (u64, Uuid)),
        chance: &mut Chance,
    ) -> Option<Opened> {
        let session = self.insist(left, paper, one, chance).await?;
        let key = if self.planted.has(StormPlant::SharedAttempt) { one.1 } else { other.1 };
        if left.may_fail()
            && let Ok(second) =
                self.attempt(left, paper, (other.0, key), chance.place(self.nodes.len())).await
        {
            // Which must not be, and takes the place of the first.
            left.judges.borrow_mut().1.closing(session.0);
            return Some(second);
        }
        Some(session)
    }

    /// Of two at two nodes one gets in at most.
    async fn two_at_once(
        &self,
        left: &Left,
        paper: &Paper,
        (one, other): ((u64, Uuid), (u64, Uuid)),
        chance: &mut Chance,
    ) -> Option<Opened> {
        if !left.may_fail() {
            return self.insist(left, paper, one, chance).await;
        }
        // At two nodes: a client has one token at a time.
        let here = chance.place(self.nodes.len());
        let there = here.saturating_add(1).checked_rem(self.nodes.len()).unwrap_or(0);
        for attempt in [one, other] {
            // Both before either is answered.
            left.judges.borrow_mut().0.sent(paper.number, attempt.0);
        }
        let both = join(self.attempt(left, paper, one, here), self.attempt(left, paper, other, there)).await;
        match both {
            (Ok(session), _) | (_, Ok(session)) => Some(session),
            (Err(_), Err(_)) => None,
        }
    }

    /// The answer was lost: the same attempt asks again, and gets a session in place of the first.
    async fn asked_again(
        &self,
        left: &Left,
        paper: &Paper,
        one: (u64, Uuid),
        chance: &mut Chance,
    ) -> Option<Opened> {
        let first = self.insist(left, paper, one, chance).await?;
        left.judges.borrow_mut().1.closing(first.0);
        let forgotten = self.planted.has(StormPlant::ForgottenAttempt);
        let again = (one.0, if forgotten { Uuid::new_v4() } else { one.1 });
        let session = self.insist(left, paper, again, chance).await?;
        left.judges.borrow_mut().1.closed(first.0);
        self.try_closed(left, &first).await;
        Some(session)
    }

    /// Another code comes in place of this one, which opens nothing any more.
    async fn taken_back(
        &self,
        left: &Left,
        paper: &Paper,
        one: (u64, Uuid),
        chance: &mut Chance,
    ) -> Option<Opened> {
        left.judges.borrow_mut().0.ending(paper.number);
        let code = self.office.reset(&paper.username, ROLE).await?;
        left.judges.borrow_mut().0.ended(paper.number);
        if left.may_fail() {
            drop(self.attempt(left, paper, one, chance.place(self.nodes.len())).await);
        }
        let number = left.judges.borrow_mut().0.issued();
        let (username, since_us) = (paper.username.clone(), self.office.record.now_us());
        let next = Paper::new(number, username, code, since_us);
        self.insist(left, &next, (3, Uuid::new_v4()), chance).await
    }

    /// Asks at one node after the other, as one attempt, until somebody answers.
    async fn insist(
        &self,
        left: &Left,
        paper: &Paper,
        attempt: (u64, Uuid),
        chance: &mut Chance,
    ) -> Option<Opened> {
        for _ in 0..PATIENCE {
            match self.attempt(left, paper, attempt, chance.place(self.nodes.len())).await {
                Ok(session) => return Some(session),
                Err(Answer::None) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Uses the code once, at one node.
    async fn attempt(
        &self,
        left: &Left,
        paper: &Paper,
        (attempt, key): (u64, Uuid),
        place: usize,
    ) -> Result<Opened, Answer> {
        let (record, Paper { number, username, code, since_us, unanswered }) = (self.office.record, paper);
        let node = self.nodes.get(place).ok_or(Answer::None)?;
        left.judges.borrow_mut().0.sent(*number, attempt);
        let answer = accounts::sign_in(node, record, (username, code), key).await;
        let (codes, tokens) = &mut *left.judges.borrow_mut();
        if !record.clocks_right_since(*since_us) {
            codes.late(*number);
        }
        match &answer {
            Ok(_) => record.judged("codes", codes.opened(*number, attempt)),
            Err(Answer::Unauthenticated) => record.judged("codes", codes.refused(*number, attempt)),
            Err(Answer::Refused(code)) => {
                record.judged("codes", Some(format!("a code is refused as {code} at node {place}")));
            }
            Err(Answer::None | Answer::Heard) => unanswered.set(true),
        }
        answer.map(|token| {
            let opened = tokens.opened();
            if unanswered.get() {
                tokens.closing(opened);
            }
            (opened, token)
        })
    }

    fn judged_use(&self, left: &Left, (token, place): (u64, usize), answer: &Answer) {
        let node = u64::try_from(place).unwrap_or(u64::MAX);
        self.office.record.judged("revocation", left.judges.borrow().1.used(token, node, answer));
    }

    async fn me(&self, place: usize, token: &str) -> Answer {
        let Some(node) = self.nodes.get(place) else { return Answer::None };
        node.set_token(Some(token.to_owned()));
        match node.me().await {
            Ok(_) => Answer::Heard,
            Err(error) => answer_of(&error),
        }
    }

    /// An open token serves at every node, at once.
    async fn try_open(&self, left: &Left, (number, token): &Opened) {
        for place in 0..self.nodes.len() {
            let answer = self.me(place, token).await;
            self.judged_use(left, (*number, place), &answer);
        }
    }

    /// A closed one serves at none that can know.
    async fn try_closed(&self, left: &Left, (number, token): &Opened) {
        for place in 0..self.nodes.len() {
            if let Some(answer) = self.read(place, token).await {
                self.judged_use(left, (*number, place), &answer);
            }
        }
    }

    /// Reads under a token so that the answer says something: a node that heard it is asked once more, as it has caught up
    /// with the log to answer; nothing when it was started anew meanwhile.
    async fn read(&self, place: usize, token: &str) -> Option<Answer> {
        let process = || self.looked.get(place).map(|node| node.process.load(Ordering::Relaxed));
        let before = process();
        match self.me(place, token).await {
            Answer::Heard => {
                let again = self.me(place, token).await;
                (process() == before).then_some(again)
            }
            answer @ (Answer::Unauthenticated | Answer::None | Answer::Refused(_)) => Some(answer),
        }
    }

    /// Ends a session one way or another. Whether that was acknowledged.
    async fn close(
        &self,
        left: &Left,
        (paper, (number, token)): (&Paper, &Opened),
        way: u64,
        chance: &mut Chance,
    ) -> bool {
        let perhaps = left.judges.borrow().1.is_closing(*number);
        left.judges.borrow_mut().1.closing(*number);
        let ended = match way {
            _ if self.planted.has(StormPlant::UnsentSignOut) => true,
            0 => {
                let mut nodes: Vec<&Client<HttpTransport>> = self.nodes.iter().collect();
                chance.shuffle(&mut nodes);
                let asked = nodes.iter().copied().cycle().take(PATIENCE);
                let answer = accounts::sign_out(asked, self.office.record, (&paper.username, token)).await;
                let wrong = match &answer {
                    Answer::Heard | Answer::None => None,
                    Answer::Unauthenticated if perhaps => None,
                    refused @ (Answer::Unauthenticated | Answer::Refused(_)) => {
                        Some(format!("who signs out with an open token is answered {refused:?}"))
                    }
                };
                self.office.record.judged("revocation", wrong);
                answer == Answer::Heard
            }
            1 => self.office.end_sessions(&paper.username).await,
            _ => {
                left.judges.borrow_mut().0.ending(paper.number);
                self.office.reset(&paper.username, ROLE).await.is_some()
            }
        };
        if ended {
            left.judges.borrow_mut().1.closed(*number);
            let mut closed = left.closed.borrow_mut();
            closed.push((*number, token.clone()));
            let more = closed.len().saturating_sub(KEPT_MAX);
            closed.drain(..more);
        }
        ended
    }

    /// When nothing is wrong with any node: a closed token is heard nowhere for long.
    async fn outlive(&self, left: &Left, (number, token): &Opened) {
        let ended = Instant::now();
        for place in 0..self.nodes.len() {
            loop {
                let after = ended.elapsed();
                if after > LAST_MAX || self.me(place, token).await != Answer::Heard {
                    break;
                }
                let node = u64::try_from(place).unwrap_or(u64::MAX);
                let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
                let complaint = left.judges.borrow().1.outlives(*number, node, after_us);
                self.office.record.judged("revocation", complaint);
                sleep(LAST_PACE).await;
            }
        }
    }
}
