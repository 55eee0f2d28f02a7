//! Our libraries for MySQL in a MariaDB server.
//!
//! From 10.3.3 on MariaDB has semi-sync built in, under the same variables, and no
//! observers. Scripts that install the plugins of old go on working: the library
//! loads through MariaDB's own descriptor, says who does the work, and does
//! nothing. Nothing of this touches what the rest of the crate relies on: the
//! series of the library does not matter here.

use crate::{callback::Callback, guard::guard, server::series_name, strings::text};
use semisync_sys::look_up;
use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr::null,
};

type Print = unsafe extern "C" fn(format: *const c_char, ...);

const PRINT_NOTE: &CStr = c"_Z21sql_print_informationPKcz";
const PRINT_ERROR: &CStr = c"_Z15sql_print_errorPKcz";

/// `init` of the plugin in MariaDB.
///
/// # Safety
/// Called by a MariaDB server.
pub unsafe extern "C" fn init(_: *mut c_void) -> c_int {
    guard(Callback::Init, 1, || {
        // SAFETY: an array of characters in every server.
        let version = unsafe { look_up(c"server_version") }.unwrap_or(null());
        // SAFETY: null, or a C string for as long as the server lives.
        let version = unsafe { text(version) };
        let (print, line, answer) = if has_semi_sync_built_in(version) {
            let line = "Semi-sync replication is built into this server and does its work without \
                        a plugin; this one does nothing. Use the server's own variables: \
                        rpl_semi_sync_master_enabled, rpl_semi_sync_master_timeout, \
                        rpl_semi_sync_master_wait_point and others on the master, \
                        rpl_semi_sync_slave_enabled on the slave.";
            (PRINT_NOTE, line.to_owned(), 0)
        } else {
            let line = format!(
                "This library is built for {}, the server is {version}; install the library of the \
                 server's series.",
                series_name()
            );
            (PRINT_ERROR, line, 1)
        };
        say(print, &line);
        answer
    })
}

fn say(print: &'static CStr, line: &str) {
    // SAFETY: printf-like by its mangled name.
    let Ok(print) = (unsafe { look_up::<Print>(print) }) else {
        return;
    };
    let line = CString::new(line).unwrap_or_default();
    // SAFETY: a format with one string.
    unsafe { print(c"%s".as_ptr(), line.as_ptr()) };
}

/// Whether a version such as "10.11.19-MariaDB-..." is 10.3.3 or later.
fn has_semi_sync_built_in(version: &str) -> bool {
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|part| part.parse::<u32>().ok());
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next()) >= (10, 3, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semi_sync_is_built_in_from_10_3_3_on() {
        for version in [
            "10.3.3-MariaDB",
            "10.11.19-MariaDB-0+deb12u1-log",
            "11.8.3-MariaDB",
            "12.0.1",
        ] {
            assert!(has_semi_sync_built_in(version), "{version}");
        }
        for version in [
            "10.3.2-MariaDB",
            "10.1.9-MariaDB",
            "5.5.37-MariaDB-wsrep",
            "",
        ] {
            assert!(!has_semi_sync_built_in(version), "{version}");
        }
    }
}
