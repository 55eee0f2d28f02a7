//! Threads, each with a name for people. A thread is known by the number of its task.

use crate::{
    late,
    sleep::{On, block, deadline_in, wake_all},
    task::{me, step},
};
use std::{cell::RefCell, collections::BTreeMap, time::Duration};

thread_local! {
    /// Names, and whether the thread has ended.
    static THREADS: RefCell<BTreeMap<usize, (String, bool)>> =
        const { RefCell::new(BTreeMap::new()) };
}

fn of_end(task: usize) -> On {
    On("the end of a thread", task)
}

/// Starts a thread. Its number, for [`join`].
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> usize {
    let run = move || {
        body();
        late::barrier();
        let me = me();
        THREADS.with_borrow_mut(|threads| {
            if let Some((_, ended)) = threads.get_mut(&me) {
                *ended = true;
            }
        });
        wake_all(of_end(me));
    };
    let thread = shuttle::thread::spawn(run);
    let task = shuttle_number(thread.thread().id());
    THREADS.with_borrow_mut(|threads| threads.insert(task, (name.to_owned(), false)));
    task
}

fn shuttle_number(id: shuttle::thread::ThreadId) -> usize {
    id.into()
}

/// Waits for the thread's end.
pub fn join(task: usize) {
    step();
    while !has_ended(task) {
        block(of_end(task), None);
    }
}

/// Whether the thread has ended.
pub fn has_ended(task: usize) -> bool {
    THREADS.with_borrow(|threads| threads.get(&task).is_some_and(|(_, ended)| *ended))
}

/// What the thread is called.
pub fn name_of(task: usize) -> String {
    THREADS.with_borrow(|threads| match threads.get(&task) {
        Some((name, _)) => name.clone(),
        None => "the test".to_owned(),
    })
}

/// What the current thread is called.
pub fn name() -> String {
    match shuttle::current::try_get_current_task() {
        Some(task) => name_of(task.into()),
        None => "the scheduler".to_owned(),
    }
}

thread_local! {
    /// By the task: how often it was woken on a condition.
    static WOKEN: RefCell<BTreeMap<usize, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// The current thread was woken on a condition.
pub(crate) fn on_woken() {
    WOKEN.with_borrow_mut(|woken| *woken.entry(me()).or_default() += 1);
}

/// How often the current thread was woken on a condition so far.
pub fn woken() -> u64 {
    WOKEN.with_borrow(|woken| woken.get(&me()).copied().unwrap_or_default())
}

/// As the one of `std`.
pub fn yield_now() {
    shuttle::thread::yield_now();
}

/// As the one of `std`.
pub fn sleep(time: Duration) {
    block(On("the time", me()), Some(deadline_in(time)));
}
