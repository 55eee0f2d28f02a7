//! TLS without blocking, where a Vio has a flag for it: MySQL 8.0 but for its early releases
//! (8.0.39 has the flag, 8.0.15 has not), and later.

use crate::{
    bindings::{VIO_IO_EVENT_READ, VIO_IO_EVENT_WRITE, Vio, enum_vio_io_event},
    compat::tls_results::TlsWant,
    symbols::symbols,
};
use std::ffi::{c_int, c_uchar};

symbols! {
    /// The server's functions for a TLS connection.
    pub struct Tls {
        read: unsafe extern "C" fn(vio: *mut Vio, buf: *mut c_uchar, size: usize) -> usize
            = c"_Z12vio_ssl_readP3VioPhm";
        write: unsafe extern "C" fn(vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize
            = c"_Z13vio_ssl_writeP3VioPKhm";
        /// 1 ready, 0 timed out (errno is set), -1 failed.
        io_wait:
            unsafe extern "C" fn(vio: *mut Vio, event: enum_vio_io_event, millis: c_int) -> c_int
            = c"_Z11vio_io_waitP3Vio17enum_vio_io_eventi";
        is_blocking [optional]: unsafe extern "C" fn(vio: *mut Vio) -> bool
            = c"_Z15vio_is_blockingP3Vio";
        set_blocking_flag [optional]: unsafe extern "C" fn(vio: *mut Vio, blocking: bool) -> c_int
            = c"_Z21vio_set_blocking_flagP3Viob";
    }
}

impl Tls {
    /// Whether the flag is where the declarations have it: the functions before
    /// it are those that the server has there.
    ///
    /// # Safety
    /// A live Vio, whose `write` lies where the declarations have it.
    pub unsafe fn is_usable(&self, vio: *const Vio) -> bool {
        let (Some(is_blocking), Some(set_flag)) = (self.is_blocking, self.set_blocking_flag) else {
            return false;
        };
        // SAFETY: the caller's promise; plain reads of pointers.
        let (found_is_blocking, found_set_flag) =
            unsafe { ((*vio).is_blocking, (*vio).set_blocking_flag) };
        found_is_blocking.map(|f| f as usize) == Some(is_blocking as usize)
            && found_set_flag.map(|f| f as usize) == Some(set_flag as usize)
    }

    /// Reads up to `size` bytes. The number of bytes, or one of `VIO_SOCKET_...`.
    ///
    /// # Safety
    /// A usable Vio; `buf` has room for `size` bytes; no other thread is inside its SSL object.
    pub unsafe fn read(&self, vio: *mut Vio, buf: *mut c_uchar, size: usize) -> usize {
        // SAFETY: the caller's promise; with the flag off the call never waits.
        unsafe {
            (*vio).is_blocking_flag = false;
            let read = (self.read)(vio, buf, size);
            (*vio).is_blocking_flag = true;
            read
        }
    }

    /// Writes up to `size` bytes. The number of bytes, or one of `VIO_SOCKET_...`: after a WANT the
    /// next write has to have the same bytes.
    ///
    /// # Safety
    /// As `read`; `buf` holds `size` bytes.
    pub unsafe fn write(&self, vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize {
        // SAFETY: as above.
        unsafe {
            (*vio).is_blocking_flag = false;
            let written = (self.write)(vio, buf, size);
            (*vio).is_blocking_flag = true;
            written
        }
    }

    /// Waits up to the write timeout. false: the time passed, or the session was shut down; errno
    /// tells the server which.
    ///
    /// # Safety
    /// A usable Vio, in the thread that serves it.
    pub unsafe fn wait(&self, vio: *mut Vio, want: TlsWant) -> bool {
        let event = match want {
            TlsWant::Read => VIO_IO_EVENT_READ,
            TlsWant::Write => VIO_IO_EVENT_WRITE,
        };
        // SAFETY: the caller's promise.
        unsafe { (self.io_wait)(vio, event, (*vio).write_timeout) == 1 }
    }
}
