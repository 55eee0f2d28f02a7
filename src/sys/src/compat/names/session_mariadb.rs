//! MariaDB 10.1: names under which the server exports the wait of a session.

use std::ffi::CStr;

/// See `Session`.
pub(in crate::compat) const THD_ENTER_COND: &CStr =
    c"_Z14thd_enter_condP3THDP13st_mysql_condP14st_mysql_mutexPK17PSI_stage_info_v1PS5_PKcSA_i";
/// See `Session`.
pub(in crate::compat) const THD_EXIT_COND: &CStr =
    c"_Z13thd_exit_condP3THDPK17PSI_stage_info_v1PKcS5_i";
