//! Somebody who read KPU's files of 2024 reads ours, without a change.
//!
//! Invariant: the scraper knows the shape of those files and nothing of ours: it goes down by `kode`, adds up what it finds, and
//! comes to the sums of `/results`.

use serde_json::Value;
use tests::cluster::Cluster;
use tests::form::OPTIONS;
use tests::register::{CONTEST, stations};

use super::counted;

/// One path of codes, `31/3101/310101`; empty for the nation.
struct Scraper<'c> {
    cluster: &'c Cluster,
}

impl Scraper<'_> {
    async fn file(&self, path: &str) -> Value {
        let answer = self.cluster.public(1, path).await.expect_status(200);
        assert!(answer.header("content-type").starts_with("application/json"), "{path}: {answer:?}");
        answer.json()
    }

    /// What lies below: `kode` of each, in the file's order.
    async fn below(&self, codes: &str) -> Vec<String> {
        let name = if codes.is_empty() { "0" } else { codes };
        let list = self.file(&format!("/wilayah/pemilu/{CONTEST}/{name}.json")).await;
        let level = codes.split('/').filter(|code| !code.is_empty()).count() + 1;
        let code = |line: &Value| {
            let code = line["kode"].as_str().expect("a code").to_owned();
            assert_eq!(
                (&line["tingkat"], line["id"].to_string()),
                (&Value::from(level), code.clone()),
                "{line}"
            );
            assert!(line["nama"].as_str().is_some_and(|name| !name.is_empty()), "{line}");
            code
        };
        list.as_array().expect("a list").iter().map(code).collect()
    }

    async fn results(&self, codes: &str) -> Value {
        let joint = if codes.is_empty() { "" } else { "/" };
        self.file(&format!("/pemilu/hhcw/{CONTEST}{joint}{codes}.json")).await
    }
}

fn votes(line: &Value) -> [u64; 3] {
    OPTIONS.map(|option| line[option].as_u64().unwrap_or_default())
}

fn sum(lines: impl Iterator<Item = [u64; 3]>) -> [u64; 3] {
    lines.fold([0; 3], |sum, own| [sum[0] + own[0], sum[1] + own[1], sum[2] + own[2]])
}

/// A time of Jakarta as those files write it.
fn is_time(value: &Value) -> bool {
    let shape = |letter: char| if letter.is_ascii_digit() { '0' } else { letter };
    value.as_str().is_some_and(|text| text.chars().map(shape).collect::<String>() == "0000-00-00 00:00:00")
}

/// A region's file: it adds up, and its table has a line for everything below.
fn judged(file: &Value, below: &[String], codes: &str) {
    assert_eq!((&file["mode"], &file["psu"]), (&Value::from("hhcw"), &Value::from("Reguler")), "{codes}");
    assert!(is_time(&file["ts"]), "{codes}: {file}");
    let table = file["table"].as_object().expect("a table");
    assert!(table.keys().eq(below.iter()), "{codes}: {file}");
    assert_eq!(sum(table.values().map(votes)), votes(&file["chart"]), "{codes}: {file}");
    assert!(file["chart"]["persen"].as_f64().is_some_and(|share| (0.0..=100.0).contains(&share)), "{codes}");
    let progress = &file["progres"];
    assert!(progress["progres"].as_u64() <= progress["total"].as_u64(), "{codes}: {file}");
}

/// A station's file: what is in is there with all its boxes, and what is not is null. The votes, if they are in the sums.
fn judged_station(file: &Value, line: &Value, station: &str) -> Option<[u64; 3]> {
    assert_eq!(file["images"].as_array().map(Vec::len), Some(3), "{station}: {file}");
    let reported = file["status_suara"].as_bool().expect("whether votes are known");
    assert_eq!(reported, line["status_progress"].as_bool().unwrap(), "{station}: {file}, {line}");
    if !reported {
        assert!(file["chart"].is_null() && file["administrasi"].is_null(), "{station}: {file}");
        return None;
    }
    let block = file["administrasi"].as_object().expect("the rest of the form");
    assert_eq!((block.len(), is_time(&file["ts"])), (18, true), "{station}: {file}");
    assert!(file["chart"].as_object().is_some_and(|chart| chart.contains_key("null")), "{station}: {file}");
    line.get(OPTIONS[0])?;
    assert_eq!(votes(&file["chart"]), votes(line), "{station}");
    Some(votes(line))
}

#[tokio::test]
async fn a_scraper_of_sirekap_comes_to_the_same_sums() {
    let (cluster, _) = counted().await;
    let scraper = Scraper { cluster: &cluster };
    let candidates = scraper.file(&format!("/pemilu/{CONTEST}.json")).await;
    assert_eq!(OPTIONS.map(|option| candidates[option]["nomor_urut"].as_u64()), [Some(1), Some(2), Some(3)]);
    let nation = scraper.results("").await;
    let mut waiting = vec![(String::new(), nation.clone())];
    let (mut read, mut forms) = (0, Vec::new());
    while let Some((codes, file)) = waiting.pop() {
        let below = scraper.below(&codes).await;
        judged(&file, &below, &codes);
        let stations = codes.split('/').count() == 4;
        for code in below {
            let path = format!("{codes}/{code}").trim_start_matches('/').to_owned();
            let inside = scraper.results(&path).await;
            let line = &file["table"][&code];
            if stations {
                read += 1;
                forms.extend(judged_station(&inside, line, &code));
                continue;
            }
            assert_eq!(votes(&inside["chart"]), votes(line), "{code}");
            waiting.push((path, inside));
        }
    }
    assert_eq!((read, forms.len()), (stations().len(), 59), "all stations were read; one form of 60 is held");
    let total = sum(forms.into_iter());
    assert_eq!(total, votes(&nation["chart"]));
    let own = cluster.public(2, &format!("/api/v1/results/{CONTEST}/0")).await.json();
    assert_eq!(total, votes(&own["totals"]["votes"]), "{own}");
}
