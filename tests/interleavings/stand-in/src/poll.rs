//! Waiting for the kernel: `epoll` and sockets. The kernel is asked, and never waits.

use crate::{
    late,
    sleep::{block_for, deadline_in},
    task::step,
};
use rustix::{
    buffer::Buffer,
    event::{PollFd, PollFlags, Timespec, epoll, poll},
    io::Errno,
};
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
    time::Duration,
};

/// A call of the system: the kernel's locks let others see all that this task has stored before.
pub fn system_call() {
    late::barrier();
}

/// As [`rustix::io::write`], into an `eventfd`: whoever sleeps on it is woken by the kernel.
pub fn write(descriptor: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    system_call();
    rustix::io::write(descriptor, bytes)
}

/// As [`epoll::wait`].
pub fn epoll_wait<B: Buffer<epoll::Event>>(
    epoll: impl AsFd,
    events: B,
    timeout: Option<&Timespec>,
) -> Result<B::Output, Errno> {
    step();
    let timeout = timeout.and_then(|time| Duration::try_from(*time).ok());
    wait(epoll.as_fd(), timeout);
    epoll::wait(epoll, events, Some(&Timespec::default()))
}

/// Waits until the descriptor can be read from, or the time is over (None: no time).
pub fn wait_readable(descriptor: BorrowedFd<'_>, timeout: Option<Duration>) {
    step();
    wait(descriptor, timeout);
}

fn wait(descriptor: BorrowedFd<'_>, timeout: Option<Duration>) {
    late::barrier();
    let deadline = timeout.map(deadline_in);
    let sleeps = timeout != Some(Duration::ZERO);
    if sleeps && !is_readable(descriptor.as_raw_fd()) {
        block_for(descriptor.as_raw_fd(), deadline);
    }
}

/// Whether the descriptor can be read from, or is broken.
pub(crate) fn is_readable(descriptor: RawFd) -> bool {
    // SAFETY: asked at a step of a task that sleeps on this descriptor, which it borrows.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let mut polled = [PollFd::from_borrowed_fd(descriptor, PollFlags::IN)];
    let _ = poll(&mut polled, Some(&Timespec::default()));
    let [polled] = polled;
    !polled.revents().is_empty()
}
