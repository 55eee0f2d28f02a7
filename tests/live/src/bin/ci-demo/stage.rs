//! The servers of the demo, and what is shown of them: option files, statements with their
//! answers, semi-sync's status, what their error logs say of semi-sync.

use std::cell::Cell;
use std::fmt::Display;
use std::fs;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use semisync_live_tests::console::{OnInterrupt, OrStop, Stop, say, step};
use semisync_live_tests::{
    Dialect, Libraries, Names, PATIENCE, Server, ServerConfig, server, server_dir_of, wait_for,
};

use crate::table::Table;

/// How much of an error log is shown when the demo fails.
const END_OF_A_LOG: usize = 15;

pub struct Stage {
    pub source: Actor,
    pub replica: Actor,
    /// Comes in for what operators decide.
    pub second: Actor,
    pub names: Names,
    pub dialect: Dialect,
    _on_interrupt: OnInterrupt,
}

/// A server with the name that it has in the demo.
pub struct Actor {
    pub name: &'static str,
    pub server: Server,
    /// How much of its error log has been shown.
    shown: Cell<usize>,
}

impl Stage {
    /// Starts the servers, whose option files load the plugins.
    pub fn start(series: &str, names: Names, keep: bool) -> Result<Stage, Stop> {
        step("1. A source and two replicas; their option files load the plugins");
        let config = |number, name| {
            let config = ServerConfig::new(number, names).series(series).label(name);
            let config = config
                .libraries(Libraries::Ours)
                .option("report-host=127.0.0.1");
            if keep { config.to_stay() } else { config }
        };
        let source = config(1, "source").as_source();
        let replica = config(2, "replica").as_replica();
        let second = config(3, "replica2").as_replica();
        let mut on_interrupt = OnInterrupt::then(server::end_all);
        let started = thread::scope(|scope| {
            let all = [
                ("source", source),
                ("replica", replica),
                ("replica2", second),
            ];
            let all = all.map(|(name, config)| scope.spawn(move || Actor::start(name, config)));
            all.map(|actor| actor.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        let [source, replica, second] = all_or_none(started)?;
        if keep {
            let go_on = how_to_go_on(series, [&source, &replica, &second]);
            on_interrupt =
                OnInterrupt::then(move || eprintln!("\n   kept, as --keep asks\n{go_on}"));
        }
        Ok(Stage {
            source,
            replica,
            second,
            names,
            dialect: Dialect::of(series),
            _on_interrupt: on_interrupt,
        })
    }

    pub fn actors(&self) -> [&Actor; 3] {
        [&self.source, &self.replica, &self.second]
    }

    /// The statement that links a replica to the source.
    pub fn link(&self) -> String {
        // Newer servers send no password over a connection that anybody can read, unless they
        // are told how.
        let key = match self.dialect.takes_new_statements() {
            true => ", GET_SOURCE_PUBLIC_KEY = 1",
            false => "",
        };
        format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, \
             SOURCE_USER = 'repl', SOURCE_PASSWORD = 'secret', SOURCE_AUTO_POSITION = 1{key}",
            self.source.server.port()
        )
    }

    /// The rows of the status that matter, of both servers.
    pub fn show_status(&self, of_the_source: &[&str]) {
        let rule = format!("      +{}+{}+", "-".repeat(40), "-".repeat(10));
        println!("{rule}");
        for suffix in of_the_source {
            let (name, value) = (self.names.source_status(suffix), self.status(suffix));
            println!("      | {name:<38} | {value:>8} |");
        }
        let (name, value) = (
            self.names.replica_status(),
            self.replica.server.replica_status(),
        );
        println!("      | {name:<38} | {value:>8} |  (on the replica)");
        println!("{rule}");
    }

    /// The statement that sets the source's timeout.
    pub fn set_timeout(&self, timeout: Duration) -> String {
        let variable = self.names.source_var("timeout");
        format!("SET GLOBAL {variable} = {}", timeout.as_millis())
    }

    /// A status variable of the source.
    pub fn status(&self, suffix: &str) -> String {
        self.source.server.status(suffix)
    }

    pub fn counter(&self, suffix: &str) -> u64 {
        self.source.server.counter(suffix)
    }

    /// Ends the servers, the replicas first: a source that shuts down gives its replicas some
    /// seconds.
    pub fn end(&self) -> Result<(), Stop> {
        self.second.server.stop();
        self.replica.server.stop();
        self.source.server.stop();
        Ok(())
    }

    pub fn show_ends_of_logs(&self) {
        for actor in self.actors() {
            eprintln!(
                "\n--- the last lines of the error log of the {}",
                actor.name
            );
            eprintln!("{}", end_of(&actor.server.log()));
        }
    }

    /// For people who want to try something themselves.
    pub fn say_how_to_go_on(&self) {
        step("The servers go on running");
        println!("{}", how_to_go_on(self.dialect.series(), self.actors()));
    }
}

/// Some alone are of no use, also to those who want to keep them.
fn all_or_none(started: [Result<Actor, Stop>; 3]) -> Result<[Actor; 3], Stop> {
    if started.iter().any(Result::is_err) {
        for actor in started.iter().flatten() {
            actor.server.kill9();
        }
    }
    let [source, replica, second] = started;
    Ok([source?, replica?, second?])
}

fn how_to_go_on(series: &str, actors: [&Actor; 3]) -> String {
    let mut lines = Vec::new();
    let client = server_dir_of(series).join("bin/mysql");
    for actor in actors {
        let (client, socket) = (client.display(), actor.server.socket());
        let options = format!("--no-defaults --user=root --socket={}", socket.display());
        lines.push(format!("   {}: {client} {options}", actor.name));
    }
    let pids = actors.map(|actor| actor.server.pid().to_string()).join(" ");
    let dirs = actors
        .map(|actor| actor.server.dir().display().to_string())
        .join(" ");
    lines.push("   to end them and remove what they wrote (that takes some seconds):".to_owned());
    let gone = format!("while kill -0 {pids} 2>/dev/null; do sleep 1; done");
    lines.push(format!("     kill {pids}; {gone}; rm -r {dirs}"));
    lines.join("\n")
}

impl Actor {
    fn start(name: &'static str, config: ServerConfig) -> Result<Actor, Stop> {
        let server = Server::try_start(config)
            .map_err(|log| format!("its error log says:\n{}", errors_of(&log)))
            .or_stop(format!("the {name} did not start"))?;
        let shown = Cell::new(0);
        Ok(Actor {
            name,
            server,
            shown,
        })
    }

    /// Shows what the option file says of semi-sync.
    pub fn show_option_file(&self) -> Result<(), Stop> {
        let file = self.server.option_file();
        let text = fs::read_to_string(&file).or_stop(file.display())?;
        say(format!("{}:", file.display()));
        let of_semi_sync = [
            "[mysqld]",
            "server-id",
            "plugin-dir",
            "plugin-load",
            "rpl_semi_sync",
        ];
        for line in text.lines() {
            if of_semi_sync.iter().any(|begin| line.starts_with(begin)) {
                println!("      {line}");
            }
        }
        let port = self.server.port();
        say(format!(
            "  (and gtid-mode=ON, and where its data, its log and its port {port} are)"
        ));
        Ok(())
    }

    /// Runs statements in one session. Shows each as a person types it, and what the server says.
    pub fn run(&self, statements: &[&str]) -> Result<(), Stop> {
        let mut conn = self.server.conn();
        for sql in statements {
            let sql = self.server.dialect().spell(sql);
            self.show_statement(&sql);
            let answer = Table::ask(&mut conn, &sql);
            let table = answer.or_stop(format!("the {} refused: {sql}", self.name))?;
            for line in table.iter().flat_map(Table::lines) {
                println!("      {line}");
            }
        }
        Ok(())
    }

    pub fn show_statement(&self, sql: &str) {
        println!("   {}> {sql};", self.name);
    }

    /// Shows what the error log says of semi-sync since it was last shown.
    pub fn show_log(&self) {
        let mark = self.shown.replace(self.server.log_mark());
        let log = self.server.log_since(mark);
        say(format!("the {}'s error log:", self.name));
        let mut lines = log.lines().filter(|line| is_of_semi_sync(line)).peekable();
        if lines.peek().is_none() {
            say("   (nothing about semi-sync)");
        }
        lines.for_each(|line| println!("      {}", with_a_short_time(line)));
    }

    pub fn rows(&self) -> String {
        self.server.value("SELECT COUNT(*) FROM demo.notes")
    }

    /// Waits until the table has so many rows.
    #[track_caller]
    pub fn wait_rows(&self, expected: &str) {
        let what = format!("{expected} rows on the {}", self.name);
        wait_for(PATIENCE, &what, || {
            let seen = self.rows();
            if seen == expected { Ok(()) } else { Err(seen) }
        });
    }
}

fn is_of_semi_sync(line: &str) -> bool {
    let line = line.to_lowercase();
    let level = ["[note]", "[warning]", "[error]"]
        .iter()
        .any(|level| line.contains(level));
    level && (line.contains("semi-sync") || line.contains("semisync:"))
}

/// `2026-11-26T07:28:37.379123Z 0 [Note] ...` without the day, the microseconds and the thread:
/// `07:28:37.379 [Note] ...`. MySQL 5.6 writes `2026-11-26 07:28:37 1234 [Note] ...`.
fn with_a_short_time(line: &str) -> String {
    let Some((stamp, words)) = line.split_once(" [") else {
        return line.to_owned();
    };
    let mut fields = stamp.split(['T', ' ']);
    let time = fields.nth(1).unwrap_or(stamp).trim_end_matches('Z');
    let milliseconds = "07:28:37.379".len();
    format!("{} [{words}", time.get(..milliseconds).unwrap_or(time))
}

fn end_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(END_OF_A_LOG)..].join("\n")
}

/// Why a server did not start; how it ended is of no interest then.
fn errors_of(log: &str) -> String {
    let errors: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("[ERROR]"))
        .collect();
    match errors.len() {
        0 => end_of(log),
        _ => end_of(&errors.join("\n")),
    }
}

/// What must be true for the demo to go on.
pub fn check<T: PartialEq + Display>(what: &str, expected: T, found: T) -> Result<(), Stop> {
    check_that(expected == found, || {
        format!("{what}: expected {expected}, found {found}")
    })
}

pub fn check_that(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Stop> {
    if holds {
        Ok(())
    } else {
        Err(Stop::failed(otherwise()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_log_begin_with_the_time_of_day() {
        let line = "2026-11-26T07:28:37.379123Z 0 [Note] [MY-011130] [Repl] Semi-sync";
        let short = "07:28:37.379 [Note] [MY-011130] [Repl] Semi-sync";
        assert_eq!(with_a_short_time(line), short);
        let line = "2026-11-26 07:28:37 1234 [Note] Semi-sync";
        assert_eq!(with_a_short_time(line), "07:28:37 [Note] Semi-sync");
    }
}
