//! A small country to count in: two provinces, six villages, one contest.

use std::path::Path;

use serde_json::{Value, json};

use crate::form::OPTIONS;
use crate::program::{self, rakit};

/// The contest.
pub const CONTEST: &str = "ppwp";

/// Villages and how many stations each has.
pub const VILLAGES: [(&str, u32); 6] = [
    ("3101011001", 40),
    ("3101011002", 40),
    ("3101021001", 40),
    ("3201011001", 40),
    ("3201011002", 40),
    ("3202011001", 40),
];

/// Every station code, in order.
#[must_use]
pub fn stations() -> Vec<String> {
    VILLAGES
        .iter()
        .flat_map(|(village, count)| (1..=*count).map(move |number| format!("{village}{number:03}")))
        .collect()
}

/// Regions as a table with the columns of `rakit import regions`, from villages and how many stations each has.
#[must_use]
pub fn regions_csv<Village: AsRef<str>>(villages: &[(Village, u32)]) -> String {
    let mut rows = vec!["kode,tingkat,induk,nama,jumlah_tps,tps_maks,tps_ext_awal,tps_ext_akhir".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    for (village, _) in villages {
        let village = village.as_ref();
        for (level, digits) in [(1, 2), (2, 4), (3, 6), (4, 10)] {
            let code = &village[..digits];
            if !seen.insert(code) {
                continue;
            }
            let parent =
                [0, 2, 4, 6].into_iter().filter(|shorter| *shorter < digits).max().unwrap_or_default();
            let inside = villages.iter().filter(|(other, _)| other.as_ref().starts_with(code));
            let count: u32 = inside.map(|(_, count)| count).sum();
            let highest = if level == 4 { count.to_string() } else { String::new() };
            rows.push(format!("{code},{level},{},WILAYAH {code},{count},{highest},,", &village[..parent]));
        }
    }
    rows.sort();
    // The header sorts behind the digits.
    rows.rotate_right(1);
    rows.join("\n") + "\n"
}

/// The contest in the shape that `/contests` answers.
#[must_use]
pub fn contests_json() -> Value {
    let option = |order: usize| {
        json!({"id": OPTIONS[order], "name": format!("PASANGAN {}", order + 1), "order": order + 1,
               "color": "#8CB9BD", "party": null})
    };
    json!({"contests": [{
        "id": CONTEST, "name": "Presiden dan Wakil Presiden", "kind": "ppwp", "region": "0", "regions": ["0"],
        "partial_forms": true, "photo_required": false, "options": [option(0), option(1), option(2)],
    }]})
}

/// Puts the regions and the contest into an empty cluster through the command line.
pub async fn load<Village: AsRef<str>>(folder: &Path, cluster_file: &Path, villages: &[(Village, u32)]) {
    load_tables(folder, cluster_file, (&regions_csv(villages), &contests_json())).await;
}

/// Puts a table of regions and contests into an empty cluster through the command line.
pub async fn load_tables(folder: &Path, cluster_file: &Path, (table, defined): (&str, &Value)) {
    let regions = folder.join("regions.csv");
    let contests = folder.join("contests.json");
    program::write_file(&regions, table);
    program::write_file(&contests, &defined.to_string());
    for (what, file) in [("regions", &regions), ("contests", &contests)] {
        let file = file.to_str().expect("test paths are UTF-8");
        let cluster = cluster_file.to_str().expect("test paths are UTF-8");
        drop(rakit(["import", what, file, "--cluster", cluster, "--json"]).await.expect_code(0));
    }
}

#[cfg(test)]
mod tests {
    use super::{VILLAGES, regions_csv, stations};

    #[test]
    fn tables_add_up() {
        let one = regions_csv(&[("3301011001", 7)]);
        assert!(one.contains("\n33,1,,WILAYAH 33,7,,,\n"), "{one}");

        let csv = regions_csv(&VILLAGES);
        assert!(csv.starts_with("kode,"), "{csv}");
        assert!(csv.contains("\n31,1,,WILAYAH 31,120,,,\n"), "{csv}");
        assert!(csv.contains("\n3101011001,4,310101,WILAYAH 3101011001,40,40,,\n"), "{csv}");
        assert_eq!(csv.lines().count(), 1 + 2 + 3 + 4 + 6);
        assert_eq!(
            u32::try_from(stations().len()).unwrap(),
            VILLAGES.iter().map(|(_, count)| count).sum::<u32>()
        );
    }
}
