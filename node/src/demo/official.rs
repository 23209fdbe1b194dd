//! The official result of 2024 (decree KPU 360/2024) per province: what the count ends at.
//!
//! Invariant: the provinces add up to the nation. Provinces that share a row of the source share its votes by
//! their stations, largest remainders first.

use super::register::{BrokenAsset, Register};
use super::spread::by_largest_remainder;

const OFFICIAL_RESULTS: &str = include_str!("../../assets/official-results.csv");
/// Pairs on the ballot of 2024.
pub(super) const OPTIONS: usize = 3;

/// Votes of each option, in the order of the ballot.
pub(super) type Votes = [u64; OPTIONS];

/// Official votes of each province of the register, in its order.
pub(super) fn per_province(register: &Register) -> Result<Vec<Votes>, BrokenAsset> {
    let mut votes = vec![[0; OPTIONS]; register.provinces.len()];
    for (codes, row) in rows()? {
        let places: Vec<usize> = (0_usize..)
            .zip(&register.provinces)
            .filter(|(_, province)| codes.contains(&province.code))
            .map(|(place, _)| place)
            .collect();
        let weights: Vec<u64> = places
            .iter()
            .filter_map(|place| register.provinces.get(*place).map(|province| province.stations))
            .collect();
        for (option, total) in row.into_iter().enumerate() {
            for (place, part) in places.iter().zip(by_largest_remainder(total, &weights)) {
                if let Some(figure) = votes.get_mut(*place).and_then(|row| row.get_mut(option)) {
                    *figure = part;
                }
            }
        }
    }
    Ok(votes)
}

/// The rows of the shipped table but the nation's: the provinces of a row and their votes.
fn rows() -> Result<Vec<(Vec<u64>, Votes)>, BrokenAsset> {
    let mut rows = Vec::new();
    for line in OFFICIAL_RESULTS.lines().skip(1) {
        let broken = || BrokenAsset { file: "official-results.csv", what: line.to_owned() };
        let mut cells = line.split(',');
        let codes = cells.next().ok_or_else(broken)?;
        let mut votes = [0; OPTIONS];
        for figure in &mut votes {
            *figure = cells.next().and_then(|cell| cell.parse().ok()).ok_or_else(broken)?;
        }
        if codes != "0" {
            let codes: Option<Vec<u64>> = codes.split('+').map(|code| code.parse().ok()).collect();
            rows.push((codes.ok_or_else(broken)?, votes));
        }
    }
    Ok(rows)
}

/// Adds votes to a sum.
pub(super) fn add(sum: &mut Votes, votes: &[u32]) {
    for (total, vote) in sum.iter_mut().zip(votes) {
        *total = total.saturating_add(u64::from(*vote));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provinces_add_up_to_the_nation() {
        let register = Register::shipped().unwrap();
        let provinces = per_province(&register).unwrap();
        let sum = |option: usize| provinces.iter().map(|votes| votes[option]).sum::<u64>();
        assert_eq!([sum(0), sum(1), sum(2)], [40_971_906, 96_214_691, 27_040_878]);
        assert!(provinces.iter().flatten().all(|figure| *figure > 0));
    }

    #[test]
    fn provinces_that_share_a_row_divide_it() {
        let register = Register::shipped().unwrap();
        let provinces = per_province(&register).unwrap();
        let shared: Vec<&Votes> = register
            .provinces
            .iter()
            .zip(&provinces)
            .filter(|(province, _)| [65, 74, 81, 92].contains(&province.code))
            .map(|(_, votes)| votes)
            .collect();
        assert_eq!(shared.len(), 4);
        assert_eq!(shared.iter().map(|votes| votes[0]).sum::<u64>(), 699_666);
        assert_eq!(shared.iter().map(|votes| votes[2]).sum::<u64>(), 449_138);
    }
}
