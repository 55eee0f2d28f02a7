//! The relay log in directories of the tests' own.

use super::*;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    env,
    os::fd::{AsRawFd, RawFd},
    process,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

/// A directory with an index and relay logs, and what was synced in it.
struct World {
    directory: PathBuf,
    disk: TestDisk,
}

#[derive(Clone, Default)]
struct TestDisk {
    synced: Rc<RefCell<Vec<PathBuf>>>,
    /// Syncs of this name fail.
    broken: Rc<Cell<&'static str>>,
    opened: Rc<RefCell<Opened>>,
}

/// When descriptors were opened, and who is still to be told of a failure. As in Linux: those that
/// were open when somebody was told.
#[derive(Default)]
struct Opened {
    now: u32,
    when: HashMap<RawFd, u32>,
    /// Of a file: the server was told then.
    told: HashMap<PathBuf, u32>,
}

impl Opened {
    fn tick(&mut self) -> u32 {
        self.now += 1;
        self.now
    }
}

impl Disk for TestDisk {
    fn open(&self, path: &Path) -> io::Result<File> {
        let file = File::open(path)?;
        let mut opened = self.opened.borrow_mut();
        let now = opened.tick();
        opened.when.insert(file.as_raw_fd(), now);
        Ok(file)
    }

    fn sync(&self, path: &Path, file: &File) -> io::Result<()> {
        let mut opened = self.opened.borrow_mut();
        let told = opened.told.get(path).copied();
        let now = opened.tick();
        let when = opened.when.insert(file.as_raw_fd(), now).unwrap();
        if told.is_some_and(|told| when < told) {
            return Err(io::Error::from_raw_os_error(5));
        }
        let broken = self.broken.get();
        if !broken.is_empty() && path.ends_with(broken) {
            return Err(io::Error::from_raw_os_error(5));
        }
        file.sync_data()?;
        self.synced.borrow_mut().push(path.to_path_buf());
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("semisync-relay-log-{}-{number}", process::id());
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        Self {
            directory,
            disk: TestDisk::default(),
        }
    }

    fn log(&self) -> RelayLog<TestDisk> {
        RelayLog::new(self.path("relay.index"), None, self.disk.clone())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// As the server does it: a new file is there before the index names it.
    fn list(&self, names: &[&str]) {
        let mut lines = String::new();
        for name in names {
            let path = self.path(name);
            let _ = File::options()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap();
            lines += &format!("{}\n", path.display());
        }
        fs::write(self.path("next"), lines).unwrap();
        fs::rename(self.path("next"), self.path("relay.index")).unwrap();
    }

    /// The server syncs this file, and is told that pages could not be written.
    fn server_is_told(&self, name: &str) {
        let mut opened = self.disk.opened.borrow_mut();
        let now = opened.tick();
        opened.told.insert(self.path(name), now);
    }

    fn purge(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// What was synced since the last question: names, "." for the directory.
    fn synced(&self) -> Vec<String> {
        let synced = self.disk.synced.take();
        let name = |path: PathBuf| {
            let name = path.strip_prefix(&self.directory).unwrap();
            let name = if name.as_os_str().is_empty() {
                Path::new(".")
            } else {
                name
            };
            name.to_str().unwrap().to_owned()
        };
        synced.into_iter().map(name).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// A relay log of these files, all of which are synced.
fn synced_log(names: &[&str]) -> (World, RelayLog<TestDisk>) {
    let world = World::new();
    world.list(names);
    let mut log = world.log();
    log.sync().unwrap();
    world.synced();
    (world, log)
}

const NOTHING: [&str; 0] = [];

#[test]
fn the_first_time_everything_is_synced_that_the_index_lists() {
    let world = World::new();
    world.list(&["relay.000001", "relay.000002"]);
    let mut log = world.log();
    log.sync().unwrap();
    let all = ["relay.000001", "relay.000002", ".", "relay.index"];
    assert_eq!(world.synced(), all);
}

#[test]
fn then_the_newest_file_is_synced_each_time_and_nothing_else() {
    let (world, mut log) = synced_log(&["relay.000001", "relay.000002"]);
    for _ in 0..3 {
        log.after_event(false);
        log.sync().unwrap();
        assert_eq!(world.synced(), ["relay.000002"]);
    }
}

#[test]
fn a_rotation_syncs_the_older_files_and_the_index_and_the_directory() {
    let (world, mut log) = synced_log(&["relay.000001"]);

    log.after_event(false);
    world.list(&["relay.000001", "relay.000002", "relay.000003"]);
    log.sync().unwrap();
    let expected = [
        "relay.000001",
        "relay.000002",
        "relay.000003",
        ".",
        "relay.index",
    ];
    assert_eq!(world.synced(), expected);
    log.after_event(false);
    log.sync().unwrap();
    assert_eq!(world.synced(), ["relay.000003"]);
}

#[test]
fn a_purge_alone_costs_nothing() {
    let (world, mut log) = synced_log(&["relay.000001", "relay.000002"]);
    world.list(&["relay.000002"]);
    world.purge("relay.000001");
    log.after_event(false);
    log.sync().unwrap();
    assert_eq!(world.synced(), ["relay.000002"]);
}

#[test]
fn the_newest_file_may_be_purged_behind_a_rotation() {
    let (world, mut log) = synced_log(&["relay.000001"]);
    world.list(&["relay.000002"]);
    world.purge("relay.000001");
    log.after_event(false);
    log.sync().unwrap();
    let expected = ["relay.000001", "relay.000002", ".", "relay.index"];
    assert_eq!(world.synced(), expected);
}

#[test]
fn what_the_server_has_synced_is_not_synced_again() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.after_event(true);
    log.sync().unwrap();
    // What came before is not known to be synced.
    assert_eq!(world.synced(), ["relay.000001", ".", "relay.index"]);
    log.after_event(true);
    log.sync().unwrap();
    assert_eq!(world.synced(), NOTHING);
    // A new file's name is nobody's business but ours.
    log.after_event(true);
    world.list(&["relay.000001", "relay.000002"]);
    log.sync().unwrap();
    assert_eq!(world.synced(), ["relay.000002", ".", "relay.index"]);
    // One event without the server's sync, and then one with it that wrote nothing.
    log.after_event(false);
    log.after_event(true);
    log.sync().unwrap();
    assert_eq!(world.synced(), ["relay.000002"]);
}

#[test]
fn a_file_whose_sync_failed_is_lost_on_all_connections_until_it_is_gone() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.sync().unwrap();
    world.disk.broken.set("relay.000001");
    log.after_event(false);
    let error = log.sync().unwrap_err();
    assert!(
        error.is_lost()
            && error
                .to_string()
                .contains("relay.000001 could not be synced")
    );

    // The disk is well again, and knows nothing of it.
    world.disk.broken.set("");
    for mut log in [log, world.log()] {
        assert!(log.sync().unwrap_err().is_lost());
        world.list(&["relay.000001", "relay.000002"]);
        assert!(log.sync().unwrap_err().is_lost());
    }
    world.list(&["relay.000002"]);
    world.purge("relay.000001");
    world.log().sync().unwrap();
}

/// An event of a transaction passes; meanwhile the server does this.
fn event(log: &mut RelayLog<TestDisk>, server: impl FnOnce()) {
    log.before_event(true);
    server();
    log.after_event(false);
}

/// Between two acknowledgements.
#[test]
fn a_file_counts_as_lost_that_was_filled_and_closed_in_vain_between_two_syncs() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.sync().unwrap();
    event(&mut log, || world.list(&["relay.000001", "relay.000002"]));
    event(&mut log, || {
        world.server_is_told("relay.000002");
        world.list(&["relay.000001", "relay.000002", "relay.000003"]);
    });
    let error = log.sync().unwrap_err();
    assert!(error.is_lost() && error.to_string().contains("relay.000002"));
    assert!(world.log().sync().unwrap_err().is_lost());
    world.list(&["relay.000003"]);
    world.purge("relay.000002");
    log.sync().unwrap();
}

#[test]
fn a_file_that_holds_an_event_and_could_not_be_watched_counts_as_lost() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.sync().unwrap();
    let all = ["relay.000001", "relay.000002", "relay.000003"];
    event(&mut log, || world.list(&all));
    let error = log.sync().unwrap_err();
    assert!(error.is_lost() && error.to_string().contains("relay.000002"));
}

#[test]
fn a_file_that_was_made_and_closed_between_events_is_not_lost() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.sync().unwrap();
    event(&mut log, || ());
    let all = ["relay.000001", "relay.000002", "relay.000003"];
    world.list(&all);
    event(&mut log, || ());
    log.sync().unwrap();
    // Nor if the event is the log's own affair.
    log.before_event(false);
    world.list(&[&all[..], &["relay.000004", "relay.000005"]].concat());
    log.after_event(false);
    log.sync().unwrap();
}

/// The server stops the receiver; the next one opens the file anew.
#[test]
fn what_the_server_was_told_at_the_end_is_remembered() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.sync().unwrap();
    event(&mut log, || ());
    log.before_event(true);
    world.server_is_told("relay.000001");
    drop(log);
    assert!(world.log().sync().unwrap_err().is_lost());
}

/// A file that was closed is not kept open, also where nothing asks for an acknowledgement.
#[test]
fn a_look_syncs_what_was_closed_and_nothing_else() {
    let (world, mut log) = synced_log(&["relay.000001"]);
    event(&mut log, || ());
    assert_eq!(world.synced(), NOTHING);
    event(&mut log, || world.list(&["relay.000001", "relay.000002"]));
    assert_eq!(world.synced(), ["relay.000001"]);
    event(&mut log, || ());
    assert_eq!(world.synced(), NOTHING);
}

/// While one file is lost, those that come are watched all the same.
#[test]
fn what_is_lost_while_another_file_is_lost_is_not_forgotten() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    log.sync().unwrap();
    event(&mut log, || ());
    world.disk.broken.set("relay.000001");
    assert!(log.sync().unwrap_err().is_lost());
    world.disk.broken.set("");
    event(&mut log, || world.list(&["relay.000001", "relay.000002"]));
    event(&mut log, || {
        world.server_is_told("relay.000002");
        world.list(&["relay.000001", "relay.000002", "relay.000003"]);
    });
    world.list(&["relay.000002", "relay.000003"]);
    world.purge("relay.000001");
    let error = log.sync().unwrap_err().to_string();
    assert!(error.contains("relay.000002"), "{error}");
}

/// RESET REPLICA begins with the same names again.
#[test]
fn a_new_file_of_the_same_name_is_not_lost() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    world.disk.broken.set("relay.000001");
    assert!(log.sync().unwrap_err().is_lost());
    world.disk.broken.set("");
    assert!(world.log().sync().unwrap_err().is_lost());
    let made = |world: &World| fs::metadata(world.path("relay.000001")).unwrap().created();
    let old = made(&world).expect("the file system tells when a file was made");
    world.purge("relay.000001");
    // Until the clock of the file system has gone on.
    loop {
        world.list(&["relay.000001"]);
        if made(&world).unwrap() != old {
            break;
        }
        world.purge("relay.000001");
    }
    world.log().sync().unwrap();
}

#[test]
fn a_name_that_could_not_be_synced_loses_its_file() {
    let world = World::new();
    world.list(&["relay.000001"]);
    let mut log = world.log();
    world.disk.broken.set("relay.index");
    assert!(log.sync().unwrap_err().is_lost());
    world.disk.broken.set("");
    assert!(log.sync().unwrap_err().is_lost());
}

#[test]
fn what_cannot_be_read_is_tried_again_from_the_start() {
    let (world, mut log) = synced_log(&["relay.000001"]);
    fs::remove_file(world.path("relay.index")).unwrap();
    let error = log.sync().unwrap_err();
    assert!(!error.is_lost() && error.to_string().contains("relay.index: "));
    world.list(&["relay.000001"]);
    log.sync().unwrap();
    assert_eq!(world.synced(), ["relay.000001", ".", "relay.index"]);
    // A file that is listed and not there.
    world.list(&["relay.000001", "relay.000002"]);
    world.purge("relay.000002");
    assert!(!log.sync().unwrap_err().is_lost());
}

/// The server takes the index away and puts the next one in its place.
#[test]
fn an_index_that_is_being_replaced_is_waited_for() {
    let world = World::new();
    world.list(&["relay.000001"]);
    fs::rename(world.path("relay.index"), world.path("relay.moved")).unwrap();
    let (from, to) = (world.path("relay.moved"), world.path("relay.index"));
    let server = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        fs::rename(from, to).unwrap();
    });
    world.log().sync().unwrap();
    server.join().unwrap();
    // MariaDB 5.5 writes it in place.
    let whole = fs::read(world.path("relay.index")).unwrap();
    fs::write(world.path("relay.index"), &whole[..whole.len() - 4]).unwrap();
    let index = world.path("relay.index");
    let server = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        fs::write(index, whole).unwrap();
    });
    world.log().sync().unwrap();
    server.join().unwrap();
}

#[test]
fn a_channels_index_is_found_by_its_name() {
    let world = World::new();
    let places = [world.path("relay.index"), world.path("relay.idx")];
    for name in ["relay.index", "relay-b@002d1.index", "relay-other.index"] {
        fs::write(world.path(name), "").unwrap();
    }
    let found = |channel| {
        find_indexes(&places, channel).map(|found| {
            let names = found.iter().map(|index| index.file_name().unwrap());
            names
                .map(|name| name.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(found(Some("")).unwrap(), ["relay.index"]);
    assert_eq!(found(Some("b-1")).unwrap(), ["relay-b@002d1.index"]);
    let error = found(Some("gone")).unwrap_err().to_string();
    assert!(error.contains("relay-gone.index"));
    // A name that is not told, or that cannot be spelled: it is one of these.
    let all = ["relay-b@002d1.index", "relay-other.index", "relay.index"];
    assert_eq!(found(None).unwrap(), all);
    assert_eq!(found(Some("größe")).unwrap(), all);

    fs::rename(&places[0], &places[1]).unwrap();
    assert_eq!(found(Some("")).unwrap(), ["relay.idx"]);
}
