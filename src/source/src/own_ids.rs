//! The server ids that this server has had, since a plugin of this library was loaded.
//!
//! A replica throws away what was committed under its own server id: it takes that for its own
//! (`queue_event` in sql/rpl_replica.cc), and acknowledges it all the same. In a circle of servers
//! it is right, and it has the transaction. If the transaction was committed here, it has not:
//! somebody has given this server the replica's id for a while. (`SET GLOBAL server_id` is for new
//! sessions; the others go on under the id that they began with.)

use semisync_server::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};

/// More than anybody gives a server.
const REMEMBERED: usize = 64;

/// Nothing nests in the lock.
#[derive(Default)]
pub struct OwnIds {
    /// 0: none yet.
    newest: AtomicU32,
    all: Mutex<Vec<u32>>,
}

impl OwnIds {
    /// This is the server's id, as commits are being written or when the plugin is installed. No
    /// lock unless the id has changed.
    pub fn note(&self, id: u32) {
        if self.newest.load(Ordering::Relaxed) != id {
            self.note_another(id);
        }
    }

    #[cold]
    fn note_another(&self, id: u32) {
        let mut all = self.all.lock();
        if !all.contains(&id) {
            if all.len() == REMEMBERED {
                all.remove(0);
            }
            all.push(id);
        }
        self.newest.store(id, Ordering::Relaxed);
    }

    /// Whether commits may have been written under this id.
    pub fn contains(&self, id: u32) -> bool {
        self.all.lock().contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_remembered_when_there_is_another() {
        let ids = OwnIds::default();
        assert!(!ids.contains(1));
        for id in [1, 2, 1] {
            ids.note(id);
        }
        assert!(ids.contains(1) && ids.contains(2) && !ids.contains(3));
    }

    #[test]
    fn memory_is_bounded() {
        let ids = OwnIds::default();
        for id in 1..1000 {
            ids.note(id);
        }
        assert_eq!(ids.all.lock().len(), REMEMBERED);
        assert!(ids.contains(999) && !ids.contains(1));
    }
}
