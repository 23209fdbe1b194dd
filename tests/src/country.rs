//! The regions of Indonesia that the project ships, read by the harness itself: real names, long and short.
//!
//! Invariant: the tree is read from the files of `node/assets` as their README describes them, not through the program under
//! test; parents come before children, in the order of codes.

use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

/// A region with its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// 2, 4, 6 or 10 digits.
    pub code: String,
    /// Its name.
    pub name: String,
}

fn asset(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/assets").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All shipped regions: provinces, regencies, districts and villages.
#[must_use]
pub fn shipped() -> Vec<Named> {
    let mut regions = Vec::new();
    for file in ["regions-west.txt.gz", "regions-east.txt.gz"] {
        let mut text = String::new();
        GzDecoder::new(&*asset(file)).read_to_string(&mut text).expect("a packed text");
        read(&text, &mut regions);
    }
    regions
}

fn read(text: &str, regions: &mut Vec<Named>) {
    let [mut province, mut regency, mut district] = [const { String::new() }; 3];
    let mut village = 0;
    for line in text.lines() {
        let (mark, name) = line.split_once(' ').expect("a mark and a name");
        let code = if let Some(digits) = mark.strip_prefix('@') {
            digits.clone_into(&mut province);
            province.clone()
        } else if let Some(digits) = mark.strip_prefix('=') {
            regency = format!("{province}{digits}");
            regency.clone()
        } else if let Some(digits) = mark.strip_prefix('-') {
            district = format!("{regency}{digits}");
            district.clone()
        } else {
            village = if mark.is_empty() { village + 1 } else { mark.parse().expect("four digits") };
            format!("{district}{village:04}")
        };
        regions.push(Named { code, name: name.to_owned() });
    }
}

/// Every province and regency, and of each regency the first district with its first village: the whole nation in little.
#[must_use]
pub fn in_little() -> Vec<Named> {
    let mut last = String::new();
    let mut kept = Vec::new();
    for region in shipped() {
        // Districts and villages: only where nothing at their level or below came yet in the same region above.
        let above = match region.code.len() {
            6 => 4,
            10 => 6,
            _ => 0,
        };
        if above == 0 || last == region.code[..above] {
            last.clone_from(&region.code);
            kept.push(region);
        }
    }
    kept
}

/// A table of regions for `rakit import regions`, with as many stations in each village as is said.
#[must_use]
pub fn table(regions: &[Named], stations: impl Fn(&str) -> u32) -> String {
    let line = |Named { code, name }: &Named| {
        let stations = if code.len() == 10 { stations(code).to_string() } else { String::new() };
        format!("{code},\"{}\",{stations},,\n", name.replace('"', "\"\""))
    };
    "kode,nama,tps_maks,tps_ext_awal,tps_ext_akhir\n".to_owned()
        + &regions.iter().map(line).collect::<String>()
}

/// The shipped contest of 2024, with the names that were on the ballot.
#[must_use]
pub fn contest() -> Value {
    serde_json::from_slice(&asset("contest-ppwp-2024.json")).expect("a contest")
}

#[cfg(test)]
mod tests {
    use super::{in_little, shipped, table};

    #[test]
    fn the_shipped_tree_is_read_whole() {
        let regions = shipped();
        let of = |digits: usize| regions.iter().filter(|region| region.code.len() == digits).count();
        assert_eq!([of(2), of(4), of(6), of(10)], [38, 514, 7_277, 83_763]);
        assert!(regions.iter().any(|region| region.code == "1101012002" && region.name == "Ujong Mangki"));
        let little = in_little();
        let of = |digits: usize| little.iter().filter(|region| region.code.len() == digits).count();
        assert_eq!([of(2), of(4), of(6), of(10)], [38, 514, 514, 514]);
        let table = table(&little, |_| 2);
        assert!(
            table.contains("\n11,\"ACEH\",,,\n") && table.contains("\n1101012001,\"Keude Bakongan\",2,,\n")
        );
    }
}
