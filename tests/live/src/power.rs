//! A machine that can lose its power: a file system of which only what was synced is left.
//!
//! [`Machine`] mounts the file system and takes the power away. What memory and disk hold is in
//! `power/disk.rs`, and what the kernel asks for in `power/requests.rs`.
//!
//! The mount is in a mount namespace of the calling thread's own, and of all threads and processes
//! that it starts afterwards. However they end, the mount ends with the last of them: nothing is
//! left on the machine, also after a panic or a SIGKILL.

mod disk;
mod requests;

use std::ffi::CStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, ThreadId};

use fuser::{BackgroundSession, Config, MountOption};

use crate::lock::lock;
use crate::scratch::new_dir;
use disk::Disk;
pub use disk::Lost;
use requests::Requests;

pub struct Machine {
    disk: Arc<Mutex<Disk>>,
    place: PathBuf,
    /// None only while the power is off.
    mounted: Option<BackgroundSession>,
}

impl Machine {
    /// A machine with an empty disk. A test calls this before it starts a server: processes that
    /// exist already do not see the disk.
    #[track_caller]
    pub fn start() -> Machine {
        let why = "this needs root and FUSE (/dev/fuse; in a container --device /dev/fuse and \
                   --cap-add SYS_ADMIN)";
        own_namespace().unwrap_or_else(|e| panic!("no mount namespace of our own: {e}; {why}"));
        let place = new_dir();
        fs::create_dir_all(&place).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
        let disk = Arc::new(Mutex::new(Disk::new()));
        let mounted = mount(&disk, &place).unwrap_or_else(|e| panic!("no mount: {e}; {why}"));
        Machine {
            disk,
            place,
            mounted: Some(mounted),
        }
    }

    /// The root of its file system.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Everything reaches the disk, as by the command `sync`.
    pub fn sync(&self) {
        lock(&self.disk).sync_all();
    }

    /// The power goes, and comes back. No process may have a file open.
    #[track_caller]
    pub fn lose_power(&mut self) -> Lost {
        let mounted = self.mounted.take().expect("the power is on");
        mounted
            .umount_and_join()
            .unwrap_or_else(|e| panic!("{}: {e}", self.place.display()));
        let lost = lock(&self.disk).lose_memory();
        self.mounted = Some(mount(&self.disk, &self.place).expect("it was mounted before"));
        lost
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A server may still run after a failure; then the namespace's end is the mount's.
        if let Some(Ok(())) = self.mounted.take().map(BackgroundSession::umount_and_join) {
            let _ = fs::remove_dir(&self.place);
        }
    }
}

fn mount(disk: &Arc<Mutex<Disk>>, place: &Path) -> io::Result<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("semisync-power".to_owned())];
    fuser::spawn_mount(Requests::new(disk.clone()), place, &config)
}

/// For the whole process once: the thread that makes its children must be in the same one.
fn own_namespace() -> io::Result<()> {
    static OWNER: OnceLock<ThreadId> = OnceLock::new();
    let this = thread::current().id();
    let mut is_first = false;
    let owner = OWNER.get_or_init(|| {
        is_first = true;
        this
    });
    assert_eq!(
        *owner, this,
        "one test for each process: `cargo nextest run`"
    );
    if !is_first {
        return Ok(());
    }
    // SAFETY: no pointers.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // Else the machine would see the mount as well.
    let (none, root): (&CStr, &CStr) = (c"none", c"/");
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the strings end with zero and live as long as the call, which reads no more than them
    // with these flags.
    let result = unsafe {
        libc::mount(
            none.as_ptr(),
            root.as_ptr(),
            std::ptr::null(),
            flags,
            std::ptr::null(),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
