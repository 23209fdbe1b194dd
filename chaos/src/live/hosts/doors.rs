//! Ways to what the nodes serve on the loopback of their own hosts: the operators' side.
//!
//! Invariant: a door listens on the loopback of the hub and speaks on that of its host; it is no line between nodes, so that
//! it is never cut. It closes with this value.

use std::net::Ipv4Addr;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Hosts;

/// Pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// See the module.
pub(super) struct Doors {
    stop: Option<watch::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Doors {
    /// A door at the same port for each namespace. To be called on the hub.
    pub(super) fn open(ports: Vec<(String, u16)>) -> Result<Self, String> {
        let (stop, stopped) = watch::channel(());
        let mut doors = Self { stop: Some(stop), threads: Vec::new() };
        for (space, port) in ports {
            let said = |error: std::io::Error| format!("door {port}: {error}");
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(said)?;
            listener.set_nonblocking(true).map_err(said)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(said)?;
            let stopped = stopped.clone();
            let serve = move || {
                // A door that leads nowhere refuses whoever comes in, which is noticed at once.
                if Hosts::enter(&space).is_ok() {
                    runtime.block_on(serve(listener, port, stopped));
                }
            };
            doors
                .threads
                .push(std::thread::Builder::new().name(format!("door-{port}")).spawn(serve).map_err(said)?);
        }
        Ok(doors)
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.stop = None;
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

async fn serve(listener: std::net::TcpListener, port: u16, mut stopped: watch::Receiver<()>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Whoever opened the door is gone.
            _ = stopped.changed() => return,
        };
        match accepted {
            Ok((inside, _)) => drop(tokio::spawn(carry(inside, port))),
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn carry(mut inside: TcpStream, port: u16) {
    if let Ok(mut outside) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
        // Either side may end as it likes.
        drop(tokio::io::copy_bidirectional(&mut inside, &mut outside).await);
    }
}
