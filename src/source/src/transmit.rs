//! The transmit observer: what the server calls in its dump threads, with no
//! binary log lock held. The work is done by [`Dump`].

use crate::{
    dump::{Dump, Request, attach, take_dump},
    messages,
    state::Source,
    status::WAITS,
};
use semisync_core::HEADER;
use semisync_server::{
    Shared,
    callback::Callback,
    connection::{Current, DumpConnection},
    guard::guard,
    log::{self, Level},
    log_name,
    sys::{self, compat},
    system_micros, text,
};
use std::ffi::{c_char, c_int, c_uchar, c_ulong};

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
    guard(Callback::TransmitStart, (), || drop(take_dump()));
    let announces = |name| {
        let value = source.server.user_variable(name);
        value.is_some_and(|value| value != 0)
    };
    let knows_newer_name = announces(c"rpl_semi_sync_replica");
    let announced = knows_newer_name || announces(c"rpl_semi_sync_slave");
    // SAFETY: as above.
    unsafe { compat::set_observed(param, announced) };
    let request = Request {
        server_id,
        start: None,
        knows_newer_name,
    };
    let attached = guard(Callback::TransmitStart, false, || {
        // SAFETY: the server's file name.
        let name = unsafe { log_name(log_file) };
        let start = (!name.is_empty()).then_some((name, log_pos));
        let request = Request { start, ..request };
        let is_semi_sync =
            announced && attach(source, request, DumpConnection::current(source.server));
        // SAFETY: as above.
        let file = unsafe { text(log_file) };
        messages::dump_started(how(is_semi_sync), server_id, file, log_pos);
        true
    });
    if announced && !attached && Dump::current().is_none() {
        // After a panic: the replica cannot do without the headers.
        guard(Callback::TransmitStart, false, || {
            attach(source, request, Current::Ended)
        });
    }
    0
}

/// What the error log calls a dump.
fn how(is_semi_sync: bool) -> &'static str {
    if is_semi_sync {
        "semi-sync"
    } else {
        "asynchronous"
    }
}

/// The dump ends. Another dump to the same replica may have begun already.
unsafe extern "C" fn transmit_stop(param: *mut sys::Binlog_transmit_param) -> c_int {
    guard(Callback::TransmitStop, 0, || {
        // SAFETY: the server's structure.
        let server_id = unsafe { (*param).server_id };
        match take_dump() {
            None => messages::dump_stopped(how(false), server_id),
            Some(dump) => {
                messages::dump_stopped(how(dump.is_semi_sync()), server_id);
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
    let bytes = guard(Callback::ReserveHeader, HEADER, || dump.on_reserve());
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
    guard(Callback::BeforeSendEvent, 0, || {
        let Some(dump) = Dump::current() else {
            return 0;
        };
        if packet.is_null() || log_file.is_null() {
            return 0;
        }
        // SAFETY: the server's packet of `len` bytes and its file name, valid
        // and this thread's own during the hook.
        let (packet, name) = unsafe {
            (
                std::slice::from_raw_parts_mut(packet, usize::try_from(len).unwrap_or_default()),
                log_name(log_file),
            )
        };
        dump.on_before_send(packet, name, log_pos);
        0
    })
}

pub struct Sent;

impl sys::SendHook for Sent {
    /// The event was handed to the network layer, or skipped.
    unsafe fn after_send_event(packet: *const c_char, len: c_ulong, skipped: bool) -> c_int {
        guard(Callback::AfterSendEvent, 0, || {
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
    guard(Callback::AfterResetMaster, 0, || {
        if let Some(source) = Source::get() {
            let news = source.update_log(|core, files| {
                let news = files.on_reset(system_micros());
                if news {
                    // First, so that those whom it releases are not counted.
                    WAITS.clear();
                    core.on_reset();
                }
                news
            });
            if news {
                source.links.hang_up_all();
            }
        }
        0
    })
}
