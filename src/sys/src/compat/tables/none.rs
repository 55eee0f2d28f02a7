//! No tables: before MySQL 8.0, and in MariaDB, a plugin cannot add one to performance_schema.

use crate::{
    bindings::THD,
    compat::Services,
    hooks::{TableFailure, TableHooks},
};
use std::ffi::{c_ulong, c_void};

/// Whether a plugin can have tables in performance_schema.
pub const HAS_TABLES: bool = false;

/// A row could not be read. Any number that is not 0.
pub const TABLE_FAILED: i32 = 1;
/// There is no row at the position.
pub const TABLE_NO_ROW: i32 = 1;
/// There is no further row.
pub const TABLE_END: i32 = 1;

/// Nothing.
pub struct TableShare;

/// Nothing.
pub const fn table_share<H: TableHooks>() -> TableShare {
    TableShare
}

/// Never made.
pub enum Tables {}

impl Tables {
    /// Err: why there are none.
    ///
    /// # Safety
    /// None.
    pub unsafe fn open(_: &Services) -> Result<Self, String> {
        Err("the server has no tables of plugins".into())
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn add(
        &self,
        _: *mut THD,
        _: *mut TableShare,
        _: c_ulong,
    ) -> Result<(), TableFailure> {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn delete(
        &self,
        _: *mut THD,
        _: *mut TableShare,
        _: c_ulong,
    ) -> Result<(), TableFailure> {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn set_null(&self, _: *mut c_void) {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn set_number(&self, _: *mut c_void, _: u64) {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn set_double(&self, _: *mut c_void, _: f64) {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn set_enum(&self, _: *mut c_void, _: u64) {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn set_time(&self, _: *mut c_void, _: u64) {
        match *self {}
    }

    /// Never called.
    ///
    /// # Safety
    /// None.
    pub unsafe fn set_text(&self, _: *mut c_void, _: &str) {
        match *self {}
    }
}
