//! Hooks of a replica's receiver threads. Every hook runs in the thread of its channel.

use super::table::Table;
use crate::{
    callback::Callback,
    client::{self, SourceConnection},
    guard::{guard, hook},
    server::Server,
    strings::{bytes, text},
    sys,
};
use std::ffi::{c_char, c_int, c_ulong};

/// What is called in the receiver threads.
pub trait RelayIoObserver: 'static {
    /// The receiver thread starts; there is no connection yet.
    fn on_thread_start(channel: &Channel<'_>);

    /// The receiver thread ends.
    fn on_thread_stop(channel: &Channel<'_>);

    /// Connected, and about to ask for the dump; also after every reconnect. The
    /// connection is idle. Err: it is of no use, and the server tries again as after a
    /// network error.
    fn before_request(
        channel: &Channel<'_>,
        source: Option<&SourceConnection>,
    ) -> Result<(), Refused>;

    /// A packet was read; it begins behind the status byte. The answer: the event in it.
    fn after_read(packet: &[u8]) -> Result<&[u8], Refused>;

    /// As `after_read`, when that has panicked: no more than to find the event.
    fn find_event(packet: &[u8]) -> Result<&[u8], Refused>;

    /// Whether `after_queue` has anything to do after the event that was read last. Asked for
    /// every event.
    fn awaits_queued() -> bool;

    /// The event that was read last is in the relay log; the channel is at its end. The
    /// connection is between two packets. Called only if it was awaited.
    fn after_queue(channel: &Channel<'_>, source: &SourceConnection);
}

/// The server is to end the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

/// `Master_info` is smaller.
const SOURCE_OBJECT: usize = 1 << 16;

/// The one UUID that stands in `bytes` as a C string, if there is exactly one.
fn find_uuid(bytes: &[u8]) -> Option<String> {
    const LENGTH: usize = 36;
    let is_uuid = |text: &[u8]| {
        let (text, end) = text.split_at(LENGTH);
        let is_of_uuid = |(at, byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        end == [0] && text.iter().enumerate().all(is_of_uuid)
    };
    let mut found = bytes.windows(LENGTH + 1).filter(|text| is_uuid(text));
    let (uuid, None) = (found.next()?, found.next()) else {
        return None;
    };
    std::str::from_utf8(&uuid[..LENGTH]).ok().map(str::to_owned)
}

/// A channel, and how far it is.
#[derive(Clone, Copy)]
pub struct Channel<'a>(&'a sys::Binlog_relay_IO_param);

impl<'a> Channel<'a> {
    /// # Safety
    /// The parameter of a relay-I/O hook: it and its strings live as long as the answer is
    /// used.
    unsafe fn new(param: *const sys::Binlog_relay_IO_param) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { &*param })
    }

    /// The channel's name; empty: the default channel. None: the server does not tell it.
    pub fn name(&self) -> Option<&'a str> {
        // SAFETY: the promise of `new`.
        let name = unsafe { sys::compat::channel_name(self.0) };
        // SAFETY: the promise of `new`.
        (!name.is_null()).then(|| unsafe { text(name) })
    }

    /// The UUID of the source that the receiver is connected to. None: the source has none, or it
    /// is not found where the server keeps it.
    ///
    /// The server has learned it when `before_request` runs, and keeps it between the source's
    /// address and the name of its file: one object (`Master_info`) has all three.
    pub fn source_uuid(&self) -> Option<String> {
        let (from, to) = (
            self.0.host.cast::<u8>(),
            self.0.master_log_name.cast::<u8>(),
        );
        let length = to.addr().checked_sub(from.addr())?;
        if from.is_null() || length > SOURCE_OBJECT {
            return None;
        }
        let byte = |at| {
            // SAFETY: all of it belongs to the object. Other threads may change what is not
            // looked for, so nothing is assumed of it.
            unsafe { from.add(at).read_volatile() }
        };
        find_uuid(&(0..length).map(byte).collect::<Vec<u8>>())
    }

    /// The source's address.
    pub fn host(&self) -> &'a str {
        // SAFETY: the promise of `new`.
        unsafe { text(self.0.host) }
    }

    /// The source's port.
    pub fn port(&self) -> u32 {
        self.0.port
    }

    /// The account at the source.
    pub fn user(&self) -> &'a str {
        // SAFETY: the promise of `new`.
        unsafe { text(self.0.user) }
    }

    /// The source's binary log file that is read; empty: the first.
    pub fn file(&self) -> &'a [u8] {
        // SAFETY: the promise of `new`.
        unsafe { bytes(self.0.master_log_name) }
    }

    /// How far it is read, in bytes from the file's start.
    pub fn offset(&self) -> u64 {
        self.0.master_log_pos
    }
}

/// The table of a [`RelayIoObserver`].
pub type RelayIoTable = Table<sys::Binlog_relay_IO_observer>;

impl RelayIoTable {
    /// The hooks of `O`.
    pub const fn new<O: RelayIoObserver>() -> Self {
        Self::of(sys::relay_io_observer(
            thread_start::<O>,
            thread_stop::<O>,
            before_request_transmit::<O>,
            after_read_event::<O>,
            after_queue_event::<O>,
        ))
    }
}

/// # Safety
/// As for [`Channel::new`].
unsafe fn source(param: *const sys::Binlog_relay_IO_param) -> Option<SourceConnection> {
    // SAFETY: the hook's connection, used during the hook only.
    unsafe { SourceConnection::new(Server::installed()?, (*param).mysql) }
}

unsafe extern "C" fn thread_start<O: RelayIoObserver>(
    param: *mut sys::Binlog_relay_IO_param,
) -> c_int {
    hook(Callback::ThreadStart, || {
        // SAFETY: the server's structure, valid during the hook.
        O::on_thread_start(&unsafe { Channel::new(param) });
    })
}

unsafe extern "C" fn thread_stop<O: RelayIoObserver>(
    param: *mut sys::Binlog_relay_IO_param,
) -> c_int {
    hook(Callback::ThreadStop, || {
        // SAFETY: the server's structure, valid during the hook.
        O::on_thread_stop(&unsafe { Channel::new(param) });
    })
}

unsafe extern "C" fn before_request_transmit<O: RelayIoObserver>(
    param: *mut sys::Binlog_relay_IO_param,
    _flags: u32,
) -> c_int {
    guard(Callback::BeforeRequestTransmit, 0, || {
        client::on_connect();
        // SAFETY: the server's structure, valid during the hook.
        let (channel, source) = unsafe { (Channel::new(param), source(param)) };
        c_int::from(O::before_request(&channel, source.as_ref()).is_err())
    })
}

unsafe extern "C" fn after_read_event<O: RelayIoObserver>(
    _: *mut sys::Binlog_relay_IO_param,
    packet: *const c_char,
    len: c_ulong,
    event_buf: *mut *const c_char,
    event_len: *mut c_ulong,
) -> c_int {
    let len = usize::try_from(len).unwrap_or_default();
    // SAFETY: the server's packet of `len` bytes.
    let packet = unsafe { std::slice::from_raw_parts(packet.cast::<u8>(), len) };
    // Whatever happens, the header comes off: replication goes on.
    let event = guard(Callback::AfterReadEvent, None, || {
        Some(O::after_read(packet))
    })
    .or_else(|| {
        guard(Callback::AfterReadEvent, None, || {
            Some(O::find_event(packet))
        })
    });
    let Some(Ok(event)) = event else {
        return -1;
    };
    // SAFETY: the server's variables for the event, which lies in its packet.
    unsafe {
        *event_buf = event.as_ptr().cast();
        *event_len = event.len() as c_ulong;
    }
    0
}

unsafe extern "C" fn after_queue_event<O: RelayIoObserver>(
    param: *mut sys::Binlog_relay_IO_param,
    _event: *const c_char,
    _len: c_ulong,
    _flags: u32,
) -> c_int {
    hook(Callback::AfterQueueEvent, || {
        if !O::awaits_queued() {
            return;
        }
        // SAFETY: the server's structure, valid during the hook.
        let (channel, source) = unsafe { (Channel::new(param), source(param)) };
        if let Some(source) = source {
            O::after_queue(&channel, &source);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_found_if_there_is_one_only() {
        const UUID: &str = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
        let object = |uuids: usize| {
            let mut bytes = b"127.0.0.1\0root\0".to_vec();
            for _ in 0..uuids {
                bytes.extend([UUID.as_bytes(), b"\0eth0\0"].concat());
            }
            bytes
        };
        assert_eq!(find_uuid(&object(1)).as_deref(), Some(UUID));
        assert_eq!(find_uuid(&object(0)), None);
        assert_eq!(find_uuid(&object(2)), None);
        assert_eq!(find_uuid(UUID.as_bytes()), None);
        assert_eq!(find_uuid(b""), None);
    }
}
