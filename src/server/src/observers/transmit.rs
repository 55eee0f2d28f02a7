//! Hooks of the dumps, in the server's dump threads, with no lock of the binary log held.

use super::table::Table;
use crate::{
    callback::Callback,
    dump::{self, Dump, DumpConnection, HEADER_SIZE, Offer},
    guard::{guard, hook},
    log::{self, Level, messages},
    log_pos::LogPos,
    server::Server,
    sys,
};
use semisync_sys::{SendHook, compat};
use std::{
    ffi::{c_char, c_int, c_uchar, c_ulong},
    marker::PhantomData,
};

/// What is called in the dump threads.
pub trait TransmitObserver: 'static {
    /// The header of a packet that asks for nothing: after a panic packets still need one,
    /// because the replica would stop.
    const IDLE_HEADER: [u8; HEADER_SIZE];

    /// A dump begins to a replica that has announced itself: the server has validated the
    /// request. Called a second time, with [`Offer::Ended`], if the beginning panicked.
    fn on_start(
        request: &DumpRequest<'_>,
        announced: Announced,
        connection: &Offer,
    ) -> Option<Box<dyn Dump>>;

    /// A dump begins to any other replica.
    fn on_asynchronous_start(request: &DumpRequest<'_>);

    /// Such a dump ends.
    fn on_asynchronous_stop(server_id: u32);

    /// `RESET BINARY LOGS AND GTIDS`, in the session that runs it.
    fn after_reset();
}

/// A replica that asks for a dump.
#[derive(Clone, Copy, Debug)]
pub struct DumpRequest<'a> {
    /// The replica's `server_id`.
    pub server_id: u32,
    /// The place to begin at, as the replica names it; no file: at the first.
    pub start: LogPos<'a>,
}

/// The user variable by which a replica has announced itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announced {
    /// `rpl_semi_sync_replica`: MySQL 8.0.26 and later, and ours.
    AsReplica,
    /// `rpl_semi_sync_slave` alone.
    AsSlave,
}

/// The table of a [`TransmitObserver`].
pub type TransmitTable = Table<sys::Binlog_transmit_observer>;

impl TransmitTable {
    /// The hooks of `O`.
    pub const fn new<O: TransmitObserver>() -> Self {
        #[allow(clippy::cast_possible_truncation)] // a compile-time constant of 56
        let len = size_of::<sys::Binlog_transmit_observer>() as u32;
        Self::of(sys::Binlog_transmit_observer {
            len,
            transmit_start: Some(transmit_start::<O>),
            transmit_stop: Some(transmit_stop::<O>),
            reserve_header: Some(reserve_header::<O>),
            before_send_event: Some(before_send_event),
            after_send_event: Some(compat::after_send_event::<AfterSend>),
            after_reset_master: Some(after_reset_master::<O>),
        })
    }
}

unsafe extern "C" fn transmit_start<O: TransmitObserver>(
    param: *mut sys::Binlog_transmit_param,
    log_file: *const c_char,
    log_pos: u64,
) -> c_int {
    let Some(server) = Server::installed() else {
        return 0;
    };
    let request = DumpRequest {
        // SAFETY: the server's structure, valid during the hook.
        server_id: unsafe { (*param).server_id },
        // SAFETY: the server's file name.
        start: unsafe { LogPos::new(log_file, log_pos) },
    };
    let announced = announced(server);
    // SAFETY: as above.
    unsafe { compat::set_observed(param, announced.is_some()) };
    let start = |offer: fn(Server) -> Offer| {
        // Of an earlier dump in this thread, if its end was left out.
        drop(dump::take());
        match announced {
            None => O::on_asynchronous_start(&request),
            Some(announced) => {
                let offer = offer(server);
                if let Some(dump) = O::on_start(&request, announced, &offer) {
                    dump::begin(dump, offer);
                }
            }
        }
        true
    };
    let started = guard(Callback::TransmitStart, false, || {
        start(DumpConnection::offer)
    });
    if announced.is_some() && !started {
        // The replica cannot do without the headers.
        guard(Callback::TransmitStart, false, || start(|_| Offer::Ended));
    }
    0
}

fn announced(server: Server) -> Option<Announced> {
    let is_set = |name| server.user_variable(name).is_some_and(|value| value != 0);
    if is_set(c"rpl_semi_sync_replica") {
        Some(Announced::AsReplica)
    } else {
        is_set(c"rpl_semi_sync_slave").then_some(Announced::AsSlave)
    }
}

unsafe extern "C" fn transmit_stop<O: TransmitObserver>(
    param: *mut sys::Binlog_transmit_param,
) -> c_int {
    hook(Callback::TransmitStop, || {
        // SAFETY: the server's structure.
        let server_id = unsafe { (*param).server_id };
        match dump::take() {
            None => O::on_asynchronous_stop(server_id),
            Some(ended) => ended.into_dump().on_stop(),
        }
    })
}

unsafe extern "C" fn reserve_header<O: TransmitObserver>(
    _: *mut sys::Binlog_transmit_param,
    header: *mut c_uchar,
    size: c_ulong,
    len: *mut c_ulong,
) -> c_int {
    let bytes = dump::with_open(|current| {
        if size < HEADER_SIZE as c_ulong {
            log::message(
                Level::Warning,
                messages::ER_SEMISYNC_NO_SPACE_IN_THE_PKT,
                &[],
            );
            return None;
        }
        let reserve = || current.dump.on_reserve(current.connection());
        Some(guard(Callback::ReserveHeader, O::IDLE_HEADER, reserve))
    });
    if let Some(bytes) = bytes.flatten() {
        // SAFETY: the server's buffer of `size` bytes, and its length to add to.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), header, bytes.len());
            *len += HEADER_SIZE as c_ulong;
        }
    }
    0
}

unsafe extern "C" fn before_send_event(
    _: *mut sys::Binlog_transmit_param,
    packet: *mut c_uchar,
    len: c_ulong,
    log_file: *const c_char,
    log_pos: u64,
) -> c_int {
    hook(Callback::BeforeSendEvent, || {
        dump::with_open(|current| {
            if packet.is_null() || log_file.is_null() {
                return;
            }
            let len = usize::try_from(len).unwrap_or_default();
            // SAFETY: the server's packet of `len` bytes, this thread's own in the hook.
            let packet = unsafe { std::slice::from_raw_parts_mut(packet, len) };
            // SAFETY: the server's file name.
            let end = unsafe { LogPos::new(log_file, log_pos) };
            current.dump.on_before_send(packet, end);
        });
    })
}

struct AfterSend(PhantomData<()>);

impl SendHook for AfterSend {
    unsafe fn after_send_event(packet: *const c_char, len: c_ulong, skipped: bool) -> c_int {
        hook(Callback::AfterSendEvent, || {
            dump::with_open(|current| {
                if skipped {
                    current.dump.on_skipped();
                } else if !packet.is_null() {
                    let len = usize::try_from(len).unwrap_or_default();
                    // SAFETY: the server's packet of `len` bytes.
                    let packet = unsafe { std::slice::from_raw_parts(packet.cast(), len) };
                    current.dump.on_after_send(current.connection(), packet);
                }
            });
        })
    }
}

unsafe extern "C" fn after_reset_master<O: TransmitObserver>(
    _: *mut sys::Binlog_transmit_param,
) -> c_int {
    hook(Callback::AfterResetMaster, O::after_reset)
}
