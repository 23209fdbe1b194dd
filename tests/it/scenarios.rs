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
    assert!(ended.stdout.contains("kept   a photo is where its form says, and a virus nowhere"), "{ended:?}");
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
