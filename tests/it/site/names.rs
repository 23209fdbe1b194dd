//! Names of villages as people mistype them.
//!
//! Invariant: all 83,763 villages that the project ships are there to be mistaken for each other; each of 10,000, drawn by a seed,
//! has one error in its name: a letter too much, one missing, another one, or two swapped.
//!
//! Two things are asked. By its name alone, any village (or larger region) of exactly that name is right, however many there
//! are. With the names of its district and its regency beside it, the village itself is, and nothing else.

use std::collections::BTreeMap;

use tests::cluster::Cluster;
use tests::country::{self, Named};
use tests::register::load_tables;
use tests::wait;

const VILLAGES: usize = 10_000;
const SEED: u64 = 20_240_214;
/// The right one is among so many.
const FIRST: usize = 5;
/// Of a hundred names, at least.
const FOUND_MIN: usize = 95;
/// Who asks at the same time.
const ASKERS: usize = 4;

/// Numbers from a seed: xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let end = u64::try_from(end).expect("small");
        usize::try_from(self.0 % end).expect("smaller")
    }

    fn letter(&mut self) -> char {
        let letter = u8::try_from(self.below(26)).expect("a letter");
        char::from(b'a' + letter)
    }

    /// The name with one error in one of its letters.
    fn mistyped(&mut self, name: &str) -> String {
        let letters: Vec<char> = name.chars().collect();
        let places: Vec<usize> = (0..letters.len()).filter(|place| letters[*place].is_alphabetic()).collect();
        loop {
            let (mut typed, place) = (letters.clone(), places[self.below(places.len())]);
            match self.below(4) {
                0 => typed.insert(place, self.letter()),
                1 => drop(typed.remove(place)),
                2 => typed[place] = self.letter(),
                _ => {
                    if places.contains(&(place + 1)) {
                        typed.swap(place, place + 1);
                    }
                }
            }
            let typed: String = typed.into_iter().collect();
            if plain(&typed) != plain(name) && !plain(&typed).is_empty() {
                return typed;
            }
        }
    }
}

/// A name as it is compared: letters and digits.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// A question and what would be right.
struct Asked {
    text: String,
    right: Right,
}

enum Right {
    Name(String),
    Code(String),
}

async fn answered(cluster: &Cluster, asked: &Asked) -> bool {
    let url = format!("{}/api/v1/search", cluster.nodes()[0].public);
    let query = [("q", asked.text.as_str()), ("limit", "5")];
    let url = reqwest::Url::parse_with_params(&url, query).expect("an address");
    let answer =
        tests::client::send(cluster.http().get(url)).await.expect("an answer").expect_status(200).json();
    let found = answer["results"].as_array().expect("a list");
    assert!(found.len() <= FIRST, "{answer}");
    found.iter().any(|found| match &asked.right {
        Right::Name(name) => plain(found["name"].as_str().expect("a name")) == *name,
        Right::Code(code) => found["code"] == code.as_str(),
    })
}

/// How many of the questions were answered rightly, and how long each took in the mean, in microseconds.
async fn found(cluster: &Cluster, questions: &[Asked]) -> (usize, u128) {
    let started = tokio::time::Instant::now();
    let ask = |mine: usize| async move {
        let mut right = 0;
        for asked in questions.iter().skip(mine).step_by(ASKERS) {
            right += usize::from(answered(cluster, asked).await);
        }
        right
    };
    let (a, b, c, d) = tokio::join!(ask(0), ask(1), ask(2), ask(3));
    let count = u128::try_from(questions.len()).expect("a number");
    (a + b + c + d, started.elapsed().as_micros() / count)
}

/// The questions by name alone, and those with district and regency.
fn questions(regions: &[Named]) -> [Vec<Asked>; 2] {
    let names: BTreeMap<&str, &str> =
        regions.iter().map(|region| (region.code.as_str(), region.name.as_str())).collect();
    let villages: Vec<&Named> = regions.iter().filter(|region| region.code.len() == 10).collect();
    let mut chance = Chance(SEED);
    let mut asked = [Vec::new(), Vec::new()];
    for _ in 0..VILLAGES {
        let village = villages[chance.below(villages.len())];
        let typed = chance.mistyped(&village.name);
        let (district, regency) = (names[&village.code[..6]], names[&village.code[..4]]);
        asked[1].push(Asked {
            text: format!("{typed} {district} {regency}"),
            right: Right::Code(village.code.clone()),
        });
        asked[0].push(Asked { text: typed, right: Right::Name(plain(&village.name)) });
    }
    asked
}

#[tokio::test]
async fn mistyped_names_are_found_among_the_first_five() {
    let cluster = Cluster::alone(&std::env::temp_dir(), Vec::new()).await;
    let regions = country::shipped();
    let defined = serde_json::json!({"contests": country::contest()["contests"]});
    load_tables(cluster.folder(), &cluster.file_path(), (&country::table(&regions, |_| 0), &defined)).await;
    let last = regions.last().expect("a region");
    let every = Asked { text: last.code.clone(), right: Right::Code(last.code.clone()) };
    wait::until("the last region", async || answered(&cluster, &every).await.then_some(())).await;
    let path = format!("/api/v1/search?q={}", last.name.replace(' ', "+"));
    wait::until("the names of all regions", async || {
        let answer = cluster.public(0, &path).await.json();
        answer["results"].as_array()?.iter().any(|found| found["code"] == last.code.as_str()).then_some(())
    })
    .await;
    for (kind, questions) in ["by name", "with district and regency"].into_iter().zip(questions(&regions)) {
        let (right, microseconds) = found(&cluster, &questions).await;
        eprintln!(
            "MEASURED: {kind}, {right} of {VILLAGES} found, {microseconds} us a query with {ASKERS} askers"
        );
        assert!(right * 100 >= VILLAGES * FOUND_MIN, "{kind}: only {right} of {VILLAGES} were found");
    }
}
