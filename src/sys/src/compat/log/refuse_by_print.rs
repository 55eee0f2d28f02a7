//! Why a plugin is not to be installed, said in a way that needs nothing but one function: before
//! MySQL 8.0, and in MariaDB. (There are plugin services in MySQL 5.6 and 5.7 too. But 5.6 would
//! leave the address of its service in the library's pointer. The library stays mapped, so the
//! pointer would no longer hold the wanted version, and the server would refuse the library the
//! next time.)

use crate::symbols::look_up;
use std::ffi::{CStr, c_char};

/// Writes `reason` as an error.
///
/// # Safety
/// In a server of MySQL before 8.0, or of MariaDB.
pub(in crate::compat) unsafe fn refuse_by_print(reason: &CStr) {
    // SAFETY: the type of the function in all these servers.
    let print: Result<unsafe extern "C" fn(*const c_char, ...), _> =
        unsafe { look_up(c"_Z15sql_print_errorPKcz") };
    if let Ok(print) = print {
        // SAFETY: a format with one string.
        unsafe { print(c"%s".as_ptr(), reason.as_ptr()) };
    }
}
