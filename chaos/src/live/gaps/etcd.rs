//! Three members of etcd under the same kills, written to by the same client: what its gaps are beside ours.
//!
//! Invariant: TLS on all sides and a flush by a majority before each answer, as here; members die with this program.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use api::client::{Call, Client};
use futures_util::future::{try_join, try_join_all};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::doctor::run;
use crate::live::fleet::{free_ports, settings_of};
use crate::live::history::{Acknowledged, History};
use crate::live::transport::HttpTransport;
use crate::live::workload::{self, progress};
use crate::live::{Trouble, harness};

const MEMBERS: u16 = 3;
const PORTS_PER_MEMBER: u16 = 10;
/// Writes acknowledged before and after each kill.
const AROUND: u64 = 30;
/// A member that took a put for a leader that is dead holds it for 5 s and two election time-outs: whoever writes to etcd
/// does well to ask another member sooner.
const ATTEMPT_MS: u64 = 1_000;
const START_MAX: Duration = Duration::from_mins(1);
const PACE: Duration = Duration::from_millis(20);
/// As long as a form is, in letters that encode bytes.
const VALUE_LETTERS: usize = 900;

/// Heartbeat and election time-out of the members, in milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Timers {
    pub(super) heartbeat_ms: u32,
    pub(super) election_ms: u32,
}

impl Timers {
    /// What etcd takes when nothing is said.
    pub(super) const DEFAULT: Self = Self { heartbeat_ms: 100, election_ms: 1_000 };
    /// The smallest election time-out that etcd recommends for such a heartbeat.
    pub(super) const QUICK: Self = Self { heartbeat_ms: 50, election_ms: 500 };
}

struct Etcd {
    members: Vec<Option<Child>>,
    port: u16,
    timers: Timers,
    transport: Arc<HttpTransport>,
    folder: TempDir,
}

/// Whether there is one to compare with.
pub(super) fn is_there() -> bool {
    run("etcd", &["--version"]).is_ok()
}

/// Kills the leader so many times under load; the longest gap of each.
pub(super) async fn kills(
    count: u32,
    timers: Timers,
    below: Option<&PathBuf>,
    say: &mut dyn FnMut(&str),
) -> Result<Vec<Duration>, Trouble> {
    let mut etcd = Etcd::start(timers, below).await?;
    let clients: Vec<Client<HttpTransport>> = (0..MEMBERS).map(|first| etcd.client_of(first)).collect();
    let (history, stop) = (History::default(), Cell::new(false));
    // Each begins at another member, as the officers do.
    let writers = (0..workload::WRITERS).zip(clients.iter().cycle());
    let writers = writers.map(|(writer, client)| write(client, &history, writer, &stop));
    let mut gaps = Vec::new();
    let conductor = async {
        let played = etcd.conduct(count, &history, &mut gaps, say).await;
        stop.set(true);
        played
    };
    try_join(try_join_all(writers), conductor).await?;
    Ok(gaps)
}

async fn write(
    client: &Client<HttpTransport>,
    history: &History,
    writer: u64,
    stop: &Cell<bool>,
) -> Result<(), Trouble> {
    let value = "0123456789ab".repeat(VALUE_LETTERS.div_euclid(12));
    let mut turn: u64 = 0;
    while !stop.get() {
        turn = turn.wrapping_add(1);
        let key = format!("{writer:04}{:04}", turn.rem_euclid(300));
        let call = Call::new(Method::POST, "/v3/kv/put").with_json(&json!({ "key": key, "value": value }));
        if client.send(&call.map_err(harness)?).await.is_ok() {
            history.note(&key, Acknowledged { form: turn, index: turn });
        }
    }
    Ok(())
}

impl Etcd {
    async fn start(timers: Timers, below: Option<&PathBuf>) -> Result<Self, Trouble> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("rakit-chaos-etcd-");
        let folder = below.map_or_else(|| builder.tempdir(), |below| builder.tempdir_in(below));
        let folder = folder.map_err(harness)?;
        certificates(folder.path())?;
        let authority = std::fs::read(folder.path().join("ca.pem")).map_err(harness)?;
        let transport = Arc::new(HttpTransport::new(&authority)?);
        let (port, members) = (free_ports()?, (0..MEMBERS).map(|_| None).collect());
        let mut etcd = Self { members, port, timers, transport, folder };
        for member in 0..MEMBERS {
            etcd.launch(member)?;
        }
        let began = Instant::now();
        while etcd.leader().await.is_none() {
            if began.elapsed() > START_MAX {
                return Err(harness("etcd elects nobody"));
            }
            sleep(PACE).await;
        }
        Ok(etcd)
    }

    fn url(&self, member: u16, peer: bool) -> String {
        let port = self.port.saturating_add(member.saturating_mul(PORTS_PER_MEMBER));
        format!("https://127.0.0.1:{}", port.saturating_add(u16::from(peer)))
    }

    /// A client of all members that begins at one of them.
    fn client_of(&self, first: u16) -> Client<HttpTransport> {
        let mut urls: Vec<String> = (0..MEMBERS).map(|member| self.url(member, false)).collect();
        urls.rotate_left(usize::from(first));
        Client::new(Arc::clone(&self.transport), settings_of(urls, 30_000, ATTEMPT_MS))
    }

    fn launch(&mut self, member: u16) -> Result<(), Trouble> {
        let name = format!("member-{member}");
        let everyone: Vec<String> =
            (0..MEMBERS).map(|other| format!("member-{other}={}", self.url(other, true))).collect();
        let (client, peer) = (self.url(member, false), self.url(member, true));
        let log = self.folder.path().join(format!("{name}.log"));
        let log = std::fs::File::options().create(true).append(true).open(log).map_err(harness)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "etcd", "--name", &name, "--data-dir", &name]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &everyone.join(","), "--log-level", "error"]);
        command.args(["--heartbeat-interval", &self.timers.heartbeat_ms.to_string()]);
        command.args(["--election-timeout", &self.timers.election_ms.to_string()]);
        command.args(["--cert-file", "cert.pem", "--key-file", "key.pem", "--peer-cert-file", "cert.pem"]);
        command.args([
            "--peer-key-file",
            "key.pem",
            "--peer-trusted-ca-file",
            "ca.pem",
            "--peer-client-cert-auth",
        ]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(harness)?).stderr(log);
        let child = command.spawn().map_err(harness)?;
        let place = self.members.get_mut(usize::from(member)).ok_or_else(|| harness("no such member"))?;
        *place = Some(child);
        Ok(())
    }

    fn kill(&mut self, member: u16) {
        if let Some(mut child) = self.members.get_mut(usize::from(member)).and_then(Option::take) {
            // Both fail only for one that has ended already.
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// The member that says that it leads.
    async fn leader(&self) -> Option<u16> {
        for member in 0..MEMBERS {
            let settings = settings_of(vec![self.url(member, false)], 300, 300);
            let client = Client::new(Arc::clone(&self.transport), settings);
            let call = Call::new(Method::POST, "/v3/maintenance/status").with_json(&json!({})).ok()?;
            let Ok((response, _)) = client.send(&call).await else { continue };
            let Ok(status) = serde_json::from_slice::<Value>(response.body()) else { continue };
            let leader = status.get("leader").filter(|leader| leader.is_string());
            if leader.is_some() && leader == status.pointer("/header/member_id") {
                return Some(member);
            }
        }
        None
    }

    async fn conduct(
        &mut self,
        count: u32,
        history: &History,
        gaps: &mut Vec<Duration>,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), Trouble> {
        progress(history, AROUND).await?;
        for number in 1..=count {
            let leader = self.leader().await.ok_or_else(|| harness("nobody leads etcd"))?;
            history.watch();
            self.kill(leader);
            progress(history, AROUND).await?;
            let gap = history.longest_gap();
            let Timers { heartbeat_ms, election_ms } = self.timers;
            say(&format!("etcd {heartbeat_ms}/{election_ms}, kill {number}/{count}: {} ms", gap.as_millis()));
            gaps.push(gap);
            self.launch(leader)?;
            self.come_back(leader).await?;
            progress(history, AROUND).await?;
        }
        Ok(())
    }

    /// Until a member that was started knows who leads.
    async fn come_back(&self, member: u16) -> Result<(), Trouble> {
        let settings = settings_of(vec![self.url(member, false)], 300, 300);
        let client = Client::new(Arc::clone(&self.transport), settings);
        let call = Call::new(Method::GET, "/health");
        let began = Instant::now();
        while client.send(&call).await.is_err() {
            if began.elapsed() > START_MAX {
                return Err(harness("a member of etcd does not come back"));
            }
            sleep(PACE).await;
        }
        Ok(())
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        (0..MEMBERS).for_each(|member| self.kill(member));
    }
}

/// Makes an authority and one certificate for all members; elliptic keys as ours are.
fn certificates(folder: &Path) -> Result<(), Trouble> {
    let script = format!(
        "set -e; cd '{}'\n\
         curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'\n\
         openssl req -x509 $curve -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=chaos-ca 2>/dev/null\n\
         openssl req $curve -keyout key.pem -out request.pem -subj /CN=chaos 2>/dev/null\n\
         printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > extensions\n\
         openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
         -extfile extensions -out cert.pem 2>/dev/null\n",
        folder.display()
    );
    run("sh", &["-c", &script]).map(drop).map_err(harness)
}
