//! C strings: of the server, and names of our own.

use std::ffi::{CStr, c_char};

/// A name put together from literals at compile time, as a C string.
#[macro_export]
macro_rules! c_text {
    ($($part:tt),+) => {
        match ::std::ffi::CStr::from_bytes_with_nul(::std::concat!($($part),+, "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("a name contains NUL"),
        }
    };
}

/// A C string as text; empty for null or for bytes that are not UTF-8 (names in the
/// server's own messages are).
///
/// # Safety
/// `string` is null or a C string that outlives the use of the answer: what the
/// server hands to a hook lives until the hook returns.
pub(crate) unsafe fn text<'a>(string: *const c_char) -> &'a str {
    // SAFETY: the caller's promise.
    std::str::from_utf8(unsafe { bytes(string) }).unwrap_or("")
}

/// The bytes of a C string without NUL; none for null.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn bytes<'a>(string: *const c_char) -> &'a [u8] {
    if string.is_null() {
        return &[];
    }
    // SAFETY: not null, and a C string by the caller's promise.
    unsafe { CStr::from_ptr(string) }.to_bytes()
}
