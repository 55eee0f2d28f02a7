//! What threads meet at (`server/src/sync.rs`), under a scheduler that decides at each step who
//! goes on: locks, atomics, the clock, and what threads sleep on.
//!
//! Threads are tasks of one thread of the system (shuttle). Before everything that another thread
//! could see, a task comes by `step`, where the `Order` of this execution picks who goes on. So
//! an execution is made by its seed, and is the same each time.
//!
//! Files, sockets, `epoll` and `eventfd` are the kernel's own. Only waiting for them is made here:
//! at each step the kernel is asked whether what somebody sleeps on is ready.
//!
//! A step takes a microsecond. When all sleep, time jumps to the nearest deadline: what takes
//! longer is what nobody was woken for. `Time::Hasty` lets deadlines pass at any moment. Without a
//! deadline, when all sleep, the execution fails: nobody will ever wake up.
//!
//! A plain store to an atomic may be seen late by others, as on x86-64 (`late`), for which the
//! libraries are made. Weaker orders than that processor's are not found.
//!
//! A file uses files below it only.
//!
//! | file | what it owns |
//! |---|---|
//! | `order` | who goes on, by a seed |
//! | `c` | pthread's mutexes and conditions, by their addresses |
//! | `atomic`, `mutex` | atomics and locks of Rust |
//! | `planted` | faults on purpose, by their names |
//! | `trace` | what happens, for people |
//! | `thread` | threads |
//! | `poll` | waiting for the kernel |
//! | `sleep` | who sleeps, and on what |
//! | `late` | stores that others see later |
//! | `clock` | what the time is |
//! | `task` | the current task and its steps |
//! | `random` | chance, from a seed |

#![cfg(semisync_interleaved)]

pub mod atomic;
pub mod c;
mod clock;
mod late;
mod mutex;
mod order;
pub mod planted;
mod poll;
mod random;
mod sleep;
mod task;
pub mod thread;
mod trace;

pub use clock::{Instant, elapsed, since_epoch, slept};
pub use late::keep_in_order;
pub use mutex::{Mutex, MutexGuard};
pub use order::{Order, Policy, Time};
pub use planted::{come_by, is_to_panic, panic_at, planted};
pub use poll::{epoll_wait, system_call, wait_readable, write};
pub use random::pick;
pub use shuttle::thread_local;
pub use sleep::{On, block, wake_all, wake_one};
pub use task::step;
pub use thread::{woken, yield_now};
pub use trace::{set_traces, trace};
