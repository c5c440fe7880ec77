//! The name under which a process is listed by `ps` and `top`.
#![expect(unsafe_code, reason = "the title is written over the argument strings that the kernel shows")]

use std::ffi::CString;
use std::io;

/// Sets what `ps` shows for this process: the title over the space of the original arguments, cut to it, and the first 15 bytes
/// of it as the name of the calling thread, which must be the main one.
///
/// Nothing that still reads the C `argv` may run beside it; Rust and Python copied theirs at start.
///
/// # Errors
/// `/proc` is not there or not readable.
pub fn set_title(title: &str) -> io::Result<()> {
    let title = title.replace('\0', " ");
    let short: String = title.chars().take(15).collect();
    if let Ok(short) = CString::new(short) {
        rustix::thread::set_name(&short)?;
    }
    let (start, end) = argument_space(&std::fs::read_to_string("/proc/self/stat")?).unwrap_or((0, 0));
    if start == 0 || end <= start {
        return Ok(());
    }
    let length = end - start;
    let mut text = vec![0; length];
    let cut = title.len().min(length - 1);
    if let (Some(place), Some(bytes)) = (text.get_mut(..cut), title.as_bytes().get(..cut)) {
        place.copy_from_slice(bytes);
    }
    let place = std::ptr::with_exposed_provenance_mut::<u8>(start);
    // SAFETY: the kernel names `start..end` as this process's argument strings: mapped, writable, part of the initial stack,
    // and alive as long as the process. The copy is as long as the space.
    // JUSTIFICATION: there is no other way for an unprivileged process to change its command line.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), place, length) };
    Ok(())
}

/// Fields 48 and 49 of `/proc/PID/stat`, counted behind the name in parentheses, which may contain anything.
fn argument_space(stat: &str) -> Option<(usize, usize)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(48 - 3);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_space_is_found_behind_a_strange_name() {
        let numbers = (3..=52).map(|field| field.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(argument_space(&format!("1 (a ) b) {numbers}")), Some((48, 49)));
        assert_eq!(argument_space("garbage"), None);
    }

    #[test]
    fn title_is_what_the_kernel_shows() {
        set_title("t: x").expect("title");
        let shown = std::fs::read("/proc/self/cmdline").expect("cmdline");
        assert!(shown.starts_with(b"t: x\0"), "{shown:?}");
    }
}
