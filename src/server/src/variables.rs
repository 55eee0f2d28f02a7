//! System variables: descriptors that the server writes into, over values that
//! are atomics, so that Rust reads what the server stores without a lock. A [`Text`] the server
//! keeps to itself; Rust is told of each value.
//!
//! The server stores a value before `init` (default, option file, command line) and in
//! `SET GLOBAL`: by itself, or through [`Update`]. Updates run under
//! `LOCK_global_system_variables`, one at a time; sessions that read variables wait
//! meanwhile, so updates are quick.

mod text;

use crate::{callback::Callback, guard::guard, sys};
use semisync_sys::{Ended, Shared};
use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void},
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64},
};
pub use text::{Text, TextUpdate, TextValue};

/// What `SET GLOBAL` of one variable does. It stores the value itself, or keeps the old
/// one. In the session of `SET`.
pub trait Update: 'static {
    /// `bool`, `u32` or `u64`, as the variable.
    type Value: Copy + 'static;

    /// `SET GLOBAL` to this value, which is within the variable's range.
    fn set(value: Self::Value);
}

/// # Safety
/// The server calls it for a variable of the type `U::Value`.
unsafe extern "C" fn update<U: Update>(
    _: *mut sys::THD,
    _: *mut sys::st_mysql_sys_var,
    _: *mut c_void,
    save: *const c_void,
) {
    guard(Callback::UpdateVariable, (), || {
        // SAFETY: the server's temporary of the variable's type, valid during the call.
        U::set(unsafe { *save.cast::<U::Value>() });
    });
}

const fn head(
    kind: u32,
    name: &'static CStr,
    comment: &'static CStr,
    update: sys::mysql_var_update_func,
) -> sys::st_mysql_sys_var {
    // All variables of semi-sync: argument optional on the command line.
    let flags = kind | sys::PLUGIN_VAR_OPCMDARG;
    sys::st_mysql_sys_var {
        flags: flags as c_int,
        name: name.as_ptr(),
        comment: comment.as_ptr(),
        check: None,
        update,
    }
}

/// A variable that is ON or OFF.
pub struct Bool(Shared<sys::sys_var_bool>);

impl Bool {
    /// `value` holds the value between the server and its readers. `U` may keep ON to itself: the
    /// variable turns itself OFF then, once `U` has done what it is for.
    pub const fn new<U: Update<Value = bool>>(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicBool,
        default: bool,
    ) -> Self {
        Self::with(name, comment, value, default, Some(update::<U>))
    }

    /// As `new`, and the server stores the value.
    pub const fn stored(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicBool,
        default: bool,
    ) -> Self {
        Self::with(name, comment, value, default, None)
    }

    const fn with(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicBool,
        default: bool,
        update: sys::mysql_var_update_func,
    ) -> Self {
        Self(Shared::new(sys::sys_var_bool {
            head: head(sys::PLUGIN_VAR_BOOL, name, comment, update),
            value: value.as_ptr(),
            def_val: default,
        }))
    }

    /// For [`Variables`].
    pub const fn entry(&'static self) -> Entry {
        Entry(self.0.as_ptr().cast())
    }
}

/// A number of 32 bits.
pub struct Uint(Shared<sys::sys_var_uint>);

impl Uint {
    /// `range`: least and greatest value; the server clamps to it with a warning.
    pub const fn new<U: Update<Value = u32>>(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU32,
        default: c_uint,
        range: (c_uint, c_uint),
    ) -> Self {
        let kind = sys::PLUGIN_VAR_INT | sys::PLUGIN_VAR_UNSIGNED;
        Self(Shared::new(sys::sys_var_uint {
            head: head(kind, name, comment, Some(update::<U>)),
            value: value.as_ptr(),
            def_val: default,
            min_val: range.0,
            max_val: range.1,
            blk_sz: 1,
        }))
    }

    /// For [`Variables`].
    pub const fn entry(&'static self) -> Entry {
        Entry(self.0.as_ptr().cast())
    }
}

/// A number of 64 bits.
pub struct Ulong(Shared<sys::sys_var_ulong>);

impl Ulong {
    /// 0 to `greatest`; the server clamps to it with a warning.
    pub const fn new<U: Update<Value = u64>>(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU64,
        default: c_ulong,
        greatest: c_ulong,
    ) -> Self {
        Self::with(name, comment, value, default, greatest, Some(update::<U>))
    }

    /// 0 to 2^64-1; the server stores the value.
    pub const fn stored(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU64,
        default: c_ulong,
    ) -> Self {
        Self::with(name, comment, value, default, c_ulong::MAX, None)
    }

    const fn with(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU64,
        default: c_ulong,
        greatest: c_ulong,
        update: sys::mysql_var_update_func,
    ) -> Self {
        let kind = sys::PLUGIN_VAR_LONG | sys::PLUGIN_VAR_UNSIGNED;
        Self(Shared::new(sys::sys_var_ulong {
            head: head(kind, name, comment, update),
            value: value.as_ptr(),
            def_val: default,
            min_val: 0,
            max_val: greatest,
            blk_sz: 1,
        }))
    }

    /// The variable `trace_level` of both sides, and stock's default.
    pub const fn trace_level(value: &'static AtomicU64) -> Self {
        let comment = c"What to trace in the error log: the sum of 1 (general), 16 (details), \
                        32 (network waits), 64 (functions).";
        Self::stored(c"trace_level", comment, value, 32)
    }

    /// For [`Variables`].
    pub const fn entry(&'static self) -> Entry {
        Entry(self.0.as_ptr().cast())
    }
}

/// One of some names; the value is the index into the names.
pub struct Enum(Shared<sys::sys_var_enum>);

impl Enum {
    /// `names`: a static of its own.
    pub const fn new<U: Update<Value = u64>>(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU64,
        default: c_ulong,
        names: &'static Names,
    ) -> Self {
        Self::with(name, comment, value, default, names, Some(update::<U>))
    }

    /// As `new`, and the server stores the value.
    pub const fn stored(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU64,
        default: c_ulong,
        names: &'static Names,
    ) -> Self {
        Self::with(name, comment, value, default, names, None)
    }

    const fn with(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static AtomicU64,
        default: c_ulong,
        names: &'static Names,
        update: sys::mysql_var_update_func,
    ) -> Self {
        Self(Shared::new(sys::sys_var_enum {
            head: head(sys::PLUGIN_VAR_ENUM, name, comment, update),
            value: value.as_ptr(),
            def_val: default,
            typelib: names.0.as_ptr(),
        }))
    }

    /// For [`Variables`].
    pub const fn entry(&'static self) -> Entry {
        Entry(self.0.as_ptr().cast())
    }
}

/// The names that an [`Enum`] may have.
pub struct Names(Shared<sys::typelib>);

impl Names {
    /// `names` ends with [`Name::END`], which is not counted.
    pub const fn new(names: &'static [Name]) -> Self {
        assert!(
            names[names.len() - 1].0.is_null(),
            "the server looks for the end"
        );
        Self(Shared::new(sys::typelib {
            count: names.len() - 1,
            name: c"".as_ptr(),
            type_names: names.as_ptr().cast(),
            type_lengths: std::ptr::null_mut(),
        }))
    }
}

/// A C string in a static array of names.
#[repr(transparent)]
pub struct Name(*const c_char);

// SAFETY: points to a string literal, which is never written.
unsafe impl Sync for Name {}

impl Name {
    /// Behind the last name.
    pub const END: Self = Self(std::ptr::null());

    /// A name of the value that is its index.
    pub const fn new(name: &'static CStr) -> Self {
        Self(name.as_ptr())
    }
}

/// A variable in the list of a plugin.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Entry(*mut sys::st_mysql_sys_var);

/// The variables of a plugin, in static memory.
pub struct Variables<const N: usize>(Shared<Ended<Entry, N>>);

impl<const N: usize> Variables<N> {
    /// None: a variable that the series does not have.
    pub const fn new(entries: [Option<Entry>; N]) -> Self {
        const END: Entry = Entry(std::ptr::null_mut());
        let mut listed = [END; N];
        let (mut at, mut count) = (0, 0);
        while at < N {
            if let Some(entry) = entries[at] {
                listed[count] = entry;
                count += 1;
            }
            at += 1;
        }
        Self(Shared::new(Ended(listed, END)))
    }

    /// The array that the descriptor points to.
    #[doc(hidden)]
    pub const fn as_ptr(&self) -> *mut *mut sys::st_mysql_sys_var {
        self.0.as_ptr().cast()
    }
}
