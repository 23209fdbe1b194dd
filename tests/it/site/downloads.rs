//! Files to take home, opened by the programs that people have.
//!
//! Invariant: what `LibreOffice` and poppler read out of a file is what the comma file and `/results` say; where such a program is
//! not installed, that is said aloud.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tests::cluster::Cluster;
use tests::program::{Ended, run};
use tests::register::{CONTEST, stations};
use tokio::process::Command;

use super::{counted, election_report};

/// Whether a program is installed; said aloud when not, since such a run proves less.
#[expect(clippy::print_stderr, reason = "a skip must be seen")]
pub(super) fn installed(program: &str, package: &str) -> bool {
    let there = Path::new(program).exists();
    if !there {
        eprintln!("SKIPPED: {program} is missing: `apt-get install {package}`");
    }
    there
}

/// A file of results, kept in a folder.
async fn file(cluster: &Cluster, folder: &TempDir, name: &str) -> std::path::PathBuf {
    let url = format!("{}/api/v1/exports/{CONTEST}/{name}", cluster.nodes()[0].public);
    let answer = cluster.http().get(url).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{name}");
    let path = folder.path().join(name);
    let bytes = answer.bytes().await.expect("a whole file");
    std::fs::File::create(&path).and_then(|mut file| file.write_all(&bytes)).expect("room for a file");
    path
}

async fn ran(program: &str, words: &[&str], home: &TempDir) -> Ended {
    let mut command = Command::new(program);
    command.args(words).current_dir(home.path()).env("HOME", home.path());
    run(&mut command).await.expect_code(0)
}

/// Cells of a comma file without line breaks in them.
fn cells(text: &str) -> Vec<Vec<String>> {
    let cell = |cell: &str| cell.trim_matches('"').to_owned();
    text.trim_start_matches('\u{feff}').lines().map(|line| line.split(',').map(cell).collect()).collect()
}

async fn workbook(cluster: &Cluster, folder: &TempDir) {
    if !installed("/usr/bin/soffice", "libreoffice-calc-nogui") {
        return;
    }
    let book = file(cluster, folder, "32.xlsx").await;
    let words = ["--headless", "--convert-to", "csv", "--outdir", "dari-excel", book.to_str().unwrap()];
    drop(ran("soffice", &words, folder).await);
    let opened =
        std::fs::read_to_string(folder.path().join("dari-excel/32.csv")).expect("what LibreOffice read");
    let plain = std::fs::read_to_string(file(cluster, folder, "32.csv").await).unwrap();
    let (opened, plain) = (cells(&opened), cells(&plain));
    assert_eq!(opened.len(), 1 + 120, "{:?}", opened.first());
    let head = |rows: &[Vec<String>]| rows[0].clone();
    assert_eq!(head(&opened).len(), head(&plain).len(), "{:?}", head(&opened));
    assert_eq!(opened[1..], plain[1..], "rows of the workbook and of the comma file");
}

async fn document(cluster: &Cluster, folder: &TempDir, results: &Value) {
    if !installed("/usr/bin/pdftotext", "poppler-utils") {
        return;
    }
    let document = file(cluster, folder, "0.pdf").await;
    let text = ran("pdftotext", &["-layout", document.to_str().unwrap(), "-"], folder).await.stdout;
    let grouped = |count: &Value| {
        let digits = count.to_string();
        let (thousands, rest) = digits.split_at(digits.len().saturating_sub(3));
        if thousands.is_empty() { rest.to_owned() } else { format!("{thousands}.{rest}") }
    };
    for option in ["100025", "100026", "100027"] {
        let votes = grouped(&results["totals"]["votes"][option]);
        assert!(text.contains(&votes), "{votes}: {text}");
    }
    for words in ["WILAYAH 31", "WILAYAH 32", "PASANGAN 3", "bukan hasil resmi", "Halaman 1 dari 1"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

async fn common_data_format(cluster: &Cluster, folder: &TempDir, results: &Value) {
    for code in ["0", "31", "3101", "310101", "3101011001"] {
        let path = file(cluster, folder, &format!("{code}.cdf.json")).await;
        let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).expect("JSON");
        assert_eq!(election_report::complaints(&report), [""; 0], "{code}: {report}");
        if code == "0" {
            let contest = &report["Election"][0]["Contest"][0];
            let whole: Vec<&Value> = contest["ContestSelection"].as_array().unwrap().iter().collect();
            for selection in whole {
                let option = selection["CandidateIds"][0].as_str().unwrap().trim_start_matches("candidate-");
                let counts = selection["VoteCounts"].as_array().unwrap();
                let own = counts.iter().find(|count| count["GpUnitId"] == "unit-0").unwrap();
                assert_eq!(own["Count"], results["totals"]["votes"][option], "{option}");
            }
        }
    }
}

#[tokio::test]
async fn files_are_opened_by_the_programs_people_have() {
    let (cluster, _) = counted().await;
    let folder = tempfile::Builder::new().prefix("rakit-berkas-").tempdir().expect("a folder");
    let results = cluster.public(0, &format!("/api/v1/results/{CONTEST}/0")).await.json();
    assert_eq!(results["progress"]["stations"], stations().len(), "{results}");
    common_data_format(&cluster, &folder, &results).await;
    document(&cluster, &folder, &results).await;
    workbook(&cluster, &folder).await;
}
