//! The network layer of a session where the server exports no way to it (MySQL 5.6, MariaDB): a
//! structure `NET net` within the session (THD), at an offset that differs from build to build.
//!
//! It is searched for by what is always true of it between two packets: its buffer begins, ends and
//! is filled at places that agree with its length. The caller checks that this NET serves a
//! connection, by the functions of its Vio, before anything is written.

use crate::bindings::NET;

/// `THD::net` lies within the first members everywhere, and no THD is smaller than three times
/// this.
const SEARCHED: usize = 4096;

/// The only NET within the beginning of a session; null: none, or several.
///
/// # Safety
/// `thd` is the session of the current thread.
pub unsafe fn net_in(thd: *mut u8) -> *mut NET {
    let mut found: *mut NET = std::ptr::null_mut();
    for offset in (0..SEARCHED).step_by(align_of::<NET>()) {
        // SAFETY: within the session; its memory was set when it was made.
        let (net, is_one) = unsafe {
            let net = thd.add(offset).cast::<NET>();
            (net, looks_like_a_net(net))
        };
        if is_one {
            if !found.is_null() {
                return std::ptr::null_mut();
            }
            found = net;
        }
    }
    found
}

/// # Safety
/// The memory of a NET may be read there; whatever it holds.
unsafe fn looks_like_a_net(net: *const NET) -> bool {
    const LEAST_BUFFER: u64 = 1024; // the least net_buffer_length
    const MOST_PACKET: u64 = 1 << 30; // the most max_allowed_packet
    // SAFETY: plain reads of the fields; nothing is followed.
    let (vio, fd, [begin, end, write, read], most, limit) = unsafe {
        (
            (*net).vio.addr(),
            (*net).fd,
            [
                (*net).buff,
                (*net).buff_end,
                (*net).write_pos,
                (*net).read_pos,
            ]
            .map(|at| at.addr()),
            (*net).max_packet,
            (*net).max_packet_size,
        )
    };
    vio != 0
        && vio % align_of::<usize>() == 0
        && fd >= 0
        && begin != 0
        && (LEAST_BUFFER..=MOST_PACKET).contains(&most)
        && (LEAST_BUFFER..=MOST_PACKET).contains(&limit)
        && usize::try_from(most).is_ok_and(|most| end.checked_sub(begin) == Some(most))
        && (begin..=end).contains(&write)
        && (begin..=end).contains(&read)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of nothing but zeros, with room for its end.
    fn session() -> Vec<u64> {
        vec![0; SEARCHED / 8 + size_of::<NET>()]
    }

    fn put_net(session: &mut [u64], offset: usize, buffer: &mut [u8]) {
        // SAFETY: plain data, for which zeros are fine.
        let mut net: NET = unsafe { std::mem::zeroed() };
        net.vio = std::ptr::without_provenance_mut(4096);
        net.buff = buffer.as_mut_ptr();
        net.buff_end = net.buff.wrapping_add(buffer.len());
        net.write_pos = net.buff.wrapping_add(7);
        net.read_pos = net.buff;
        net.fd = 12;
        net.max_packet = buffer.len() as u64;
        net.max_packet_size = 1 << 24;
        // SAFETY: the session has room for it there.
        unsafe {
            session
                .as_mut_ptr()
                .cast::<u8>()
                .add(offset)
                .cast::<NET>()
                .write(net)
        };
    }

    #[test]
    fn the_only_net_is_found_wherever_it_lies() {
        for offset in [0, 0x218, 4088] {
            let (mut session, mut buffer) = (session(), vec![0; 16384]);
            put_net(&mut session, offset, &mut buffer);
            let thd = session.as_mut_ptr().cast::<u8>();
            // SAFETY: as large as a session.
            let found = unsafe { net_in(thd) };
            assert_eq!(found.addr(), thd.addr() + offset);
        }
    }

    #[test]
    fn none_and_two_are_refused() {
        let (mut session, mut buffer) = (session(), vec![0; 16384]);
        // SAFETY: as above.
        assert!(unsafe { net_in(session.as_mut_ptr().cast()) }.is_null());
        put_net(&mut session, 0x100, &mut buffer);
        put_net(&mut session, 0x900, &mut buffer);
        // SAFETY: as above.
        assert!(unsafe { net_in(session.as_mut_ptr().cast()) }.is_null());
    }
}
