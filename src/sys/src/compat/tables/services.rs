//! Tables of ours in performance_schema: services of MySQL 8.0.14 and later.
//!
//! Adding and deleting a table changes the data dictionary in the name of the current session,
//! whose statement (`INSTALL PLUGIN`, `UNINSTALL PLUGIN`) commits the change. Both want the
//! exclusive metadata lock of the table, and would wait for it as long as the session's
//! `lock_wait_timeout` says: a year by default. A failure would be an error of the statement, which
//! has succeeded in all else. So the lock is taken before, with a time limit of ours, and no error
//! of this reaches the session. Servers that do not export what this takes wait, and tell, as they
//! like (sql/mysqld.cc, do_create_native_table_for_pfs and do_drop_native_table_for_pfs).

use crate::{
    bindings::*,
    compat::{Service, Services},
    hooks::{TableFailure, TableHooks},
    symbols::symbols,
};
use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_ulonglong, c_void},
    ptr::null_mut,
};

/// Whether a plugin can have tables in performance_schema.
pub const HAS_TABLES: bool = true;

/// A row could not be read: the statement fails.
pub const TABLE_FAILED: c_int = PFS_HA_ERR_WRONG_COMMAND.cast_signed();
/// There is no row at the position: the server passes it over.
pub const TABLE_NO_ROW: c_int = PFS_HA_ERR_RECORD_DELETED.cast_signed();
/// There is no further row.
pub const TABLE_END: c_int = PFS_HA_ERR_END_OF_FILE.cast_signed();

const SCHEMA: &CStr = c"performance_schema";

/// What the server is told of a table.
pub type TableShare = PFS_engine_table_share_proxy;

symbols! {
    /// What takes a metadata lock, and keeps errors away from a session.
    struct Functions {
        /// Takes the exclusive metadata lock of a table, for the session's transaction, within
        /// some seconds. true: an error.
        lock_table [optional]: unsafe extern "C" fn(
            thd: *mut THD,
            schema: *const c_char,
            table: *const c_char,
            seconds: c_ulong,
            ticket: *mut *mut c_void
        ) -> bool = c"_ZN2dd27acquire_exclusive_table_mdlEP3THDPKcS3_mPP10MDL_ticket";
        /// Has errors of the session go to the handler first.
        push_handler [optional]: unsafe extern "C" fn(
            thd: *mut THD,
            handler: *mut Internal_error_handler
        ) = c"_ZN3THD21push_internal_handlerEP22Internal_error_handler";
        /// Takes the last handler away.
        pop_handler [optional]: unsafe extern "C" fn(
            thd: *mut THD
        ) -> *mut Internal_error_handler = c"_ZN3THD20pop_internal_handlerEv";
        /// The virtual functions of a handler that passes every error over.
        ignores_all [optional]: *const *const c_void = c"_ZTV19Dummy_error_handler";
    }
}

type SetWhole = unsafe extern "C" fn(field: *mut PSI_field, text: *const c_char);
type SetText = unsafe extern "C" fn(field: *mut PSI_field, text: *const c_char, len: c_uint);

/// A service and its functions, which are a structure `T`.
struct Taken<T> {
    functions: *const T,
    _service: Service,
}

// SAFETY: functions that any thread may call.
unsafe impl<T> Send for Taken<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Taken<T> {}

impl<T> Taken<T> {
    /// # Safety
    /// The services are those that the library exports; those of `name` are a `T`.
    unsafe fn acquire(services: &Services, name: &CStr) -> Result<Self, String> {
        // SAFETY: the caller's promise.
        let service = unsafe { Service::acquire(services, name) };
        let service = service.ok_or_else(|| {
            let name = name.to_string_lossy();
            format!("the server does not have the service {name}")
        })?;
        Ok(Self {
            functions: service.table(),
            _service: service,
        })
    }

    fn functions(&self) -> &T {
        // SAFETY: the functions are there as long as the service is not given back.
        unsafe { &*self.functions }
    }
}

/// How texts are written: in two versions.
enum Texts {
    V2(Taken<pfs_plugin_column_string_v2>),
    V1(Taken<pfs_plugin_column_string_v1>),
}

/// The services for tables and their columns. Any thread.
pub struct Tables {
    functions: Functions,
    tables: Taken<pfs_plugin_table_v1>,
    numbers: Taken<pfs_plugin_column_bigint_v1>,
    doubles: Taken<pfs_plugin_column_double_v1>,
    enums: Taken<pfs_plugin_column_enum_v1>,
    /// Before 8.0.17 no service takes a number: these columns are NULL.
    times: Option<Taken<pfs_plugin_column_timestamp_v2>>,
    texts: Texts,
}

impl Tables {
    /// Takes the services from the server. Err: why there can be no tables.
    ///
    /// # Safety
    /// In `init`; the services are those that the library exports.
    pub unsafe fn open(services: &Services) -> Result<Self, String> {
        let functions = Functions::resolve().map_err(|missing| missing.to_string())?;
        // SAFETY: the caller's promise; each type is the one of the name.
        unsafe {
            let texts = match Taken::acquire(services, c"pfs_plugin_column_string_v2") {
                Ok(texts) => Texts::V2(texts),
                Err(_) => Texts::V1(Taken::acquire(services, c"pfs_plugin_column_string_v1")?),
            };
            Ok(Self {
                functions,
                tables: Taken::acquire(services, c"pfs_plugin_table_v1")?,
                numbers: Taken::acquire(services, c"pfs_plugin_column_bigint_v1")?,
                doubles: Taken::acquire(services, c"pfs_plugin_column_double_v1")?,
                enums: Taken::acquire(services, c"pfs_plugin_column_enum_v1")?,
                times: Taken::acquire(services, c"pfs_plugin_column_timestamp_v2").ok(),
                texts,
            })
        }
    }

    // ---- tables ----

    /// Makes a table, afresh if there is one of this name. `seconds`: how long to wait for whoever
    /// uses it. Err: why it was not made.
    ///
    /// # Safety
    /// `thd` is the session of the current thread, and its statement is `INSTALL PLUGIN`, or the
    /// server starts. The share is static.
    pub unsafe fn add(
        &self,
        thd: *mut THD,
        share: *mut TableShare,
        seconds: c_ulong,
    ) -> Result<(), TableFailure> {
        let functions = self.tables.functions();
        let add = functions.add_tables.ok_or(TableFailure::Refused)?;
        // SAFETY: the caller's promise; a list of one.
        unsafe {
            self.quietly(thd, || {
                self.lock(thd, share, seconds)?;
                // Of a table that is not there this is no error.
                self.delete_locked(share)?;
                match add([share].as_mut_ptr(), 1) {
                    0 => Ok(()),
                    _ => Err(TableFailure::Refused),
                }
            })
        }
    }

    /// Takes a table away. Err: why it is still there.
    ///
    /// # Safety
    /// See `add`; the statement is `UNINSTALL PLUGIN`.
    pub unsafe fn delete(
        &self,
        thd: *mut THD,
        share: *mut TableShare,
        seconds: c_ulong,
    ) -> Result<(), TableFailure> {
        // SAFETY: the caller's promise.
        unsafe {
            self.quietly(thd, || {
                self.lock(thd, share, seconds)?;
                self.delete_locked(share)
            })
        }
    }

    /// # Safety
    /// See `delete`.
    unsafe fn delete_locked(&self, share: *mut TableShare) -> Result<(), TableFailure> {
        let delete = self
            .tables
            .functions()
            .delete_tables
            .ok_or(TableFailure::Refused)?;
        // SAFETY: the caller's promise; a list of one.
        match unsafe { delete([share].as_mut_ptr(), 1) } {
            0 => Ok(()),
            _ => Err(TableFailure::Refused),
        }
    }

    /// The exclusive lock of the table's name, until the statement ends.
    ///
    /// # Safety
    /// See `add`.
    unsafe fn lock(
        &self,
        thd: *mut THD,
        share: *mut TableShare,
        seconds: c_ulong,
    ) -> Result<(), TableFailure> {
        let Some(lock) = self.functions.lock_table else {
            return Ok(());
        };
        let mut ticket = null_mut();
        // SAFETY: the caller's promise; the ticket is the session's, and ends with its statement.
        let failed = unsafe {
            let name = (*share).m_table_name;
            lock(thd, SCHEMA.as_ptr(), name, seconds, &mut ticket)
        };
        if failed {
            return Err(TableFailure::InUse);
        }
        Ok(())
    }

    /// Does something whose errors are not the session's.
    ///
    /// # Safety
    /// `thd` is the session of the current thread.
    unsafe fn quietly<R>(&self, thd: *mut THD, action: impl FnOnce() -> R) -> R {
        let functions = &self.functions;
        let (Some(push), Some(pop), Some(ignores_all)) = (
            functions.push_handler,
            functions.pop_handler,
            functions.ignores_all,
        ) else {
            return action();
        };
        // In front of the functions lie the offset of the object and its type.
        const IN_FRONT: usize = 2;
        let mut handler = Internal_error_handler {
            vtable: ignores_all.wrapping_add(IN_FRONT).cast(),
            m_prev_internal_handler: null_mut(),
        };
        // SAFETY: the caller's promise; the handler lives until it is taken away.
        unsafe { push(thd, &mut handler) };
        let result = action();
        // SAFETY: as above; all that came later was taken away before.
        unsafe { pop(thd) };
        result
    }

    // ---- columns of a row; `field` is the one that `read` got, and the call is its thread's ----

    /// NULL, whatever the column's type.
    ///
    /// # Safety
    /// Of all: the field is the one that `read` was given, of the type that the name says.
    pub unsafe fn set_null(&self, field: *mut c_void) {
        // SAFETY: the caller's promise; of a value that is null only that is looked at
        // (storage/perfschema/pfs_plugin_table.cc, set_field_ubigint_v1).
        unsafe { self.write_number(field, 0, true) };
    }

    /// An unsigned BIGINT.
    ///
    /// # Safety
    /// See `set_null`.
    pub unsafe fn set_number(&self, field: *mut c_void, number: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.write_number(field, number, false) };
    }

    /// # Safety
    /// See `set_null`.
    unsafe fn write_number(&self, field: *mut c_void, val: u64, is_null: bool) {
        if let Some(set) = self.numbers.functions().set_unsigned {
            // SAFETY: the caller's promise.
            unsafe { set(field.cast(), PSI_ulonglong { val, is_null }) };
        }
    }

    /// A DOUBLE.
    ///
    /// # Safety
    /// See `set_null`.
    pub unsafe fn set_double(&self, field: *mut c_void, val: f64) {
        if let Some(set) = self.doubles.functions().set {
            let is_null = false;
            // SAFETY: the caller's promise.
            unsafe { set(field.cast(), PSI_double { val, is_null }) };
        }
    }

    /// One of the names of an ENUM, from 1.
    ///
    /// # Safety
    /// See `set_null`.
    pub unsafe fn set_enum(&self, field: *mut c_void, val: u64) {
        if let Some(set) = self.enums.functions().set {
            let is_null = false;
            // SAFETY: the caller's promise.
            unsafe { set(field.cast(), PSI_ulonglong { val, is_null }) };
        }
    }

    /// A TIMESTAMP: microseconds since 1970, not 0.
    ///
    /// # Safety
    /// See `set_null`.
    pub unsafe fn set_time(&self, field: *mut c_void, micros: u64) {
        match self.times.as_ref().and_then(|times| times.functions().set2) {
            // SAFETY: the caller's promise.
            Some(set) => unsafe { set(field.cast(), micros) },
            // SAFETY: as above.
            None => unsafe { self.set_null(field) },
        }
    }

    /// A VARCHAR. The server cuts what is too long, with a warning.
    ///
    /// # Safety
    /// See `set_null`.
    pub unsafe fn set_text(&self, field: *mut c_void, text: &str) {
        let (whole, of_length): (Option<SetWhole>, Option<SetText>) = match &self.texts {
            Texts::V2(texts) => {
                let functions = texts.functions();
                (
                    functions.set_varchar_utf8mb4,
                    functions.set_varchar_utf8mb4_len,
                )
            }
            Texts::V1(texts) => {
                let functions = texts.functions();
                (functions.set_varchar_utf8, functions.set_varchar_utf8_len)
            }
        };
        let length = c_uint::try_from(text.len()).unwrap_or(c_uint::MAX);
        // SAFETY: the caller's promise; the text is as long as that.
        unsafe {
            match (whole, of_length) {
                // A length of 0 would mean NULL.
                (Some(set), _) if length == 0 => set(field.cast(), c"".as_ptr()),
                (_, Some(set)) => set(field.cast(), text.as_ptr().cast(), length),
                _ => {}
            }
        }
    }
}

/// What the server is told of a table whose scans are those of `H`. It keeps the functions, and
/// copies the rest (storage/perfschema/pfs_plugin_table.cc, initialize_table_share).
#[allow(clippy::cast_possible_truncation)] // a name has at most 64 bytes
pub const fn table_share<H: TableHooks>() -> TableShare {
    TableShare {
        m_proxy_engine_table: PFS_engine_table_proxy {
            rnd_next: Some(next::<H>),
            rnd_init: Some(init::<H>),
            rnd_pos: Some(at_position::<H>),
            index_init: null_mut(),
            index_read: null_mut(),
            index_next: null_mut(),
            read_column_value: Some(read::<H>),
            reset_position: null_mut(), // `init` follows
            write_column_value: Some(refuse_column),
            write_row_values: Some(refuse_row),
            update_column_value: null_mut(),
            update_row_values: null_mut(),
            delete_row_values: null_mut(),
            open_table: Some(open::<H>),
            close_table: Some(close::<H>),
        },
        m_table_name: H::NAME.as_ptr(),
        m_table_name_length: H::NAME.count_bytes() as c_uint,
        m_table_definition: H::COLUMNS.as_ptr(),
        m_ref_length: H::POSITION,
        m_acl: READONLY,
        delete_all_rows: null_mut(),
        get_row_count: Some(row_count::<H>),
    }
}

unsafe extern "C" fn open<H: TableHooks>(position: *mut *mut PSI_pos) -> *mut PSI_table_handle {
    // SAFETY: the server's arguments; so below.
    unsafe { H::open(position.cast()).cast() }
}

unsafe extern "C" fn close<H: TableHooks>(scan: *mut PSI_table_handle) {
    // SAFETY: as above.
    unsafe { H::close(scan.cast()) }
}

unsafe extern "C" fn init<H: TableHooks>(scan: *mut PSI_table_handle, _: bool) -> c_int {
    // SAFETY: as above.
    unsafe { H::init(scan.cast()) }
}

unsafe extern "C" fn next<H: TableHooks>(scan: *mut PSI_table_handle) -> c_int {
    // SAFETY: as above.
    unsafe { H::next(scan.cast()) }
}

unsafe extern "C" fn at_position<H: TableHooks>(scan: *mut PSI_table_handle) -> c_int {
    // SAFETY: as above.
    unsafe { H::at_position(scan.cast()) }
}

unsafe extern "C" fn read<H: TableHooks>(
    scan: *mut PSI_table_handle,
    field: *mut PSI_field,
    column: c_uint,
) -> c_int {
    // SAFETY: as above.
    unsafe { H::read(scan.cast(), field.cast(), column) }
}

// These do nothing that could panic.

extern "C" fn row_count<H: TableHooks>() -> c_ulonglong {
    H::USUAL_ROWS
}

/// The rows of an applier are written without a look at privileges.
extern "C" fn refuse_column(_: *mut PSI_table_handle, _: *mut PSI_field, _: c_uint) -> c_int {
    TABLE_FAILED
}

extern "C" fn refuse_row(_: *mut PSI_table_handle) -> c_int {
    TABLE_FAILED
}
