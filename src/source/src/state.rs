//! The one `Source` of this library: the lock around the coordinator, and the
//! carrying out of its effects.
//!
//! It is made at the first installation and never freed (the library stays
//! mapped, see SAFETY.md): a hook can never meet a dangling one. Each
//! installation starts it afresh.

use crate::{
    Vocabulary,
    link::{Link, Links},
    notices,
    status::{self, WAITS},
    variables::{self, wait_count, waits_without_replicas},
};
use parking_lot::Mutex;
use semisync_core::{Coordinator, Effects, LinkId, Position, Settings, split_name};
use semisync_server::{Server, sys::compat::START_IS_CHECKED, wait::Waiter};
use std::{
    borrow::Cow,
    ffi::{CStr, c_char},
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
    core: Mutex<Coordinator<WaiterRef>>,
    /// What `core` says, readable without its lock by hooks that run for every
    /// event.
    enabled: AtomicBool,
    wanting: AtomicBool,
    unsettled: AtomicBool,
    /// The base name of the binary log, once the server has told it.
    base: OnceLock<Box<[u8]>>,
    next_link: AtomicU64,
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
            core: Mutex::new(Coordinator::new(settings())),
            enabled: AtomicBool::new(false),
            wanting: AtomicBool::new(false),
            unsettled: AtomicBool::new(false),
            base: OnceLock::new(),
            next_link: AtomicU64::new(1),
        });
        WAITS.clear();
        source.update(|core, _| *core = Coordinator::new(settings()));
        source
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
    pub fn update<R>(
        &self,
        change: impl FnOnce(&mut Coordinator<WaiterRef>, &mut Effects<WaiterRef>) -> R,
    ) -> R {
        let mut effects = Effects::default();
        let result = {
            let mut core = self.core.lock();
            let before = *core.stats();
            let result = change(&mut core, &mut effects);
            status::publish(&before, core.stats());
            self.enabled.store(core.enabled(), Ordering::Release);
            self.wanting.store(core.wanting(), Ordering::Relaxed);
            self.unsettled.store(core.is_unsettled(), Ordering::Release);
            result
        };
        for (waiter, _outcome) in effects.released {
            waiter.release();
        }
        for notice in effects.notices {
            notices::report(self, &notice);
        }
        result
    }

    /// Asks the coordinator something.
    pub fn look<R>(&self, ask: impl FnOnce(&Coordinator<WaiterRef>) -> R) -> R {
        ask(&self.core.lock())
    }

    /// `SET GLOBAL ..._enabled`. false: it could not be switched on; the error
    /// log says why. Under the server's `LOCK_global_system_variables`, so one
    /// call at a time.
    pub fn set_enabled(&'static self, on: bool) -> bool {
        let mut done = true;
        if on {
            self.update(|core, fx| core.enable(fx));
            done = self.links.start_receiver(self);
        }
        if !on || !done {
            self.update(|core, fx| core.disable(fx));
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
        self.update(|core, fx| core.detach(link.id, shutting_down, fx));
    }

    /// The replica has closed its end of the connection.
    pub fn lose(&self, link: &Link) {
        notices::connection_gone(link);
        self.links.set_gone(link);
        self.stop_counting(link);
    }

    /// Notices replicas that are gone while no receiver runs to notice them.
    pub fn lose_hung_up(&self) {
        for link in self.links.find_hung_up() {
            self.lose(&link);
        }
    }

    pub fn new_link_id(&self) -> LinkId {
        LinkId(self.next_link.fetch_add(1, Ordering::Relaxed))
    }

    // ---- positions ----

    /// The position that the server names; its file's base name is learned.
    /// None: no file (see abi of `after_commit`) or not a binary log's name.
    ///
    /// # Safety
    /// `file` is null or a C string of the server's.
    pub unsafe fn position(&self, file: *const c_char, offset: u64) -> Option<Position> {
        if file.is_null() || offset == 0 {
            return None;
        }
        // SAFETY: not null, and the caller's promise.
        let name = unsafe { CStr::from_ptr(file) };
        let (base, number) = split_name(name.to_bytes())?;
        self.learn_base(base);
        Some(Position {
            file: number,
            offset,
        })
    }

    /// Whether a replica that asks for the log from `at` on may be believed to have
    /// what lies before: the server has checked that the log goes so far, or we know.
    pub fn can_have(&self, at: Position) -> bool {
        START_IS_CHECKED || Some(at) <= self.look(Coordinator::newest)
    }

    pub fn learn_base(&self, base: &[u8]) {
        if self.base.get().is_none() {
            let _ = self.base.set(base.into());
        }
    }

    /// Whether `base` is the base name of this server's binary log.
    pub fn is_our_base(&self, base: &[u8]) -> bool {
        self.base.get().is_some_and(|ours| **ours == *base)
    }

    /// For the error log.
    pub fn base(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.base.get().map_or(&[], |base| base))
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
