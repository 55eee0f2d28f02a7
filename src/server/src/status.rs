//! Status variables: rows that are functions, groups of rows, and rows that are counters.
//!
//! The server calls the functions under `LOCK_status`: they must not block. A
//! counter it reads by itself, and `FLUSH STATUS` sets it to 0.

use crate::{callback::Callback, guard::guard, sys};
use semisync_sys::{Ended, Shared};
use std::{
    cell::RefCell,
    ffi::{CStr, CString, c_char, c_int},
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

/// What a group of rows shows.
pub trait ShowMany: 'static {
    /// Adds the rows of now. In the session of `SHOW STATUS`; must not wait.
    fn fill(group: &mut Group);
}

/// The rows of a group, as [`ShowMany`] adds them.
#[derive(Default)]
pub struct Group(Vec<(CString, Value)>);

impl Group {
    /// Adds a row. Its name is that of the group, `_`, and `name`; names of rows have at most 63
    /// characters.
    pub fn add(&mut self, name: &str, value: Value) {
        self.0.push((CString::new(name).unwrap_or_default(), value));
    }
}

/// A row of `SHOW GLOBAL STATUS`, or a group of them.
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

    /// Rows that one function makes, all of the same moment: what their names begin with, and
    /// what they show.
    pub const fn group<S: ShowMany>(name: &'static CStr) -> Self {
        Self(sys::st_mysql_show_var {
            name: name.as_ptr(),
            value: show_many::<S> as ShowFunction as *mut c_char,
            type_: sys::SHOW_FUNC,
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

/// What a value is to the server: its type, and bytes that hold a bool, an unsigned long or an
/// unsigned long long (little-endian: the first byte serves as the bool).
fn as_shown(value: Value) -> (sys::enum_mysql_show_type, u64) {
    match value {
        Value::Bool(on) => (sys::SHOW_BOOL, u64::from(on)),
        Value::Long(number) => (sys::SHOW_LONG, number),
        Value::LongLong(number) => (sys::SHOW_LONGLONG, number),
    }
}

/// Makes the row empty. That is what a panic leaves. The server does not look at the result of
/// the function. It reads the row, which without this would hold what happened to lie there, or
/// name the function again, which would be called for ever.
///
/// # Safety
/// `out`: the server's row.
unsafe fn clear(out: *mut sys::st_mysql_show_var) {
    // SAFETY: the caller's promise.
    unsafe {
        (*out).type_ = sys::SHOW_UNDEF;
        (*out).value = c"".as_ptr().cast_mut();
    }
}

unsafe extern "C" fn show<S: Show>(
    _: *mut sys::THD,
    out: *mut sys::st_mysql_show_var,
    buffer: *mut c_char,
) -> c_int {
    // SAFETY: the server's row.
    unsafe { clear(out) };
    guard(Callback::ShowStatus, 1, || {
        let (kind, bytes) = as_shown(S::value());
        // SAFETY: the server's buffer of SHOW_VAR_FUNC_BUFF_SIZE bytes, more than 8; alignment is
        // not assumed.
        unsafe { buffer.cast::<u64>().write_unaligned(bytes) };
        // SAFETY: the server's row; the buffer lives as long as the row is used.
        unsafe {
            (*out).type_ = kind;
            (*out).value = buffer;
        }
        0
    })
}

/// A group as the server reads it: rows that point to names and values beside them.
#[derive(Default)]
struct Listed {
    rows: Vec<Row>,
    _names: Vec<CString>,
    _values: Vec<u64>,
}

impl Listed {
    fn new(Group(group): Group) -> Self {
        let mut kinds = Vec::with_capacity(group.len());
        let (names, values): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|(name, value)| {
                let (kind, bytes) = as_shown(value);
                kinds.push(kind);
                (name, bytes)
            })
            .unzip();
        let mut rows: Vec<_> = kinds
            .into_iter()
            .zip(names.iter().zip(&values))
            .map(|(type_, (name, value))| {
                Row(sys::st_mysql_show_var {
                    name: name.as_ptr(),
                    value: std::ptr::from_ref(value).cast_mut().cast(),
                    type_,
                    scope: sys::SHOW_SCOPE_GLOBAL,
                })
            })
            .collect();
        rows.push(Row::END);
        Self {
            rows,
            _names: names,
            _values: values,
        }
    }
}

thread_local! {
    /// The group that this thread has listed last: the server reads it after the function.
    static LISTED: RefCell<Listed> = RefCell::default();
}

unsafe extern "C" fn show_many<S: ShowMany>(
    _: *mut sys::THD,
    out: *mut sys::st_mysql_show_var,
    _: *mut c_char,
) -> c_int {
    // SAFETY: the server's row. Its name is left as it is: MySQL 5.7 and later take it for the
    // beginning of the names.
    unsafe { clear(out) };
    guard(Callback::ShowStatus, 1, || {
        let mut group = Group::default();
        S::fill(&mut group);
        let rows = LISTED.with_borrow_mut(|listed| {
            *listed = Listed::new(group);
            listed.rows.as_mut_ptr()
        });
        // SAFETY: the server's row. The server copies the group's rows before it calls another
        // function of ours in this thread (show_status_array in sql/sql_show.cc,
        // PFS_status_variable_cache::manifest in storage/perfschema/pfs_variable.cc).
        unsafe {
            (*out).type_ = sys::SHOW_ARRAY;
            (*out).value = rows.cast();
        }
        0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null_mut;

    struct Two;

    impl ShowMany for Two {
        fn fill(group: &mut Group) {
            group.add("state", Value::LongLong(2));
            group.add("counted", Value::Bool(true));
        }
    }

    #[test]
    fn a_group_is_an_array_of_rows_that_ends() {
        let mut row = Row::group::<Two>(c"Semisync_source").0;
        // SAFETY: a row, as the server has one.
        let answer = unsafe { show_many::<Two>(null_mut(), &mut row, null_mut()) };
        assert_eq!(answer, 0);
        assert_eq!(row.type_, sys::SHOW_ARRAY);
        let mut seen = Vec::new();
        let mut next = row.value.cast::<sys::st_mysql_show_var>();
        // SAFETY: an array that ends with a row without a name; the names are C strings, the
        // values numbers.
        unsafe {
            while !(*next).name.is_null() {
                let name = CStr::from_ptr((*next).name).to_str().unwrap();
                seen.push((name, (*next).type_, *(*next).value.cast::<u64>()));
                next = next.add(1);
            }
        }
        assert_eq!(
            seen,
            [
                ("state", sys::SHOW_LONGLONG, 2),
                ("counted", sys::SHOW_BOOL, 1)
            ]
        );
    }
}
