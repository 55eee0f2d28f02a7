//! Sessions, as the plugin knows them by a `THD`, and KILL.

use super::connection::Connection;
use semisync_interleaved::{Mutex, atomic, c, since_epoch, step, thread};
use semisync_sys as sys;
use std::{
    cell::{Cell, UnsafeCell},
    os::{fd::AsFd, unix::net::UnixStream},
    time::Duration,
};

/// What a session's client has heard of its commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    Ok,
    /// The connection has ended before.
    Nothing,
}

/// A `THD`. It lives until the program's end.
pub struct Session {
    pub id: u64,
    pub is_applier: bool,
    /// The replica has announced itself.
    pub is_semi_sync_dump: bool,
    killed: atomic::AtomicBool,
    /// `LOCK_thd_data`.
    data: Mutex<()>,
    /// `LOCK_current_cond`.
    current_cond: Mutex<()>,
    waits_on: Cell<Option<(*mut sys::mysql_mutex_t, *mut sys::mysql_cond_t)>>,
    /// None: an applier.
    connection: Option<UnsafeCell<Box<Connection>>>,
    client: Option<UnixStream>,
    pub warnings: Cell<u32>,
    /// When its command began, by the system's clock.
    pub began: Cell<Duration>,
}

// SAFETY: tasks run in one thread of the system.
unsafe impl Sync for Session {}
// SAFETY: as above.
unsafe impl Send for Session {}

semisync_interleaved::thread_local! {
    static CURRENT: Cell<Option<&'static Session>> = Cell::new(None);
}

/// The threads of all sessions.
static THREADS: Mutex<Vec<usize>> = Mutex::new(Vec::new());

pub fn join_all() {
    let threads = THREADS.lock().clone();
    threads.into_iter().for_each(thread::join);
}

static SESSIONS: Mutex<Vec<&'static Session>> = Mutex::new(Vec::new());

/// All that there were.
pub fn all() -> Vec<&'static Session> {
    SESSIONS.lock().clone()
}

/// The session of the current thread.
pub fn current() -> Option<&'static Session> {
    CURRENT.with(Cell::get)
}

/// The current thread acts for another session, as the leader of a group does
/// (sql/binlog.cc, `Thd_backup_and_restore`).
pub fn stand_in<R>(session: &'static Session, act: impl FnOnce() -> R) -> R {
    let own = CURRENT.with(|current| current.replace(Some(session)));
    let result = act();
    CURRENT.with(|current| current.set(own));
    result
}

impl Session {
    fn new(connection: Option<Box<Connection>>, client: Option<UnixStream>) -> Self {
        Self {
            id: 0,
            is_applier: false,
            is_semi_sync_dump: false,
            killed: atomic::AtomicBool::new(false),
            data: Mutex::new(()),
            current_cond: Mutex::new(()),
            waits_on: Cell::new(None),
            connection: connection.map(UnsafeCell::new),
            client,
            warnings: Cell::new(0),
            began: Cell::new(since_epoch()),
        }
    }

    fn add(mut self) -> &'static Self {
        let mut sessions = SESSIONS.lock();
        self.id = 8 + sessions.len() as u64;
        let session: &'static Self = Box::leak(Box::new(self));
        sessions.push(session);
        session
    }

    /// A client's.
    pub fn of_client() -> &'static Self {
        let (connection, client) = Connection::pair();
        Self::new(Some(connection), Some(client)).add()
    }

    pub fn of_applier() -> &'static Self {
        Self {
            is_applier: true,
            ..Self::new(None, None)
        }
        .add()
    }

    /// Of a dump to a replica that has announced itself, and the replica's end.
    pub fn of_dump() -> (&'static Self, UnixStream) {
        let (connection, replica) = Connection::pair();
        let session = Self {
            is_semi_sync_dump: true,
            ..Self::new(Some(connection), None)
        };
        (session.add(), replica)
    }

    /// Runs `body` in a thread of this session.
    pub fn run(
        &'static self,
        name: &str,
        body: impl FnOnce(&'static Self) + Send + 'static,
    ) -> usize {
        let thread = thread::spawn(name, move || {
            CURRENT.with(|current| current.set(Some(self)));
            self.began.set(since_epoch());
            body(self);
        });
        THREADS.lock().push(thread);
        thread
    }

    /// Whether it has a client at the other end.
    pub fn has_client(&self) -> bool {
        self.client.is_some()
    }

    /// The connection: for its own thread, and to be shut down.
    pub fn connection(&self) -> Option<*mut Connection> {
        let cell = self.connection.as_ref()?;
        // SAFETY: the address of what the box holds, which does not move.
        Some(unsafe { &raw mut **cell.get() })
    }

    pub fn is_killed(&self) -> bool {
        self.killed.load(atomic::Ordering::Acquire)
    }

    // ---- its wait ----

    /// `THD::enter_cond`: the mutex is held.
    pub fn enter_cond(&self, mutex: *mut sys::mysql_mutex_t, cond: *mut sys::mysql_cond_t) {
        step();
        // SAFETY: the address of a field.
        let raw = unsafe { &raw mut (*mutex).mutex };
        assert!(c::is_locked(raw), "enter_cond without its mutex");
        self.waits_on.set(Some((mutex, cond)));
    }

    /// `THD::exit_cond`: the mutex is not held.
    pub fn exit_cond(&self) {
        let locked = self.current_cond.lock();
        self.waits_on.set(None);
        drop(locked);
    }

    // ---- its end ----

    /// KILL (sql/sql_class.cc, `THD::awake`). With its connection, or the statement alone.
    pub fn kill(&self, with_connection: bool) {
        let data = self.data.lock();
        self.killed.store(true, atomic::Ordering::Release);
        if with_connection {
            self.shut_down();
        }
        self.broadcast();
        drop(data);
    }

    fn shut_down(&self) {
        if let Some(connection) = self.connection() {
            Connection::shut_down(connection);
        }
    }

    fn broadcast(&self) {
        let locked = self.current_cond.lock();
        if let Some((mutex, cond)) = self.waits_on.get() {
            // SAFETY: what the session waits on lives until it has called `exit_cond`, which
            // wants the lock that is held here.
            unsafe {
                let mutex = &raw mut (*mutex).mutex;
                c::pthread_mutex_lock(mutex);
                c::pthread_cond_broadcast(&raw mut (*cond).cond);
                c::pthread_mutex_unlock(mutex);
            }
        }
        drop(locked);
    }

    /// The end of the connection, by its own thread or by the server's shutdown.
    pub fn close(&self) {
        let data = self.data.lock();
        self.shut_down();
        drop(data);
    }

    /// The client's statement ends: what the client hears.
    pub fn answer(&self) -> Heard {
        let Some(client) = &self.client else {
            return Heard::Nothing;
        };
        let Some(connection) = self.connection() else {
            return Heard::Nothing;
        };
        // SAFETY: this thread's.
        let sent = unsafe { (*connection).write_packet(b"OK") && (*connection).flush() };
        match sent && is_open(client) {
            true => Heard::Ok,
            false => Heard::Nothing,
        }
    }
}

/// Whether something can be read that is not the end.
fn is_open(client: &UnixStream) -> bool {
    use std::io::Read;
    let mut bytes = [0; 64];
    let client = client.as_fd().try_clone_to_owned().map(UnixStream::from);
    client.is_ok_and(|mut client| client.read(&mut bytes).is_ok_and(|read| read > 0))
}
