//! What the settings reader accepts and how it refuses.

use super::*;

const WHOLE: &str = r#"
[node]
name = "simpul-1"
data = "data"

[listeners.public]
address = "127.0.0.1:8080"
url = "http://127.0.0.1:8080"

[listeners.officer]
address = "127.0.0.1:8081"
url = "https://127.0.0.1:8081"

[listeners.peer]
address = "127.0.0.1:8082"
advertised = "127.0.0.1:8082"

[listeners.ops]
address = "127.0.0.1:8083"
url = "http://127.0.0.1:8083"

[tls]
ca = "ca.pem"
peer_certificate = "peer.pem"
peer_key = "peer.key"
server_certificate = "server.pem"
server_key = "server.key"
"#;

fn changed(key: &str, value: &str) -> Override {
    Override { key: key.to_owned(), value: value.to_owned(), origin: variable(key) }
}

fn refusal(content: &str, overrides: &[Override]) -> String {
    let failure = parse(content, "rakit.toml", overrides).expect_err("must be refused");
    assert_eq!(failure.exit, crate::failure::Exit::Usage);
    failure.to_string()
}

#[test]
fn a_file_with_the_required_keys_is_enough() {
    let settings = parse(WHOLE, "rakit.toml", &[]).expect("valid");
    assert_eq!(settings.timers.profile, "lan");
    assert_eq!(settings.limits.drain_ms, 5_000);
}

#[test]
fn the_list_of_keys_is_the_shape_of_the_file() {
    fn leaves(prefix: &str, value: &Value, found: &mut Vec<String>) {
        let Value::Table(table) = value else {
            found.push(prefix.to_owned());
            return;
        };
        for (key, value) in table {
            let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            leaves(&name, value, found);
        }
    }
    let content = WHOLE.replace("server_key = ", "crl = \"crl.pem\"\nserver_key = ");
    let settings = parse(&content, "rakit.toml", &[]).expect("valid");
    let mut found = Vec::new();
    leaves("", &Value::try_from(settings).expect("serialises"), &mut found);
    let mut known: Vec<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_what_was_meant() {
    let content = WHOLE.replace("name = ", "nam = ");
    assert_eq!(refusal(&content, &[]), "rakit.toml:3: unknown key \"nam\"; did you mean \"name\"?");
    let content = format!("{WHOLE}\n[limit]\npublic_threads = 2\n");
    assert!(refusal(&content, &[]).contains("did you mean \"limits\"?"));
}

#[test]
fn a_wrong_value_is_refused_with_its_line() {
    let content = WHOLE.replace("\"127.0.0.1:8080\"\n", "\"nowhere\"\n");
    assert!(refusal(&content, &[]).starts_with("rakit.toml:7: "));
    let content = WHOLE.replace("https://127.0.0.1:8081", "http://127.0.0.1:8081");
    assert!(refusal(&content, &[]).contains("listeners.officer.url"));
    assert!(refusal("[node", &[]).starts_with("rakit.toml:1: "));
    assert!(refusal(&WHOLE.replace("name = \"simpul-1\"\n", ""), &[]).contains("missing field `name`"));
}

#[test]
fn later_sources_win() {
    let overrides =
        [changed("node.name", "2"), changed("limits.public_threads", "7"), changed("node.name", "tiga")];
    let settings = parse(WHOLE, "rakit.toml", &overrides).expect("valid");
    assert_eq!(settings.node.name, "tiga");
    assert_eq!(settings.limits.public_threads, 7);
}

#[test]
fn an_override_can_supply_what_the_file_lacks() {
    let content = WHOLE.replace("name = \"simpul-1\"\n", "");
    let settings = parse(&content, "rakit.toml", &[changed("node.name", "x")]).expect("valid");
    assert_eq!(settings.node.name, "x");
}

#[test]
fn a_wrong_override_names_its_origin() {
    let wrong = [changed("limits.public_threads", "many")];
    assert!(refusal(WHOLE, &wrong).starts_with("RAKIT_LIMITS_PUBLIC_THREADS: "));
    let unknown = [Override::from_flag("limits.public_thread=2").expect("KEY=VALUE")];
    assert_eq!(
        refusal(WHOLE, &unknown),
        "--set limits.public_thread: unknown key \"limits.public_thread\"; \
         did you mean \"limits.public_threads\"?"
    );
    assert!(Override::from_flag("nonsense").is_err());
}

#[test]
fn only_a_node_that_reads_goes_without_officers() {
    let with = parse(WHOLE, "rakit.toml", &[]).expect("valid");
    let section = "[listeners.officer]\naddress = \"127.0.0.1:8081\"\nurl = \"https://127.0.0.1:8081\"\n";
    let without = parse(&WHOLE.replace(section, ""), "rakit.toml", &[]).expect("valid");
    assert!(with.listeners.officer_of(false).is_ok_and(|listener| listener.is_some()));
    assert_eq!(with.listeners.officer_of(true), Ok(None));
    assert_eq!(without.listeners.officer_of(true), Ok(None));
    let refused = without.listeners.officer_of(false).expect_err("must be refused");
    assert_eq!(refused.exit, crate::failure::Exit::Usage);
    assert!(refused.text.contains("listeners.officer"), "{refused}");
}

#[test]
fn ops_beyond_loopback_wants_tls() {
    let content = WHOLE.replace("address = \"127.0.0.1:8083\"", "address = \"0.0.0.0:8083\"");
    assert!(refusal(&content, &[]).contains("listeners.ops.url"));
}

#[test]
fn proxies_are_addresses_and_networks() {
    let settings = parse(
        WHOLE,
        "rakit.toml",
        &[
            changed("listeners.officer.proxies", "127.0.0.1, 10.0.0.0/8"),
            changed("listeners.officer.proxy_protocol", "true"),
        ],
    );
    let settings = settings.expect("valid");
    let officer = settings.listeners.officer.expect("named");
    assert!(officer.proxy_protocol);
    let proxies = officer.in_front().expect("valid");
    assert!(proxies.contains("10.1.2.3".parse().expect("an address")));
    let message = refusal(WHOLE, &[changed("listeners.public.proxies", "10.0.0.0/8, balancer")]);
    assert!(message.contains("listeners.public.proxies") && message.contains("\"balancer\""), "{message}");
    let message = refusal(WHOLE, &[changed("listeners.public.proxy_protocol", "true")]);
    assert!(message.contains("listeners.public.proxies"), "{message}");
}
