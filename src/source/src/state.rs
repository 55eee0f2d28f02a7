//! The one `Source` of this library: the lock around the coordinator, and the
//! carrying out of its effects.
//!
//! It is made at the first installation and never freed (the library stays
//! mapped, see SAFETY.md): a hook can never meet a dangling one. Each
//! installation starts it afresh.

use crate::{
    Vocabulary,
    link::{Link, Links},
    messages,
    status::{self, WAITS},
    variables::{self, wait_count, waits_without_replicas},
};
use semisync_core::{
    Coordinator, LogFiles, LogName, Place, Position, ReplicaConnectionId, Settings, index_names,
};
use semisync_server::{
    Server,
    instruments::{Cond, Held, Memory, Mutex},
    wait::Waiter,
};
use std::{
    ffi::c_int,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub type WaiterRef = Pin<Arc<Waiter>>;

static SOURCE: OnceLock<Source> = OnceLock::new();

pub struct Source {
    pub server: Server,
    pub vocabulary: &'static Vocabulary,
    pub links: Links,
    // For performance schema: sleeping sessions, the receiver's sleep as long as no
    // replica is connected, and what sessions and pending groups take.
    pub sending: Cond,
    pub alone: Cond,
    pub memory: Memory,
    locked: Mutex<Locked>,
    /// What is under the lock, readable without it by hooks that run for every event.
    enabled: AtomicBool,
    wanting: AtomicBool,
    unsettled: AtomicBool,
    log_version: AtomicU64,
    /// Clients that a shutdown could not cut off before they were told OK.
    pub not_cut: AtomicU64,
    next_link: AtomicU64,
}

struct Locked {
    core: Coordinator<WaiterRef>,
    files: LogFiles,
    held: Held,
}

impl Source {
    /// None until the plugin was installed for the first time.
    pub fn get() -> Option<&'static Self> {
        SOURCE.get()
    }

    /// The source of this installation: nothing left of an earlier one.
    pub fn start(server: Server, vocabulary: &'static Vocabulary) -> &'static Self {
        let source = SOURCE.get_or_init(|| Self {
            server,
            vocabulary,
            links: Links::default(),
            sending: Cond::default(),
            alone: Cond::default(),
            memory: Memory::default(),
            locked: Mutex::new(Locked {
                core: Coordinator::new(settings()),
                files: LogFiles::default(),
                held: Held::default(),
            }),
            enabled: AtomicBool::new(false),
            wanting: AtomicBool::new(false),
            unsettled: AtomicBool::new(false),
            log_version: AtomicU64::new(0),
            not_cut: AtomicU64::new(0),
            next_link: AtomicU64::new(1),
        });
        source.instrument(server);
        WAITS.clear();
        source.update_log(|core, files| {
            *core = Coordinator::new(settings());
            // While the plugin was not there, the log may have been reset.
            files.forget();
        });
        source
    }

    /// Makes performance schema know what it can count, by stock's names.
    fn instrument(&'static self, server: Server) {
        self.locked.instrument(server, c"LOCK_binlog_");
        self.links.instrument(server);
        self.sending.instrument(server, c"COND_binlog_send_");
        self.alone.instrument(server, c"Ack_receiver::m_cond");
        self.memory.instrument(server, c"TranxNodeAllocator::block");
    }

    /// Whether semi-sync is switched on by its variable. No lock.
    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    /// Whether an acknowledgement of the newest commit is worth asking for,
    /// even with a heartbeat. No lock.
    pub fn is_wanting(&self) -> bool {
        self.wanting.load(Ordering::Relaxed)
    }

    /// Whether commits are done at their wait point that may not be told OK to anybody
    /// yet, or never. No lock.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.load(Ordering::Acquire)
    }

    /// Changes the coordinator, then, without the lock, releases sessions and
    /// writes to the error log as it says.
    pub fn update<R>(&self, change: impl FnOnce(&mut Coordinator<WaiterRef>) -> R) -> R {
        self.update_log(|core, _| change(core))
    }

    /// As `update`, with what is known of the binary log's files.
    pub fn update_log<R>(
        &self,
        change: impl FnOnce(&mut Coordinator<WaiterRef>, &mut LogFiles) -> R,
    ) -> R {
        let (result, effects) = {
            let mut locked = self.locked.lock();
            let Locked { core, files, held } = &mut *locked;
            let before = *core.stats();
            let result = change(core, files);
            status::publish(&before, core.stats());
            if core.memory() != held.size() {
                *held = self.memory.hold(core.memory());
            }
            self.enabled.store(core.enabled(), Ordering::Release);
            self.wanting.store(core.is_wanting(), Ordering::Relaxed);
            self.unsettled.store(core.is_unsettled(), Ordering::Release);
            self.log_version.store(files.version(), Ordering::Release);
            (result, core.take_effects())
        };
        for (waiter, _outcome) in effects.released {
            waiter.release();
        }
        for message in effects.messages {
            messages::report(self, &message);
        }
        result
    }

    /// Asks the coordinator something.
    pub fn look<R>(&self, ask: impl FnOnce(&Coordinator<WaiterRef>) -> R) -> R {
        ask(&self.locked.lock().core)
    }

    /// `SET GLOBAL ..._enabled`. false: it could not be switched on; the error
    /// log says why. Under the server's `LOCK_global_system_variables`, so one
    /// call at a time.
    pub fn set_enabled(&'static self, on: bool) -> bool {
        let mut done = true;
        if on {
            self.update_log(|core, files| {
                // What was flushed meanwhile nobody has told. Nobody waits for it.
                if !core.enabled() {
                    files.forget();
                }
                core.on_enable();
            });
            let unread = self.links.start_receiver(self);
            done = unread.is_some();
            for (link, errno) in unread.unwrap_or_default() {
                self.cannot_read(&link, errno);
            }
        }
        if !on || !done {
            self.update(|core| core.on_disable());
        }
        if !on {
            self.links.stop_receiver();
        }
        self.tell_use();
        done
    }

    // ---- replicas ----

    /// Where the server does not ask whether the plugin may go, it is told. While
    /// semi-sync is off it may: nobody notices then that a replica has gone.
    pub fn tell_use(&self) {
        let enabled = self.is_enabled();
        self.links
            .while_use_stands(|in_use| self.server.set_in_use(in_use && enabled));
    }

    /// The link does not count any more. May be called twice.
    pub fn stop_counting(&self, link: &Link) {
        self.tell_use();
        let shutting_down = self.server.is_shutting_down();
        self.update(|core| core.on_disconnect(link.id, shutting_down));
    }

    /// The receiver cannot read from the link: it is not asked, and does not count.
    pub fn cannot_read(&self, link: &Link, errno: c_int) {
        let why = std::io::Error::from_raw_os_error(errno);
        messages::served_asynchronously(link.server_id, &format!("epoll refuses it ({why})"));
        self.links.ignore(link);
        self.stop_counting(link);
    }

    /// The replica has closed its end of the connection.
    pub fn lose(&self, link: &Link) {
        messages::connection_gone(link);
        self.links.set_gone(link);
        self.stop_counting(link);
    }

    /// Notices replicas that are gone while no receiver runs to notice them.
    pub fn lose_hung_up(&self) {
        for link in self.links.find_hung_up() {
            self.lose(&link);
        }
    }

    pub fn new_link_id(&self) -> ReplicaConnectionId {
        ReplicaConnectionId(self.next_link.fetch_add(1, Ordering::Relaxed))
    }

    // ---- positions ----

    /// Changes whenever [`Source::place`] may answer differently. No lock.
    pub fn log_version(&self) -> u64 {
        self.log_version.load(Ordering::Acquire)
    }

    /// Where the file lies that the server names in a dump, and the version of the log of
    /// which that is true. Reads the index: once for each file of a dump.
    pub fn place(&self, name: &[u8]) -> (Place, u64) {
        // The index must not be older than what it is compared with.
        const TRIES: u32 = 8;
        let mut version = self.log_version();
        for _ in 0..TRIES {
            let index = self.server.binary_log_index();
            let index = index.map(|content| index_names(&content));
            let locked = self.locked.lock();
            let before = std::mem::replace(&mut version, locked.files.version());
            if version == before {
                return (locked.files.place(name, index.as_deref()), version);
            }
        }
        // Files come faster than their list can be read.
        (Place::Unknown, version)
    }

    /// Whether the present log reaches so far, see [`LogFiles::reaches`].
    pub fn log_reaches(&self, place: Place, offset: u64) -> bool {
        self.locked.lock().files.reaches(place, offset)
    }

    /// The name of a position's file, while it is known.
    pub fn file_name(&self, at: Position) -> Option<LogName> {
        self.locked.lock().files.name(at.file)
    }
}

fn settings() -> Settings {
    Settings {
        wait_count: wait_count(),
        wait_no_replica: waits_without_replicas(),
    }
}

/// Enables semi-sync if the option file or the command line says so.
pub fn apply_options(source: &'static Source) -> bool {
    !variables::is_enabled() || source.set_enabled(true)
}
