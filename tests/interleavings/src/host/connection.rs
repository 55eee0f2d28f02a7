//! A session's connection: a socket pair of the kernel's, one end of which has the server's NET and
//! Vio.

use semisync_interleaved::{step, system_call};
use semisync_sys as sys;
use std::{
    ffi::{c_int, c_uchar},
    mem::zeroed,
    os::{
        fd::{IntoRawFd, OwnedFd},
        unix::net::UnixStream,
    },
};

const BUFFER: usize = 16 * 1024;

/// What the server has of a connection. It stays where it is.
pub struct Connection {
    pub net: sys::NET,
    vio: sys::Vio,
    extension: sys::NET_SERVER,
    buffer: [u8; BUFFER],
}

impl Connection {
    /// The server's end, and the other one.
    pub fn pair() -> (Box<Self>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        ours.set_nonblocking(true).expect("a flag of a socket");
        theirs.set_nonblocking(true).expect("a flag of a socket");
        // SAFETY: plain data.
        let mut connection: Box<Self> = unsafe { Box::new(zeroed()) };
        connection.extension.compress_ctx_algorithm = sys::MYSQL_UNCOMPRESSED;
        connection.vio.fd = OwnedFd::from(ours).into_raw_fd();
        connection.vio.type_ = sys::VIO_TYPE_TCPIP;
        connection.vio.write = Some(vio_write);
        connection.vio.vioshutdown = Some(vio_shutdown);
        let buffer = connection.buffer.as_mut_ptr();
        let net = &raw mut connection.net;
        // SAFETY: fields of the box, which does not move what it holds.
        unsafe {
            (*net).vio = &raw mut connection.vio;
            (*net).extension = (&raw mut connection.extension).cast();
            (*net).buff = buffer;
            (*net).write_pos = buffer;
            (*net).read_pos = buffer;
            (*net).buff_end = buffer.add(BUFFER);
            (*net).max_packet = 16 * 1024;
            (*net).max_packet_size = 1 << 30;
        }
        (connection, theirs)
    }

    /// A packet into the buffer (sql-common/net_serv.cc, `my_net_write`). false: it does not fit.
    pub fn write_packet(&mut self, packet: &[u8]) -> bool {
        let [number, ..] = self.net.pkt_nr.to_le_bytes();
        self.net.pkt_nr = self.net.pkt_nr.wrapping_add(1);
        let [low, middle, high, _] = u32::try_from(packet.len()).unwrap_or(0).to_le_bytes();
        let bytes = [&[low, middle, high, number], packet].concat();
        // SAFETY: both point into the buffer.
        let room = unsafe { self.net.buff_end.offset_from_unsigned(self.net.write_pos) };
        if bytes.len() > room {
            return false;
        }
        // SAFETY: there is room.
        unsafe {
            self.net.write_pos.copy_from(bytes.as_ptr(), bytes.len());
            self.net.write_pos = self.net.write_pos.add(bytes.len());
        }
        true
    }

    /// false: the connection failed.
    pub fn flush(&mut self) -> bool {
        let net = &raw mut self.net;
        // SAFETY: this thread owns the NET.
        unsafe { !net_flush(net) }
    }

    /// Ends the connection, by whatever function is there for that now, and closes its descriptor
    /// (sql/sql_class.cc, `THD::shutdown_active_vio`). Under `LOCK_thd_data`.
    pub fn shut_down(connection: *const Self) {
        // SAFETY: sessions, and so their connections, live as long as this program.
        unsafe {
            let vio = (*connection).net.vio;
            if (*vio).fd >= 0
                && let Some(shut_down) = (*vio).vioshutdown
            {
                shut_down(vio);
            }
        }
    }
}

/// What is buffered leaves (sql-common/net_serv.cc): the buffer is emptied after that.
pub unsafe extern "C" fn net_flush(net: *mut sys::NET) -> bool {
    // SAFETY: this thread owns the NET; both point into the buffer.
    unsafe {
        let (buffer, vio) = ((*net).buff, (*net).vio);
        let size = (*net).write_pos.offset_from_unsigned(buffer);
        if size == 0 {
            return false;
        }
        let written = (*vio).write.map(|write| write(vio, buffer, size));
        (*net).write_pos = buffer;
        written != Some(size)
    }
}

#[unsafe(export_name = "_Z9vio_writeP3VioPKhm")]
pub unsafe extern "C" fn vio_write(
    vio: *mut sys::Vio,
    bytes: *const c_uchar,
    size: usize,
) -> usize {
    step();
    system_call();
    // SAFETY: the bytes are the caller's; the descriptor may be closed, or another's by now: that
    // is what this is to find.
    let sent = unsafe { libc::send((*vio).fd, bytes.cast(), size, libc::MSG_NOSIGNAL) };
    usize::try_from(sent).unwrap_or(usize::MAX)
}

/// Ends the connection and closes its descriptor: the number may be used again at once
/// (vio/viosocket.cc, `vio_shutdown`).
#[unsafe(export_name = "_Z12vio_shutdownP3Vio")]
pub unsafe extern "C" fn vio_shutdown(vio: *mut sys::Vio) -> c_int {
    // SAFETY: the session's Vio, of which the descriptor is open.
    unsafe {
        let fd = (*vio).fd;
        system_call();
        libc::shutdown(fd, libc::SHUT_RDWR);
        step();
        assert_eq!(
            libc::close(fd),
            0,
            "the descriptor was closed by somebody else"
        );
        step();
        (*vio).fd = -1;
    }
    0
}
