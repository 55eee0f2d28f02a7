//! MySQL 5.7: names under which the server exports what we do with sessions.

use std::ffi::CStr;

/// See `Session`.
pub(in crate::compat) const THD_ENTER_COND: &CStr = c"thd_enter_cond";
/// See `Session`.
pub(in crate::compat) const THD_EXIT_COND: &CStr = c"thd_exit_cond";

/// See `Privileges`.
pub(in crate::compat) const THD_GET_SECURITY_CONTEXT: &CStr = c"thd_get_security_context";
/// See `Privileges`.
pub(in crate::compat) const SECURITY_CONTEXT_GET_OPTION: &CStr = c"security_context_get_option";
/// See `Refusals`.
pub(in crate::compat) const MY_ERROR: &CStr = c"my_error";
/// See `Refusals`.
pub(in crate::compat) const SET_TRANSACTION_CTX: &CStr = c"set_transaction_ctx";

/// See `Sessions`.
pub(in crate::compat) const DO_FOR_ALL_THD: &CStr = c"_Z14do_for_all_thdPFvP3THDyEy";
/// See `Sessions`.
pub(in crate::compat) const THD_QUERY_SAFE: &CStr = c"thd_query_safe";
