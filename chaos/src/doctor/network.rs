//! Cut, slow and lossy networks, tried between two namespaces that exist for the length of a probe.

use super::command::run;
use super::{Probe, Scratch, Undo, Verdict};

pub(super) const PROBES: &[Probe] = &[
    Probe { fault: "network namespaces", purpose: "several hosts on one machine", run: namespaces },
    Probe { fault: "iptables drop", purpose: "one-way partition", run: iptables },
    Probe { fault: "nft set drop", purpose: "many cuts in one atomic step", run: nft },
    Probe { fault: "tc tbf", purpose: "little bandwidth", run: token_bucket },
    Probe { fault: "tc netem", purpose: "delay, jitter, reordering", run: netem },
    Probe { fault: "tap device", purpose: "delay through a switch in user space", run: tap },
    Probe { fault: "link down", purpose: "unplugged cable", run: link_down },
    Probe { fault: "ss -K", purpose: "connections reset from outside", run: reset_sockets },
];

const LEFT: &str = "10.213.77.1";
const RIGHT: &str = "10.213.77.2";

/// Two namespaces joined by a pair of virtual interfaces; both go when this goes.
struct Pair {
    left: String,
    right: String,
}

impl Pair {
    fn new(scratch: &Scratch) -> Result<Self, String> {
        let pair = Self { left: format!("{}l", scratch.tag), right: format!("{}r", scratch.tag) };
        let (left, right) = (pair.left.as_str(), pair.right.as_str());
        run("ip", &["netns", "add", left])?;
        run("ip", &["netns", "add", right])?;
        run(
            "ip",
            &["-n", left, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", right],
        )?;
        for (space, address) in [(left, LEFT), (right, RIGHT)] {
            run("ip", &["-n", space, "address", "add", &format!("{address}/24"), "dev", "eth0"])?;
            run("ip", &["-n", space, "link", "set", "lo", "up"])?;
            run("ip", &["-n", space, "link", "set", "eth0", "up"])?;
        }
        Ok(pair)
    }

    /// Runs a program inside the left namespace.
    fn on_left(&self, arguments: &[&str]) -> Result<String, String> {
        let mut all = vec!["netns", "exec", self.left.as_str()];
        all.extend(arguments);
        run("ip", &all)
    }

    /// Whether a TCP connection from left reaches the right host: refused by it counts, silence does not.
    fn reachable(&self) -> bool {
        // bash opens the connection: neither ping nor nc can be relied on.
        let script = format!("exec 3<>/dev/tcp/{RIGHT}/9");
        match self.on_left(&["timeout", "0.5", "bash", "-c", &script]) {
            Ok(_) => true,
            Err(why) => why.contains("refused"),
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // The pair of interfaces goes with the namespaces. A namespace that was never made cannot be deleted.
        for space in [&self.left, &self.right] {
            drop(run("ip", &["netns", "delete", space]));
        }
    }
}

/// A pair that was seen to be connected.
fn connected(scratch: &Scratch) -> Result<Pair, String> {
    let pair = Pair::new(scratch)?;
    if pair.reachable() { Ok(pair) } else { Err("two joined namespaces do not reach each other".to_owned()) }
}

/// Applies a cut and says whether it cut.
fn cut(pair: &Pair, how: &str) -> Verdict {
    if pair.reachable() {
        Err(format!("{how}: accepted, but packets still pass"))
    } else {
        Ok(format!("{how}: packets stop"))
    }
}

fn namespaces(scratch: &Scratch) -> Verdict {
    connected(scratch).map(|_pair| "two hosts joined and reached".to_owned())
}

fn iptables(scratch: &Scratch) -> Verdict {
    let pair = connected(scratch)?;
    pair.on_left(&["iptables", "-A", "INPUT", "-s", RIGHT, "-j", "DROP"])?;
    cut(&pair, "INPUT -s ADDRESS -j DROP")
}

fn nft(scratch: &Scratch) -> Verdict {
    let pair = connected(scratch)?;
    pair.on_left(&[
        "nft",
        "add table inet chaos; add set inet chaos cut { type ipv4_addr; }; \
         add chain inet chaos input { type filter hook input priority -10; }; \
         add rule inet chaos input ip saddr @cut drop",
    ])?;
    if !pair.reachable() {
        return Err("an empty set drops everything".to_owned());
    }
    pair.on_left(&["nft", "add", "element", "inet", "chaos", "cut", "{", RIGHT, "}"])?;
    cut(&pair, "add element to a set")
}

fn token_bucket(scratch: &Scratch) -> Verdict {
    queue(scratch, &["tbf", "rate", "1mbit", "burst", "8kb", "latency", "300ms"])
}

fn netem(scratch: &Scratch) -> Verdict {
    queue(scratch, &["netem", "delay", "20ms"])
}

/// Installs a queueing discipline and reads it back.
fn queue(scratch: &Scratch, discipline: &[&str]) -> Verdict {
    let pair = connected(scratch)?;
    let mut arguments = vec!["tc", "qdisc", "add", "dev", "eth0", "root"];
    arguments.extend(discipline);
    pair.on_left(&arguments)?;
    let shown = pair.on_left(&["tc", "qdisc", "show", "dev", "eth0"])?;
    let kind = discipline.first().copied().unwrap_or_default();
    if shown.contains(kind) {
        Ok(format!("{kind} installed"))
    } else {
        Err(format!("{kind} does not show: {shown}"))
    }
}

fn tap(scratch: &Scratch) -> Verdict {
    let name = format!("{}t", scratch.tag);
    run("ip", &["tuntap", "add", "dev", &name, "mode", "tap"])?;
    let _undo = Undo(|| drop(run("ip", &["link", "delete", &name])));
    run("ip", &["link", "show", &name]).map(|_shown| "device made".to_owned())
}

fn link_down(scratch: &Scratch) -> Verdict {
    let pair = connected(scratch)?;
    pair.on_left(&["ip", "link", "set", "eth0", "down"])?;
    cut(&pair, "ip link set down")
}

fn reset_sockets(scratch: &Scratch) -> Verdict {
    let pair = connected(scratch)?;
    // Inside the namespace there is nothing else to hit. Kernels without the feature refuse the request.
    pair.on_left(&["ss", "-K", "dst", RIGHT]).map(|_printed| "request accepted".to_owned())
}
