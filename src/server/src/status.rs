//! Status variables: rows that are functions, and rows that are counters.
//!
//! The server calls the functions under `LOCK_status`: they must not block. A
//! counter it reads by itself, and `FLUSH STATUS` sets it to 0.

use crate::{callback::Callback, guard::guard, sys};
use semisync_sys::{Ended, Shared};
use std::{
    ffi::{CStr, c_char, c_int},
    sync::atomic::AtomicU64,
};

/// A value as `SHOW GLOBAL STATUS` prints it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// ON or OFF.
    Bool(bool),
    /// An unsigned long.
    Long(u64),
    /// An unsigned long long.
    LongLong(u64),
}

/// What a row shows that is a function.
pub trait Show: 'static {
    /// The value now. In the session of `SHOW STATUS`; must not wait.
    fn value() -> Value;
}

/// A row of `SHOW GLOBAL STATUS`.
#[repr(transparent)]
pub struct Row(sys::st_mysql_show_var);

impl Row {
    /// A row that is a function: its full name, and what it shows.
    pub const fn shown<S: Show>(name: &'static CStr) -> Self {
        Self(sys::st_mysql_show_var {
            name: name.as_ptr(),
            value: show::<S> as ShowFunction as *mut c_char,
            type_: sys::compat::SHOW_ROW,
            scope: sys::SHOW_SCOPE_GLOBAL,
        })
    }

    /// A row whose value the server reads, and sets to 0 in `FLUSH STATUS`.
    pub const fn counter(name: &'static CStr, counter: &'static AtomicU64) -> Self {
        Self(sys::st_mysql_show_var {
            name: name.as_ptr(),
            value: counter.as_ptr().cast(),
            type_: sys::SHOW_LONG,
            scope: sys::SHOW_SCOPE_GLOBAL,
        })
    }

    /// The row that ends the array.
    const END: Self = Self(sys::st_mysql_show_var {
        name: std::ptr::null(),
        value: std::ptr::null_mut(),
        type_: sys::SHOW_UNDEF,
        scope: sys::SHOW_SCOPE_UNDEF,
    });
}

/// The rows of a plugin, in static memory.
pub struct Rows<const N: usize>(Shared<Ended<Row, N>>);

impl<const N: usize> Rows<N> {
    /// The server shows them in this order.
    pub const fn new(rows: [Row; N]) -> Self {
        Self(Shared::new(Ended(rows, Row::END)))
    }

    /// The array that the descriptor points to.
    #[doc(hidden)]
    pub const fn as_ptr(&self) -> *mut sys::st_mysql_show_var {
        self.0.as_ptr().cast()
    }
}

type ShowFunction =
    unsafe extern "C" fn(*mut sys::THD, *mut sys::st_mysql_show_var, *mut c_char) -> c_int;

unsafe extern "C" fn show<S: Show>(
    _: *mut sys::THD,
    out: *mut sys::st_mysql_show_var,
    buffer: *mut c_char,
) -> c_int {
    // What a panic leaves. The server does not look at the result of the function. It reads
    // the row, which without this would hold what happened to lie there, or name the function
    // again, which would be called for ever.
    // SAFETY: the server's row.
    unsafe {
        (*out).type_ = sys::SHOW_UNDEF;
        (*out).value = c"".as_ptr().cast_mut();
    }
    guard(Callback::ShowStatus, 1, || {
        let (kind, bytes) = match S::value() {
            Value::Bool(on) => (sys::SHOW_BOOL, u64::from(on)),
            Value::Long(number) => (sys::SHOW_LONG, number),
            Value::LongLong(number) => (sys::SHOW_LONGLONG, number),
        };
        // SAFETY: the server's buffer of SHOW_VAR_FUNC_BUFF_SIZE bytes, more than 8
        // (little-endian: the first byte serves as the bool); alignment is not assumed.
        unsafe { buffer.cast::<u64>().write_unaligned(bytes) };
        // SAFETY: the server's row; the buffer lives as long as the row is used.
        unsafe {
            (*out).type_ = kind;
            (*out).value = buffer;
        }
        0
    })
}
