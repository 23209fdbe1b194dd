//! Dividing whole things without a fraction: cumulative apportionment, largest remainder, and the draw.
//!
//! Invariant: parts add up to the whole, exactly, whatever the weights. All of it is integer arithmetic, so
//! every machine divides alike.

/// The part of `total` that falls to the first `part` of `whole`. The parts of consecutive stretches, each the
/// difference of two such figures, add up to `total` and are within one of their exact share.
pub(super) fn share(total: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(total).saturating_mul(u128::from(part));
    product.checked_div(u128::from(whole)).and_then(|figure| u64::try_from(figure).ok()).unwrap_or(0)
}

/// Divides `total` by weights: whole shares first, what is left by the largest remainders, the earlier of
/// equal ones first. Adds up to `total` when any weight is above zero.
pub(super) fn by_largest_remainder(total: u64, weights: &[u64]) -> Vec<u64> {
    let whole = weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(*weight));
    let mut shares: Vec<u64> = weights.iter().map(|weight| share(total, *weight, whole)).collect();
    let given = shares.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    let mut remainders: Vec<(u128, usize)> = weights
        .iter()
        .enumerate()
        .map(|(place, weight)| {
            let product = u128::from(total).saturating_mul(u128::from(*weight));
            (product.checked_rem(u128::from(whole)).unwrap_or(0), place)
        })
        .collect();
    remainders.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    let left = usize::try_from(total.saturating_sub(given)).unwrap_or(usize::MAX);
    for (_, place) in remainders.iter().take(left) {
        if let Some(part) = shares.get_mut(*place) {
            *part = part.saturating_add(1);
        }
    }
    shares
}

/// A number drawn for a name: the same for the same seed, name and purpose, everywhere and always.
pub(super) fn draw(seed: u64, name: u64, purpose: u64) -> u64 {
    let start = seed
        .wrapping_add(name.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(purpose.wrapping_mul(0xd1b5_4a32_d192_ed03));
    // The finaliser of splitmix64, twice: names are consecutive and must not show.
    mix(mix(start))
}

/// A number from `low` to `high`, both included.
pub(super) fn draw_between(seed: u64, name: u64, purpose: u64, (low, high): (u64, u64)) -> u64 {
    let width = high.saturating_sub(low).saturating_add(1);
    low.saturating_add(draw(seed, name, purpose).checked_rem(width).unwrap_or(0))
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A step that is coprime to `length` and near the golden section of it: walking with it visits every place
/// once, and every stretch of the walk is spread over the whole length.
pub(super) fn golden_step(length: u64) -> u64 {
    let start = share(length, 618, 1000).max(1);
    (start..start.saturating_add(length).saturating_add(1))
        .find(|step| greatest_common_divisor(*step, length) == 1)
        .unwrap_or(1)
}

fn greatest_common_divisor(left: u64, right: u64) -> u64 {
    let (mut left, mut right) = (left, right);
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_shares_add_up() {
        let weights = [3_u64, 0, 7, 1, 900, 12];
        let whole: u64 = weights.iter().sum();
        let mut before = 0;
        let mut parts = Vec::new();
        for weight in weights {
            parts.push(share(1_000_003, before + weight, whole) - share(1_000_003, before, whole));
            before += weight;
        }
        assert_eq!(parts.iter().sum::<u64>(), 1_000_003);
        assert_eq!(parts[1], 0);
    }

    #[test]
    fn largest_remainders_get_the_rest() {
        assert_eq!(by_largest_remainder(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(by_largest_remainder(7, &[5, 3, 1]), [4, 2, 1]);
        assert_eq!(by_largest_remainder(0, &[5, 3]), [0, 0]);
        assert_eq!(by_largest_remainder(5, &[]), [0; 0]);
    }

    #[test]
    fn the_golden_walk_visits_every_place() {
        for length in [1_u64, 2, 3, 10, 617, 1000, 3205] {
            let step = golden_step(length);
            let mut places: Vec<u64> = (0..length).map(|turn| turn * step % length).collect();
            places.sort_unstable();
            assert_eq!(places, (0..length).collect::<Vec<_>>(), "length {length}");
        }
    }

    #[test]
    fn draws_stay_within_and_differ() {
        let draws: std::collections::BTreeSet<u64> = (0..1000).map(|name| draw(7, name, 1)).collect();
        assert_eq!(draws.len(), 1000);
        assert!((0..1000).all(|name| (5..=9).contains(&draw_between(7, name, 2, (5, 9)))));
    }
}
