//! Compression of a connection from MySQL 8.0 on: zlib, and zstd since 8.0.18.

use crate::{
    bindings::{MYSQL_ZSTD, NET, NET_SERVER},
    symbols::symbols,
};
use std::ffi::c_void;

symbols! {
    struct Zstd {
        /// Never called: that it exists tells that the server can use zstd.
        init [optional]: *const c_void =
        c"_Z27mysql_compress_context_initP22mysql_compress_context26enum_compression_algorithmj";
    }
}

/// Whether a compressed connection uses zstd. A server that cannot use zstd has a shorter
/// extension.
///
/// # Safety
/// The NET of a session, in its thread.
pub unsafe fn is_zstd(net: *const NET) -> bool {
    if !Zstd::resolve().is_ok_and(|zstd| zstd.init.is_some()) {
        return false;
    }
    // SAFETY: the extension of a session's NET is a NET_SERVER, or null.
    unsafe {
        let extension = (*net).extension.cast::<NET_SERVER>();
        !extension.is_null() && (*extension).compress_ctx_algorithm == MYSQL_ZSTD
    }
}
