//! What one address may have of a listener's connections, and proxies in front of it.

use std::net::IpAddr;

use tokio::net::TcpSocket;

use super::*;
use crate::limits::ClientAddress;
use crate::serve::Proxies;

/// An address that has what one may have before the places are scarce.
const SHARE: u64 = 64;

async fn connect_from(running: &Running, address: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((address, 0))).unwrap();
    socket.connect(running.address).await.unwrap()
}

#[tokio::test]
async fn one_address_leaves_room_for_others() {
    let limits = Limits { connections_max: 200, ..patient() };
    let running = start(limits, Arc::new(Plain), Gate::default());
    let mut lines = Vec::new();
    for _ in 0..SHARE {
        let mut line = connect_from(&running, [127, 0, 0, 2]).await;
        get(&mut line, "/", "").await;
        drop(read_head(&mut line).await);
        lines.push(line);
    }
    let mut refused = connect_from(&running, [127, 0, 0, 2]).await;
    assert_eq!(read_all(&mut refused).await, "");
    assert_eq!(running.counters.counts().shed, 1);
    let mut other = connect_from(&running, [127, 0, 0, 3]).await;
    get(&mut other, "/", "").await;
    assert!(read_head(&mut other).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_proxy_is_as_many_as_it_lets_in() {
    let proxies = Proxies::parse(["127.0.0.2"], false).unwrap();
    let limits = Limits { connections_max: 200, ..patient() };
    let running = start_with(limits, Arc::new(Plain), Gate::default(), |server| server.with_proxies(proxies));
    let mut lines = Vec::new();
    for _ in 0..=SHARE {
        let mut line = connect_from(&running, [127, 0, 0, 2]).await;
        get(&mut line, "/", "").await;
        assert!(read_head(&mut line).await.starts_with("HTTP/1.1 200"));
        lines.push(line);
    }
    assert_eq!(running.counters.counts().shed, 0);
}

/// Whom the service takes a request for.
async fn taken_for(proxies: Proxies, before: &str, headers: &str) -> IpAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(listener, Arc::new(Plain), patient()).with_proxies(proxies);
    let service = tower::service_fn(|request: Request<RequestBody>| async move {
        let client = request.extensions().get::<ClientAddress>().unwrap().0;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(client.to_string()))))
    });
    let task = tokio::spawn(server.run(service, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(before.as_bytes()).await.unwrap();
    get(&mut stream, "/", &format!("Connection: close\r\n{headers}")).await;
    let answer = read_all(&mut stream).await;
    task.abort();
    answer.rsplit("\r\n").next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_request_is_from_whom_a_proxy_says() {
    let here = |headers| Proxies::parse(["127.0.0.1"], headers).unwrap();
    let told = "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\n";
    let header = "PROXY TCP4 192.0.2.5 127.0.0.1 4711 80\r\n";
    assert_eq!(taken_for(Proxies::default(), "", told).await.to_string(), "127.0.0.1");
    assert_eq!(taken_for(here(false), "", told).await.to_string(), "198.51.100.7");
    assert_eq!(taken_for(here(true), header, "").await.to_string(), "192.0.2.5");
    assert_eq!(taken_for(here(true), header, told).await.to_string(), "192.0.2.5", "no proxy is between");
}
