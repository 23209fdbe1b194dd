//! The simulation in small; `make chaos` runs more seeds for longer. And the proof that it repeats itself and that its
//! judges notice.

use serde_json::Value;
use tests::program::{Ended, path_of, run};
use tokio::process::Command;

async fn sim(arguments: &[&str]) -> Ended {
    let mut command = Command::new(path_of("rakit-chaos"));
    command.arg("sim").args(arguments);
    run(&mut command).await
}

#[tokio::test]
async fn a_seed_goes_the_same_way_twice() {
    let arguments = ["--seed", "7", "--seconds", "20", "--json"];
    let first = sim(&arguments).await.expect_code(0);
    let second = sim(&arguments).await.expect_code(0);
    assert_eq!(first.stdout, second.stdout);
    let told: Value = serde_json::from_str(&first.stdout).unwrap();
    assert!(told["events"].as_u64().unwrap() > 10_000, "{told}");
}

#[tokio::test]
async fn a_dozen_seeds_keep_every_promise() {
    let ended = sim(&["--sweep", "12", "--seconds", "20"]).await.expect_code(0);
    assert!(ended.stdout.contains("12 runs"), "{ended:?}");
}

/// Proposals that went round without a pause while nobody led; an age that left out what the disk took.
#[tokio::test]
async fn seeds_that_found_something_find_nothing_any_more() {
    for seed in ["1", "10030"] {
        let ended = sim(&["--seed", seed]).await.expect_code(0);
        assert!(ended.stdout.contains("trace"), "{ended:?}");
    }
}

#[tokio::test]
async fn planted_faults_are_noticed() {
    for (plant, judge) in [
        ("stale-read", "linearizability"),
        ("retry-with-new-key", "exactly-once"),
        ("uneven-apply", "equality"),
    ] {
        let ended = sim(&["--seed", "1", "--seconds", "40", "--plant", plant]).await.expect_code(1);
        assert!(ended.stdout.contains(&format!("VIOLATION: {judge}")), "{plant}: {ended:?}");
    }
}
