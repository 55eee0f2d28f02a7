//! The fourteen status variables, with stock's names, types and units
//! (microseconds). Read under the server's `LOCK_status`: no waiting here.

use crate::state::Source;
use semisync_core::Coordinator;
use semisync_server::{
    guard::guard,
    status::{Value, answer},
    sys,
};
use std::ffi::{c_char, c_int};

/// Answers the row number `ROW`; the order is that of `source_plugin`.
///
/// # Safety
/// A show function's arguments, see [`answer`].
pub unsafe extern "C" fn show<const ROW: usize>(
    _: *mut sys::THD,
    out: *mut sys::st_mysql_show_var,
    buffer: *mut c_char,
) -> c_int {
    guard("show_status", 1, || {
        let value = match Source::get() {
            Some(source) => source.look(|core| value(core, ROW)),
            None => value(&Coordinator::<()>::new(Default::default()), ROW),
        };
        // SAFETY: the arguments of a show function.
        unsafe { answer(out, buffer, value) }
    })
}

fn value<W>(core: &Coordinator<W>, row: usize) -> Value {
    let stats = core.stats();
    match row {
        0 => Value::Bool(core.status()),
        1 => Value::Long(core.clients()),
        2 => Value::Long(stats.yes_tx),
        3 => Value::Long(stats.no_tx),
        4 => Value::Long(core.wait_sessions()),
        5 => Value::Long(stats.no_times),
        6 => Value::Long(stats.timefunc_failures),
        7 => Value::Long(stats.wait_pos_backtraverse),
        8 => Value::LongLong(stats.tx_wait_time),
        9 => Value::LongLong(stats.tx_waits),
        10 => Value::Long(stats.tx_avg_wait_time()),
        11 => Value::LongLong(stats.net_wait_time),
        12 => Value::LongLong(stats.net_waits),
        _ => Value::Long(stats.net_avg_wait_time()),
    }
}
