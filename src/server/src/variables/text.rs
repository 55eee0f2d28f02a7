//! A variable that is a text.
//!
//! The server keeps the text in memory of its own (`PLUGIN_VAR_MEMALLOC`). Releases of one series
//! differ in who copies and frees the text in `SET`: the server before it calls `update` and after
//! it (`plugin_var_memalloc_global_update`, sql/sql_plugin.cc), or `update` itself (MariaDB, and
//! MySQL 5.6 in its first releases). The server's own functions for a text know. The server writes
//! their addresses into a descriptor that has none. So they do what they always do, and ours, which
//! take their places in `init`, only look at the text.
//!
//! A value that was persisted, and that may not be, is not refused like one of `SET`: the server
//! would set none of the values that were persisted later, or `INSTALL PLUGIN` would leave a plugin
//! that is neither there nor gone (`Persisted_variables_cache::set_persisted_options`,
//! sql/persisted_variable.cc). The variable is empty then, with a line in the error log, as for a
//! value of the option file.
//!
//! Until `init` has ended nobody can set the variable: the server passes over the variables of a
//! plugin that is not ready (`find_sys_var`).

use super::{Entry, head};
use crate::{Server, callback::Callback, guard::guard, log, session, strings::bytes, sys};
use semisync_sys::Shared;
use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr::null_mut,
    sync::{Mutex, OnceLock, PoisonError},
};

/// What a text may be, and what a new one leads to.
pub trait TextUpdate: 'static {
    /// Whether the variable may have this value. Err: why not, as a clause that tells the place.
    /// Takes no lock and changes nothing: `SET` may still fail.
    fn check(text: &str) -> Result<(), String>;

    /// `SET GLOBAL` to this value, which `check` has let through. In the session of `SET`, under
    /// `LOCK_global_system_variables`.
    fn set(text: &str);
}

/// A variable that is a text; by default an empty one.
pub struct Text {
    variable: Shared<sys::sys_var_str>,
    value: &'static TextValue,
    check: CheckFunction,
    update: UpdateFunction,
    may_be: fn(&str) -> Result<(), String>,
    set: fn(&str),
}

/// Where the server keeps the address of a text of its own.
pub struct TextValue(Shared<*mut c_char>);

impl TextValue {
    /// No text yet.
    pub const fn none() -> Self {
        Self(Shared::new(null_mut()))
    }
}

type CheckFunction = unsafe extern "C" fn(
    *mut sys::THD,
    *mut sys::st_mysql_sys_var,
    *mut c_void,
    *mut sys::st_mysql_value,
) -> c_int;
type UpdateFunction =
    unsafe extern "C" fn(*mut sys::THD, *mut sys::st_mysql_sys_var, *mut c_void, *const c_void);

/// The server's own functions for texts, the same for all of them.
static SERVERS_OWN: OnceLock<(CheckFunction, UpdateFunction)> = OnceLock::new();

impl Text {
    /// `value`: a static of its own.
    pub const fn new<U: TextUpdate>(
        name: &'static CStr,
        comment: &'static CStr,
        value: &'static TextValue,
    ) -> Self {
        let kind = sys::PLUGIN_VAR_STR | sys::PLUGIN_VAR_MEMALLOC;
        Self {
            variable: Shared::new(sys::sys_var_str {
                head: head(kind, name, comment, None),
                value: value.0.as_ptr(),
                def_val: c"".as_ptr(),
            }),
            value,
            check: check::<U>,
            update: update::<U>,
            may_be: U::check,
            set: U::set,
        }
    }

    /// In `init`, before anything can be set: takes the value of the option file, and has each
    /// later value checked. A value that may not be is told in the error log; the variable is empty
    /// then, and shows so.
    pub fn begin(&self) {
        let head = self.variable.as_ptr().cast::<sys::st_mysql_sys_var>();
        // SAFETY: our own descriptor. Between the registration of the variable and the end of
        // `init` nobody but this thread uses `check` and `update`, see the top.
        let head = unsafe { &mut *head };
        if let (Some(check), Some(update)) = (head.check, head.update) {
            // Not the first time that the plugin is installed: they are ours already.
            if update as usize != self.update as usize {
                SERVERS_OWN.get_or_init(|| (check, update));
            }
        }
        *INSTALLED_BY.lock().unwrap_or_else(PoisonError::into_inner) = Command::current();
        head.check = Some(self.check);
        head.update = Some(self.update);

        // SAFETY: the server has stored the address of a C string of its own, or null, and nobody
        // can set the variable now.
        let text = unsafe { bytes(*self.value.0.as_ptr()) };
        match admit(text, self.may_be) {
            Ok(text) => (self.set)(text),
            Err(why) => {
                // SAFETY: the name that the server has given to the variable.
                let name = unsafe { bytes(head.name) };
                log_as_empty(&refusal(name, text, &why));
                // SAFETY: memory of the server's own that holds a text of at least one byte, as an
                // empty one is never refused. Whoever shows the variable at this moment reads one
                // text or the other.
                unsafe { *(*self.value.0.as_ptr()) = 0 };
                (self.set)("");
            }
        }
    }

    /// For [`Variables`](super::Variables).
    pub const fn entry(&'static self) -> Entry {
        Entry(self.variable.as_ptr().cast())
    }
}

/// The text, if the variable may have this value. Err: why it may not.
fn admit(text: &[u8], may_be: fn(&str) -> Result<(), String>) -> Result<&str, String> {
    if text.is_empty() {
        return Ok("");
    }
    let text = std::str::from_utf8(text).map_err(|error| {
        let place = error.valid_up_to() + 1;
        format!("byte {place} is not UTF-8")
    })?;
    may_be(text).map(|()| text)
}

/// As the server's `ER_WRONG_VALUE_FOR_VAR`, and why.
fn refusal(name: &[u8], text: &[u8], why: &str) -> String {
    const SHOWN: usize = 200;
    let mut text = log::printable(text);
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
    }
    let name = log::printable(name);
    format!("Variable '{name}' can't be set to the value of '{text}': {why}.")
}

fn log_as_empty(refusal: &str) {
    log::plain(
        log::Level::Error,
        format_args!("{refusal} The variable is empty."),
    );
}

/// Whether the server, and no client, sets a value that was persisted: when it starts, or in
/// `INSTALL PLUGIN`.
fn is_persisted() -> bool {
    // SAFETY: take nothing, cannot fail.
    let is_main_thread = unsafe { libc::gettid() == libc::getpid() };
    // The main thread serves no client.
    is_main_thread || {
        let installed_by = *INSTALLED_BY.lock().unwrap_or_else(PoisonError::into_inner);
        installed_by.is_some() && installed_by == Command::current()
    }
}

/// The last `INSTALL PLUGIN`.
static INSTALLED_BY: Mutex<Option<Command>> = Mutex::new(None);

/// A command of a client.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Command {
    session: u64,
    began: u64,
    /// `SET timestamp` lets two commands of a session begin at the same time.
    statement: [u8; 64],
}

impl Command {
    /// That which the current thread executes. None: the server does not tell, or there is none.
    fn current() -> Option<Self> {
        let server = Server::installed()?;
        Some(Self {
            session: session::thread_id(server),
            began: server.command_began()?,
            statement: session::statement(server),
        })
    }
}

/// # Safety
/// The server calls it for a variable whose descriptor has it.
unsafe extern "C" fn check<U: TextUpdate>(
    thd: *mut sys::THD,
    variable: *mut sys::st_mysql_sys_var,
    save: *mut c_void,
    value: *mut sys::st_mysql_value,
) -> c_int {
    const REFUSED: c_int = 1;
    let Some((servers_check, _)) = SERVERS_OWN.get() else {
        return REFUSED;
    };
    // SAFETY: the server's function for a text, with what the server passed. It leaves the address
    // of a C string, or null, in `save`; the string lives until the statement ends.
    if unsafe { servers_check(thd, variable, save, value) } != 0 {
        return REFUSED;
    }
    guard(Callback::CheckVariable, REFUSED, || {
        // SAFETY: see above.
        let text = unsafe { bytes(*save.cast::<*const c_char>()) };
        let Err(why) = admit(text, U::check) else {
            return 0;
        };
        // SAFETY: the variable's full name, which lives as long as the plugin is installed.
        let name = unsafe { bytes((*variable).name) };
        let refusal = refusal(name, text, &why);
        if is_persisted() {
            log_as_empty(&refusal);
            // SAFETY: see above; a C string that lives for ever.
            unsafe { *save.cast::<*const c_char>() = c"".as_ptr() };
            return 0;
        }
        let error = CString::new(refusal).unwrap_or_default();
        if let Some(server) = Server::installed() {
            server.error_wrong_value(&error);
        }
        REFUSED
    })
}

/// # Safety
/// As for [`check`].
unsafe extern "C" fn update<U: TextUpdate>(
    thd: *mut sys::THD,
    variable: *mut sys::st_mysql_sys_var,
    target: *mut c_void,
    save: *const c_void,
) {
    guard(Callback::UpdateVariable, (), || {
        // SAFETY: the address of a C string, or null, valid during the call.
        let text = unsafe { bytes(*save.cast::<*const c_char>()) };
        // What `check` has let through, or the default.
        if let Ok(text) = std::str::from_utf8(text) {
            U::set(text);
        }
    });
    // After a panic too: the server may have freed the text before.
    if let Some((_, servers_update)) = SERVERS_OWN.get() {
        // SAFETY: the server's function for a text, with what the server passed.
        unsafe { servers_update(thd, variable, target, save) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to_three(text: &str) -> Result<(), String> {
        match text.chars().nth(3) {
            None => Ok(()),
            Some(c) => Err(format!("'{c}' at character 4 is too much")),
        }
    }

    #[test]
    fn a_text_is_let_through_or_the_reason_names_the_place() {
        assert_eq!(admit(b"", up_to_three), Ok(""));
        assert_eq!(admit(b"abc", up_to_three), Ok("abc"));
        let refused = admit(b"abcd", up_to_three);
        assert_eq!(refused, Err("'d' at character 4 is too much".to_owned()));
        assert_eq!(
            admit(b"ab\xff", up_to_three),
            Err("byte 3 is not UTF-8".to_owned())
        );
    }

    #[test]
    fn a_refusal_says_which_variable_which_value_and_why() {
        assert_eq!(
            refusal(
                b"semisync_source_quorum",
                b"ANY\n",
                "a number is expected at character 5"
            ),
            "Variable 'semisync_source_quorum' can't be set to the value of 'ANY?': a number is \
             expected at character 5."
        );
        let long = refusal(b"x", "\u{e4}".repeat(1000).as_bytes(), "it is long");
        assert!(long.len() < 500 && long.ends_with("it is long."), "{long}");
    }
}
