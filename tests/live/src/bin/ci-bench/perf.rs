//! What the kernel counts for `perf`: system calls and instructions of each thread. Counting system
//! calls makes each of them slower, so it is done in slices whose times are not told.

use std::fs;
use std::io;

use perf_event::events::{Event, Hardware, Tracepoint};
use perf_event::{Builder, Counter};

use crate::counters::{Parts, threads};
use crate::turns::Figures;

/// What can be counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    SystemCalls,
    Instructions,
}

impl Counted {
    pub const ALL: [Counted; 2] = [Counted::SystemCalls, Counted::Instructions];

    fn key(self) -> &'static str {
        match self {
            Counted::SystemCalls => "syscalls",
            Counted::Instructions => "instructions",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Counted::SystemCalls => "system calls",
            Counted::Instructions => "instructions",
        }
    }

    /// Why this machine does not count them; `None`: it does.
    pub fn refusal(self) -> Option<String> {
        let me = std::process::id();
        let error = self.counter_of(me).err()?;
        Some(match error.kind() {
            io::ErrorKind::NotFound => "this processor has no counter, or its host keeps it".into(),
            _ => error.to_string(),
        })
    }

    fn counter_of(self, tid: u32) -> io::Result<Counter> {
        match self {
            Counted::SystemCalls => counter(entering_system_calls()?, tid),
            Counted::Instructions => counter(Hardware::INSTRUCTIONS, tid),
        }
    }
}

/// From now on the thread's events are counted, on any processor.
fn counter<E: Event>(event: E, tid: u32) -> io::Result<Counter> {
    let tid = libc::pid_t::try_from(tid).map_err(io::Error::other)?;
    let mut builder = Builder::new(event);
    builder.observe_pid(tid).any_cpu().include_kernel();
    let mut counter = builder.build()?;
    counter.enable()?;
    Ok(counter)
}

/// The event has another number in each kernel.
fn entering_system_calls() -> io::Result<Tracepoint> {
    let event = "events/raw_syscalls/sys_enter/id";
    let places = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    let read = |place: &&str| fs::read_to_string(format!("{place}/{event}")).ok();
    let text = places.iter().find_map(read).ok_or_else(|| {
        let why = "tracefs cannot be read: no root, or not mounted at /sys/kernel/tracing";
        io::Error::new(io::ErrorKind::PermissionDenied, why)
    })?;
    let id = text.trim().parse().map_err(io::Error::other)?;
    Ok(Tracepoint::with_id(id))
}

/// The counters of all threads of a process.
pub struct Attached {
    counted: Counted,
    counters: Vec<(u32, Counter)>,
}

impl Attached {
    pub fn to(pid: u32, counted: Counted) -> io::Result<Attached> {
        let counter = |tid| Ok((tid, counted.counter_of(tid)?));
        let counters = threads(pid).map(counter).collect::<io::Result<_>>()?;
        Ok(Attached { counted, counters })
    }

    /// What was counted, for each of `commits`: in all, and by part.
    pub fn figures(&mut self, parts: &Parts, server: &str, commits: f64) -> io::Result<Figures> {
        let mut figures = Figures::new();
        let whole = format!("{server}.{}", self.counted.key());
        for (tid, counter) in &mut self.counters {
            let count = counter.read()? as f64 / commits;
            let part = format!("{whole}.{}", parts.of_thread(*tid));
            *figures.entry(whole.clone()).or_default() += count;
            *figures.entry(part).or_default() += count;
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_counted_has_a_reason_and_what_is_counted_has_a_number() {
        for counted in Counted::ALL {
            if let Some(why) = counted.refusal() {
                assert!(!why.is_empty());
                println!("{}: {why}", counted.text());
                continue;
            }
            let mut attached = Attached::to(std::process::id(), counted).expect("counters");
            for _ in 0..1000 {
                std::thread::yield_now();
            }
            let parts = Parts::unknown();
            let figures = attached.figures(&parts, "source", 1.0).expect("figures");
            let key = format!("source.{}", counted.key());
            assert!(figures[&key] >= 1000.0, "{figures:?}");
        }
    }
}
