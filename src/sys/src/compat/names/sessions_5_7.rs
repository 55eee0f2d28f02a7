//! MySQL 5.7: names under which the server exports what we do with sessions.

use std::ffi::CStr;

/// See `Session`.
pub(in crate::compat) const THD_ENTER_COND: &CStr = c"thd_enter_cond";
/// See `Session`.
pub(in crate::compat) const THD_EXIT_COND: &CStr = c"thd_exit_cond";

/// See `Sessions`.
pub(in crate::compat) const DO_FOR_ALL_THD: &CStr = c"_Z14do_for_all_thdPFvP3THDyEy";
/// See `Sessions`.
pub(in crate::compat) const THD_QUERY_SAFE: &CStr = c"thd_query_safe";
