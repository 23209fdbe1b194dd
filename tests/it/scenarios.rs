//! The scenarios of `rakit-chaos` beside crashes, in small; `make chaos` runs the same for longer.

use tests::program::{Ended, path_of, run};
use tokio::process::Command;

async fn chaos(arguments: &[&str]) -> Ended {
    ended(arguments).await.expect_code(0)
}

async fn ended(arguments: &[&str]) -> Ended {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(path_of("rakit-chaos"));
    command.args(arguments).arg("--dir").arg(place.path());
    run(&mut command).await
}

#[tokio::test]
async fn members_come_and_go_under_load_and_wrong_orders_are_refused() {
    let ended = chaos(&["members", "--short", "--interruptions", "1"]).await;
    assert!(ended.stdout.contains("2 changes interrupted"), "{ended:?}");
}

#[tokio::test]
async fn a_snapshot_that_is_cut_goes_on_where_it_was() {
    // Unjudged: how slow others are says something only on a machine that does nothing else.
    let ended = chaos(&["snapshot", "--megabytes", "16", "--cuts", "3", "--unjudged"]).await;
    assert!(ended.stdout.contains("with 3 cuts"), "{ended:?}");
}

#[tokio::test]
async fn a_backup_and_a_recovery_hold_what_they_say() {
    let ended = chaos(&["backup", "--writes", "300"]).await;
    assert!(ended.stdout.contains("all of them announced"), "{ended:?}");
}

#[tokio::test]
async fn faults_of_every_kind_leave_every_promise_kept() {
    let place = tempfile::tempdir().unwrap();
    let report = place.path().join("report");
    // Waits are judged by `make chaos`, on a machine that does nothing else.
    let arguments = ["live", "mixed", "--seconds", "12", "--unjudged", "--report", report.to_str().unwrap()];
    let ended = chaos(&arguments).await;
    assert!(ended.stdout.contains("kept   writes and linearizable reads have an order"), "{ended:?}");
    for promise in [
        "a photo is where its form says, and a virus nowhere",
        "a code opens sessions for one attempt alone",
        "second readings and certifications are by the book",
        "the audit log tells all that was done, once and in order",
        "events never go back, and have their numbers",
        "what exists is found, and found first",
        "a file is whole and of one index",
        "a walk meets every flagged form once",
        "Sirekap's files have the numbers of the count",
    ] {
        assert!(ended.stdout.contains(&format!("kept   {promise}")), "{promise}: {ended:?}");
    }
    let page = std::fs::read_to_string(report.join("report.html")).unwrap();
    assert!(page.contains("promises were kept") && page.contains("<svg"), "{page}");
    assert!(std::fs::read_to_string(report.join("history.jsonl")).unwrap().lines().count() > 100);
}

#[tokio::test]
async fn what_is_planted_around_photos_is_noticed() {
    for plant in ["blind-scanner", "lost-photo"] {
        let arguments = ["live", "hand-overs", "--seconds", "8", "--unjudged", "--plant", plant];
        let ended = ended(&arguments).await.expect_code(1);
        assert!(ended.stderr.contains("VIOLATION: a photo is where its form says"), "{ended:?}");
    }
}

/// A plant, the line of the promise that it breaks, and words of the judge who notices.
type Noticed = (&'static str, &'static str, &'static str);

/// Runs with these faults planted: each is noticed by the judge of its promise, and no other promise is broken.
async fn notices(scenario: &str, planted: &[Noticed]) {
    let mut arguments = vec!["live", scenario, "--seconds", "6", "--unjudged"];
    arguments.extend(planted.iter().flat_map(|(plant, ..)| ["--plant", plant]));
    let ended = ended(&arguments).await.expect_code(1);
    for (plant, promise, words) in planted {
        let promise = format!("BROKEN {promise}");
        let noticed = ended.stdout.lines().any(|line| line.contains(&promise) && line.contains(words));
        assert!(noticed, "{plant}: {ended:?}");
    }
    let broken = ended.stdout.lines().filter(|line| line.contains("BROKEN")).count();
    assert_eq!(broken, planted.len(), "what nobody planted: {ended:?}");
}

#[tokio::test]
async fn what_is_planted_around_sessions_readings_and_the_audit_log_is_noticed() {
    const CODES: &str = "a code opens sessions for one attempt alone";
    const TOKENS: &str = "a token serves everywhere until it is revoked";
    const READINGS: &str = "second readings and certifications are by the book";
    const AUDIT: &str = "the audit log tells all that was done, once and in order";
    let one = [
        ("shared-attempt", CODES, "two attempts"),
        ("borrowed-name", READINGS, "read a form a second time"),
        ("lost-line", AUDIT, "was acknowledged"),
    ];
    let other = [
        ("forgotten-attempt", CODES, "may not ask again"),
        ("unsent-sign-out", TOKENS, "after the end of its session"),
        ("lost-step", READINGS, "is lost"),
        ("double-line", AUDIT, "has 2 lines"),
    ];
    notices("hand-overs", &one).await;
    notices("hand-overs", &other).await;
}

#[tokio::test]
async fn what_is_planted_on_the_public_side_is_noticed() {
    const EVENTS: &str = "events never go back, and have their numbers";
    const FILES: &str = "a file is whole and of one index";
    let one = [
        ("old-event", EVENTS, "whoever came back with it is shown"),
        ("wrong-find", "what exists is found, and found first", "first, of"),
        ("torn-file", FILES, "torn"),
        ("skipped-form", "a walk meets every flagged form once", "was not met"),
        ("wrong-sirekap", "Sirekap's files have the numbers of the count", "did not come to"),
    ];
    let other = [
        ("other-event", EVENTS, "the log makes"),
        ("mixed-file", FILES, " is of "),
        ("young-survivor", "a node that is left alone answers, and says its age", "0 ms old"),
    ];
    notices("hand-overs", &one).await;
    notices("survivors", &other).await;
}
