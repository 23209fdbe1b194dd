//! How often one digit was read for another.
//!
//! Invariant: counted, not guessed: 625 numbers of the presidential count of February 2024 that differed in one digit from
//! what was shown some weeks later.

/// By digit read, then by digit written on paper.
const READ_FOR: [[u8; 10]; 10] = [
    [0, 10, 3, 4, 3, 4, 4, 3, 7, 1],
    [0, 0, 6, 0, 2, 0, 1, 3, 0, 0],
    [0, 68, 0, 25, 0, 1, 2, 5, 5, 1],
    [0, 19, 3, 0, 4, 3, 0, 4, 3, 7],
    [4, 62, 0, 5, 0, 5, 3, 2, 31, 33],
    [3, 12, 7, 1, 0, 0, 49, 0, 1, 9],
    [0, 33, 1, 0, 0, 0, 0, 0, 2, 1],
    [4, 37, 4, 58, 1, 0, 2, 0, 3, 2],
    [1, 16, 1, 0, 0, 1, 5, 1, 0, 4],
    [2, 1, 0, 5, 5, 0, 0, 2, 5, 0],
];

/// How often `read` was read where `written` stood.
pub(super) fn times(read: u8, written: u8) -> u32 {
    let row = READ_FOR.get(usize::from(read));
    row.and_then(|row| row.get(usize::from(written))).copied().map_or(0, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_misreads_are_those_that_were_counted() {
        assert_eq!((times(2, 1), times(4, 1), times(7, 3), times(9, 4)), (68, 62, 58, 5));
        assert_eq!((0..10).map(|digit| times(digit, digit)).sum::<u32>(), 0);
        assert_eq!(times(10, 1), 0);
    }
}
