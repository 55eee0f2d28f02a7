//! Sources with fake replicas: the account of the fakes, attaching them, and committing while they
//! answer.
//!
//! A fake answers in the test's own thread, so a commit that waits for the fake runs in another.

use std::io;
use std::time::Duration;

use crate::config::ServerConfig;
use crate::fake_replica::{Announce, Event, FakeReplica, Place, Start};
use crate::load::Waiting;
use crate::names::Names;
use crate::pair::TABLE;
use crate::server::Server;
use crate::wait::PATIENCE;
use crate::wire::Wire;

/// The account that `allow_fakes` makes.
const USER: &str = "fake";

impl Server {
    /// A source that no real replica is linked to, ready for fakes.
    #[track_caller]
    pub fn lone_source(names: Names, timeout_ms: &str) -> Server {
        let source = Server::start(
            ServerConfig::new(1, names)
                .as_source()
                .option(&format!("{}={timeout_ms}", names.source_var("timeout")))
                .option("max-allowed-packet=64M")
                .label("source"),
        );
        source.prepare();
        source.allow_fakes();
        source
    }

    /// Makes the account of the fakes, outside the binary log. It has no password, so that logging
    /// in takes one packet.
    #[track_caller]
    pub fn allow_fakes(&self) {
        let mut conn = self.conn();
        for sql in [
            "SET sql_log_bin = 0".to_owned(),
            format!("CREATE USER {USER}"),
            format!("GRANT REPLICATION SLAVE ON *.* TO {USER}"),
        ] {
            crate::sql::rows_of(&mut conn, &sql).unwrap_or_else(|e| panic!("{self}: {sql}: {e}"));
        }
    }

    /// Commits a row that no replica has, nor is asked for.
    #[track_caller]
    pub fn insert_unconfirmed(&self) {
        self.set_source("enabled", "OFF");
        self.execute(&format!("INSERT INTO {TABLE} (n) VALUES (0)"));
        self.set_source("enabled", "ON");
    }

    /// The end of the binary log, to attach at.
    #[track_caller]
    pub fn newest(&self) -> Start {
        let (file, position) = self.binlog_position();
        Start::At {
            file,
            position: u32::try_from(position).expect("a position below 4 GB"),
        }
    }

    /// The end of the binary log, to acknowledge.
    #[track_caller]
    pub fn newest_place(&self) -> Place {
        let (file, position) = self.binlog_position();
        Place { file, position }
    }

    /// Commits a row while `meanwhile` answers for the replicas. Returns how long the commit took.
    #[track_caller]
    pub fn insert_while(&self, meanwhile: impl FnOnce()) -> Duration {
        let commit = Waiting::start(self, &format!("INSERT INTO {TABLE} (n) VALUES (1)"));
        meanwhile();
        commit.done_within(PATIENCE)
    }
}

impl FakeReplica {
    /// A connection on which nothing was said yet.
    pub fn connect(source: &Server, server_id: u32) -> io::Result<Self> {
        let wire = Wire::connect(source.port(), USER, false)?;
        Ok(Self::over(wire, server_id))
    }

    /// Attaches at `start` and does not wait until the source has noticed.
    pub fn attach_to(
        source: &Server,
        server_id: u32,
        announce: Announce,
        start: &Start,
    ) -> io::Result<Self> {
        let mut fake = Self::connect(source, server_id)?;
        fake.attach(announce, start)?;
        Ok(fake)
    }

    /// As `attach_to`, over a connection with zlib compression.
    pub fn attach_compressed_to(
        source: &Server,
        server_id: u32,
        announce: Announce,
        start: &Start,
    ) -> io::Result<Self> {
        let mut fake = Self::over(Wire::connect(source.port(), USER, true)?, server_id);
        fake.attach(announce, start)?;
        Ok(fake)
    }

    /// Attaches at the end of the binary log, semi-synchronously, and waits until the source has
    /// noticed.
    #[track_caller]
    pub fn at_the_end(source: &Server, server_id: u32) -> Self {
        Self::at_the_end_as(source, server_id, Announce::Both)
    }

    #[track_caller]
    pub fn at_the_end_as(source: &Server, server_id: u32, announce: Announce) -> Self {
        let mark = source.log_mark();
        let fake = Self::attach_to(source, server_id, announce, &source.newest());
        // The server's own line ends with the id. The semi-sync plugin's line has it in
        // parentheses.
        let line = match announce {
            Announce::Nothing => format!("({server_id})"),
            _ => format!("(server_id: {server_id})"),
        };
        let fake = fake.unwrap_or_else(|e| panic!("a fake cannot attach to {source}: {e}"));
        source.wait_log_since(mark, &line);
        fake
    }

    /// The next event of the log that asks for an acknowledgement. There must be one. Before it,
    /// artificial events may ask, which tell where the dump stands: they are answered honestly.
    #[track_caller]
    pub fn request(&mut self) -> Event {
        loop {
            match self.next_request(PATIENCE) {
                Ok(Some(event)) if event.artificial => self.say(&event.end),
                Ok(Some(event)) => return event,
                Ok(None) => panic!(
                    "fake {}: the source asked for no acknowledgement",
                    self.server_id()
                ),
                Err(e) => panic!("fake {}: the source serves no more: {e}", self.server_id()),
            }
        }
    }

    /// Answers the next request as an honest replica does; returns the event.
    #[track_caller]
    pub fn answer(&mut self) -> Event {
        let event = self.request();
        self.say(&event.end);
        event
    }

    /// Acknowledges a place; the connection must take it.
    #[track_caller]
    pub fn say(&mut self, place: &Place) {
        self.acknowledge(place)
            .unwrap_or_else(|e| panic!("fake {}: {e}", self.server_id()));
    }
}
