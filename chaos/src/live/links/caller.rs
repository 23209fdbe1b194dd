//! Whose end of a connection over loopback that is.
//!
//! Invariant: read from what the kernel shows of processes; whoever is gone meanwhile is nobody.

use std::fs;
use std::net::SocketAddr;
use std::sync::PoisonError;

use super::Processes;

/// The place of the node that has the other end of a connection from `address`.
pub(super) fn of(address: SocketAddr, processes: &Processes) -> Option<usize> {
    let inode = inode(address.port())?;
    let processes = processes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let socket = format!("socket:[{inode}]");
    processes.into_iter().find(|(_, process)| holds(*process, &socket)).map(|(node, _)| node)
}

/// The number of the socket that is bound to a port of loopback and connected.
fn inode(port: u16) -> Option<u64> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().skip(1).find_map(|line| connected_at(line, port))
}

/// From one line: number, own address, other address, state, then seven fields, the sixth after the state being the socket.
fn connected_at(line: &str, port: u16) -> Option<u64> {
    const ESTABLISHED: &str = "01";
    let mut fields = line.split_ascii_whitespace();
    let (own, _, state) = (fields.nth(1)?, fields.next()?, fields.next()?);
    let (_, digits) = own.split_once(':')?;
    let found = u16::from_str_radix(digits, 16).ok()?;
    if found != port || state != ESTABLISHED {
        return None;
    }
    fields.nth(5)?.parse().ok()
}

fn holds(process: u32, socket: &str) -> bool {
    let Ok(handles) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    handles
        .flatten()
        .any(|handle| fs::read_link(handle.path()).is_ok_and(|target| target.as_os_str() == socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = "   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 48213 1 0000000000000000 20 4 30 10 -1";
        assert_eq!(connected_at(line, 0x1f90), Some(48_213));
        assert_eq!(connected_at(line, 0x1f91), None);
        let listening = line.replace(" 01 ", " 0A ");
        assert_eq!(connected_at(&listening, 0x1f90), None);
        assert_eq!(connected_at("nonsense", 1), None);
    }
}
