//! TLS without blocking, by way of the server's own OpenSSL: MySQL 5.6 and 5.7.
//!
//! The servers' own functions for a TLS connection wait as long as they like, and nobody may wait
//! for them. The socket below does not block, so OpenSSL does not either: the functions here are
//! `vio_ssl_read` and `vio_ssl_write` (vio/viossl.c) without their loops. With yaSSL (in Oracle's
//! builds up to 5.6.45 and 5.7.27) this does not work: a replica over its TLS is served
//! asynchronously.

use crate::{
    bindings::{VIO_IO_EVENT_READ, VIO_IO_EVENT_WRITE, Vio, enum_vio_io_event},
    compat::tls_results::{TlsWant, VIO_SOCKET_ERROR, VIO_SOCKET_WANT_READ, VIO_SOCKET_WANT_WRITE},
    symbols::symbols,
};
use std::{
    ffi::{c_int, c_uchar, c_void},
    mem::size_of,
};

// OpenSSL's results of SSL_get_error (ssl.h).
const SSL_ERROR_WANT_READ: c_int = 2;
const SSL_ERROR_WANT_WRITE: c_int = 3;

/// How many more functions than declared a Vio may have (late 5.7: `viocancel`).
const MORE_FUNCTIONS: usize = 2;

type Read = unsafe extern "C" fn(ssl: *mut c_void, buf: *mut c_uchar, size: c_int) -> c_int;
type Write = unsafe extern "C" fn(ssl: *mut c_void, buf: *const c_uchar, size: c_int) -> c_int;
type GetError = unsafe extern "C" fn(ssl: *const c_void, result: c_int) -> c_int;

symbols! {
    /// The functions of the server and of its OpenSSL for a TLS connection.
    pub struct Tls {
        /// 1 ready, 0 timed out (errno is set), -1 failed.
        io_wait [optional]:
            unsafe extern "C" fn(vio: *mut Vio, event: enum_vio_io_event, millis: c_int) -> c_int
            = c"vio_io_wait";
        has_data [optional]: *const c_void = c"vio_ssl_has_data";
        ssl_read [optional]: Read = c"SSL_read";
        ssl_write [optional]: Write = c"SSL_write";
        ssl_get_error [optional]: GetError = c"SSL_get_error";
        err_clear_error [optional]: unsafe extern "C" fn() = c"ERR_clear_error";
        /// Of OpenSSL 1.0, which keeps something of every thread that used it.
        err_remove_thread_state [optional]: unsafe extern "C" fn(thread: *const c_void)
            = c"ERR_remove_thread_state";
        /// A variable that servers have unless they are built with yaSSL.
        rsa_private_key [optional]: *const c_void = c"auth_rsa_private_key_path";
    }
}

/// The functions of an OpenSSL, all of them there.
struct OpenSsl {
    read: Read,
    write: Write,
    get_error: GetError,
    clear_error: unsafe extern "C" fn(),
}

impl Tls {
    /// None: the server is built with another library (whether or not an OpenSSL
    /// has come into the process by other ways), or does not show its functions.
    fn openssl(&self) -> Option<OpenSsl> {
        self.rsa_private_key?;
        Some(OpenSsl {
            read: self.ssl_read?,
            write: self.ssl_write?,
            get_error: self.ssl_get_error?,
            clear_error: self.err_clear_error?,
        })
    }

    /// The connection's SSL object. Releases of one series differ in what comes
    /// before it, so it is found by the functions of TLS that it follows: has_data,
    /// io_wait, and connect, which an accepted connection does not have. None: they
    /// are not there.
    ///
    /// # Safety
    /// A live Vio of a TLS connection.
    unsafe fn ssl_of(&self, vio: *const Vio) -> Option<*mut c_void> {
        let sought = [self.has_data?.addr(), self.io_wait? as usize, 0];
        let words = vio.cast::<usize>();
        let last = size_of::<Vio>() / size_of::<usize>() - sought.len() + MORE_FUNCTIONS;
        // SAFETY: no further than to the SSL object, which lies behind the declared
        // size only where the Vio is that much longer.
        let word = |index: usize| unsafe { words.add(index).read() };
        let place = (0..last).find(|&at| [word(at), word(at + 1), word(at + 2)] == sought)?;
        let ssl = word(place + sought.len());
        (ssl != 0).then(|| std::ptr::with_exposed_provenance_mut(ssl))
    }

    /// Whether `read` and `write` do not block, if its socket does not.
    ///
    /// # Safety
    /// A live Vio of a TLS connection.
    pub unsafe fn is_usable(&self, vio: *const Vio) -> bool {
        // SAFETY: the caller's promise.
        self.openssl().is_some() && unsafe { self.ssl_of(vio) }.is_some()
    }

    /// One call of OpenSSL on the connection.
    ///
    /// # Safety
    /// A usable Vio; no other thread is inside its SSL object.
    unsafe fn call(
        &self,
        vio: *mut Vio,
        operation: impl FnOnce(&OpenSsl, *mut c_void) -> c_int,
    ) -> usize {
        // SAFETY: the caller's promise.
        let (Some(openssl), Some(ssl)) = (self.openssl(), unsafe { self.ssl_of(vio) }) else {
            return VIO_SOCKET_ERROR;
        };
        // SAFETY: the SSL object is the caller's. What an earlier call in this thread
        // left in OpenSSL's queue of errors would be taken for this one's, and
        // nothing may be left there for the server's next.
        unsafe {
            (openssl.clear_error)();
            let result = operation(&openssl, ssl);
            if result > 0 {
                return usize::try_from(result).unwrap_or(VIO_SOCKET_ERROR);
            }
            let error = (openssl.get_error)(ssl, result);
            (openssl.clear_error)();
            match error {
                SSL_ERROR_WANT_READ => VIO_SOCKET_WANT_READ,
                SSL_ERROR_WANT_WRITE => VIO_SOCKET_WANT_WRITE,
                // Its end, too: the server would go on after a write of nothing.
                _ => VIO_SOCKET_ERROR,
            }
        }
    }

    /// Reads up to `size` bytes. The number of bytes, or one of `VIO_SOCKET_...`.
    ///
    /// # Safety
    /// A usable Vio; `buf` has room for `size` bytes; no other thread is inside its SSL object.
    pub unsafe fn read(&self, vio: *mut Vio, buf: *mut c_uchar, size: usize) -> usize {
        let size = c_int::try_from(size).unwrap_or(c_int::MAX);
        // SAFETY: the caller's promise.
        let read = unsafe { self.call(vio, |openssl, ssl| (openssl.read)(ssl, buf, size)) };
        if let Some(forget_thread) = self.err_remove_thread_state {
            // SAFETY: null: this thread, which is not inside OpenSSL.
            unsafe { forget_thread(std::ptr::null()) };
        }
        read
    }

    /// Writes up to `size` bytes. The number of bytes, or one of `VIO_SOCKET_...`: after a WANT the
    /// next write has to have the same bytes.
    ///
    /// # Safety
    /// As `read`; `buf` holds `size` bytes.
    pub unsafe fn write(&self, vio: *mut Vio, buf: *const c_uchar, size: usize) -> usize {
        let size = c_int::try_from(size).unwrap_or(c_int::MAX);
        // SAFETY: the caller's promise.
        unsafe { self.call(vio, |openssl, ssl| (openssl.write)(ssl, buf, size)) }
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
        self.io_wait
            .is_some_and(|io_wait| unsafe { io_wait(vio, event, (*vio).write_timeout) == 1 })
    }
}
