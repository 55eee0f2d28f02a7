//! Compression of a connection before MySQL 8.0, and in MariaDB: zlib.

use crate::bindings::NET;

/// Whether a compressed connection uses zstd: never.
///
/// # Safety
/// None.
pub unsafe fn is_zstd(_: *const NET) -> bool {
    false
}
