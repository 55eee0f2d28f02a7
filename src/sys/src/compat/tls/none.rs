//! No TLS without blocking: the connection's functions wait as long as they like, and nobody may
//! wait for them. A replica over TLS is served asynchronously.

use crate::{
    bindings::Vio,
    compat::tls_results::{TlsWant, VIO_SOCKET_ERROR},
    symbols::MissingSymbol,
};
use std::ffi::c_uchar;

/// The server's functions for a TLS connection: of no use.
pub struct Tls;

impl Tls {
    /// Nothing to look up.
    pub(crate) fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }

    /// Whether `read` and `write` do not block: never.
    ///
    /// # Safety
    /// None.
    pub unsafe fn is_usable(&self, _: *const Vio) -> bool {
        false
    }

    /// An error, as no Vio is usable.
    ///
    /// # Safety
    /// None.
    pub unsafe fn read(&self, _: *mut Vio, _: *mut c_uchar, _: usize) -> usize {
        VIO_SOCKET_ERROR
    }

    /// An error, as no Vio is usable.
    ///
    /// # Safety
    /// None.
    pub unsafe fn write(&self, _: *mut Vio, _: *const c_uchar, _: usize) -> usize {
        VIO_SOCKET_ERROR
    }

    /// false, as no Vio is usable.
    ///
    /// # Safety
    /// None.
    pub unsafe fn wait(&self, _: *mut Vio, _: TlsWant) -> bool {
        false
    }
}
