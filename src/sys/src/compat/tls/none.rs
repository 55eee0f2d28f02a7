//! No TLS without blocking: the connection's functions wait as long as they like,
//! and nobody may wait for them. A replica over TLS is served asynchronously.

use crate::{MissingSymbol, bindings::Vio, compat::TlsWant};
use std::ffi::c_uchar;

pub struct Tls;

impl Tls {
    pub fn resolve() -> Result<Self, MissingSymbol> {
        Ok(Self)
    }

    /// # Safety
    /// None: always false.
    pub unsafe fn is_usable(&self, _: *const Vio) -> bool {
        false
    }

    /// # Safety
    /// None: an error, as no Vio is usable.
    pub unsafe fn read(&self, _: *mut Vio, _: *mut c_uchar, _: usize) -> usize {
        crate::compat::VIO_SOCKET_ERROR
    }

    /// # Safety
    /// None: an error, as no Vio is usable.
    pub unsafe fn write(&self, _: *mut Vio, _: *const c_uchar, _: usize) -> usize {
        crate::compat::VIO_SOCKET_ERROR
    }

    /// # Safety
    /// None: false, as no Vio is usable.
    pub unsafe fn wait(&self, _: *mut Vio, _: TlsWant) -> bool {
        false
    }
}
