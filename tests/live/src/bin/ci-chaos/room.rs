//! A room for one server: a network and mounts of its own.
//!
//! The kernel keeps a namespace as long as somebody is in it or has a descriptor of it. The rooms
//! have no names, so nothing of them is left when this process and its servers have ended, however
//! they ended.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;

use semisync_live_tests::target_dir;

use crate::kernel::check;
use crate::tun;

/// The disk of the relay log. It holds the relay logs of many rounds and is filled in no time.
const DISK: &str = "size=48m";
const FILLER: &str = "filler";

type Order = Box<dyn FnOnce() + Send>;

pub struct Room {
    pub address: Ipv4Addr,
    /// The small disk, a path that means this disk for those in the room alone.
    pub disk: PathBuf,
    pub namespaces: Vec<Arc<OwnedFd>>,
    /// Packets that the room sends are read from here, and those for the room are written.
    pub tun: Arc<File>,
    /// To the thread that lives in the room.
    orders: mpsc::Sender<Order>,
}

impl Room {
    pub fn new(number: u8) -> io::Result<Room> {
        let address = Ipv4Addr::new(10, 77, 0, number);
        let disk = target_dir().join("chaos-relay-log");
        fs::create_dir_all(&disk)?;
        let (orders, inbox) = mpsc::channel::<Order>();
        let (ready, made) = mpsc::channel();
        let place = disk.clone();
        thread::Builder::new()
            .name(format!("room {number}"))
            .spawn(move || {
                // Who made the room is gone only if its thread has panicked.
                let _ = ready.send(furnish(&place, address));
                inbox.into_iter().for_each(|order| order());
            })?;
        let made = made.recv().map_err(io::Error::other)?;
        let (namespaces, tun) = made?;
        Ok(Room {
            address,
            disk,
            namespaces,
            tun: Arc::new(tun),
            orders,
        })
    }

    /// Runs `work` on the thread that lives in the room.
    fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (reply, answer) = mpsc::channel();
        let order = move || {
            let _ = reply.send(work());
        };
        self.orders
            .send(Box::new(order))
            .expect("the room's thread lives as long as the room");
        answer.recv().expect("an order does not panic")
    }

    /// Leaves no byte free on the disk.
    pub fn fill_disk(&self) {
        let filler = self.disk.join(FILLER);
        self.inside(move || {
            let Ok(mut file) = File::create(filler) else {
                return;
            };
            // Until there is no space, first for a block, then for a byte.
            for size in [1 << 16, 1 << 10, 1] {
                let block = vec![0; size];
                while file.write_all(&block).is_ok() {}
            }
        });
    }

    pub fn free_disk(&self) {
        let filler = self.disk.join(FILLER);
        // It is not there if the disk was not full.
        let _ = self.inside(move || fs::remove_file(filler));
    }
}

type Furnished = (Vec<Arc<OwnedFd>>, File);

/// Gives the calling thread, and nobody else, a network and mounts of its own.
fn furnish(disk: &Path, address: Ipv4Addr) -> io::Result<Furnished> {
    // SAFETY: no pointers. The thread is its own, and nobody else's file system is changed.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET | libc::CLONE_NEWNS) })?;
    mount(
        "none",
        Path::new("/"),
        None,
        libc::MS_REC | libc::MS_PRIVATE,
        "",
    )?;
    mount("chaos", disk, Some("tmpfs"), 0, DISK)?;
    let tun = tun::open(address)?;
    let of = |kind: &str| -> io::Result<Arc<OwnedFd>> {
        let file = File::open(format!("/proc/thread-self/ns/{kind}"))?;
        Ok(Arc::new(file.into()))
    };
    Ok((vec![of("net")?, of("mnt")?], tun))
}

fn mount(
    what: &str,
    place: &Path,
    kind: Option<&str>,
    flags: libc::c_ulong,
    data: &str,
) -> io::Result<()> {
    let text = |text: &str| CString::new(text).map_err(io::Error::other);
    let (what, data) = (text(what)?, text(data)?);
    let place = text(&place.to_string_lossy())?;
    let kind = kind.map(text).transpose()?;
    let kind = kind.as_ref().map_or(std::ptr::null(), |kind| kind.as_ptr());
    // SAFETY: all pointers are to texts that end with a zero and outlive the call, or null.
    let result = unsafe {
        libc::mount(
            what.as_ptr(),
            place.as_ptr(),
            kind,
            flags,
            data.as_ptr().cast(),
        )
    };
    check(result)
}

/// Waits until one can read from it.
pub fn wait_readable(file: &File) {
    let mut poll = libc::pollfd {
        fd: file.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure, which lives as long as the call.
    unsafe { libc::poll(&raw mut poll, 1, -1) };
}
