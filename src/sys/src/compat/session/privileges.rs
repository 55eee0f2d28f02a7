//! What the account of the current session may do, in MySQL 5.7 and later.

use crate::{
    bindings::THD,
    compat::{SECURITY_CONTEXT_GET_OPTION, THD_GET_SECURITY_CONTEXT},
    symbols::symbols,
};
use std::{
    ffi::{CStr, c_char, c_void},
    ptr::null_mut,
};

/// `my_svc_bool`
type Failed = c_char;

/// The server's `Security_context`.
type Context = *mut c_void;

/// `std::pair<bool, bool>`
#[repr(C)]
pub(crate) struct Granted {
    is_held: bool,
    may_be_granted: bool,
}

const CONNECTION_ADMIN: &CStr = c"CONNECTION_ADMIN";

symbols! {
    /// The privileges of the current session's account.
    pub struct Privileges {
        /// The context in force: inside a procedure it may be its definer's.
        context: unsafe extern "C" fn(thd: *mut THD, context: *mut Context) -> Failed
            = THD_GET_SECURITY_CONTEXT;
        option: unsafe extern "C" fn(
            context: Context,
            name: *const c_char,
            value: *mut c_void,
        ) -> Failed = SECURITY_CONTEXT_GET_OPTION;
        /// Since 8.0, as dynamic privileges are.
        has_global_grant [optional]:
            unsafe extern "C" fn(this: Context, name: *const c_char, len: usize) -> Granted
            = c"_ZN16Security_context16has_global_grantEPKcm";
    }
}

impl Privileges {
    /// Whether `read_only` lets the account write: SUPER, or CONNECTION_ADMIN where there is such
    /// (sql/auth/sql_authorization.cc, `check_readonly`).
    ///
    /// # Safety
    /// The session of the current thread.
    pub unsafe fn writes_when_read_only(&self, thd: *mut THD) -> bool {
        let mut context: Context = null_mut();
        // SAFETY: the caller's session; the server fills in its own context.
        if unsafe { (self.context)(thd, &mut context) } != 0 || context.is_null() {
            return false;
        }
        let mut is_super: c_char = 0;
        // SAFETY: the value of this option is a `my_svc_bool`.
        let failed = unsafe {
            let value = (&raw mut is_super).cast();
            (self.option)(context, c"privilege_super".as_ptr(), value)
        };
        if failed == 0 && is_super != 0 {
            return true;
        }
        self.has_global_grant.is_some_and(|has_global_grant| {
            let (name, len) = (CONNECTION_ADMIN.as_ptr(), CONNECTION_ADMIN.count_bytes());
            // SAFETY: a context of the server's, and a name with its length.
            unsafe { has_global_grant(context, name, len) }.is_held
        })
    }
}
