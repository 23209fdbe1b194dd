//! Public pages beside nginx serving the same bytes from a file.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use tempfile::TempDir;
use tests::client::send;
use tests::{process, program, wait};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::Arguments;
use crate::load::{Sample, percentile};
use crate::officers::Arrivals;
use crate::report::{Report, Row};
use crate::servers::Rakit;
use crate::wire::Line;

const NGINX_PORT: u16 = 31_480;
const NGINX_TLS_PORT: u16 = 31_481;

/// nginx with one worker, ended when this goes.
struct Nginx {
    child: Child,
    folder: TempDir,
}

impl Nginx {
    fn start(parent: &Path, tls: &Path, files: &[(&str, &str, &[u8])]) -> Self {
        let folder =
            tempfile::Builder::new().prefix("nginx-").tempdir_in(parent).expect("a folder for nginx");
        let locations: Vec<String> = files
            .iter()
            .map(|(name, media_type, _)| format!("location = /{name} {{ default_type '{media_type}'; }}\n"))
            .collect();
        for (name, _, bytes) in files {
            program::write_file(&folder.path().join(name), &String::from_utf8_lossy(bytes));
        }
        let root = folder.path().display();
        let settings = format!(
            "daemon off; master_process off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; etag on;\n\
             open_file_cache max=16 inactive=60s;\n\
             server {{ listen 127.0.0.1:{NGINX_PORT} backlog=511; listen 127.0.0.1:{NGINX_TLS_PORT} ssl backlog=511;\n\
             ssl_certificate {}; ssl_certificate_key {}; ssl_session_cache shared:s:1m; root {root};\n{} }} }}\n",
            tls.join("server.pem").display(),
            tls.join("server-key.pem").display(),
            locations.concat()
        );
        program::write_file(&folder.path().join("nginx.conf"), &settings);
        let child = std::process::Command::new("nginx")
            .arg("-c")
            .arg(folder.path().join("nginx.conf"))
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts: make setup installs it");
        Self { child, folder }
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Fails only for a server that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What wrk got.
pub(crate) struct Got {
    /// Requests in all.
    pub(crate) requests: f64,
    /// Requests for a second of the server's processor time.
    pub(crate) per_cpu: f64,
    /// Requests a second.
    rate: f64,
    /// Bytes of an answer, its head included.
    bytes: f64,
}

/// Waits until a server has nothing to do of its own: work left from filling it would count as the cost of pages.
pub(crate) async fn rests(pid: i32) {
    const LOOK: Duration = Duration::from_secs(1);
    const BUSY_MS_MAX: u64 = 80;
    const LOOKS_MAX: usize = 120;
    const CALM_LOOKS: usize = 4;
    let mut calm = 0;
    for _ in 0..LOOKS_MAX {
        let before = process::cpu_ms(pid).expect("the server runs");
        tokio::time::sleep(LOOK).await;
        let used = process::cpu_ms(pid).expect("the server runs") - before;
        calm = if used < BUSY_MS_MAX { calm + 1 } else { 0 };
        if calm == CALM_LOOKS {
            return;
        }
    }
    panic!("the server has been busy by itself for {LOOKS_MAX} s");
}

/// Asks with wrk's one thread and 32 connections.
pub(crate) async fn requests_per_second(url: &str, tag: Option<&str>, seconds: u64, pid: i32) -> Got {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c32", &format!("-d{seconds}s")]);
    if let Some(tag) = tag {
        command.args(["-H", &format!("If-None-Match: {tag}")]);
    }
    let before = process::cpu_ms(pid).expect("the server runs");
    let printed = program::run(command.arg(url)).await.expect_code(0).stdout;
    let used = process::cpu_ms(pid).expect("the server runs") - before;
    let errors = printed.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors"));
    assert!(errors.is_none(), "{url}: {errors:?}");
    let (requests, bytes) =
        printed.lines().find_map(requests_and_bytes).unwrap_or_else(|| panic!("wrk said: {printed}"));
    Got {
        requests,
        per_cpu: requests * 1_000.0 / f64::from(u32::try_from(used.max(1)).unwrap_or(u32::MAX)),
        rate: requests / f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)),
        bytes: bytes / requests,
    }
}

/// Reads `173685 requests in 3.00s, 99.69MB read`.
fn requests_and_bytes(line: &str) -> Option<(f64, f64)> {
    let (requests, rest) = line.trim().split_once(" requests in ")?;
    let size = rest.split_once(", ")?.1.strip_suffix("B read")?;
    let bytes = match size.strip_suffix(['K', 'M', 'G']) {
        None => size.parse::<f64>().ok()?,
        Some(number) => {
            let unit = ["K", "M", "G"].into_iter().position(|unit| size.ends_with(unit))?;
            number.parse::<f64>().ok()? * [1_024.0, 1_048_576.0, 1_073_741_824.0].get(unit)?
        }
    };
    Some((requests.parse().ok()?, bytes))
}

/// Attempts to have every answer say that nothing changed: the tag is another when load makes readers come less often,
/// which the first attempts bring about.
const ATTEMPTS_MAX: usize = 8;
/// Bytes of an answer then, on average: a head, and in two of a hundred a page that came before the load was noticed.
const UNCHANGED_BYTES_MAX: f64 = 800.0;

/// Asks for a page that has not changed, with the tag it has under this load.
async fn unchanged_per_second(http: &Client, url: &str, seconds: u64, pid: i32) -> Got {
    for _ in 0..ATTEMPTS_MAX {
        let page = send(http.get(url)).await.expect("an answer").expect_status(200);
        let got = requests_per_second(url, Some(page.header("etag")), seconds, pid).await;
        if got.bytes < UNCHANGED_BYTES_MAX {
            return got;
        }
    }
    panic!("{url}: its tag changed in each of {ATTEMPTS_MAX} attempts");
}

/// Connections of the open loop.
const LINES: u32 = 64;

/// Half of what was reached, at a steady rate that waits for no answer: the times from when each was due. The clock of the
/// generator wakes it to the millisecond.
async fn at_half(url: &str, per_second: u32, seconds: u64) -> Sample {
    let rest = url.strip_prefix("http://").expect("in the clear");
    let (host, path) = rest.split_at(rest.find('/').expect("a path"));
    let arrivals = Arrivals::new(per_second.max(1), seconds);
    let one = async |_: u32| {
        let mut line = Line::new(TcpStream::connect(host).await.expect("a connection"));
        let mut sample = Sample::default();
        while let Some((_, due)) = arrivals.next().await {
            let outcome = match line.ask(path).await {
                Some(200) => Ok(1),
                other => Err(format!("{other:?}")),
            };
            let ended = outcome.is_err();
            sample.add(due, outcome);
            if ended {
                line = Line::new(TcpStream::connect(host).await.expect("a connection"));
            }
        }
        sample
    };
    let parts = join_all((0..LINES).map(one)).await;
    Sample::joined(parts, arrivals.began)
}

/// One page to compare.
struct Target {
    name: String,
    rakit: String,
    nginx: String,
    unchanged: bool,
}

/// The pages compared: what each is, and where. Their sizes come from how many villages a district has.
const PAGES: [(&str, &str); 4] = [
    ("village, JSON", "/api/v1/results/ppwp/3390010001"),
    ("district, JSON", "/api/v1/results/ppwp/339001"),
    ("district, HTML", "/ppwp/339001"),
    ("wide district, JSON", "/api/v1/results/ppwp/339002"),
];
/// The page whose answer that nothing has changed is compared.
const UNCHANGED: usize = 2;

/// Pages of about 1, 12 and 40 KiB, and the answer that nothing has changed.
pub(crate) async fn measure(rakit: &Rakit, arguments: &Arguments, report: &mut Report) {
    let node = &rakit.cluster.nodes()[0];
    let base = if rakit.tls { node.public.replacen("http:", "https:", 1) } else { node.public.clone() };
    let http = rakit.client();
    let mut answers = Vec::new();
    for (_, path) in PAGES {
        let answer = send(http.get(format!("{base}{path}"))).await.expect("an answer");
        answers.push(answer.expect_status(200));
    }
    let names = ["0", "1", "2", "3"];
    let files: Vec<(&str, &str, &[u8])> = names
        .into_iter()
        .zip(&answers)
        .map(|(name, answer)| (name, answer.header("content-type"), answer.text.as_bytes()))
        .collect();
    let nginx = Nginx::start(&arguments.dir, &node.dir.join("tls"), &files);
    let (scheme, port) = if rakit.tls { ("https", NGINX_TLS_PORT) } else { ("http", NGINX_PORT) };
    let file = |name: &str| format!("{scheme}://127.0.0.1:{port}/{name}");
    let mut targets = Vec::new();
    for (place, ((what, path), answer)) in PAGES.into_iter().zip(&answers).enumerate() {
        let peer =
            wait::until("nginx to answer", async || send(http.get(file(names[place]))).await.ok()).await;
        let folder = nginx.folder.path().display();
        assert_eq!(peer.text, answer.text, "both serve the same bytes from {folder}");
        let target = |name, unchanged| Target {
            name,
            rakit: format!("{base}{path}"),
            nginx: file(names[place]),
            unchanged,
        };
        if place == UNCHANGED {
            targets.push(target(format!("{what}, 304"), true));
        }
        targets.push(target(format!("{what}, {} bytes", answer.text.len()), false));
    }
    let section = if rakit.tls { "pages, TLS" } else { "pages" };
    report.note(format!(
        "{section}: identity encoding, wrk -t1 -c32, every limit of production; one thread sends them; peer: nginx, one worker, a static file"
    ));
    let pid = rakit.cluster.pid(0).expect("the process id of the first node");
    rests(pid).await;
    for target in &targets {
        let (mut ours, mut theirs, mut reached) = (Vec::new(), Vec::new(), 0.0_f64);
        for _ in 0..arguments.rounds {
            let ask = async |url: &str, pid| {
                if target.unchanged {
                    return unchanged_per_second(&http, url, arguments.seconds, pid).await;
                }
                requests_per_second(url, None, arguments.seconds, pid).await
            };
            let (mine, its) = (ask(&target.rakit, pid).await, ask(&target.nginx, nginx.pid()).await);
            reached = reached.max(mine.rate);
            ours.push(mine.per_cpu);
            theirs.push(its.per_cpu);
        }
        report.add(Row::pair(section, &target.name, "requests/CPU-s", ours, theirs));
        if !target.unchanged && !rakit.tls {
            steady(target, reached / 2.0, arguments.seconds, report).await;
        }
    }
}

/// One page at a steady rate.
async fn steady(target: &Target, per_second: f64, seconds: u64, report: &mut Report) {
    let rate: u32 = format!("{per_second:.0}").parse().expect("some ten thousands");
    let mut sample = at_half(&target.rakit, rate, seconds).await;
    assert_eq!(sample.failures, 0, "{:?}", sample.reason);
    for (name, share) in [("median", 0.5), ("99 %", 0.99)] {
        let millis = f64::from(percentile(&mut sample.micros, share)) / 1_000.0;
        report.add(Row::single(
            "pages",
            &format!("{}: {rate}/s, open loop, {name}", target.name),
            "ms",
            millis,
        ));
    }
}
