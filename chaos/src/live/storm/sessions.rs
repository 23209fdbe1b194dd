//! An officer who signs in at one node, writes at another, signs out at a third, and whose token is tried everywhere.
//!
//! Invariant: no call under a token begins before the one before it has ended; what was written under a closed session
//! must never have an effect, whether that was answered or not.

use std::cell::Cell;
use std::time::Duration;

use api::client::{Client, ClientError};
use futures_util::future::join_all;
use tokio::time::sleep;
use uuid::Uuid;

use super::accounts;
use super::officers::{OFFICERS, OWN, first_own};
use super::record::{Call, Fate, Record};
use crate::chance::Chance;
use crate::judges::revocation::{Answer, Tokens};
use crate::live::country;
use crate::live::fleet::{ADMIN, PASSWORD};
use crate::live::transport::HttpTransport;
use crate::report::Ended;

/// From one session to the next: a node checks one password at a time, and that takes it a while.
const PACE: Duration = Duration::from_millis(1_500);
/// Writes under one session.
const WRITES: u64 = 2;
/// A sign-out is asked for so often.
const PATIENCE: usize = 5;
/// Closed tokens that are tried once more in the end.
const KEPT_MAX: usize = 40;

/// What one session after the other has left.
#[derive(Default)]
pub(super) struct Left {
    tokens: Tokens,
    closed: Vec<(u64, String)>,
}

/// Who sits at which nodes.
#[derive(Clone, Copy)]
pub(super) struct Desks<'r> {
    /// The officers' side of each node.
    pub(super) nodes: &'r [Client<HttpTransport>],
    pub(super) record: &'r Record,
}

/// One session after the other until told to stop.
pub(super) async fn come_and_go(desks: Desks<'_>, mut chance: Chance, stop: &Cell<bool>) -> Left {
    let mut left = Left::default();
    while !stop.get() {
        sleep(PACE).await;
        if let Some(token) = desks.sign_in(&mut chance).await {
            desks.session(&mut left, token, &mut chance).await;
        }
    }
    left
}

/// When nobody writes any more: what was closed is closed everywhere, for reading too.
pub(super) async fn finish(desks: Desks<'_>, left: &Left) {
    for (number, token) in &left.closed {
        for (place, node) in desks.nodes.iter().enumerate() {
            node.set_token(Some(token.clone()));
            let answer = match node.me().await {
                Ok(_) => Answer::Heard,
                Err(error) => accounts::answer_of(&error),
            };
            desks.record.judged("revocation", left.tokens.used(*number, id(place), &answer));
        }
    }
}

impl Desks<'_> {
    fn pick(&self, chance: &mut Chance) -> Option<(usize, &Client<HttpTransport>)> {
        let place = chance.place(self.nodes.len());
        self.nodes.get(place).map(|node| (place, node))
    }

    async fn sign_in(&self, chance: &mut Chance) -> Option<String> {
        let (place, node) = self.pick(chance)?;
        let called_us = self.record.now_us();
        let called = (format!("officer at node {place}"), ADMIN.to_owned(), called_us);
        let answer = node.sign_in(ADMIN, PASSWORD).await;
        if !matches!(answer, Err(ClientError::Refused(_) | ClientError::Malformed(_))) {
            self.record.acted(accounts::signed_in(ADMIN, "password"), called_us, answer.is_ok());
        }
        let ended = match &answer {
            Ok(_) => Ended::Done,
            Err(ClientError::Unavailable { .. }) => Ended::Unknown,
            Err(error) => {
                let said = format!("node {}: a right password was refused: {error}", id(place));
                self.record.judged("revocation", Some(said));
                Ended::Refused
            }
        };
        self.record.did(called, "sign-in", (ended, 0, 0));
        answer.ok().map(|answer| answer.value.token)
    }

    /// From the first use of a token to its end, and beyond.
    async fn session(&self, left: &mut Left, token: String, chance: &mut Chance) {
        let number = left.tokens.opened();
        for _ in 0..WRITES {
            let Some((place, node)) = self.pick(chance) else { return };
            let (answer, sent) = self.write((place, node), &token, chance).await;
            sent.end(self.record, &answer);
            self.record.judged("revocation", left.tokens.used(number, id(place), &answer.0));
        }
        if !self.sign_out(left, (number, &token), chance).await {
            return;
        }
        left.tokens.closed(number);
        let (mut uses, mut places) = (Vec::new(), Vec::new());
        for (place, node) in self.nodes.iter().enumerate() {
            let mut chance = Chance::new(chance.next());
            let token = &token;
            uses.push(async move { self.write((place, node), token, &mut chance).await });
            places.push(place);
        }
        for (place, (answer, sent)) in places.into_iter().zip(join_all(uses).await) {
            sent.end_closed(self.record, &answer);
            if answer.0 != Answer::None {
                self.record.judged("revocation", left.tokens.used(number, id(place), &answer.0));
            }
        }
        left.closed.push((number, token));
        let more = left.closed.len().saturating_sub(KEPT_MAX);
        left.closed.drain(..more);
    }

    /// Whether the session has ended: that was acknowledged, or its token is refused when its end is asked for again
    /// after no answer.
    async fn sign_out(&self, left: &mut Left, (number, token): (u64, &str), chance: &mut Chance) -> bool {
        let (key, first_us) = (Uuid::new_v4(), self.record.now_us());
        let acted = |known| self.record.acted(accounts::signed_out(ADMIN), first_us, known);
        for _ in 0..PATIENCE {
            let Some((place, node)) = self.pick(chance) else { return false };
            node.set_token(Some(token.to_owned()));
            let called =
                (format!("officer at node {place}"), format!("token {number}"), self.record.now_us());
            let answer = match node.sign_out(key).await {
                Ok(_) => Answer::Heard,
                Err(error) => accounts::answer_of(&error),
            };
            let ended = match &answer {
                Answer::Heard => Ended::Done,
                Answer::None => Ended::Unknown,
                Answer::Unauthenticated | Answer::Refused(_) => Ended::Refused,
            };
            self.record.did(called, "sign-out", (ended, 0, 0));
            // Before anything of it is unknown, the session is open.
            self.record.judged("revocation", left.tokens.used(number, id(place), &answer));
            match answer {
                Answer::Heard => {
                    acted(true);
                    return true;
                }
                Answer::Unauthenticated => {
                    let ended = left.tokens.is_closing(number);
                    if ended {
                        acted(true);
                    }
                    return ended;
                }
                Answer::None => left.tokens.closing(number),
                Answer::Refused(_) => return false,
            }
        }
        acted(false);
        false
    }

    /// One write under a token at one node.
    async fn write(
        &self,
        (place, node): (usize, &Client<HttpTransport>),
        token: &str,
        chance: &mut Chance,
    ) -> ((Answer, Option<Fate>), Sent) {
        let station = first_own(OFFICERS).saturating_add(chance.below(OWN));
        let (seen, value) = (self.record.revision(station), self.record.next_form());
        let client = format!("officer who comes and goes, at node {place}");
        let call = Call { client, station, called_us: self.record.now_us() };
        let sent = Sent { call, seen, value };
        let Ok(body) = country::body(value) else { return ((Answer::None, None), sent) };
        node.set_token(Some(token.to_owned()));
        let code = country::station(station);
        let answer = node.put_tally((country::CONTEST, &code), seen, Uuid::new_v4(), &body).await;
        let ended = match answer {
            Ok(answer) => {
                let receipt = answer.value.receipt;
                (Answer::Heard, Some(Fate::Accepted(receipt.revision, receipt.index)))
            }
            Err(ClientError::Refused(problem)) if problem.code == "stale-revision" => {
                let current = problem.extra.current_revision.unwrap_or_default();
                (Answer::Heard, Some(Fate::Stale(current)))
            }
            Err(error) => (accounts::answer_of(&error), None),
        };
        (ended, sent)
    }
}

/// A write under a token.
struct Sent {
    call: Call,
    seen: u32,
    value: u64,
}

impl Sent {
    /// It ended while its session was open.
    fn end(&self, record: &Record, (answer, fate): &(Answer, Option<Fate>)) {
        match (answer, fate) {
            (_, Some(fate)) => record.wrote(&self.call, self.seen, self.value, *fate),
            (Answer::None, None) => record.wrote(&self.call, self.seen, self.value, Fate::Unknown),
            (Answer::Unauthenticated | Answer::Refused(_) | Answer::Heard, None) => record.barred(self.value),
        }
    }

    /// It began when its session was closed: whatever was said, it must not be there.
    fn end_closed(&self, record: &Record, (answer, _): &(Answer, Option<Fate>)) {
        let ended = if *answer == Answer::None { Ended::Unknown } else { Ended::Refused };
        record.barred(self.value);
        record.looked(&self.call, "write-signed-out", (ended, 0, 0));
    }
}

fn id(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}
