//! Proxies in front of a listener, and whom a connection or request of theirs is from.
//!
//! Invariant: an address is taken from somebody's word only when that somebody is a configured proxy. Whoever else sends a
//! PROXY header breaks the protocol; whoever else sends `X-Forwarded-For` is not heard. What proxies add is read from the
//! right, where the nearest of them wrote, and up to the first address that is no proxy: what stands left of it is the
//! client's own invention.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;

use http::HeaderMap;
use ipnet::IpNet;
use ppp::{v1, v2};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// What both versions of a PROXY header begin with is told apart by so many bytes (the specification's section 2).
const BEGIN_BYTES: usize = 8;
/// Longest header of version 1, its line end included.
const LINE_BYTES_MAX: usize = 107;
/// Length of what a header of version 2 begins with.
const FIXED_BYTES: usize = 16;
/// Most that follows it: addresses, and what proxies say beside them.
const REST_BYTES_MAX: usize = 2_048;

/// Which addresses are proxies, and what they speak.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proxies {
    networks: Vec<IpNet>,
    /// Whether each of their connections begins with a PROXY header.
    headers: bool,
}

impl Proxies {
    /// Reads addresses (`192.0.2.1`) and networks (`10.0.0.0/8`). `headers` says that each connection of theirs begins with a
    /// PROXY header of version 1 or 2. An error is the text that is none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>, headers: bool) -> Result<Self, &'a str> {
        let network = |text: &'a str| {
            let single = text.parse::<IpAddr>().map(IpNet::from);
            single.or_else(|_| text.parse::<IpNet>()).map_err(|_| text)
        };
        let networks: Result<Vec<IpNet>, &str> = texts.into_iter().map(network).collect();
        Ok(Self { networks: networks?, headers })
    }

    /// Whether an address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whom a new connection is from: the other end of the socket, or whom a proxy there names in its header, which is read
    /// and nothing behind it.
    pub(super) async fn arrival(
        &self,
        connection: &mut TcpStream,
        remote: SocketAddr,
    ) -> io::Result<SocketAddr> {
        if !self.headers || !self.contains(remote.ip()) {
            return Ok(remote);
        }
        let mut begin = [0; BEGIN_BYTES];
        connection.read_exact(&mut begin).await?;
        let named = if begin.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
            line(connection, &begin).await?
        } else {
            binary(connection, &begin).await?
        };
        // A proxy that checks whether this node is there names nobody.
        Ok(named.unwrap_or(remote))
    }

    /// Whom a request is from: its connection's address, or whom proxies name in `X-Forwarded-For`.
    #[must_use]
    pub(super) fn client(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = connection.to_canonical();
        let told = headers.get_all("x-forwarded-for").iter().rev();
        let told = told.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
        for text in told {
            if !self.contains(client) {
                break;
            }
            let Some(before) = forwarded(text.trim()) else { break };
            client = before.to_canonical();
        }
        client
    }
}

/// An address of `X-Forwarded-For`; some proxies add the port.
fn forwarded(text: &str) -> Option<IpAddr> {
    let address = IpAddr::from_str(text).ok();
    address.or_else(|| SocketAddr::from_str(text).ok().map(|socket| socket.ip()))
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// The rest of a header of version 1: a line.
async fn line(connection: &mut TcpStream, begin: &[u8]) -> io::Result<Option<SocketAddr>> {
    let mut header = begin.to_vec();
    let mut seen = [0; LINE_BYTES_MAX];
    while !header.ends_with(b"\n") {
        let room = LINE_BYTES_MAX.saturating_sub(header.len());
        let length = connection.peek(seen.get_mut(..room).unwrap_or_default()).await?;
        let part = seen.get(..length).unwrap_or_default();
        let end = part.iter().position(|byte| *byte == b'\n');
        let part = end.map_or(part, |end| part.get(..=end).unwrap_or_default());
        if part.is_empty() {
            return Err(broken("a PROXY header without an end"));
        }
        let before = header.len();
        header.extend_from_slice(part);
        // What was looked at is there.
        connection.read_exact(header.get_mut(before..).unwrap_or_default()).await?;
    }
    let header = v1::Header::try_from(header.as_slice()).map_err(broken)?;
    Ok(match header.addresses {
        v1::Addresses::Tcp4(named) => Some((named.source_address, named.source_port).into()),
        v1::Addresses::Tcp6(named) => Some((named.source_address, named.source_port).into()),
        v1::Addresses::Unknown => None,
    })
}

/// The rest of a header of version 2: a fixed part that says how long the other one is.
async fn binary(connection: &mut TcpStream, begin: &[u8]) -> io::Result<Option<SocketAddr>> {
    let mut header = begin.to_vec();
    header.resize(FIXED_BYTES, 0);
    connection.read_exact(header.get_mut(BEGIN_BYTES..).unwrap_or_default()).await?;
    if !header.starts_with(v2::PROTOCOL_PREFIX) {
        return Err(broken("no PROXY header where a proxy has to send one"));
    }
    let rest = header.get(FIXED_BYTES.saturating_sub(2)..).unwrap_or_default();
    let rest = rest.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
    if rest > REST_BYTES_MAX {
        return Err(broken("a PROXY header that is too long"));
    }
    header.resize(FIXED_BYTES.saturating_add(rest), 0);
    connection.read_exact(header.get_mut(FIXED_BYTES..).unwrap_or_default()).await?;
    let header = v2::Header::try_from(header.as_slice()).map_err(broken)?;
    Ok(match (header.command, header.addresses) {
        (v2::Command::Local, _) | (_, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
        (v2::Command::Proxy, v2::Addresses::IPv4(named)) => {
            Some((named.source_address, named.source_port).into())
        }
        (v2::Command::Proxy, v2::Addresses::IPv6(named)) => {
            Some((named.source_address, named.source_port).into())
        }
    })
}

#[cfg(test)]
#[path = "proxies_tests.rs"]
mod tests;
