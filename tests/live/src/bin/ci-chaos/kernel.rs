//! What the kernel answers, as results.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Of a call that answers 0 or fails.
pub fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A descriptor that the kernel has just given.
///
/// # Safety
/// Nobody else owns it.
pub unsafe fn owned(fd: libc::c_int) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
