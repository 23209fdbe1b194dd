//! What counts as a verdict, over an in-memory `clamd`.

use api::ports::AttachmentError;
use bytes::Bytes;
use tokio::io::DuplexStream;

use super::*;

struct Memory(Bytes);

impl Content for Memory {
    fn read(&self, offset: u64, length: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
        let first = usize::try_from(offset).unwrap().min(self.0.len());
        let part = self.0.slice(first..first.saturating_add(length).min(self.0.len()));
        Box::pin(async move { Ok(part) })
    }
}

/// Reads a session as `clamd` does, answers so, and answers what came.
async fn serve(mut stream: DuplexStream, version: &str, verdict: &str) -> Vec<u8> {
    let mut commands = [0; 20];
    stream.read_exact(&mut commands).await.unwrap();
    assert_eq!(&commands, b"zIDSESSION\0zVERSION\0");
    stream.write_all(version.as_bytes()).await.unwrap();
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut came = Vec::new();
    loop {
        let length = stream.read_u32().await.unwrap();
        if length == 0 {
            break;
        }
        let mut part = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut part).await.unwrap();
        came.extend_from_slice(&part);
    }
    stream.write_all(verdict.as_bytes()).await.unwrap();
    came
}

async fn session(version: &str, verdict: &str) -> Result<Finding, ScannerError> {
    let (ours, theirs) = tokio::io::duplex(1_024);
    let content = Memory(Bytes::from(vec![7; 200_000]));
    let (asked, came) = tokio::join!(converse(ours, &content), serve(theirs, version, verdict));
    assert_eq!(came, vec![7; 200_000]);
    asked
}

#[tokio::test]
async fn all_bytes_are_shown_and_the_verdict_is_read() {
    let engine = "ClamAV 1.4.6/27000/Wed Feb 14 08:00:00 2024";
    let version = format!("1: {engine}\0");
    let clean = session(&version, "2: stream: OK\0").await;
    assert_eq!(clean, Ok(Finding { engine: engine.to_owned(), found: None }));
    let found = session(&version, "2: stream: Win.Test.EICAR_HDB-1 FOUND\0").await.unwrap();
    assert_eq!(found.found.as_deref(), Some("Win.Test.EICAR_HDB-1"));
}

#[tokio::test]
async fn anything_else_is_no_verdict() {
    for verdict in [
        "",
        "2: stream: OK",
        "2: stream: OKAY\0",
        "2: OK\0",
        "1: stream: OK\0",
        "stream: OK\0",
        "2: INSTREAM size limit exceeded. ERROR\0",
        "2: stream: Can't allocate memory ERROR\0",
    ] {
        let asked = session("1: ClamAV 1.4.6\0", verdict).await;
        assert!(asked.is_err(), "{verdict:?}: {asked:?}");
    }
}

#[tokio::test]
async fn a_scanner_that_ends_in_the_middle_is_no_verdict() {
    let (ours, mut theirs) = tokio::io::duplex(1_024);
    let content = Memory(Bytes::from(vec![7; 200_000]));
    let ending = async {
        let mut commands = [0; 20];
        theirs.read_exact(&mut commands).await.unwrap();
        theirs.write_all(b"1: ClamAV 1.4.6\0").await.unwrap();
        let mut some = vec![0; 10_000];
        theirs.read_exact(&mut some).await.unwrap();
        drop(theirs);
    };
    let (asked, ()) = tokio::join!(converse(ours, &content), ending);
    assert!(asked.is_err(), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_scanner_that_says_nothing_or_is_none_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clamd.sock");
    let silent = tokio::net::UnixListener::bind(&path).unwrap();
    let set = |address: String| Clamd::new(&settings::Scanner { address, ..settings::Scanner::default() });
    let content = Memory(Bytes::from_static(b"x"));
    for address in [String::new(), format!("unix:{}", path.display()), "unix:/nowhere/at/all".to_owned()] {
        assert!(set(address.clone()).scan(&content).await.is_err(), "{address}");
    }
    drop(silent);
}

#[test]
fn addresses_are_read_strictly() {
    assert_eq!(ScannerAddress::parse(""), Ok(ScannerAddress::None));
    assert_eq!(ScannerAddress::parse("unix:/a/b"), Ok(ScannerAddress::Unix("/a/b".into())));
    assert_eq!(ScannerAddress::parse("tcp:[::1]:3310"), Ok(ScannerAddress::Tcp("[::1]:3310".to_owned())));
    for wrong in ["unix:", "unix:a", "tcp:host", "tcp:host:0", "tcp:host:x", "/run/x", "udp:a:1"] {
        assert!(ScannerAddress::parse(wrong).is_err(), "{wrong}");
    }
}
