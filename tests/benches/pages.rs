//! Public pages beside nginx serving the same bytes from a file.

use std::path::Path;
use std::process::{Child, Stdio};

use tempfile::TempDir;
use tests::client::send;
use tests::register::CONTEST;
use tests::{process, program, wait};
use tokio::process::Command;

use crate::Arguments;
use crate::report::{Report, Row};
use crate::servers::Rakit;

const NGINX_PORT: u16 = 31_480;

/// nginx with one worker, ended when this goes.
struct Nginx {
    child: Child,
    folder: TempDir,
}

impl Nginx {
    fn start(parent: &Path, files: &[(&str, &str, &[u8])]) -> Self {
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
             server {{ listen 127.0.0.1:{NGINX_PORT} backlog=511; root {root};\n{} }} }}\n",
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

/// Requests a second of processor time, by wrk with one thread and 32 connections.
async fn requests_per_cpu_second(url: &str, tag: Option<&str>, seconds: u64, pid: i32) -> f64 {
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
    requests * 1_000.0 / f64::from(u32::try_from(used.max(1)).unwrap_or(u32::MAX))
}

/// One page to compare.
struct Target {
    name: &'static str,
    rakit: String,
    nginx: String,
    rakit_tag: Option<String>,
    nginx_tag: Option<String>,
}

/// Results as JSON, the page as HTML, and the answer that nothing has changed.
pub(crate) async fn measure(rakit: &Rakit, arguments: &Arguments, report: &mut Report) {
    let base = &rakit.cluster.nodes()[0].public;
    let (json, html) = (format!("{base}/api/v1/results/{CONTEST}/0"), format!("{base}/{CONTEST}/0"));
    let http = rakit.client();
    let fetch = async |url: &str| send(http.get(url)).await.expect("an answer").expect_status(200);
    let (json_answer, html_answer) = (fetch(&json).await, fetch(&html).await);
    let nginx = Nginx::start(
        &arguments.dir,
        &[
            ("results", "application/json", json_answer.text.as_bytes()),
            ("page", "text/html; charset=utf-8", html_answer.text.as_bytes()),
        ],
    );
    let file = |name: &str| format!("http://127.0.0.1:{NGINX_PORT}/{name}");
    let nginx_page = wait::until("nginx to answer", async || send(http.get(file("page"))).await.ok()).await;
    assert_eq!(
        nginx_page.text,
        html_answer.text,
        "both serve the same bytes from {}",
        nginx.folder.path().display()
    );
    report.note(format!(
        "pages: results {} bytes, page {} bytes, identity encoding, wrk -t1 -c32; peer: nginx, one worker",
        json_answer.text.len(),
        html_answer.text.len()
    ));
    let tag = |answer: &tests::client::Answer| Some(answer.header("etag").to_owned());
    let plain = |name, rakit: &str, file_name| Target {
        name,
        rakit: rakit.to_owned(),
        nginx: file(file_name),
        rakit_tag: None,
        nginx_tag: None,
    };
    let targets = [
        plain("results of the nation, JSON", &json, "results"),
        plain("page of the nation, HTML", &html, "page"),
        Target {
            rakit_tag: tag(&html_answer),
            nginx_tag: tag(&nginx_page),
            ..plain("page of the nation, 304", &html, "page")
        },
    ];
    let pid = rakit.cluster.pid(0).expect("the process id of the first node");
    for target in &targets {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            let tag = target.rakit_tag.as_deref();
            ours.push(requests_per_cpu_second(&target.rakit, tag, arguments.seconds, pid).await);
            let tag = target.nginx_tag.as_deref();
            theirs.push(requests_per_cpu_second(&target.nginx, tag, arguments.seconds, nginx.pid()).await);
        }
        report.add(Row::pair("pages", target.name, "requests/CPU-s", ours, theirs));
    }
}
