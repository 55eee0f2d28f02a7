//! The lines of a trace, read.

use libc::c_long;

/// A thread's number for the kernel.
pub type Tid = u32;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// Microseconds of CLOCK_MONOTONIC.
    pub at: u64,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A thread calls the kernel: the number of the call, and its first argument.
    Enter { thread: Tid, call: c_long, fd: u64 },
    /// The kernel answers.
    Exit {
        thread: Tid,
        call: c_long,
        result: i64,
    },
    /// One thread wakes another, or `waker` was interrupted by what wakes it.
    Waking { waker: Tid, thread: Tid },
    /// A core leaves one thread and turns to another.
    Switch { from: Tid, sleeps: bool, to: Tid },
}

impl Kind {
    /// The thread that this event shows at work.
    pub fn runs(&self) -> Tid {
        match *self {
            Kind::Enter { thread, .. } | Kind::Exit { thread, .. } => thread,
            Kind::Waking { waker, .. } => waker,
            Kind::Switch { to, .. } => to,
        }
    }
}

/// All events of a trace. Lines that are none are passed over.
pub fn parse(text: &str) -> Vec<Event> {
    text.lines().filter_map(event).collect()
}

/// "  connection-11775   \[000\] d..2. 37831.799947: sched_switch: prev_comm=..."
fn event(line: &str) -> Option<Event> {
    let (who, rest) = line.split_once(" [")?;
    let thread: Tid = who.trim_end().rsplit_once('-')?.1.parse().ok()?;
    let (head, rest) = rest.split_once(": ")?;
    let at = micros(head.split_whitespace().last()?)?;
    let (name, rest) = rest.split_once(": ")?;
    let kind = match name {
        "sys_enter" => {
            let (call, arguments) = rest.strip_prefix("NR ")?.split_once(" (")?;
            let first = arguments.split([',', ')']).next()?;
            Kind::Enter {
                thread,
                call: call.parse().ok()?,
                fd: u64::from_str_radix(first, 16).ok()?,
            }
        }
        "sys_exit" => {
            let (call, result) = rest.strip_prefix("NR ")?.split_once(" = ")?;
            Kind::Exit {
                thread,
                call: call.parse().ok()?,
                result: result.trim().parse().ok()?,
            }
        }
        "sched_waking" => Kind::Waking {
            waker: thread,
            thread: field(rest, "pid=")?.parse().ok()?,
        },
        "sched_switch" => Kind::Switch {
            from: field(rest, "prev_pid=")?.parse().ok()?,
            // R: it would go on if it could.
            sleeps: !field(rest, "prev_state=")?.starts_with('R'),
            to: field(rest, "next_pid=")?.parse().ok()?,
        },
        _ => return None,
    };
    Some(Event { at, kind })
}

/// "37831.799947"
fn micros(text: &str) -> Option<u64> {
    let (seconds, micros) = text.split_once('.')?;
    let (seconds, micros): (u64, u64) = (seconds.parse().ok()?, micros.parse().ok()?);
    Some(seconds * 1_000_000 + micros)
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut words = text.split_whitespace();
    words.find_map(|word| word.strip_prefix(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_is_read() {
        let text = "\
# tracer: nop
       ci-hops-11 [000] ..... 37831.799895: sys_enter: NR 44 (b, 7ff700816d60, 2d, 4000, 0, 0)
       ci-hops-11 [000] d..3. 37831.799898: sched_waking: comm=a pid=12 prio=120 target_cpu=000
   rpl_rca_wkr-0-12 [001] ..... 37831.800040: sys_exit: NR 45 = -11
       ci-hops-11 [000] d..2. 37831.800041: sched_switch: prev_comm=ci-hops prev_pid=11 \
prev_prio=120 prev_state=S ==> next_comm=connection next_pid=13 next_prio=120
       ci-hops-11 [000] d..2. 37831.800042: sched_switch: prev_comm=ci-hops prev_pid=11 \
prev_prio=120 prev_state=R+ ==> next_comm=connection next_pid=13 next_prio=120
";
        let base = 37_831_000_000;
        let expected = [
            (
                799_895,
                Kind::Enter {
                    thread: 11,
                    call: 44,
                    fd: 11,
                },
            ),
            (
                799_898,
                Kind::Waking {
                    waker: 11,
                    thread: 12,
                },
            ),
            (
                800_040,
                Kind::Exit {
                    thread: 12,
                    call: 45,
                    result: -11,
                },
            ),
            (
                800_041,
                Kind::Switch {
                    from: 11,
                    sleeps: true,
                    to: 13,
                },
            ),
            (
                800_042,
                Kind::Switch {
                    from: 11,
                    sleeps: false,
                    to: 13,
                },
            ),
        ];
        let expected = expected.map(|(at, kind)| Event {
            at: base + at,
            kind,
        });
        assert_eq!(parse(text), expected);
    }
}
