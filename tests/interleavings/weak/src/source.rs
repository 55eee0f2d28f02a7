//! As much of the source side as makes sessions wait and reads acknowledgements.

use crate::{
    instruments::{Cond, Memory},
    poller::{Poller, Ready},
    psi::Stage,
    seat::{Driving, Seat, StoodBy},
    server::Server,
    sync::{
        self,
        atomic::{AtomicBool, Ordering},
    },
    wait::{SessionWait, Waiter, Woken},
};
use loom::{sync::Mutex, thread};
use std::{
    collections::VecDeque,
    io::Read,
    net::TcpStream,
    os::{fd::OwnedFd, unix::net::UnixStream},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

pub static STAGE: Stage = Stage;
pub static COND: Cond = Cond;
/// No deadline passes.
const NO_TIME: Duration = Duration::from_secs(1);

pub fn waiter(poller: Option<Arc<Poller>>) -> Pin<Arc<Waiter>> {
    Waiter::new(&Memory, poller)
}

/// As much of the source side as reads acknowledgements: each byte is one, for whoever waits
/// longest.
#[derive(Clone)]
pub struct Source(Rc<Shared>);

struct Shared {
    seat: Pin<Arc<Seat>>,
    stop: AtomicBool,
    /// As the coordinator under its lock.
    waiting: Mutex<VecDeque<Pin<Arc<Waiter>>>>,
    /// As `State::is_anybody_waiting`.
    anybody: Arc<AtomicBool>,
    ours: TcpStream,
    theirs: UnixStream,
}

impl Source {
    pub fn new() -> Self {
        const TOKEN: u64 = 1;
        let anybody = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&anybody);
        let seat = Seat::new(move || asked.load(Ordering::Acquire)).expect("a seat");
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        ours.set_nonblocking(true).expect("a flag");
        let ours = TcpStream::from(OwnedFd::from(ours));
        seat.poller().add(&ours, TOKEN).expect("epoll");
        Self(Rc::new(Shared {
            seat,
            stop: AtomicBool::new(false),
            waiting: Mutex::default(),
            anybody,
            ours,
            theirs,
        }))
    }

    pub fn waiter(&self) -> Pin<Arc<Waiter>> {
        waiter(Some(Arc::clone(self.0.seat.poller())))
    }

    /// The receiver's thread, which stands by first.
    pub fn thread(&self) -> thread::JoinHandle<()> {
        let source = self.clone();
        thread::spawn(move || {
            let stops = || source.0.stop.load(Ordering::Acquire);
            let mut ready = Ready::default();
            while !stops() {
                while !stops() && source.0.seat.stand_by(NO_TIME) == StoodBy::StandsBy {}
                if !stops() {
                    source
                        .0
                        .seat
                        .poller()
                        .wait(&mut ready, None)
                        .expect("epoll");
                    source.read();
                }
            }
        })
    }

    pub fn end(&self, thread: thread::JoinHandle<()>) {
        self.0.stop.store(true, Ordering::Release);
        self.0.seat.call_thread();
        thread.join().expect("nobody panics");
    }

    /// The seat, once the thread has left it.
    pub fn take(&self) -> Driving<'_> {
        loop {
            match self.0.seat.take() {
                Some(driving) => return driving,
                None => thread::yield_now(),
            }
        }
    }

    /// A session's wait, as `source/wait` and `source/sleep` have it.
    pub fn wait(&self) {
        let waiter = self.waiter();
        {
            let mut waiting = self.0.waiting.lock().expect("nobody panics");
            waiting.push_back(waiter.clone());
            self.0.anybody.store(true, Ordering::Release);
        }
        sync::write(&self.0.theirs, b"a").expect("a socket");
        let driving = self.0.seat.take();
        let session = SessionWait::enter(Server, &waiter, driving.as_ref(), &STAGE, &COND);
        match &driving {
            None => while session.sleep(None, || false) != Woken::Released {},
            Some(driving) => {
                let mut ready = Ready::default();
                loop {
                    match session.sleep_in(driving, &mut ready, None, || false) {
                        Ok(Some(Woken::Released)) => break,
                        Ok(None) => self.read(),
                        _ => {}
                    }
                }
            }
        }
        drop(session);
        drop(driving);
    }

    /// Reads what there is.
    fn read(&self) {
        let mut bytes = [0; 8];
        let read = (&self.0.ours).read(&mut bytes).unwrap_or(0);
        let released: Vec<_> = {
            let mut waiting = self.0.waiting.lock().expect("nobody panics");
            let released = (0..read).filter_map(|_| waiting.pop_front()).collect();
            self.0.anybody.store(!waiting.is_empty(), Ordering::Release);
            released
        };
        for waiter in released {
            waiter.release();
        }
    }
}
