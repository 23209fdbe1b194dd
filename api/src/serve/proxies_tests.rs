//! Whom connections and requests are from, over real sockets.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn proxies(headers: bool) -> Proxies {
    Proxies::parse(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"], headers).unwrap()
}

fn told(values: &[&str]) -> HeaderMap {
    let values = values.iter().map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap()));
    values.collect()
}

#[test]
fn nobody_but_a_proxy_is_believed() {
    let proxies = proxies(false);
    let client = |from: &str, values: &[&str]| proxies.client(address(from), &told(values)).to_string();
    assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "a stranger's word");
    assert_eq!(client("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(client("::ffff:127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
}

#[test]
fn what_proxies_add_is_read_from_the_right() {
    let proxies = proxies(false);
    let client = |values: &[&str]| proxies.client(address("127.0.0.1"), &told(values)).to_string();
    assert_eq!(client(&["203.0.113.9, 198.51.100.7, 10.1.2.3"]), "198.51.100.7");
    assert_eq!(client(&["203.0.113.9", "198.51.100.7", "10.1.2.3"]), "198.51.100.7");
    assert_eq!(client(&["198.51.100.7:4711"]), "198.51.100.7");
    assert_eq!(client(&["2001:db9::1, [2001:db8::5]:443"]), "2001:db9::1");
    assert_eq!(client(&["198.51.100.7, nobody, 10.1.2.3"]), "10.1.2.3", "nothing is guessed");
    assert_eq!(client(&["10.9.9.9"]), "10.9.9.9", "a proxy asks for itself");
}

#[test]
fn what_is_no_network_is_named() {
    assert_eq!(Proxies::parse(["10.0.0.0/8", "10.0.0.0/99"], false), Err("10.0.0.0/99"));
    assert_eq!(Proxies::parse(["localhost"], false), Err("localhost"));
}

/// What a connection that sends these bytes is taken for, and what is left of them.
async fn arrive(proxies: &Proxies, parts: &[&[u8]]) -> io::Result<(SocketAddr, Vec<u8>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    client.set_nodelay(true)?;
    let (mut server, remote) = listener.accept().await?;
    let sending = async {
        for part in parts {
            client.write_all(part).await?;
            // The other side gets to see it in pieces.
            tokio::task::yield_now().await;
        }
        client.shutdown().await?;
        Ok::<_, io::Error>(client)
    };
    let arriving = async {
        let arrived = proxies.arrival(&mut server, remote).await?;
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await?;
        Ok::<_, io::Error>((arrived, rest))
    };
    let (sent, arrived) = tokio::join!(sending, arriving);
    let (arrived, rest) = arrived?;
    drop(sent?);
    // The port of the test's own socket is anything.
    let arrived = if arrived == remote { SocketAddr::new(remote.ip(), 0) } else { arrived };
    Ok((arrived, rest))
}

fn version2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = v2::PROTOCOL_PREFIX.to_vec();
    header.extend([0x20 | command, family]);
    header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    header.extend(rest);
    header
}

const HERE: &str = "127.0.0.1:0";

#[tokio::test]
async fn a_header_names_the_client_and_nothing_behind_it_is_read() {
    let proxies = proxies(true);
    let four = version2(1, 0x11, &[198, 51, 100, 7, 192, 0, 2, 1, 0x12, 0x67, 1, 187, 4, 0, 1, 0]);
    let mut six = vec![0; 36];
    six[..2].copy_from_slice(&[0x20, 1]);
    six[33] = 9;
    let six = version2(1, 0x21, &six);
    let local = version2(0, 0, &[]);
    for (header, named) in [
        (&b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n"[..], "198.51.100.7:4711"),
        (b"PROXY TCP6 2001:db9::1 2001:db9::2 4711 443\r\n", "[2001:db9::1]:4711"),
        (b"PROXY UNKNOWN\r\n", HERE),
        (&four, "198.51.100.7:4711"),
        (&six, "[2001::]:9"),
        (&local, HERE),
    ] {
        let whole = [header, b"GET / HTTP/1.1\r\n"].concat();
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        for parts in [vec![whole.as_slice()], bytes] {
            let (arrived, rest) = arrive(&proxies, &parts).await.unwrap();
            assert_eq!(arrived.to_string(), named);
            assert_eq!(rest, b"GET / HTTP/1.1\r\n");
        }
    }
}

#[tokio::test]
async fn a_proxy_without_a_whole_header_is_not_served() {
    let proxies = proxies(true);
    let long = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
    let large = version2(1, 0x11, &[0; 4_000]);
    let short = version2(1, 0x11, &[0; 3]);
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: rakit\r\n\r\n"[..],
        b"PROXY TCP4 ",
        b"PROXY TCP4 a b c d\r\n",
        &long,
        &large,
        &short,
    ] {
        assert!(arrive(&proxies, &[bytes]).await.is_err(), "{}", String::from_utf8_lossy(bytes));
    }
}

#[tokio::test]
async fn who_is_no_proxy_sends_no_header() {
    let strangers = Proxies::parse(["192.0.2.0/24"], true).unwrap();
    let header = b"PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n";
    let (arrived, rest) = arrive(&strangers, &[header]).await.unwrap();
    assert_eq!((arrived.to_string().as_str(), rest.as_slice()), (HERE, &header[..]));
}
