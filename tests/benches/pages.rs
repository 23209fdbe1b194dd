//! Public pages beside nginx serving the same bytes from a file.

use std::path::Path;
use std::process::{Child, Stdio};

use futures_util::future::join_all;
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

/// Requests a second of processor time and of time, by wrk with one thread and 32 connections.
pub(crate) async fn requests_per_second(url: &str, tag: Option<&str>, seconds: u64, pid: i32) -> (f64, f64) {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c32", &format!("-d{seconds}s")]);
    if let Some(tag) = tag {
        command.args(["-H", &format!("If-None-Match: {tag}")]);
    }
    let before = process::cpu_ms(pid).expect("the server runs");
    let printed = program::run(command.arg(url)).await.expect_code(0).stdout;
    let used = process::cpu_ms(pid).expect("the server runs") - before;
    if let Some(errors) =
        printed.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        assert!(tag.is_some() && errors.contains("Non-2xx"), "{url}: {errors}");
    }
    let requests: f64 = printed
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())
        .unwrap_or_else(|| panic!("wrk said: {printed}"));
    let per_cpu = requests * 1_000.0 / f64::from(u32::try_from(used.max(1)).unwrap_or(u32::MAX));
    (per_cpu, requests / f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)))
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
    rakit_tag: Option<String>,
    nginx_tag: Option<String>,
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
        let target = |name, tags: Option<(&str, &str)>| Target {
            name,
            rakit: format!("{base}{path}"),
            nginx: file(names[place]),
            rakit_tag: tags.map(|(tag, _)| tag.to_owned()),
            nginx_tag: tags.map(|(_, tag)| tag.to_owned()),
        };
        if place == UNCHANGED {
            targets.push(target(format!("{what}, 304"), Some((answer.header("etag"), peer.header("etag")))));
        }
        targets.push(target(format!("{what}, {} bytes", answer.text.len()), None));
    }
    let section = if rakit.tls { "pages, TLS" } else { "pages" };
    report.note(format!(
        "{section}: identity encoding, wrk -t1 -c32, every limit of production; peer: nginx, one worker, a static file"
    ));
    let pid = rakit.cluster.pid(0).expect("the process id of the first node");
    for target in &targets {
        let (mut ours, mut theirs, mut reached) = (Vec::new(), Vec::new(), 0.0_f64);
        for _ in 0..arguments.rounds {
            let tag = target.rakit_tag.as_deref();
            let (per_cpu, rate) = requests_per_second(&target.rakit, tag, arguments.seconds, pid).await;
            ours.push(per_cpu);
            reached = reached.max(rate);
            let tag = target.nginx_tag.as_deref();
            theirs.push(requests_per_second(&target.nginx, tag, arguments.seconds, nginx.pid()).await.0);
        }
        report.add(Row::pair(section, &target.name, "requests/CPU-s", ours, theirs));
        if target.rakit_tag.is_none() && !rakit.tls {
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
