//! Who a replica says it is. It tells so in user variables of the session of its dump: the server
//! its UUID, our replica side the rest, if it differs from the default.

use crate::{figures::AckLevel, messages};
use semisync_core::{Member, Uuid, is_word};
use semisync_server::Server;
use std::ffi::CStr;

/// A replica's own words.
pub struct Announcement {
    /// Before the source overrules it.
    pub member: Member,
    pub ack_level: AckLevel,
}

/// Its UUID; MariaDB has none. Since MySQL 8.0.26 a replica sets both.
const UUIDS: [&CStr; 2] = [c"replica_uuid", c"slave_uuid"];
const NAME: &CStr = c"semisync_replica_name";
const ZONE: &CStr = c"semisync_replica_zone";
const ACK_AFTER: &CStr = c"semisync_replica_ack_after";

impl Announcement {
    /// What the replica says whose dump the current thread serves. What cannot be used is
    /// ignored, with a line in the log.
    pub fn read(server: Server, server_id: u32) -> Self {
        let word = |what: &str, variable: &CStr| {
            let text = server.user_text(variable).filter(|text| !text.is_empty())?;
            if is_word(&text) {
                return Some(text.into_boxed_str());
            }
            messages::ignored_word(server_id, what, &text);
            None
        };
        let mut uuids = UUIDS.iter().filter_map(|name| server.user_text(name));
        let ack_after = server.user_text(ACK_AFTER);
        Self {
            member: Member {
                server_id,
                uuid: uuids.find_map(|text| text.parse::<Uuid>().ok()),
                name: word("name", NAME),
                zone: word("zone", ZONE),
            },
            ack_level: match ack_after.as_deref() {
                Some("SYNCED") => AckLevel::Synced,
                _ => AckLevel::Received,
            },
        }
    }
}
