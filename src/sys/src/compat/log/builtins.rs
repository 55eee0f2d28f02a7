//! The error log of MySQL 8.0 and later: a service of the component registry, which knows stock's
//! messages by number.
//!
//! The service's table has grown in its middle several times, under the same name. A function's
//! slot is found by the address that must be in it.

use crate::{
    bindings::*,
    compat::{Service, Services, log_level::LogLevel},
    symbols::symbols,
};
use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};

/// Whether a line about the other end carries the plugin's name.
pub const SPEAKS_IN_ITS_NAME: bool = true;

type Message = unsafe extern "C" fn(log_type: c_int, ...) -> c_int;
type Errmsg = unsafe extern "C" fn(number: c_int) -> *const c_char;

symbols! {
    /// The functions behind the service, by whose addresses their slots are found.
    struct Functions {
        message: Message = c"_ZN16log_builtins_imp7messageEiz";
        errmsg_by_errcode: Errmsg = c"_ZN16log_builtins_imp17errmsg_by_errcodeEi";
    }
}

/// The error log. Any thread; a line may wait for the disk.
pub struct Log {
    message: Message,
    errmsg: Errmsg,
    /// Given back when dropped: the server complains at its end about one that is not.
    _service: Service,
}

impl Log {
    /// Takes the log's service from the server. Err: why the log cannot be used.
    ///
    /// # Safety
    /// In `init`; the services are those that the library exports.
    pub unsafe fn open(services: &Services) -> Result<Self, String> {
        // SAFETY: the caller's promise.
        let service = unsafe { Service::acquire(services, c"log_builtins.mysql_server") }
            .ok_or("the server has no service log_builtins")?;
        let functions = Functions::resolve().map_err(|missing| missing.to_string())?;
        let slots = service.table::<*const c_void>();
        let is_slot = |wanted: usize| {
            // SAFETY: no table of the series is shorter.
            (0..LOG_BUILTINS_SLOTS as usize)
                .any(|slot| unsafe { (*slots.add(slot)).addr() } == wanted)
        };
        if !is_slot(functions.message as usize) || !is_slot(functions.errmsg_by_errcode as usize) {
            return Err(
                "the server's service log_builtins is not made of the functions \
                that it is known for"
                    .into(),
            );
        }
        Ok(Self {
            message: functions.message,
            errmsg: functions.errmsg_by_errcode,
            _service: service,
        })
    }

    /// The text of a message, with printf's conversions in it; null: unknown.
    pub fn text(&self, number: c_int) -> *const c_char {
        // SAFETY: takes any number, answers with a static string or null.
        unsafe { (self.errmsg)(number) }
    }

    /// Writes a line. `number`: of the message, or 0.
    pub fn write(&self, level: LogLevel, number: c_longlong, text: &CStr) {
        let priority = match level {
            LogLevel::Error => LOG_PRIO_ERROR,
            LogLevel::Warning => LOG_PRIO_WARNING,
            LogLevel::Note => LOG_PRIO_INFORMATION,
        };
        let item = |kind: u32| kind.cast_signed();
        // SAFETY: pairs of an item type (int) and its value (64-bit integer or C
        // string), the text last, as the service's description wants it. The
        // strings outlive the call.
        unsafe {
            (self.message)(
                item(LOG_TYPE_ERROR),
                item(LOG_ITEM_LOG_PRIO),
                c_longlong::from(priority),
                item(LOG_ITEM_SQL_ERRCODE),
                number,
                item(LOG_ITEM_SRV_SUBSYS),
                c"Repl".as_ptr(),
                item(LOG_ITEM_LOG_VERBATIM),
                text.as_ptr(),
            );
        }
    }
}
