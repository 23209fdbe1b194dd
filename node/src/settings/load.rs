//! Reading settings: file, then environment, then flags.

use std::path::Path;

use api::serve::Proxies;
use toml::{Table, Value};

use super::keys::{KEYS, nearest, variable};
use super::sections::{Fronted, Settings};
use crate::failure::Failure;
use crate::scanner::ScannerAddress;
use crate::text;

/// A value that goes before the file's, and who gave it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Override {
    /// Dotted key.
    pub key: String,
    /// Text of the value.
    pub value: String,
    /// Where it came from, to name in an error.
    pub origin: String,
}

impl Override {
    /// Reads `KEY=VALUE` of a flag.
    pub fn from_flag(flag: &str) -> Result<Self, Failure> {
        let (key, value) = flag.split_once('=').ok_or_else(|| {
            Failure::usage(text!("--set {flag}: tulis KUNCI=NILAI", "--set {flag}: write KEY=VALUE"))
        })?;
        Ok(Self { key: key.to_owned(), value: value.to_owned(), origin: format!("--set {key}") })
    }

    /// Those that the environment gives.
    fn from_environment(variable_of: impl Fn(&str) -> Option<String>) -> Vec<Self> {
        let found = KEYS.iter().filter_map(|key| {
            let origin = variable(key);
            let value = variable_of(&origin)?;
            Some(Self { key: (*key).to_owned(), value, origin })
        });
        found.collect()
    }
}

/// Reads a settings file with the environment and `flags` before it. Paths in it become relative to where the
/// process runs, or absolute. A wrong key or value is a usage failure that names its place.
pub fn load(path: &Path, flags: &[String]) -> Result<Settings, Failure> {
    let content = std::fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        Failure::usage(text!(
            "{shown}: berkas pengaturan tidak terbaca: {error}",
            "{shown}: cannot read the settings file: {error}"
        ))
    })?;
    let mut overrides = Override::from_environment(|name| std::env::var(name).ok());
    for flag in flags {
        overrides.push(Override::from_flag(flag)?);
    }
    let mut settings = parse(&content, &path.display().to_string(), &overrides)?;
    let directory = path.parent().unwrap_or_else(|| Path::new(""));
    for relative in [
        &mut settings.node.data,
        &mut settings.tls.ca,
        &mut settings.tls.peer_certificate,
        &mut settings.tls.peer_key,
        &mut settings.tls.server_certificate,
        &mut settings.tls.server_key,
    ] {
        *relative = directory.join(&*relative);
    }
    Ok(settings)
}

/// Reads settings from text; `name` stands for the file in errors.
pub fn parse(content: &str, name: &str, overrides: &[Override]) -> Result<Settings, Failure> {
    let mut table: Table = toml::from_str(content).map_err(|error| located(&error, content, name))?;
    for change in overrides {
        apply(&mut table, change)?;
    }
    let settings = match Settings::deserialize_table(table) {
        Ok(settings) => settings,
        // The file alone may show the place; if it has no fault of its own, an override has.
        Err(fault) => {
            if let Err(error) = toml::from_str::<Settings>(content) {
                return Err(located(&error, content, name));
            }
            let origins: Vec<&str> = overrides.iter().map(|change| change.origin.as_str()).collect();
            let origins = origins.join(", ");
            return Err(Failure::usage(format!("{origins}: {fault}")));
        }
    };
    check(&settings, name)?;
    Ok(settings)
}

impl Settings {
    fn deserialize_table(table: Table) -> Result<Self, toml::de::Error> {
        Value::Table(table).try_into()
    }
}

/// Puts an override into the table. Numbers stay numbers: the key's type in the file decides.
fn apply(table: &mut Table, change: &Override) -> Result<(), Failure> {
    if !KEYS.contains(&change.key.as_str()) {
        let (origin, key) = (&change.origin, &change.key);
        let hint = suggestion(key, KEYS);
        return Err(Failure::usage(text!(
            "{origin}: kunci \"{key}\" tidak dikenal{hint}",
            "{origin}: unknown key \"{key}\"{hint}"
        )));
    }
    let mut place = table;
    let mut parts = change.key.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            let numeric = ["limits.", "log.", "scrub.", "attachments.", "scanner."]
                .iter()
                .any(|section| change.key.starts_with(section));
            let number = numeric.then(|| change.value.parse::<i64>().ok()).flatten().map(Value::Integer);
            let answer =
                ["tls.public", "listeners.public.proxy_protocol", "listeners.officer.proxy_protocol"];
            let answer = answer
                .contains(&change.key.as_str())
                .then(|| change.value.parse::<bool>().ok())
                .flatten()
                .map(Value::Boolean);
            let value = number.or(answer).unwrap_or_else(|| Value::String(change.value.clone()));
            place.insert(part.to_owned(), value);
            break;
        }
        let below = place.entry(part.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(below) = below else {
            break;
        };
        place = below;
    }
    Ok(())
}

/// Turns a parser's error into `FILE:LINE: what is wrong`, with the key that may have been meant.
fn located(error: &toml::de::Error, content: &str, name: &str) -> Failure {
    let start = error.span().map_or(0, |span| span.start);
    let line = content.get(..start).map_or(1, |before| before.matches('\n').count().saturating_add(1));
    let message = error.message();
    let mut words = message.split('`').skip(1).step_by(2);
    if let (true, Some(wrong)) = (message.starts_with("unknown field"), words.next()) {
        let hint = suggestion(wrong, words);
        return Failure::usage(text!(
            "{name}:{line}: kunci \"{wrong}\" tidak dikenal{hint}",
            "{name}:{line}: unknown key \"{wrong}\"{hint}"
        ));
    }
    Failure::usage(format!("{name}:{line}: {message}"))
}

fn suggestion<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known)
        .map_or_else(String::new, |meant| text!("; maksudnya \"{meant}\"?", "; did you mean \"{meant}\"?"))
}

/// Relations that no single value shows.
fn check(settings: &Settings, name: &str) -> Result<(), Failure> {
    let profile = settings.timers.profile.as_str();
    if !matches!(profile, "fast" | "lan" | "wan") {
        return Err(Failure::usage(text!(
            "{name}: timers.profile \"{profile}\" tidak dikenal; pilih fast, lan atau wan",
            "{name}: timers.profile \"{profile}\" is unknown; choose fast, lan or wan"
        )));
    }
    let format = settings.telemetry.format.as_str();
    if !matches!(format, "text" | "json") {
        return Err(Failure::usage(text!(
            "{name}: telemetry.format \"{format}\" tidak dikenal; pilih text atau json",
            "{name}: telemetry.format \"{format}\" is unknown; choose text or json"
        )));
    }
    let limits = &settings.limits;
    for (key, value, most) in [
        ("public_connections", limits.public_connections, 1_000_000),
        ("officer_connections", limits.officer_connections, 1_000_000),
        ("ops_connections", limits.ops_connections, 10_000),
        ("public_threads", limits.public_threads, 256),
    ] {
        if value == 0 || value > most {
            return Err(Failure::usage(text!(
                "{name}: limits.{key} = {value}; harus 1 sampai {most}",
                "{name}: limits.{key} = {value}; must be 1 to {most}"
            )));
        }
    }
    for (key, value, most) in [
        // Every row at least once a day.
        ("interval_s", settings.scrub.interval_s, 86_400),
        ("rows_per_second", settings.scrub.rows_per_second, 100_000_000),
    ] {
        if value == 0 || value > most {
            return Err(Failure::usage(text!(
                "{name}: scrub.{key} = {value}; harus 1 sampai {most}",
                "{name}: scrub.{key} = {value}; must be 1 to {most}"
            )));
        }
    }
    scanner(settings, name)?;
    let listeners = &settings.listeners;
    let public = ("public", &listeners.public, &["http://", "https://"][..]);
    let officer = listeners.officer.as_ref().map(|officer| ("officer", officer, &["https://"][..]));
    for (which, listener, schemes) in std::iter::once(public).chain(officer) {
        url(name, which, &listener.url, schemes)?;
        proxies(name, which, listener)?;
    }
    let ops: &[&str] = if listeners.ops.address.ip().is_loopback() { &["http://"] } else { &["https://"] };
    url(name, "ops", &listeners.ops.url, ops)?;
    let advertised = listeners.peer.advertised.as_str();
    let port = advertised.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    if port.is_none_or(|port| port == 0) {
        return Err(Failure::usage(text!(
            "{name}: listeners.peer.advertised \"{advertised}\" bukan host:porta",
            "{name}: listeners.peer.advertised \"{advertised}\" is not host:port"
        )));
    }
    Ok(())
}

fn scanner(settings: &Settings, name: &str) -> Result<(), Failure> {
    let scanner = &settings.scanner;
    if ScannerAddress::parse(&scanner.address).is_err() {
        let address = &scanner.address;
        return Err(Failure::usage(text!(
            "{name}: scanner.address \"{address}\" harus unix:JALUR atau tcp:HOST:PORTA, atau kosong",
            "{name}: scanner.address \"{address}\" must be unix:PATH or tcp:HOST:PORT, or empty"
        )));
    }
    let scans = u64::try_from(scanner.scans_max).unwrap_or(u64::MAX);
    for (key, value, most) in [("deadline_ms", scanner.deadline_ms, 60_000), ("scans_max", scans, 64)] {
        if value == 0 || value > most {
            return Err(Failure::usage(text!(
                "{name}: scanner.{key} = {value}; harus 1 sampai {most}",
                "{name}: scanner.{key} = {value}; must be 1 to {most}"
            )));
        }
    }
    Ok(())
}

fn proxies(name: &str, which: &str, listener: &Fronted) -> Result<(), Failure> {
    let wrong = match listener.in_front() {
        Err(wrong) => wrong,
        Ok(_) if listener.proxy_protocol && listener.proxies.is_empty() => {
            return Err(Failure::usage(text!(
                "{name}: listeners.{which}.proxy_protocol perlu listeners.{which}.proxies: alamat proksi yang mengirimnya",
                "{name}: listeners.{which}.proxy_protocol needs listeners.{which}.proxies: the addresses of those who send it"
            )));
        }
        Ok(_) => return Ok(()),
    };
    Err(Failure::usage(text!(
        "{name}: listeners.{which}.proxies: \"{wrong}\" bukan alamat atau jaringan; contoh: 127.0.0.1, 10.0.0.0/8",
        "{name}: listeners.{which}.proxies: \"{wrong}\" is no address or network; for example: 127.0.0.1, 10.0.0.0/8"
    )))
}

impl Fronted {
    /// The proxies in front; an error is the text that is no address.
    pub fn in_front(&self) -> Result<Proxies, &str> {
        let texts = self.proxies.split(',').map(str::trim).filter(|text| !text.is_empty());
        Proxies::parse(texts, self.proxy_protocol)
    }
}

fn url(name: &str, which: &str, url: &str, schemes: &[&str]) -> Result<(), Failure> {
    if schemes.iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
        return Ok(());
    }
    let wanted = schemes.join(", ");
    Err(Failure::usage(text!(
        "{name}: listeners.{which}.url \"{url}\" harus diawali {wanted}",
        "{name}: listeners.{which}.url \"{url}\" must start with {wanted}"
    )))
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
