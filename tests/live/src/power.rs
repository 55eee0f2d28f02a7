//! A machine that can lose its power: a file system of which only what was synced is left.
//!
//! [`Machine`] is what a test has. The file system is a process of its own (`src/bin/power-disk.rs`,
//! which runs [`serve`]): a process that served itself could not be ended while it waits for an
//! answer of its own. What memory and disk hold is in `power/disk.rs`, and what the kernel asks for
//! in `power/requests.rs`.
//!
//! The mount is in a mount namespace of the calling thread's own, and of all threads and processes
//! that it starts afterwards. However they end, the mount ends with the last of them: nothing is
//! left on the machine, also after a panic or a SIGKILL.

mod disk;
mod requests;

use std::ffi::CStr;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, ThreadId};

use fuser::{BackgroundSession, Config, MountOption};

use crate::lock::lock;
use crate::process;
use crate::scratch::new_dir;
use disk::Disk;
pub use disk::Lost;
use requests::Requests;

pub struct Machine {
    place: PathBuf,
    server: Child,
    /// None: the server was told to end.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Machine {
    /// A machine with an empty disk, which the program `power-disk` serves. A test calls this before
    /// it starts a server: processes that exist already do not see the disk.
    #[track_caller]
    pub fn start(power_disk: &str) -> Machine {
        own_namespace().unwrap_or_else(|e| panic!("no mount namespace of our own: {e}; {NEEDS}"));
        let place = new_dir();
        fs::create_dir_all(&place).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
        let mut command = Command::new(power_disk);
        command.arg(&place);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = process::spawn(command).unwrap_or_else(|e| panic!("{power_disk}: {e}"));
        let orders = server.stdin.take();
        let answers = BufReader::new(server.stdout.take().expect("its output is a pipe"));
        let mut machine = Machine {
            place,
            server,
            orders,
            answers,
        };
        machine.answer(MOUNTED);
        machine
    }

    /// The root of its file system.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Everything reaches the disk, as by the command `sync`.
    #[track_caller]
    pub fn sync(&mut self) {
        self.order(SYNC);
        self.answer(SYNCED);
    }

    /// The power goes, and comes back. No process may have a file open.
    #[track_caller]
    pub fn lose_power(&mut self) -> Lost {
        self.order(LOSE);
        let words = self.answer(LOST);
        Lost::read(&words).unwrap_or_else(|| panic!("power-disk says {words:?}"))
    }

    #[track_caller]
    fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("power-disk is to run");
        let sent = writeln!(orders, "{order}");
        sent.unwrap_or_else(|e| panic!("power-disk does not listen: {e}"));
    }

    /// What follows `word` in the next answer.
    #[track_caller]
    fn answer(&mut self, word: &str) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        let rest = line.trim_end().strip_prefix(word);
        let rest = rest.unwrap_or_else(|| panic!("power-disk ended: {read:?} {line:?}; {NEEDS}"));
        rest.to_owned()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.server.wait();
        // If a server has a file open there, the mount stays until the namespace ends.
        let _ = fs::remove_dir(&self.place);
    }
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

// --- the process that serves the file system ---------------------------------------------------

const NEEDS: &str = "this needs root and FUSE (/dev/fuse; in a container --device /dev/fuse and \
                     --cap-add SYS_ADMIN)";
const SYNC: &str = "sync";
const LOSE: &str = "lose";
const MOUNTED: &str = "mounted";
const SYNCED: &str = "synced";
const LOST: &str = "lost ";

/// Mounts an empty disk and takes orders from standard input until that ends.
pub fn serve(place: &Path) -> io::Result<()> {
    let disk = Arc::new(Mutex::new(Disk::new()));
    let mut mounted = mount(&disk, place)?;
    println!("{MOUNTED}");
    for order in io::stdin().lines() {
        match order?.as_str() {
            SYNC => {
                lock(&disk).sync_all();
                println!("{SYNCED}");
            }
            LOSE => {
                // The kernel forgets what it has in memory.
                unmount(mounted)?;
                let lost = lock(&disk).lose_memory();
                mounted = mount(&disk, place)?;
                println!("{LOST}{}", lost.words());
            }
            other => return Err(io::Error::other(format!("no such order: {other}"))),
        }
    }
    unmount(mounted)
}

fn unmount(mounted: BackgroundSession) -> io::Result<()> {
    match mounted.umount_and_join() {
        // How the end of the mount reaches whoever reads its requests is up to chance: this, or
        // ENODEV, which the library takes for the end.
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Ok(()),
        result => result,
    }
}

fn mount(disk: &Arc<Mutex<Disk>>, place: &Path) -> io::Result<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("semisync-power".to_owned())];
    fuser::spawn_mount(Requests::new(disk.clone()), place, &config)
}
