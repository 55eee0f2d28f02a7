//! Who sleeps in a poller, and reads what comes: a thread of ours, or a session that waits for
//! just that, and so need not be woken by the thread.
//!
//! There is one seat. While nobody waits, the thread has it. Once sessions come one after the
//! other, the thread stands by: it sleeps on the seat's condition, and a session that finds the
//! seat free takes it. What is waited for then costs one hand-over less.
//!
//! KILL and shutdown do not know of the poller. They broadcast the condition that the session
//! has named to the server: a session that drives names the seat's. So the thread that stands
//! by is woken, and wakes the session in its poller. None is lost: while a session drives, the
//! thread sleeps there, or looks before it does.

use crate::{
    cond::Place,
    poller::Poller,
    sync::{
        Instant,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};
use std::{ffi::c_int, pin::Pin, sync::Arc, time::Duration};

/// The poller and its one seat.
pub struct Seat {
    poller: Arc<Poller>,
    place: Place,
    /// A [`Driver`], changed under the mutex of `place`.
    driver: AtomicU8,
    /// A session has driven since the thread last looked; changed under the mutex.
    used: AtomicBool,
    /// The thread is to come back.
    wanted: AtomicBool,
    /// Whether somebody waits. Asked once the seat is free; may lock nothing.
    does_anybody_wait: Box<dyn Fn() -> bool + Send + Sync>,
}

/// A session that has the seat, until this is dropped.
pub struct Driving<'s>(&'s Seat);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Driver {
    Thread,
    Nobody,
    Session,
}

/// The thread has looked up from standing by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoodBy {
    /// It has the seat again: it was wanted, or no session came any more.
    Drives,
    /// It may look around, and is to stand by again.
    StandsBy,
}

impl Seat {
    /// The thread has it. `does_anybody_wait` is asked under a lock, and may take none. The error
    /// is an errno.
    pub fn new(
        does_anybody_wait: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Pin<Arc<Self>>, c_int> {
        let seat = Arc::pin(Self {
            poller: Arc::new(Poller::new()?),
            place: Place::new(),
            driver: AtomicU8::new(Driver::Thread as u8),
            used: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            does_anybody_wait: Box::new(does_anybody_wait),
        });
        // SAFETY: a field that is pinned with the whole, and never moved out.
        unsafe { seat.as_ref().map_unchecked(|seat| &seat.place) }.prepare();
        Ok(seat)
    }

    pub fn poller(&self) -> &Arc<Poller> {
        &self.poller
    }

    fn is_driver(&self, driver: Driver) -> bool {
        self.driver.load(Ordering::Relaxed) == driver as u8
    }

    fn set_driver(&self, driver: Driver) {
        self.driver.store(driver as u8, Ordering::Relaxed);
    }

    // ---- a session ----

    /// A session takes the seat, if it is free.
    pub fn take(&self) -> Option<Driving<'_>> {
        let _locked = self.place.lock();
        if !self.is_driver(Driver::Nobody) {
            return None;
        }
        self.set_driver(Driver::Session);
        self.used.store(true, Ordering::Relaxed);
        Some(Driving(self))
    }

    /// A session that cannot take the seat waits: somebody is to read for it. Whoever has the seat
    /// does, and looks whether anybody waits when it leaves.
    pub fn ask_for_reader(&self) {
        let locked = self.place.lock();
        let nobody_reads = self.is_driver(Driver::Nobody);
        drop(locked);
        if nobody_reads {
            self.want_thread();
        }
    }

    // ---- the thread ----

    /// The thread leaves the seat to sessions, and sleeps for this time, or until the server wakes
    /// whoever drives, or it is wanted. The thread alone.
    pub fn stand_by(&self, time: Duration) -> StoodBy {
        let mut locked = self.place.lock();
        if self.is_driver(Driver::Thread) {
            self.set_driver(Driver::Nobody);
            self.used.store(false, Ordering::Relaxed);
            // Whoever has found the seat taken waits already.
            if (self.does_anybody_wait)() {
                self.set_driver(Driver::Thread);
                return StoodBy::Drives;
            }
        }
        // What the server has told while this thread was elsewhere.
        self.rouse();
        // It may have been wanted while it was elsewhere, and then does not sleep.
        let (mut is_wanted, mut is_over) = (self.take_wanted(), false);
        if !is_wanted {
            is_over = locked.sleep(Some(Instant::now() + time)) != 0;
            is_wanted = self.take_wanted();
        }
        if !is_over {
            self.rouse();
        }
        let is_unused = is_over && !self.used.swap(false, Ordering::Relaxed);
        // A session that has come meanwhile reads for those who wait, and wants the thread when it
        // leaves.
        if self.is_driver(Driver::Nobody) && (is_unused || is_wanted) {
            self.set_driver(Driver::Thread);
            return StoodBy::Drives;
        }
        StoodBy::StandsBy
    }

    fn take_wanted(&self) -> bool {
        self.wanted.swap(false, Ordering::Relaxed)
    }

    /// Has the session that drives look around.
    fn rouse(&self) {
        if self.is_driver(Driver::Session) {
            self.poller.wake();
        }
    }

    /// Has the thread come, whether it drives or stands by.
    pub fn call_thread(&self) {
        self.want_thread();
        self.poller.wake();
    }

    fn want_thread(&self) {
        let locked = self.place.lock();
        self.wanted.store(true, Ordering::Relaxed);
        drop(locked);
        self.place.signal();
    }
}

impl Driving<'_> {
    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(crate) fn poller(&self) -> &Arc<Poller> {
        &self.0.poller
    }
}

impl Drop for Driving<'_> {
    /// Those who have found the seat taken sleep until somebody reads for them.
    fn drop(&mut self) {
        let locked = self.0.place.lock();
        self.0.set_driver(Driver::Nobody);
        // However long it was there: the next one may follow.
        self.0.used.store(true, Ordering::Relaxed);
        drop(locked);
        if (self.0.does_anybody_wait)() {
            self.0.want_thread();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poller::Ready;
    use std::thread;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(20);

    fn seat() -> (Pin<Arc<Seat>>, Arc<AtomicBool>) {
        let waits = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&waits);
        let seat = Seat::new(move || asked.load(Ordering::Acquire)).unwrap();
        (seat, waits)
    }

    /// A session takes the seat as soon as the thread has left it.
    fn take(seat: &Seat) -> Driving<'_> {
        let begun = Instant::now();
        while begun.elapsed() < LONG {
            if let Some(driving) = seat.take() {
                return driving;
            }
            thread::yield_now();
        }
        panic!("the thread does not leave the seat");
    }

    #[test]
    fn the_thread_has_the_seat_until_it_stands_by_and_again_when_nobody_comes() {
        let (seat, _) = seat();
        assert!(seat.take().is_none());
        assert_eq!(seat.stand_by(SHORT), StoodBy::Drives);
        assert!(seat.take().is_none());
    }

    #[test]
    fn one_session_drives_at_a_time_and_the_thread_stands_by_while_sessions_come() {
        let (seat, _) = seat();
        thread::scope(|scope| {
            let stood_by = scope.spawn(|| seat.stand_by(SHORT));
            let driving = take(&seat);
            assert!(seat.take().is_none());
            assert_eq!(stood_by.join().unwrap(), StoodBy::StandsBy);
            drop(driving);
        });
        assert_eq!(seat.stand_by(SHORT), StoodBy::StandsBy, "it has just left");
        assert_eq!(seat.stand_by(SHORT), StoodBy::Drives);
    }

    #[test]
    fn who_has_found_the_seat_taken_is_read_for_by_the_thread() {
        let (seat, waits) = seat();
        waits.store(true, Ordering::Release);
        assert_eq!(seat.stand_by(LONG), StoodBy::Drives, "by the thread before");
        waits.store(false, Ordering::Release);
        thread::scope(|scope| {
            let stood_by = scope.spawn(|| seat.stand_by(LONG));
            let driving = take(&seat);
            waits.store(true, Ordering::Release);
            drop(driving);
            assert_eq!(stood_by.join().unwrap(), StoodBy::Drives);
        });
    }

    #[test]
    fn a_thread_that_is_wanted_before_it_sleeps_comes_at_once() {
        let (seat, waits) = seat();
        thread::scope(|scope| {
            let stood_by = scope.spawn(|| seat.stand_by(SHORT));
            let driving = take(&seat);
            assert_eq!(stood_by.join().unwrap(), StoodBy::StandsBy);
            waits.store(true, Ordering::Release);
            drop(driving);
        });
        assert_eq!(seat.stand_by(LONG), StoodBy::Drives);
    }

    #[test]
    fn a_session_that_cannot_read_has_the_thread_come() {
        let (seat, waits) = seat();
        thread::scope(|scope| {
            let stood_by = scope.spawn(|| seat.stand_by(LONG));
            drop(take(&seat));
            waits.store(true, Ordering::Release);
            seat.ask_for_reader();
            assert_eq!(stood_by.join().unwrap(), StoodBy::Drives);
        });
    }

    #[test]
    fn the_servers_broadcast_reaches_a_session_that_drives() {
        let (seat, _) = seat();
        thread::scope(|scope| {
            let stood_by = scope.spawn(|| seat.stand_by(LONG));
            let driving = take(&seat);
            // As KILL: under the mutex, so that it finds the thread asleep or about to look.
            let killed = seat.place.lock();
            seat.place.signal();
            drop(killed);
            driving.poller().wait(&mut Ready::default(), None).unwrap();
            assert_eq!(stood_by.join().unwrap(), StoodBy::StandsBy);
            // While the thread is elsewhere the next look finds it.
            let stood_by = scope.spawn(|| seat.stand_by(SHORT));
            driving.poller().wait(&mut Ready::default(), None).unwrap();
            assert_eq!(stood_by.join().unwrap(), StoodBy::StandsBy);
        });
    }

    #[test]
    fn the_thread_comes_when_it_is_called() {
        let (seat, _) = seat();
        thread::scope(|scope| {
            let stood_by = scope.spawn(|| seat.stand_by(LONG));
            let driving = take(&seat);
            seat.call_thread();
            driving.poller().wait(&mut Ready::default(), None).unwrap();
            assert_eq!(stood_by.join().unwrap(), StoodBy::StandsBy);
        });
    }
}
