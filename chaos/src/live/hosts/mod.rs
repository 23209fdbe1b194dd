//! A network namespace for each node and one for everybody who asks, joined by a bridge: hosts on one machine. Lines between
//! them are cut, or lose packets, in the kernel.
//!
//! Invariant: nothing outside these namespaces is touched, and they go with this value. A cut is silent, as when a cable is
//! pulled: whoever sends hears nothing, not even that the line has ended.

mod doors;

use std::fs::File;
use std::os::fd::AsFd as _;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use self::doors::Doors;
use super::links::Pair;
use crate::doctor::run;

/// What is before the number of a host in its address; the hub has the last one.
const NETWORK: &str = "10.213.78";
const HUB: usize = 254;
/// What the kernel of a host drops: everything of some, a part of what others send.
const RULES: &str = "add table inet chaos
add set inet chaos cut { type ipv4_addr; }
add set inet chaos lossy { type ipv4_addr; }
add chain inet chaos input { type filter hook input priority -10; policy accept; }
add rule inet chaos input ip saddr @cut drop
add rule inet chaos input ip saddr @lossy numgen random mod 100 < 20 drop";

/// See the module.
pub(super) struct Hosts {
    tag: String,
    count: usize,
    /// Where this thread was before.
    home: File,
    doors: Option<Doors>,
}

fn address(number: usize) -> String {
    format!("{NETWORK}.{number}")
}

impl Hosts {
    /// Makes so many hosts, and moves this thread to the hub. The error says what this machine does not allow.
    pub(super) fn new(count: usize) -> Result<Self, String> {
        let home = File::open("/proc/thread-self/ns/net").map_err(|error| error.to_string())?;
        let hosts = Self { tag: format!("rkc{}", std::process::id()), count, home, doors: None };
        let hub = hosts.hub();
        run("ip", &["netns", "add", &hub])?;
        let in_hub = |words: &[&str]| run("ip", &[["-n", &hub].as_slice(), words].concat());
        in_hub(&["link", "add", "bridge", "type", "bridge"])?;
        in_hub(&["address", "add", &format!("{}/24", address(HUB)), "dev", "bridge"])?;
        in_hub(&["link", "set", "lo", "up"])?;
        in_hub(&["link", "set", "bridge", "up"])?;
        for place in 0..count {
            hosts.add(place)?;
        }
        Self::enter(&hub)?;
        Ok(hosts)
    }

    fn hub(&self) -> String {
        format!("{}hub", self.tag)
    }

    fn add(&self, place: usize) -> Result<(), String> {
        let (hub, space, line) = (self.hub(), self.space(place), format!("line{place}"));
        let (own, peer) = (Self::address(place), ["type", "veth", "peer", "name", "eth0", "netns"]);
        run("ip", &["netns", "add", &space])?;
        run("ip", &[["-n", &hub, "link", "add", &line].as_slice(), &peer, &[&space]].concat())?;
        run("ip", &["-n", &hub, "link", "set", &line, "master", "bridge", "up"])?;
        run("ip", &["-n", &space, "address", "add", &format!("{own}/24"), "dev", "eth0"])?;
        run("ip", &["-n", &space, "link", "set", "eth0", "up"])?;
        run("ip", &["-n", &space, "link", "set", "lo", "up"])?;
        RULES.lines().try_for_each(|rule| self.rule(place, rule))
    }

    fn enter(name: &str) -> Result<(), String> {
        let path = format!("/run/netns/{name}");
        let space = File::open(&path).map_err(|error| format!("{path}: {error}"))?;
        let moved = move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network));
        moved.map_err(|error| format!("setns: {error}"))
    }

    /// Changes what the kernel of a host drops.
    fn rule(&self, place: usize, rule: &str) -> Result<(), String> {
        run("ip", &["netns", "exec", &self.space(place), "nft", rule]).map(drop)
    }

    /// Opens the way to a port on the loopback of each host, at the same port of the hub.
    pub(super) fn open_doors(&mut self, ports: impl IntoIterator<Item = u16>) -> Result<(), String> {
        let spaces = (0..self.count).map(|place| self.space(place));
        self.doors = Some(Doors::open(spaces.zip(ports).collect())?);
        Ok(())
    }

    /// The namespace of a node.
    pub(super) fn space(&self, place: usize) -> String {
        format!("{}n{place}", self.tag)
    }

    /// The address of a node.
    pub(super) fn address(place: usize) -> String {
        address(place.saturating_add(1))
    }

    /// Nothing passes in these directions, or a fifth is lost.
    pub(super) fn set(&self, pairs: &[Pair], set: Drops) -> Result<(), String> {
        for place in 0..self.count {
            let from: Vec<String> =
                pairs.iter().filter(|(_, to)| *to == place).map(|(from, _)| Self::address(*from)).collect();
            if !from.is_empty() {
                let name = match set {
                    Drops::All => "cut",
                    Drops::Some => "lossy",
                };
                self.rule(place, &format!("add element inet chaos {name} {{ {} }}", from.join(", ")))?;
            }
        }
        Ok(())
    }

    /// All lines as they were made.
    pub(super) fn heal(&self) -> Result<(), String> {
        (0..self.count)
            .try_for_each(|place| self.rule(place, "flush set inet chaos cut; flush set inet chaos lossy"))
    }
}

/// What is dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Drops {
    /// Everything.
    All,
    /// One packet of five.
    Some,
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.doors = None;
        // Whoever cannot go home stays in a namespace without a name, which harms nobody.
        move_into_link_name_space(self.home.as_fd(), Some(LinkNameSpaceType::Network)).ok();
        // The interfaces go with the namespaces. One that was never made cannot be deleted.
        for space in (0..self.count).map(|place| self.space(place)).chain([self.hub()]) {
            drop(run("ip", &["netns", "delete", &space]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a host answers another at all: that it refuses is an answer.
    fn reaches(hosts: &Hosts, from: usize, to: usize) -> bool {
        let script = format!("exec 3<>/dev/tcp/{}/9", Hosts::address(to));
        let words = ["netns", "exec", &hosts.space(from), "timeout", "0.3", "bash", "-c", &script];
        run("ip", &words).is_err_and(|why| why.contains("refused"))
    }

    #[test]
    fn a_cut_is_silent_in_its_direction_and_heals() {
        // On a thread of its own: a test that fails must not leave the others elsewhere.
        let tried = std::thread::spawn(|| {
            let hosts = Hosts::new(3)?;
            assert!(reaches(&hosts, 0, 1) && reaches(&hosts, 2, 1));
            hosts.set(&[(0, 1)], Drops::All)?;
            // Neither the question of one nor its answer to the other gets there.
            assert!(!reaches(&hosts, 0, 1) && !reaches(&hosts, 1, 0) && reaches(&hosts, 2, 1));
            hosts.heal()?;
            assert!(reaches(&hosts, 0, 1));
            let (spaces, gone) = (hosts.space(0), hosts.hub());
            drop(hosts);
            let left = run("ip", &["netns", "list"])?;
            assert!(!left.contains(&spaces) && !left.contains(&gone), "{left}");
            Ok::<_, String>(())
        });
        match tried.join().unwrap() {
            Ok(()) => {}
            Err(why) => eprintln!("SKIPPED: {why}"),
        }
    }
}
