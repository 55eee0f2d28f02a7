//! Stores that others see later, as on x86-64, for which the libraries are made: a core keeps what
//! it stores for a while, in order, and sees it itself at once. A locked instruction (every lock
//! and unlock, every change of an atomic that is not a plain store) and a call of the system let
//! others see it first. Nothing else of a weaker order can happen there.

use crate::{random::pick, task::try_me};
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
};

/// A store that others do not see yet.
struct Late {
    address: usize,
    value: u64,
    /// Makes it seen.
    write: fn(usize, u64),
}

thread_local! {
    /// By the task that has stored.
    static LATE: RefCell<BTreeMap<usize, VecDeque<Late>>> = const { RefCell::new(BTreeMap::new()) };
}

static IN_ORDER: AtomicBool = AtomicBool::new(false);

/// From now on stores are seen at once: to tell which bug needs late ones.
pub fn keep_in_order() {
    IN_ORDER.store(true, Ordering::Relaxed);
}

/// The current task stores.
pub(crate) fn store(address: usize, value: u64, write: fn(usize, u64)) {
    let me = try_me().filter(|_| !IN_ORDER.load(Ordering::Relaxed));
    let Some(me) = me else {
        return write(address, value);
    };
    let late = Late {
        address,
        value,
        write,
    };
    LATE.with_borrow_mut(|all| all.entry(me).or_default().push_back(late));
}

/// What the current task has stored last at this address, if others do not see it yet.
pub(crate) fn own(address: usize) -> Option<u64> {
    let me = try_me()?;
    LATE.with_borrow(|all| {
        let mut own = all.get(&me)?.iter().rev();
        own.find(|late| late.address == address)
            .map(|late| late.value)
    })
}

/// A locked instruction, or a call of the system, of the current task.
pub(crate) fn barrier() {
    if let Some(me) = try_me() {
        let own = LATE.with_borrow_mut(|all| all.remove(&me));
        own.into_iter()
            .flatten()
            .for_each(|late| (late.write)(late.address, late.value));
    }
}

/// The atomic at this address ends.
pub(crate) fn forget(address: usize) {
    let _ = LATE.try_with(|all| {
        for late in all.borrow_mut().values_mut() {
            late.retain(|late| late.address != address);
        }
    });
}

/// Some of the oldest stores are seen from now on.
pub(crate) fn settle_some() {
    const CHANCE: usize = 8;
    LATE.with_borrow_mut(|all| {
        for late in all.values_mut() {
            if !late.is_empty()
                && pick(CHANCE) == 0
                && let Some(late) = late.pop_front()
            {
                (late.write)(late.address, late.value);
            }
        }
    });
}
