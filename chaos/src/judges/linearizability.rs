//! P3: the operations on one station have an order in which each takes effect between its call and its return.
//!
//! Invariant: a history is only called linearizable when such an order was found, and only called violated when all
//! were tried; where the budget ends before, the verdict is open. Searches as Wing and Gong do, with Lowe's memory of
//! what was tried. What was tried is remembered by a hash of 128 bits, so that a wrong verdict is possible in theory.

use std::collections::BTreeSet;

/// How a write ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// It made that revision.
    Accepted(u32),
    /// It was refused, for the current revision was that one.
    Stale(u32),
    /// Nobody knows.
    Unknown,
}

/// What was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A new value for whoever has seen revision `seen`.
    Write {
        /// The revision that the writer had seen.
        seen: u32,
        /// What it writes.
        value: u64,
        /// How that ended.
        ended: Ended,
    },
    /// A look at revision and value.
    Read {
        /// The revision seen.
        revision: u32,
        /// The value seen.
        value: u64,
    },
}

/// An operation, with the moments of its call and its return in any unit; one that never returned has no end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Operation {
    /// When it was called.
    pub called: u64,
    /// When it returned.
    pub returned: Option<u64>,
    /// What was done.
    pub action: Action,
}

/// What came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// There is an order.
    Linearizable,
    /// There is none. The place of the operation at which the longest attempt ended.
    Violated(usize),
    /// The budget ended first.
    Open,
}

/// A station: revision and value.
type State = (u32, u64);

/// The state after an action; `None` when it cannot have happened there.
pub(crate) const fn step(state: State, action: Action) -> Option<State> {
    match action {
        Action::Read { revision, value } if state.0 == revision && state.1 == value => Some(state),
        Action::Write { seen, ended: Ended::Stale(revision), .. }
            if state.0 == revision && revision != seen =>
        {
            Some(state)
        }
        Action::Write { seen, value, ended: Ended::Accepted(revision) }
            if state.0 == seen && seen.saturating_add(1) == revision =>
        {
            Some((revision, value))
        }
        Action::Write { seen, value, ended: Ended::Unknown } if state.0 == seen => {
            Some((seen.saturating_add(1), value))
        }
        Action::Read { .. } | Action::Write { .. } => None,
    }
}

/// A call or a return in the order of time, linked to its neighbours so that it can be lifted out.
#[derive(Clone, Copy, Debug)]
struct Event {
    operation: usize,
    is_return: bool,
    before: usize,
    after: usize,
}

/// Calls and returns; the first and the last place stand for nothing.
struct Events {
    list: Vec<Event>,
    /// Where each operation returns.
    returns: Vec<usize>,
}

impl Events {
    fn new(operations: &[Operation]) -> Self {
        let mut order: Vec<(u64, bool, usize)> = Vec::new();
        for (place, operation) in operations.iter().enumerate() {
            order.push((operation.called, false, place));
            // An end that nobody saw comes after all others.
            order.push((operation.returned.unwrap_or(u64::MAX), true, place));
        }
        order.sort_unstable();
        let mut returns = vec![0; operations.len()];
        let nothing = Event { operation: usize::MAX, is_return: false, before: 0, after: 1 };
        let mut list = vec![nothing];
        for (_, is_return, operation) in order {
            let place = list.len();
            if is_return && let Some(slot) = returns.get_mut(operation) {
                *slot = place;
            }
            let (before, after) = (place.saturating_sub(1), place.saturating_add(1));
            list.push(Event { operation, is_return, before, after });
        }
        let end = list.len();
        list.push(Event { before: end.saturating_sub(1), after: end, ..nothing });
        Self { list, returns }
    }

    fn at(&self, place: usize) -> Option<Event> {
        self.list.get(place).copied().filter(|event| event.operation != usize::MAX)
    }

    fn first(&self) -> usize {
        self.list.first().map_or(0, |head| head.after)
    }

    fn link(&mut self, before: usize, after: usize) {
        if let Some(event) = self.list.get_mut(before) {
            event.after = after;
        }
        if let Some(event) = self.list.get_mut(after) {
            event.before = before;
        }
    }

    /// Takes an operation out: its call stands at `call`.
    fn lift(&mut self, call: usize, operation: usize) {
        for place in [call, self.returns.get(operation).copied().unwrap_or_default()] {
            if let Some(event) = self.at(place) {
                self.link(event.before, event.after);
            }
        }
    }

    /// Puts back what was lifted last.
    fn unlift(&mut self, call: usize, operation: usize) {
        for place in [self.returns.get(operation).copied().unwrap_or_default(), call] {
            if let Some(event) = self.at(place) {
                self.link(event.before, place);
                self.link(place, event.after);
            }
        }
    }
}

/// A number for an operation, so that sets of them are told apart by the sum of their numbers.
fn token(operation: usize) -> u128 {
    let number = u64::try_from(operation).unwrap_or(u64::MAX);
    let mut chance = crate::chance::Chance::new(number ^ 0x5851_f42d_4c95_7f2d);
    (u128::from(chance.next()) << 64) | u128::from(chance.next())
}

/// Looks for an order. Gives up after that many steps.
#[must_use]
pub fn check(operations: &[Operation], steps_max: u64) -> Verdict {
    let mut events = Events::new(operations);
    let known = |operation: usize| operations.get(operation).is_some_and(|found| found.returned.is_some());
    let wanted = operations.iter().filter(|operation| operation.returned.is_some()).count();
    let mut tried: BTreeSet<(u128, State)> = BTreeSet::new();
    let mut path: Vec<(usize, State)> = Vec::new();
    let (mut state, mut done, mut set): (State, usize, u128) = ((0, 0), 0, 0);
    let (mut farthest, mut blocked) = (0, 0);
    let mut place = events.first();
    for _ in 0..steps_max {
        if done == wanted {
            return Verdict::Linearizable;
        }
        let event = events.at(place);
        if let Some(Event { operation, is_return: false, after, .. }) = event {
            let action = operations.get(operation).map(|found| found.action);
            let next = action.and_then(|action| step(state, action));
            let next_set = set ^ token(operation);
            match next.filter(|next| tried.insert((next_set, *next))) {
                Some(next) => {
                    path.push((place, state));
                    (state, set) = (next, next_set);
                    done = done.saturating_add(usize::from(known(operation)));
                    events.lift(place, operation);
                    place = events.first();
                }
                None => place = after,
            }
            continue;
        }
        if let Some(Event { operation, is_return: true, after, .. }) = event
            && !known(operation)
        {
            place = after;
            continue;
        }
        if done >= farthest {
            (farthest, blocked) = (done, event.map_or(0, |event| event.operation));
        }
        // Something returned that could not take effect yet: another order before it.
        let Some((call, before)) = path.pop() else { return Verdict::Violated(blocked) };
        let Some(event) = events.at(call) else { return Verdict::Violated(blocked) };
        (state, set) = (before, set ^ token(event.operation));
        done = done.saturating_sub(usize::from(known(event.operation)));
        events.unlift(call, event.operation);
        place = event.after;
    }
    Verdict::Open
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the tests' numbers are small")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: u64 = 20_000_000;

    fn write(called: u64, returned: u64, seen: u32, value: u64, ended: Ended) -> Operation {
        let returned = (ended != Ended::Unknown).then_some(returned);
        Operation { called, returned, action: Action::Write { seen, value, ended } }
    }

    fn read(called: u64, returned: u64, revision: u32, value: u64) -> Operation {
        Operation { called, returned: Some(returned), action: Action::Read { revision, value } }
    }

    /// Every order, one after the other.
    fn brute(operations: &[Operation], state: State, done: u32) -> bool {
        let left = |place: usize| done & (1 << place) == 0;
        let all = operations.iter().enumerate();
        if all.clone().all(|(place, operation)| !left(place) || operation.returned.is_none()) {
            return true;
        }
        let ends =
            all.clone().filter(|(place, _)| left(*place)).filter_map(|(_, operation)| operation.returned);
        let first_end = ends.min().unwrap_or(u64::MAX);
        all.clone().any(|(place, operation)| {
            left(place)
                && operation.called <= first_end
                && step(state, operation.action)
                    .is_some_and(|next| brute(operations, next, done | 1 << place))
        })
    }

    #[test]
    fn known_histories_are_judged_right() {
        use Ended::{Accepted, Stale, Unknown};
        let good = [
            vec![],
            vec![write(0, 5, 0, 7, Accepted(1)), read(6, 7, 1, 7)],
            vec![write(0, 9, 0, 7, Accepted(1)), read(1, 2, 0, 0), read(3, 4, 1, 7)],
            vec![write(0, 9, 0, 7, Accepted(1)), write(0, 9, 0, 8, Stale(1)), read(10, 11, 1, 7)],
            vec![write(0, 0, 0, 7, Unknown), read(5, 6, 0, 0), read(90, 91, 1, 7)],
            vec![write(0, 0, 0, 7, Unknown), read(5, 6, 0, 0), read(90, 91, 0, 0)],
            vec![write(0, 0, 0, 7, Unknown), write(50, 60, 0, 8, Stale(1)), read(90, 91, 1, 7)],
        ];
        for history in good {
            assert_eq!(check(&history, BUDGET), Verdict::Linearizable, "{history:?}");
        }
        let bad = [
            // A stale read.
            vec![write(0, 5, 0, 7, Accepted(1)), read(6, 7, 0, 0)],
            // Back in time.
            vec![write(0, 9, 0, 7, Accepted(1)), read(1, 2, 1, 7), read(3, 4, 0, 0)],
            // Two writers of one revision.
            vec![write(0, 9, 0, 7, Accepted(1)), write(0, 9, 0, 8, Accepted(1))],
            // A lost write.
            vec![write(0, 5, 0, 7, Accepted(1)), write(6, 9, 0, 8, Accepted(1))],
            // Refused although nobody was there.
            vec![write(0, 5, 0, 7, Stale(1)), read(6, 7, 0, 0)],
            // A value that nobody wrote.
            vec![write(0, 5, 0, 7, Accepted(1)), read(6, 7, 1, 8)],
            // What is unknown happens once.
            vec![write(0, 0, 0, 7, Unknown), read(5, 6, 1, 7), read(7, 8, 0, 0)],
        ];
        for history in bad {
            assert!(matches!(check(&history, BUDGET), Verdict::Violated(_)), "{history:?}");
        }
    }

    #[test]
    fn a_budget_that_ends_leaves_the_verdict_open() {
        let history = vec![write(0, 5, 0, 7, Ended::Accepted(1)), read(6, 7, 1, 7)];
        assert_eq!(check(&history, 1), Verdict::Open);
    }

    /// A run of so many operations by eight clients, every fiftieth of unknown outcome.
    fn run(count: u64) -> Vec<Operation> {
        let mut chance = crate::chance::Chance::new(5);
        let mut free = [0_u64; 8];
        let mut planned = Vec::new();
        for number in 0..count {
            let client = usize::try_from(number % 8).unwrap();
            let called = free[client] + chance.below(50);
            let effect = called + 1 + chance.below(300);
            let returned = effect + 1 + chance.below(300);
            free[client] = returned + 1;
            planned.push((effect, called, returned, number));
        }
        planned.sort_unstable();
        let mut state: State = (0, 0);
        let mut history = Vec::new();
        for (_, called, returned, number) in planned {
            history.push(if number % 3 == 0 {
                read(called, returned, state.0, state.1)
            } else if number % 7 == 0 && state.0 > 0 {
                write(called, returned, state.0 - 1, number, Ended::Stale(state.0))
            } else {
                let seen = state.0;
                state = (seen + 1, number);
                let ended = if number % 50 == 1 { Ended::Unknown } else { Ended::Accepted(seen + 1) };
                write(called, returned, seen, number, ended)
            });
        }
        history
    }

    #[test]
    fn a_hundred_thousand_operations_are_judged() {
        let mut history = run(100_000);
        assert_eq!(check(&history, BUDGET), Verdict::Linearizable);
        let place =
            (50_000..60_000).find(|place| matches!(history[*place].action, Action::Read { .. })).unwrap();
        let Action::Read { revision, value } = history[place].action else { unreachable!() };
        history[place].action = Action::Read { revision: revision - 40, value };
        assert!(matches!(check(&history, BUDGET), Verdict::Violated(_)));
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let action = prop_oneof![
            (0..3_u32, 0..3_u64).prop_map(|(revision, value)| Action::Read { revision, value }),
            (0..3_u32, 0..3_u64).prop_map(|(seen, value)| Action::Write {
                seen,
                value,
                ended: Ended::Accepted(seen + 1)
            }),
            (0..3_u32, 0..3_u32).prop_map(|(seen, now)| Action::Write {
                seen,
                value: 9,
                ended: Ended::Stale(now)
            }),
            (0..3_u32, 0..3_u64).prop_map(|(seen, value)| Action::Write {
                seen,
                value,
                ended: Ended::Unknown
            }),
        ];
        (0..20_u64, 0..12_u64, action).prop_map(|(called, took, action)| {
            let unknown = matches!(action, Action::Write { ended: Ended::Unknown, .. });
            Operation { called, returned: (!unknown).then_some(called + took), action }
        })
    }

    proptest! {
        #[test]
        fn it_says_what_trying_everything_says(history in proptest::collection::vec(operation(), 0..7)) {
            let linearizable = check(&history, BUDGET) == Verdict::Linearizable;
            prop_assert_eq!(linearizable, brute(&history, (0, 0), 0));
        }
    }
}
