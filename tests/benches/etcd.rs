//! Three members of Debian's etcd on this machine, and writers that put over gRPC.
//!
//! etcd runs with its defaults: every put is flushed by a majority before it is answered.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use tests::client::{send, trusting};
use tests::{process, program, wait};

use crate::load::Writer;
use crate::servers::form_of;

const MEMBERS: u16 = 3;
const FIRST_PORT: u16 = 31_379;
const FLUSHES: &str = "etcd_disk_wal_fsync_duration_seconds_count ";

/// A running cluster; ends when this goes.
pub(crate) struct Etcd {
    members: Vec<Child>,
    authority: Vec<u8>,
    _folder: TempDir,
}

fn client_url(member: u16) -> String {
    format!("https://127.0.0.1:{}", FIRST_PORT + member * 10)
}

fn peer_url(member: u16) -> String {
    format!("https://127.0.0.1:{}", FIRST_PORT + member * 10 + 1)
}

/// Makes an authority and one certificate for all members; elliptic keys as Rakit has them.
fn certificates(folder: &Path) {
    let script = "set -e\n\
        curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'\n\
        openssl req -x509 $curve -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=bench-ca\n\
        openssl req $curve -keyout key.pem -out request.pem -subj /CN=bench\n\
        printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > extensions\n\
        openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
        -extfile extensions -out cert.pem\n";
    let output = Command::new("sh").args(["-c", script]).current_dir(folder).output().expect("openssl runs");
    assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
}

impl Etcd {
    pub(crate) async fn start(parent: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("etcd-").tempdir_in(parent).expect("a folder for etcd");
        certificates(folder.path());
        let members = (0..MEMBERS).map(|member| start_member(folder.path(), member)).collect();
        let authority = std::fs::read(folder.path().join("ca.pem")).expect("the authority's certificate");
        let etcd = Self { members, authority, _folder: folder };
        let mut writer = etcd.writers(1, &[0]).remove(0);
        wait::until("etcd to take a put", async || writer.write().await.ok()).await;
        etcd
    }

    /// Place of the member that leads.
    pub(crate) async fn leader(&self) -> usize {
        let http = trusting(&self.authority);
        wait::until("a leader of etcd", async || {
            for member in 0..MEMBERS {
                let url = format!("{}/v3/maintenance/status", client_url(member));
                let status = send(http.post(url).body("{}")).await.ok()?.json();
                if status["leader"].is_string() && status["leader"] == status["header"]["member_id"] {
                    return Some(usize::from(member));
                }
            }
            None
        })
        .await
    }

    /// Writers with a connection each, going round `members`.
    pub(crate) fn writers(&self, count: usize, members: &[usize]) -> Vec<PutWriter> {
        (0..count)
            .map(|place| PutWriter {
                http: trusting(&self.authority),
                base: client_url(u16::try_from(members[place % members.len()]).expect("three members")),
                place,
                turn: 0,
            })
            .collect()
    }

    /// Processor time of all members.
    pub(crate) fn cpu_ms(&self) -> u64 {
        self.members.iter().filter_map(|member| process::cpu_ms(i32::try_from(member.id()).ok()?)).sum()
    }

    /// Flushes of the log that all members have counted.
    pub(crate) async fn flushes(&self) -> Option<u64> {
        let http = trusting(&self.authority);
        let mut sum = 0;
        for member in 0..MEMBERS {
            let metrics = send(http.get(format!("{}/metrics", client_url(member)))).await.ok()?.text;
            sum += metrics.lines().find_map(|line| line.strip_prefix(FLUSHES)?.trim().parse::<u64>().ok())?;
        }
        Some(sum)
    }
}

fn start_member(folder: &Path, member: u16) -> Child {
    let data = folder.join(format!("member-{member}"));
    let log = std::fs::File::create(folder.join(format!("member-{member}.log"))).expect("a log file");
    let everyone: Vec<String> =
        (0..MEMBERS).map(|other| format!("member-{other}={}", peer_url(other))).collect();
    let mut command = Command::new("etcd");
    command.args(["--name", &format!("member-{member}"), "--data-dir"]).arg(data);
    for (flag, url) in [
        ("--listen-client-urls", client_url(member)),
        ("--advertise-client-urls", client_url(member)),
        ("--listen-peer-urls", peer_url(member)),
        ("--initial-advertise-peer-urls", peer_url(member)),
        ("--initial-cluster", everyone.join(",")),
    ] {
        command.args([flag, &url]);
    }
    command
        .args(["--cert-file", "cert.pem", "--key-file", "key.pem", "--peer-cert-file", "cert.pem"])
        .args(["--peer-key-file", "key.pem", "--peer-trusted-ca-file", "ca.pem", "--peer-client-cert-auth"])
        .args(["--log-level", "error"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("etcd starts: make setup installs it")
}

impl Drop for Etcd {
    fn drop(&mut self) {
        for member in &mut self.members {
            // Fails only for a member that has ended already.
            drop(member.kill());
            drop(member.wait());
        }
    }
}

/// Puts a form under the key of one station after the other.
pub(crate) struct PutWriter {
    http: Client,
    base: String,
    place: usize,
    turn: u64,
}

/// A length-delimited field of a protobuf message; all numbers used here fit one tag byte.
fn field(number: u8, bytes: &[u8], message: &mut Vec<u8>) {
    message.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        message.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    message.push(u8::try_from(length).expect("seven bits"));
    message.extend_from_slice(bytes);
}

/// A gRPC frame with `etcdserverpb.PutRequest { key = 1, value = 2 }`.
fn put_frame(key: &str, value: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(value.len() + key.len() + 16);
    field(1, key.as_bytes(), &mut message);
    field(2, value, &mut message);
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len()).expect("a small message").to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

impl Writer for PutWriter {
    async fn write(&mut self) -> Result<u32, String> {
        self.turn += 1;
        let form: Value = form_of(self.turn);
        let key = format!("tally/ppwp/{}/{}", self.place, self.turn % 300);
        let response = self
            .http
            .post(format!("{}/etcdserverpb.KV/Put", self.base))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(put_frame(&key, form.to_string().as_bytes()))
            .send()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let refused = response.headers().get("grpc-message").cloned();
        let body = response.bytes().await.map_err(|error| format!("{error:?}"))?;
        // A refusal carries no message, only trailers.
        if body.len() > 5 { Ok(1) } else { Err(format!("etcd: {refused:?}")) }
    }
}

/// Version line of the installed etcd.
pub(crate) async fn version() -> String {
    let mut command = tokio::process::Command::new("etcd");
    let printed = program::run(command.arg("--version")).await.stdout;
    printed.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod framing {
    use super::put_frame;

    #[test]
    fn a_put_is_framed_as_grpc_wants_it() {
        let value = [7; 200];
        let frame = put_frame("key", &value);
        // No compression, the length of the message, then both fields with their lengths as varints.
        assert_eq!(frame[..5], [0, 0, 0, 0, 208]);
        assert_eq!(frame[5..10], [0x0a, 3, b'k', b'e', b'y']);
        assert_eq!(frame[10..13], [0x12, 0xc8, 0x01]);
        assert_eq!(frame[13..], value);
    }
}
