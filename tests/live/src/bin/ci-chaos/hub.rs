//! The network between the rooms: a program that takes each packet from its sender's card and
//! gives it to the receiver's, or does not, or later.
//!
//! Each direction between two rooms is a path with a weather of its own. In fair weather packets
//! keep their order and are not delayed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use semisync_live_tests::{Dice, lock};

use crate::room::{Room, wait_readable};

/// How many rooms there are.
pub const ROOMS: usize = 4;
const LARGEST: usize = 65_536;
/// What a path holds when it is slow; more is lost, as in a router.
const QUEUE: usize = 2_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weather {
    /// Nothing passes.
    pub cut: bool,
    pub delay: Duration,
    /// Each packet waits up to so much more, alone: packets overtake each other.
    pub jitter: Duration,
    /// Of 1000 packets so many are lost.
    pub loss: u64,
}

impl Weather {
    pub const FAIR: Weather = Weather {
        cut: false,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: 0,
    };
    pub const CUT: Weather = Weather {
        cut: true,
        ..Weather::FAIR
    };
}

/// A packet that waits: when it is due, which it was, from where to where, what.
type Late = Reverse<(Instant, u64, (usize, usize), Vec<u8>)>;

struct Inner {
    weather: Mutex<[[Weather; ROOMS]; ROOMS]>,
    /// Nobody reaches such a room, and it reaches nobody, whatever the weather is.
    isolated: [AtomicBool; ROOMS],
    cards: Vec<Arc<File>>,
    late: Mutex<BinaryHeap<Late>>,
    later: Condvar,
}

#[derive(Clone)]
pub struct Hub(Arc<Inner>);

impl Hub {
    /// Its threads run until the process ends.
    pub fn between(rooms: &[Room]) -> Hub {
        assert_eq!(rooms.len(), ROOMS);
        let hub = Hub(Arc::new(Inner {
            weather: Mutex::new([[Weather::FAIR; ROOMS]; ROOMS]),
            isolated: Default::default(),
            cards: rooms.iter().map(|room| room.tun.clone()).collect(),
            late: Mutex::new(BinaryHeap::new()),
            later: Condvar::new(),
        }));
        for from in 0..ROOMS {
            let hub = hub.clone();
            thread::spawn(move || hub.0.carry(from));
        }
        let delayed = hub.clone();
        thread::spawn(move || delayed.0.deliver_late());
        hub
    }

    pub fn set(&self, from: usize, to: usize, weather: Weather) {
        lock(&self.0.weather)[from][to] = weather;
    }

    /// Fair weather everywhere, and nobody is isolated.
    pub fn clear(&self) {
        *lock(&self.0.weather) = [[Weather::FAIR; ROOMS]; ROOMS];
        for room in &self.0.isolated {
            room.store(false, Ordering::SeqCst);
        }
    }

    /// Nobody reaches this room, and it reaches nobody, until the hub is cleared.
    pub fn isolate(&self, room: usize) {
        self.0.isolated[room].store(true, Ordering::SeqCst);
    }
}

impl Inner {
    fn carry(&self, from: usize) {
        let mut dice = Dice::of(from as u64);
        let mut buffer = vec![0; LARGEST];
        let mut number = 0;
        loop {
            wait_readable(&self.cards[from]);
            let Ok(length) = (&*self.cards[from]).read(&mut buffer) else {
                continue;
            };
            let packet = &buffer[..length];
            let Some(to) = destination(packet) else {
                continue;
            };
            let weather = lock(&self.weather)[from][to];
            if self.is_isolated(from) || self.is_isolated(to) {
                continue;
            }
            if weather.cut || dice.below(1000) < weather.loss {
                continue;
            }
            let mut delay = weather.delay;
            if !weather.jitter.is_zero() {
                let most = u64::try_from(weather.jitter.as_micros()).unwrap_or(u64::MAX);
                delay += Duration::from_micros(dice.below(most));
            }
            number += 1;
            self.pass((from, to), packet, delay, number);
        }
    }

    fn is_isolated(&self, room: usize) -> bool {
        self.isolated[room].load(Ordering::SeqCst)
    }

    fn pass(&self, path: (usize, usize), packet: &[u8], delay: Duration, number: u64) {
        let to = path.1;
        if delay.is_zero() {
            // A packet that the card does not take is lost, as it may be in a network.
            let _ = (&*self.cards[to]).write(packet);
            return;
        }
        let mut late = lock(&self.late);
        if late.len() < QUEUE {
            let due = Instant::now() + delay;
            late.push(Reverse((due, number, path, packet.to_vec())));
            self.later.notify_one();
        }
    }

    fn deliver_late(&self) {
        let mut late = lock(&self.late);
        loop {
            let now = Instant::now();
            let wait = match late.peek() {
                None => Duration::from_secs(3600),
                Some(Reverse((due, ..))) => due.saturating_duration_since(now),
            };
            if wait.is_zero() {
                let Some(Reverse((_, _, (from, to), packet))) = late.pop() else {
                    continue;
                };
                // What is on its way to or from a room that is isolated meanwhile is lost.
                if !self.is_isolated(from) && !self.is_isolated(to) {
                    let _ = (&*self.cards[to]).write(&packet);
                }
                continue;
            }
            let waited = self.later.wait_timeout(late, wait);
            late = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Whom an IPv4 packet is for, among the rooms.
fn destination(packet: &[u8]) -> Option<usize> {
    let (version, last) = (packet.first()? >> 4, *packet.get(19)?);
    let room = usize::from(last).checked_sub(1)?;
    (version == 4 && packet[16..19] == [10, 77, 0] && room < ROOMS).then_some(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_goes_to_the_room_of_its_address_and_others_nowhere() {
        let mut packet = [0; 20];
        packet[0] = 0x45;
        packet[16..20].copy_from_slice(&[10, 77, 0, 3]);
        assert_eq!(destination(&packet), Some(2));
        packet[19] = 5;
        assert_eq!(destination(&packet), None);
        packet[19] = 0;
        assert_eq!(destination(&packet), None);
        packet[16..20].copy_from_slice(&[10, 78, 0, 3]);
        assert_eq!(destination(&packet), None);
        packet[0] = 0x60; // IPv6: the kernel's own neighbour discovery
        assert_eq!(destination(&packet), None);
        assert_eq!(destination(&packet[..10]), None);
    }
}
