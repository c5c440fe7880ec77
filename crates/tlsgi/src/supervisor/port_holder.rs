//! Who holds a port: looked up in /proc when binding failed, for the message.

use std::fs;
use std::net::{IpAddr, SocketAddr};

const LISTENING: &str = "0A";

/// The process that listens where `wanted` wants to, such as `nginx (process 812)`; `None` when it cannot be found out.
pub(super) fn holder(wanted: SocketAddr) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let (inode, uid) = tables.iter().flat_map(|table| table.lines()).find_map(|line| listening(line, wanted))?;
    match process_with_socket(inode) {
        Some(process) if process == std::process::id() => {
            Some("this server itself: another address with the same port needs a restart".to_owned())
        }
        Some(process) => Some(format!("{} (process {process})", command(process))),
        None => Some(format!("a process of user {uid}")),
    }
}

/// Inode and user of a line of /proc/net/tcp that conflicts with the wanted address.
fn listening(line: &str, wanted: SocketAddr) -> Option<(u64, u32)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[_, local, _, LISTENING, _, _, _, uid, _, inode, ..] = fields.as_slice() else { return None };
    let (address, port) = local.split_once(':')?;
    let is_any = address.bytes().all(|digit| digit == b'0');
    let is_same = address.len() == hexadecimal(wanted.ip()).len() && address == hexadecimal(wanted.ip());
    let conflicts = is_any || wanted.ip().is_unspecified() || is_same;
    if u16::from_str_radix(port, 16) != Ok(wanted.port()) || !conflicts {
        return None;
    }
    Some((inode.parse().ok()?, uid.parse().ok()?))
}

/// An address as /proc/net/tcp writes it: 32-bit words in the machine's byte order.
fn hexadecimal(address: IpAddr) -> String {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let word = |word: &[u8]| {
        word.try_into().map_or_else(|_| String::new(), |word| format!("{:08X}", u32::from_ne_bytes(word)))
    };
    octets.chunks(4).map(word).collect()
}

fn process_with_socket(inode: u64) -> Option<u32> {
    let socket = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.into_iter().find(|process: &u32| {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
        descriptors
            .flatten()
            .any(|entry| fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == socket.as_str()))
    })
}

fn command(process: u32) -> String {
    let arguments = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&arguments).replace('\0', " ");
    let mut text: String = text.trim_end().chars().filter(|c| !c.is_control()).take(60).collect();
    if text.is_empty() {
        text = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim_end().to_owned();
    }
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn own_listener_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let found = holder(listener.local_addr().expect("address")).expect("holder");
        assert!(found.starts_with("this server itself"), "{found}");
    }

    #[test]
    fn listener_of_another_process_is_named_with_its_command() {
        let script = "import socket,sys,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()";
        let mut command = std::process::Command::new("python3");
        command.args(["-c", script]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut other = command.spawn().expect("python3");
        let mut line = String::new();
        let out = other.stdout.take().expect("output");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a port");
        let port: u16 = line.trim().parse().expect("a number");
        let found = holder(SocketAddr::from(([127, 0, 0, 1], port)));
        drop(other.stdin.take());
        other.wait().expect("ended");
        let found = found.expect("holder");
        assert!(found.contains(&format!("(process {})", other.id())) && found.contains("import socket"), "{found}");
    }

    #[test]
    fn free_port_has_no_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        drop(listener);
        assert_eq!(holder(address), None);
    }

    #[test]
    fn lines_are_matched_by_port_address_and_state() {
        let line = |local: &str, state: &str| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0"
            )
        };
        let wanted = "127.0.0.1:8080".parse().expect("address");
        assert_eq!(listening(&line("0100007F:1F90", "0A"), wanted), Some((4711, 1000)));
        assert_eq!(listening(&line("00000000:1F90", "0A"), wanted), Some((4711, 1000)));
        assert_eq!(listening(&line("00000000000000000000000000000000:1F90", "0A"), wanted), Some((4711, 1000)));
        assert_eq!(listening(&line("0200007F:1F90", "0A"), wanted), None);
        assert_eq!(listening(&line("0100007F:1F91", "0A"), wanted), None);
        assert_eq!(listening(&line("0100007F:1F90", "01"), wanted), None);
        assert_eq!(listening("  sl  local_address rem_address", wanted), None);
    }
}
