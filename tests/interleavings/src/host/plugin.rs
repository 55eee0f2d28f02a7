//! The plugin, as the server keeps it: installed or not, who uses it, its hooks and variables.

use super::locks::ReadWrite;
use semisync_interleaved::{Mutex, trace};
use semisync_sys as sys;
use std::{
    cell::Cell,
    ffi::{CStr, c_int, c_void},
    ptr::null_mut,
    sync::OnceLock,
};

mod library {
    semisync_source_side::source_plugin! { side: "source", peer: "replica", rival: "master" }
}

/// An observer, as a delegate keeps it (sql/rpl_handler.cc).
pub struct Delegate<T: 'static> {
    lock: ReadWrite,
    observer: Cell<Option<*mut T>>,
}

// SAFETY: tasks run in one thread of the system.
unsafe impl<T> Sync for Delegate<T> {}

pub static TRANSACTIONS: Delegate<sys::Trans_observer> = Delegate::new();
pub static STORAGE: Delegate<sys::Binlog_storage_observer> = Delegate::new();
pub static TRANSMIT: Delegate<sys::Binlog_transmit_observer> = Delegate::new();

/// `LOCK_plugin`.
static PLUGIN: Mutex<Plugin> = Mutex::new(Plugin {
    state: State::Absent,
    references: 0,
});

/// `LOCK_global_system_variables`.
static VARIABLES: Mutex<()> = Mutex::new(());

struct Plugin {
    state: State,
    references: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Ready,
    /// `check_uninstall` is being asked.
    Dying,
    /// `deinit` comes with the last reference.
    Deleted,
}

impl<T> Delegate<T> {
    const fn new() -> Self {
        Self {
            lock: ReadWrite::new(),
            observer: Cell::new(None),
        }
    }

    pub fn add(&self, observer: *mut T) {
        self.lock.write(|| self.observer.set(Some(observer)));
    }

    pub fn remove(&self) {
        self.lock.write(|| self.observer.set(None));
    }

    /// Calls a hook, if the plugin is there (`FOREACH_OBSERVER`).
    pub fn call(&self, name: &str, hook: impl FnOnce(&T) -> Option<c_int>) {
        let held = self.lock.read(|| {
            let observer = self.observer.get().filter(|_| hold());
            if let Some(observer) = observer {
                trace(format_args!("{name} begins"));
                // SAFETY: a table in the library's static memory.
                let failed = hook(unsafe { &*observer });
                assert!(failed.is_none_or(|failed| failed == 0), "{name} failed");
                trace(format_args!("{name} ends"));
            }
            observer.is_some()
        });
        if held {
            release();
        }
    }
}

/// A reference to the plugin, if it is ready.
fn hold() -> bool {
    let mut plugin = PLUGIN.lock();
    let is_ready = plugin.state == State::Ready;
    plugin.references += u32::from(is_ready);
    is_ready
}

/// The last reference to a plugin that was uninstalled ends it.
fn release() {
    let mut plugin = PLUGIN.lock();
    plugin.references -= 1;
    let is_over = plugin.references == 0 && plugin.state == State::Deleted;
    if is_over {
        plugin.state = State::Absent;
    }
    drop(plugin);
    if is_over {
        deinit();
    }
}

fn descriptor() -> &'static sys::st_mysql_plugin {
    // SAFETY: the first of the library's descriptors.
    unsafe { &*library::_mysql_plugin_declarations_.as_ptr().cast() }
}

/// The operator's plugin.
fn second_descriptor() -> &'static sys::st_mysql_plugin {
    // SAFETY: the second of the library's descriptors.
    unsafe { &*std::ptr::from_ref(descriptor()).add(1) }
}

/// `INSTALL PLUGIN semisync_source`. It stays.
pub fn install_operator() {
    let init = second_descriptor().init.expect("a plugin has init");
    // SAFETY: as the server calls it.
    let failed = unsafe { init(std::ptr::from_ref(second_descriptor()).cast_mut().cast()) };
    assert_eq!(failed, 0, "the operator's plugin is not to be installed");
}

/// `SET GLOBAL semisync_source_<name>`.
pub fn decide<T: Copy>(name: &CStr, value: T) {
    let locked = VARIABLES.lock();
    assign(second_descriptor(), name, value);
    drop(locked);
}

fn handle() -> *mut c_void {
    std::ptr::from_ref(descriptor()).cast_mut().cast()
}

static DESCRIPTORS: OnceLock<usize> = OnceLock::new();

/// How many descriptors this process had when the plugin was installed first.
pub fn descriptors_before() -> usize {
    *DESCRIPTORS.get_or_init(open_descriptors)
}

/// How many descriptors this process has.
pub fn open_descriptors() -> usize {
    const MANY: c_int = 512;
    // SAFETY: asks for flags.
    let is_open = |descriptor: &c_int| unsafe { libc::fcntl(*descriptor, libc::F_GETFD) } >= 0;
    (0..MANY).filter(is_open).count()
}

/// `INSTALL PLUGIN`, with this value of `enabled`. The other variables keep their values.
pub fn install(enabled: bool) {
    super::binary_log::open();
    descriptors_before();
    super::exports::give_services(
        &library::plugin_registry_service,
        &library::my_plugin_log_service,
    );
    find::<bool>(descriptor(), c"enabled", |value, _| {
        // SAFETY: the variable's own value, before anybody reads it.
        unsafe { *value = enabled };
    });
    let init = descriptor().init.expect("a plugin has init");
    // SAFETY: as the server calls it.
    let failed = unsafe { init(handle()) };
    assert_eq!(failed, 0, "the plugin is not to be installed");
    PLUGIN.lock().state = State::Ready;
}

/// `UNINSTALL PLUGIN` (sql/sql_plugin.cc, `mysql_uninstall_plugin`). false: it was refused.
pub fn uninstall() -> bool {
    {
        let mut plugin = PLUGIN.lock();
        if plugin.state != State::Ready {
            return false;
        }
        plugin.state = State::Dying;
    }
    let check = descriptor().check_uninstall.expect("a plugin is asked");
    // SAFETY: as the server calls it.
    let refused = unsafe { check(handle()) } != 0;
    let mut plugin = PLUGIN.lock();
    plugin.state = if refused {
        State::Ready
    } else {
        State::Deleted
    };
    let is_over = !refused && plugin.references == 0;
    if is_over {
        plugin.state = State::Absent;
    }
    drop(plugin);
    if is_over {
        deinit();
    }
    !refused
}

/// The server's end (`plugin_shutdown`): nobody is asked.
pub fn shut_down() {
    let mut plugin = PLUGIN.lock();
    let was_there = std::mem::replace(&mut plugin.state, State::Absent) != State::Absent;
    assert_eq!(plugin.references, 0, "somebody still uses the plugin");
    drop(plugin);
    if was_there {
        deinit();
    }
}

/// Whether there is none, not even one that ends.
pub fn is_absent() -> bool {
    PLUGIN.lock().state == State::Absent
}

fn deinit() {
    trace(format_args!("deinit begins"));
    let deinit = descriptor().deinit.expect("a plugin has deinit");
    // SAFETY: as the server calls it.
    let failed = unsafe { deinit(handle()) };
    assert_eq!(failed, 0, "the plugin could not be uninstalled");
    trace(format_args!("deinit ends"));
}

/// `SET GLOBAL rpl_semi_sync_source_<name>`.
pub fn set<T: Copy>(name: &CStr, value: T) {
    if hold() {
        let locked = VARIABLES.lock();
        assign(descriptor(), name, value);
        drop(locked);
        release();
    }
}

fn assign<T: Copy>(plugin: &sys::st_mysql_plugin, name: &CStr, value: T) {
    trace(format_args!("SET GLOBAL {}", name.to_string_lossy()));
    find::<T>(plugin, name, |place, variable| {
        // SAFETY: as the server does it; the type is the variable's.
        unsafe {
            match (*variable).update {
                Some(update) => {
                    update(
                        null_mut(),
                        variable,
                        place.cast(),
                        (&raw const value).cast(),
                    );
                }
                None => *place = value,
            }
        }
    });
    trace(format_args!("SET GLOBAL is done"));
}

fn find<T>(
    plugin: &sys::st_mysql_plugin,
    name: &CStr,
    act: impl FnOnce(*mut T, *mut sys::st_mysql_sys_var),
) {
    let mut variables = plugin.system_vars;
    // SAFETY: an array that a null pointer ends; all kinds begin alike, with the value behind the
    // head.
    unsafe {
        while !(*variables).is_null() {
            let variable = *variables;
            if CStr::from_ptr((*variable).name) == name {
                let value = (*variable.cast::<sys::sys_var_bool>()).value;
                return act(value.cast(), variable);
            }
            variables = variables.add(1);
        }
    }
    panic!("no variable {}", name.to_string_lossy());
}
