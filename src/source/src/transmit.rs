//! The transmit observer: what the server calls in its dump threads, with no
//! binary log lock held. The work is done by [`Dump`].

use crate::{
    dump::{Dump, attach, take_dump},
    notices,
    state::Source,
    status::WAITS,
};
use semisync_core::HEADER;
use semisync_server::{
    Shared,
    connection::{Current, DumpConnection},
    guard::guard,
    log::{self, Level},
    sys::{self, compat},
    text,
};
use std::ffi::{CStr, c_char, c_int, c_uchar, c_ulong};

pub static TRANSMIT: Shared<sys::Binlog_transmit_observer> =
    Shared::new(sys::Binlog_transmit_observer {
        len: LEN,
        transmit_start: Some(transmit_start),
        transmit_stop: Some(transmit_stop),
        reserve_header: Some(reserve_header),
        before_send_event: Some(before_send_event),
        after_send_event: Some(compat::after_send_event::<Sent>),
        after_reset_master: Some(after_reset_master),
    });
#[allow(clippy::cast_possible_truncation)] // a compile-time constant of 56
const LEN: u32 = size_of::<sys::Binlog_transmit_observer>() as u32;

/// The replica's request was validated. It is a semi-sync replica if it has set
/// a user variable, under either name.
unsafe extern "C" fn transmit_start(
    param: *mut sys::Binlog_transmit_param,
    log_file: *const c_char,
    log_pos: u64,
) -> c_int {
    let Some(source) = Source::get() else {
        return 0;
    };
    // SAFETY: the server's structure, valid during the hook.
    let server_id = unsafe { (*param).server_id };
    // Of an earlier dump in this thread, if its end was left out.
    guard("transmit_start", (), || drop(take_dump()));
    let announced = [c"rpl_semi_sync_replica", c"rpl_semi_sync_slave"]
        .iter()
        .any(|name| {
            source
                .server
                .user_variable(name)
                .is_some_and(|value| value != 0)
        });
    // SAFETY: as above.
    unsafe { compat::set_observed(param, announced) };
    let how = if announced {
        "semi-sync"
    } else {
        "asynchronous"
    };
    let attached = guard("transmit_start", false, || {
        if announced {
            // SAFETY: the server's file name.
            let start = unsafe { source.position(log_file, log_pos) };
            let connection = match DumpConnection::current(source.server) {
                Current::Usable(connection) => Some(connection),
                Current::Ended => None,
                Current::Unusable(why) => {
                    notices::cannot_share_connection(server_id, why);
                    None
                }
            };
            attach(source, server_id, start, connection);
        }
        // SAFETY: as above.
        notices::dump_started(how, server_id, unsafe { text(log_file) }, log_pos);
        true
    });
    if announced && !attached && Dump::current().is_none() {
        // After a panic: the replica cannot do without the headers.
        guard("transmit_start", (), || {
            attach(source, server_id, None, None)
        });
    }
    0
}

/// The dump ends. Another dump to the same replica may have begun already.
unsafe extern "C" fn transmit_stop(param: *mut sys::Binlog_transmit_param) -> c_int {
    guard("transmit_stop", 0, || {
        // SAFETY: the server's structure.
        let server_id = unsafe { (*param).server_id };
        match take_dump() {
            None => notices::dump_stopped("asynchronous", server_id),
            Some(dump) => {
                notices::dump_stopped("semi-sync", server_id);
                dump.source.stop_counting(&dump.link);
            }
        }
        0
    })
}

/// A packet is being put together, whatever it will hold.
unsafe extern "C" fn reserve_header(
    _: *mut sys::Binlog_transmit_param,
    header: *mut c_uchar,
    size: c_ulong,
    len: *mut c_ulong,
) -> c_int {
    let Some(dump) = Dump::current() else {
        return 0;
    };
    if size < HEADER.len() as c_ulong {
        log::message(Level::Warning, sys::ER_SEMISYNC_NO_SPACE_IN_THE_PKT, &[]);
        return 0;
    }
    // After a panic the packet still needs its header: the replica would stop.
    let bytes = guard("reserve_header", HEADER, || dump.on_reserve());
    // SAFETY: the server's buffer of `size` bytes, and its length to add to.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), header, bytes.len());
        *len += bytes.len() as c_ulong;
    }
    0
}

/// An event is about to be sent. Not for heartbeats and artificial events.
unsafe extern "C" fn before_send_event(
    _: *mut sys::Binlog_transmit_param,
    packet: *mut c_uchar,
    len: c_ulong,
    log_file: *const c_char,
    log_pos: u64,
) -> c_int {
    guard("before_send_event", 0, || {
        let Some(dump) = Dump::current() else {
            return 0;
        };
        if packet.is_null() || log_file.is_null() {
            return 0;
        }
        // SAFETY: the server's packet of `len` bytes and its file name, valid
        // and this thread's own during the hook.
        let (packet, file) = unsafe {
            (
                std::slice::from_raw_parts_mut(packet, usize::try_from(len).unwrap_or_default()),
                CStr::from_ptr(log_file),
            )
        };
        dump.on_before_send(packet, file, log_pos);
        0
    })
}

pub struct Sent;

impl sys::SendHook for Sent {
    /// The event was handed to the network layer, or skipped.
    unsafe fn after_send_event(packet: *const c_char, len: c_ulong, skipped: bool) -> c_int {
        guard("after_send_event", 0, || {
            let Some(dump) = Dump::current() else {
                return 0;
            };
            if skipped {
                dump.on_skipped();
                return 0;
            }
            if packet.is_null() {
                return 0;
            }
            // SAFETY: the server's packet of `len` bytes.
            let packet = unsafe {
                std::slice::from_raw_parts(
                    packet.cast::<u8>(),
                    usize::try_from(len).unwrap_or_default(),
                )
            };
            dump.on_after_send(packet);
            0
        })
    }
}

/// RESET BINARY LOGS AND GTIDS; in the session that runs it.
unsafe extern "C" fn after_reset_master(_: *mut sys::Binlog_transmit_param) -> c_int {
    guard("after_reset_master", 0, || {
        if let Some(source) = Source::get() {
            // First, so that those whom it releases are not counted.
            WAITS.clear();
            source.update(|core, fx| core.reset(fx));
            source.links.hang_up_all();
        }
        0
    })
}
