//! A source whose replicas only drain it: fakes that take the log off the socket and acknowledge
//! what asks. So what is measured is the source's side, and eight replicas need no eight servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use semisync_live_tests::drain::Drain;
use semisync_live_tests::fake_replica::{Announce, Place};
use semisync_live_tests::sql::rows_of;
use semisync_live_tests::{Libraries, Names, PATIENCE, Server, ServerConfig, eventually};

/// Rows of one transaction of the log that is streamed.
const ROWS: u64 = 1000;
/// With the other columns and the checksum, an event of such a row has about 256 bytes.
const BODY: usize = 205;
/// Longer than any measurement.
const FOR_EVER: Duration = Duration::from_secs(3600);
/// The server id of the replica that acknowledges commits.
pub const STEADY: u32 = 90;

/// The source of one side.
pub struct Drained {
    pub name: &'static str,
    pub is_semi_sync: bool,
    pub source: Server,
    /// Acknowledges all the time, if there is one.
    steady: Option<Steady>,
}

/// The log that was written for streams.
pub struct Log {
    pub start: Place,
    pub end: Place,
}

impl Drained {
    /// Semi-sync is enabled, and no replica is there.
    fn start(name: &'static str, libraries: &Libraries) -> Drained {
        let is_semi_sync = *libraries != Libraries::None;
        let names = Names::New;
        let config = ServerConfig::new(1, names)
            .libraries(libraries.clone())
            .label(&format!("source ({name})"))
            .option("max-connections=500")
            .roomy()
            .option("binlog-row-event-max-size=256")
            // So that what a thread has used is what one dump has used.
            .option("thread-cache-size=0");
        let source = Server::start(if is_semi_sync {
            let timeout = format!("{}=60000", names.source_var("timeout"));
            let config = config.as_source().option(&timeout);
            // Whoever installs the plugin anew finds it disabled: nobody acknowledges then.
            config.without_option(&names.source_var("enabled"))
        } else {
            config
        });
        source.prepare();
        source.allow_fakes();
        let side = Drained {
            name,
            is_semi_sync,
            source,
            steady: None,
        };
        side.enable(true);
        side
    }

    /// Starts all sides at once.
    pub fn start_all(kinds: &[(&'static str, Libraries)]) -> Vec<Drained> {
        thread::scope(|scope| {
            let starts: Vec<_> = kinds
                .iter()
                .map(|(name, libraries)| scope.spawn(move || Drained::start(name, libraries)))
                .collect();
            let started = starts.into_iter().map(|start| start.join());
            started.map(|side| side.expect("servers start")).collect()
        })
    }

    /// Writes at least so many row events, with nobody waiting for them.
    pub fn fill(&self, events: u64) -> Log {
        self.enable(false);
        let mut conn = self.source.conn();
        let mut run = |sql: &str| {
            rows_of(&mut conn, sql).unwrap_or_else(|e| panic!("{}: {sql}: {e}", self.source))
        };
        run("SET sql_log_bin = 0");
        run("CREATE TABLE app.seed (body VARBINARY(250))");
        run(&format!(
            "INSERT INTO app.seed WITH RECURSIVE numbers (n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS}) \
             SELECT REPEAT('e', {BODY}) FROM numbers"
        ));
        run("CREATE TABLE app.events (id BIGINT AUTO_INCREMENT PRIMARY KEY, body VARBINARY(250))");
        run("SET sql_log_bin = 1");
        run("FLUSH BINARY LOGS");
        let start = self.source.newest_place();
        for _ in 0..events.div_ceil(ROWS) {
            run("INSERT INTO app.events (body) SELECT body FROM app.seed");
        }
        let end = self.source.newest_place();
        self.enable(true);
        Log { start, end }
    }

    /// Switches semi-sync by its variable, if there is one.
    pub fn enable(&self, on: bool) {
        if self.is_semi_sync {
            self.source
                .set_source("enabled", if on { "ON" } else { "OFF" });
        }
    }

    /// How this side's replicas announce themselves.
    pub fn announce(&self) -> Announce {
        if self.is_semi_sync {
            Announce::Both
        } else {
            Announce::Nothing
        }
    }

    /// From now on a replica acknowledges every commit.
    pub fn attach_steady(&mut self) {
        let steady = Steady::attach(self, STEADY);
        self.steady = Some(steady);
        if self.is_semi_sync {
            self.source.wait_status("clients", "1");
        }
    }

    pub fn detach_steady(&mut self) {
        self.steady = None;
        self.end_dumps();
    }

    /// Ends all dumps but the steady replica's: stock's sources notice only when they write that
    /// a replica has gone.
    pub fn end_dumps(&self) {
        let kept = usize::from(self.steady.is_some());
        let dumps = self.source.dumps();
        for dump in dumps.iter().skip(kept) {
            // It may have ended by itself.
            let _ = self.source.try_rows(&format!("KILL {dump}"));
        }
        eventually(PATIENCE, "no other dump", || {
            self.source.dumps().len() == kept
        });
    }
}

/// A replica at the end of the log, with a thread of its own.
pub struct Steady {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Steady {
    pub fn attach(side: &Drained, server_id: u32) -> Steady {
        let end = side.source.newest_place();
        let mut drain = Drain::connect(&side.source, server_id, side.announce())
            .and_then(|mut drain| drain.begin(&end).map(|()| drain))
            .unwrap_or_else(|e| panic!("a replica cannot attach to {}: {e}", side.source));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let is_over = |_: &Drain| stopped.load(Ordering::Relaxed);
            // A source that has stopped is noticed by those who commit there.
            let _ = drain.read_until(Instant::now() + FOR_EVER, is_over);
        });
        Steady {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Steady {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
