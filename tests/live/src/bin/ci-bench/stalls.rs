//! `ci/bench stalls`: what operators and replicas do while clients commit, and the longest commit
//! meanwhile.
//!
//! A slice is one such event. With each kind of event the same is measured without any: the longest
//! of some hundred commits is long on a busy machine even if nothing happens.

use std::fmt;
use std::thread;
use std::time::Duration;

use crate::drained::{Drained, Steady};
use crate::load::{Clients, Window};
use crate::turns::Figures;

/// Before the event, and after it.
const BEFORE: Duration = Duration::from_millis(80);
const AFTER: Duration = Duration::from_millis(220);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Nothing,
    Enable,
    Disable,
    ReplicaComes,
    ReplicaLeaves,
    Uninstall,
    Install,
}

impl Event {
    pub const ALL: [Event; 7] = [
        Event::Nothing,
        Event::Enable,
        Event::Disable,
        Event::ReplicaComes,
        Event::ReplicaLeaves,
        Event::Uninstall,
        Event::Install,
    ];
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Event::Nothing => "nothing happens",
            Event::Enable => "semi-sync is enabled",
            Event::Disable => "semi-sync is disabled",
            Event::ReplicaComes => "a second replica comes",
            Event::ReplicaLeaves => "a second replica leaves",
            Event::Uninstall => "UNINSTALL PLUGIN, disabled and without replicas",
            Event::Install => "INSTALL PLUGIN",
        })
    }
}

/// Lets `event` happen once. The side is afterwards as it was before: enabled, with one replica.
pub fn slice(side: &mut Drained, event: Event, clients: &Clients) -> Figures {
    let mut second = None;
    match event {
        Event::Enable => side.enable(false),
        Event::ReplicaLeaves => second = Some(Steady::attach(side, 100)),
        // What waits for acknowledgements would wait for ever without the replica.
        Event::Uninstall | Event::Install => {
            side.enable(false);
            side.detach_steady();
            if event == Event::Install {
                uninstall(side);
            }
        }
        Event::Nothing | Event::Disable | Event::ReplicaComes => {}
    }
    let window = Window::opening(Duration::ZERO, BEFORE + AFTER);
    let longest = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(BEFORE);
            match event {
                Event::Nothing => {}
                Event::Enable => side.enable(true),
                Event::Disable => side.enable(false),
                Event::ReplicaComes => second = Some(Steady::attach(side, 100)),
                Event::ReplicaLeaves => second = None,
                Event::Uninstall => uninstall(side),
                Event::Install => install(side),
            }
        });
        clients.work(window).longest()
    });
    drop(second);
    match event {
        Event::Uninstall => install(side),
        Event::Disable => side.enable(true),
        _ => {}
    }
    if matches!(event, Event::Uninstall | Event::Install) {
        side.attach_steady();
        side.enable(true);
    }
    side.end_dumps();
    Figures::from([("longest_us".to_owned(), longest.as_secs_f64() * 1e6)])
}

fn uninstall(side: &Drained) {
    side.source.uninstall(&side.source.names().source_plugin());
}

fn install(side: &Drained) {
    let names = side.source.names();
    let (plugin, library) = (names.source_plugin(), names.source_library());
    side.source
        .execute(&format!("INSTALL PLUGIN {plugin} SONAME '{library}'"));
}
