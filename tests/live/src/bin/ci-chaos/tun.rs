//! The network card of a room: a TUN device, whose packets a program reads and writes.

use std::fs::{File, OpenOptions};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;

use crate::kernel::{check, owned};

const NAME: &str = "chaos0";

/// Makes the card in the network of the calling thread, with an address in a /24, and brings the
/// loopback up too.
pub fn open(address: Ipv4Addr) -> io::Result<File> {
    let tun = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    let mut card = named(NAME);
    card.ifr_ifru.ifru_flags = flags(libc::IFF_TUN | libc::IFF_NO_PI);
    // SAFETY: the request takes a structure of this type, which is ours.
    check(unsafe { libc::ioctl(tun.as_raw_fd(), libc::TUNSETIFF, &raw mut card) })?;
    // SAFETY: no pointers; the result is checked and nobody else's.
    let socket = unsafe {
        owned(libc::socket(
            libc::AF_INET,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            0,
        ))
    }?;
    let ask = |request, card: &mut libc::ifreq| {
        // SAFETY: the three requests below take a structure of this type, which is ours.
        check(unsafe { libc::ioctl(socket.as_raw_fd(), request, &raw mut *card) })
    };
    let mut card = named(NAME);
    card.ifr_ifru.ifru_addr = internet(address);
    ask(libc::SIOCSIFADDR, &mut card)?;
    card.ifr_ifru.ifru_netmask = internet(Ipv4Addr::new(255, 255, 255, 0));
    ask(libc::SIOCSIFNETMASK, &mut card)?;
    for name in [NAME, "lo"] {
        let mut card = named(name);
        card.ifr_ifru.ifru_flags = flags(libc::IFF_UP | libc::IFF_RUNNING);
        ask(libc::SIOCSIFFLAGS, &mut card)?;
    }
    Ok(tun)
}

fn named(name: &str) -> libc::ifreq {
    // SAFETY: it is made of numbers and addresses of the kernel's, for which zeroes are a value.
    let mut card: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in card.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte.cast_signed();
    }
    card
}

fn flags(flags: libc::c_int) -> libc::c_short {
    libc::c_short::try_from(flags).expect("these flags are small")
}

/// The address as the kernel takes it.
fn internet(address: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0; 14];
    // The port comes first.
    for (place, byte) in data[2..].iter_mut().zip(address.octets()) {
        *place = byte.cast_signed();
    }
    libc::sockaddr {
        sa_family: libc::sa_family_t::try_from(libc::AF_INET).expect("a small number"),
        sa_data: data,
    }
}
