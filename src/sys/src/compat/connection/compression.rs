//! Compression of a connection from MySQL 8.0 on: zlib, and zstd since 8.0.18.

use crate::{
    bindings::{MYSQL_ZSTD, NET, NET_SERVER},
    symbols::look_up,
};
use std::ffi::c_void;

/// Whether a compressed connection uses zstd. Servers that cannot do so have a
/// shorter extension; that they can is told by the function that prepares it.
///
/// # Safety
/// The NET of a session, in its thread.
pub unsafe fn is_zstd(net: *const NET) -> bool {
    // SAFETY: an address that is only compared with null.
    let prepares = unsafe {
        look_up::<*const c_void>(c"_Z27mysql_compress_context_initP22mysql_compress_context26enum_compression_algorithmj")
    };
    // SAFETY: the extension of a session's NET is a NET_SERVER, or null.
    unsafe {
        let extension = (*net).extension.cast::<NET_SERVER>();
        prepares.is_ok()
            && !extension.is_null()
            && (*extension).compress_ctx_algorithm == MYSQL_ZSTD
    }
}
