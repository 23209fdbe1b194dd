//! Which node is asked next, and when.
//!
//! Invariant: a node that failed is not asked before its pause is over; another that is free is asked at once.

use super::ClientSettings;

/// The nodes of a call: how often each failed, and when it may be asked again.
pub(super) struct Endpoints {
    states: Vec<Endpoint>,
    turn: usize,
    first_ms: u64,
    ms_max: u64,
}

#[derive(Clone, Copy, Default)]
struct Endpoint {
    failures: u32,
    not_before_ms: u64,
}

impl Endpoints {
    pub(super) fn new(settings: &ClientSettings, preferred: usize) -> Self {
        Self {
            states: vec![Endpoint::default(); settings.endpoints.len()],
            turn: preferred,
            first_ms: settings.backoff_first_ms,
            ms_max: settings.backoff_ms_max,
        }
    }

    /// The node to ask and how long to wait before; `None` without any node.
    pub(super) fn next(&self, now_ms: u64) -> Option<(usize, u64)> {
        let count = self.states.len();
        let in_turn = (0..count).filter_map(|step| self.turn.saturating_add(step).checked_rem(count));
        let soonest = in_turn.filter_map(|position| {
            let wait_ms = self.states.get(position)?.not_before_ms.saturating_sub(now_ms);
            Some((position, wait_ms))
        });
        soonest.min_by_key(|(_, wait_ms)| *wait_ms)
    }

    /// Notes a failure: a doubling pause of which the second half is random, or what the node asked for.
    pub(super) fn failed(&mut self, position: usize, now_ms: u64, retry_after_s: u64, random: u64) {
        self.turn = position.saturating_add(1);
        let Some(state) = self.states.get_mut(position) else { return };
        let doubled = self.first_ms.saturating_mul(1_u64.checked_shl(state.failures.min(20)).unwrap_or(1));
        let pause_ms = doubled.min(self.ms_max).max(1);
        let half_ms = pause_ms / 2;
        let jittered_ms = half_ms.saturating_add(random.checked_rem(half_ms.max(1)).unwrap_or(0));
        let wait_ms = jittered_ms.max(retry_after_s.saturating_mul(1_000));
        state.failures = state.failures.saturating_add(1);
        state.not_before_ms = now_ms.saturating_add(wait_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(count: usize) -> Endpoints {
        let names = (0..count).map(|number| format!("http://{number}")).collect();
        Endpoints::new(&ClientSettings::new(names), 1)
    }

    #[test]
    fn the_preferred_node_is_first_and_a_failed_one_waits_while_others_are_free() {
        let mut nodes = endpoints(3);
        assert_eq!(nodes.next(0), Some((1, 0)));
        nodes.failed(1, 0, 3, 7);
        assert_eq!(nodes.next(0), Some((2, 0)));
        nodes.failed(2, 0, 0, 7);
        assert_eq!(nodes.next(0), Some((0, 0)));
        nodes.failed(0, 0, 0, 7);
        let (position, wait_ms) = nodes.next(0).expect("a node");
        assert_ne!(position, 1, "it asked for three seconds");
        assert!((25..50).contains(&wait_ms), "{wait_ms}");
    }

    #[test]
    fn pauses_double_up_to_the_limit() {
        let mut nodes = endpoints(1);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            nodes.failed(0, 0, 0, 0);
            pauses.push(nodes.next(0).expect("a node").1);
        }
        assert_eq!(pauses, [25, 50, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(endpoints(0).next(0), None);
    }
}
