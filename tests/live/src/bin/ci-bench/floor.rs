//! The floor: what no semi-sync on this machine can be faster than, unless it polls. Another process
//! reads a packet of the size of one transaction's events and sends one of the size of an
//! acknowledgement, over TCP, and both ends sleep in `read` meanwhile.
//!
//! There are two floors. Where both processes run on one processor, a round trip is two switches;
//! on two processors each packet wakes a processor that sleeps.

use std::fmt::{self, Write as _};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::{Server, pair, process};
use serde_json::{Value, json};

use crate::delay::Delay;

/// The hidden argument that makes this program the other process.
pub const OTHER_END: &str = "floor-other-end";
/// Header, magic byte, position, and a name such as `binlog.000001`.
const ACKNOWLEDGEMENT: usize = 4 + 1 + 8 + 13;
const HOW_LONG: Duration = Duration::from_millis(200);

/// Round trips without a server.
pub struct Floor {
    bytes: usize,
    one_processor: Times,
    /// `None`: there is one alone.
    two_processors: Option<Times>,
}

/// In microseconds.
struct Times {
    mean: f64,
    median: f64,
    p99: f64,
}

impl Floor {
    /// Measures it for transactions such as the clients of `source` commit.
    pub fn measure(source: &Server, delay: Duration) -> io::Result<Floor> {
        let bytes = size_of_transaction(source);
        let processors = process::processors();
        let times = |other| Times::measure(bytes, delay, processors[0], other);
        Ok(Floor {
            bytes,
            one_processor: times(processors[0])?,
            two_processors: processors.get(1).map(|other| times(*other)).transpose()?,
        })
    }

    pub fn text(&self) -> String {
        let bytes = self.bytes;
        let mut text = format!(
            "the floor: {bytes} bytes to another process and {ACKNOWLEDGEMENT} back take {} on one \
             processor",
            self.one_processor
        );
        if let Some(times) = &self.two_processors {
            let _ = write!(text, ", {times} on two");
        }
        text
    }

    pub fn json(&self) -> Value {
        json!({
            "bytes": self.bytes,
            "one_processor": self.one_processor.json(),
            "two_processors": self.two_processors.as_ref().map(Times::json),
        })
    }
}

impl Times {
    /// This process's end stays on the processor `here`, the other's on `there`.
    fn measure(bytes: usize, delay: Duration, here: usize, there: usize) -> io::Result<Times> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut port = listener.local_addr()?.port();
        if !delay.is_zero() {
            port = Delay::in_front_of(port, delay)?.port();
        }
        let mut other = Command::new(std::env::current_exe()?);
        other.args([
            OTHER_END,
            &port.to_string(),
            &bytes.to_string(),
            &there.to_string(),
        ]);
        let mut child = process::spawn(other)?;
        let (stream, _) = listener.accept()?;
        let times = thread::scope(|scope| {
            let here = scope.spawn(|| {
                process::stay_on(here)?;
                round_trips(stream, bytes)
            });
            here.join().expect("no panic in round trips")
        })?;
        // This end of the connection is closed, so the other process ends by itself.
        child.wait()?;
        let us = |time: &Duration| time.as_secs_f64() * 1e6;
        let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0.0, us);
        let total: Duration = times.iter().sum();
        Ok(Times {
            mean: us(&total) / (times.len().max(1) as f64),
            median: at(50),
            p99: at(99),
        })
    }

    fn json(&self) -> Value {
        let Times { mean, median, p99 } = self;
        json!({ "mean_us": mean, "p50_us": median, "p99_us": p99 })
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Times { mean, median, p99 } = self;
        write!(f, "{mean:.1} us (median {median:.1}, 99 % {p99:.1})")
    }
}

/// What one transaction adds to the binary log.
fn size_of_transaction(source: &Server) -> usize {
    let (_, before) = source.binlog_position();
    source.execute(&crate::load::insert(pair::TABLE));
    let (_, after) = source.binlog_position();
    // In a new file, if it has been changed just now, there is little else.
    usize::try_from(after.saturating_sub(before))
        .unwrap_or(0)
        .max(1)
}

/// The shortest first.
fn round_trips(mut stream: TcpStream, bytes: usize) -> io::Result<Vec<Duration>> {
    stream.set_nodelay(true)?;
    let (packet, mut answer) = (vec![b'e'; bytes], [0; ACKNOWLEDGEMENT]);
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < HOW_LONG {
        let begin = Instant::now();
        stream.write_all(&packet)?;
        stream.read_exact(&mut answer)?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

/// The other process: answers each packet until the connection ends.
pub fn other_end(port: u16, bytes: usize, processor: usize) -> io::Result<()> {
    process::stay_on(processor)?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let mut packet = vec![0; bytes];
    while stream.read_exact(&mut packet).is_ok() {
        stream.write_all(&[b'a'; ACKNOWLEDGEMENT])?;
    }
    Ok(())
}
