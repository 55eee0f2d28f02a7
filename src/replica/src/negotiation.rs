//! What a replica asks its source when a connection begins, before the dump.
//!
//! Sources of every generation are asked: MySQL 8.0.26 and later know
//! `rpl_semi_sync_source_enabled`, those before and MariaDB know
//! `rpl_semi_sync_master_enabled`. That a variable exists is the answer; its value
//! tells whether acknowledgements are read just now. The replica then announces itself
//! under both user variables, because sources look for one or the other. In the same statement it
//! tells what its operator has set; a source that does not know these variables passes over them.

use crate::{
    operator::values::{self, AckAfter},
    peer::Peer,
};
use semisync_server::{
    client::{ER_UNKNOWN_SYSTEM_VARIABLE, SourceConnection},
    log::{self, Arg, Level, messages as stock},
    observers::Refused,
};
use std::{ffi::CStr, sync::Arc};

/// What the source can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Agreement {
    /// The source has no semi-sync: replication is asynchronous.
    Asynchronous,
    /// The source will send headers.
    SemiSync(Peer),
}

const ASK_SOURCE: &CStr = c"SELECT @@global.rpl_semi_sync_source_enabled";
const ASK_MASTER: &CStr = c"SELECT @@global.rpl_semi_sync_master_enabled";
const ANNOUNCE: &str = "SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1";

/// What a replica says of itself beside that it is one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Announced {
    pub name: Option<Arc<str>>,
    pub zone: Option<Arc<str>>,
    pub ack_after: AckAfter,
}

impl Announced {
    /// As the operator has set it.
    pub fn now() -> Self {
        Self {
            name: values::NAME.get(),
            zone: values::ZONE.get(),
            ack_after: values::ack_after(),
        }
    }

    /// The statement that tells the source. What is not set is not told.
    fn statement(&self) -> String {
        let mut statement = ANNOUNCE.to_owned();
        let mut tell = |variable: &str, word: &str| {
            statement += &format!(", @{variable} = {}", literal(word));
        };
        if let Some(name) = &self.name {
            tell("semisync_replica_name", name);
        }
        if let Some(zone) = &self.zone {
            tell("semisync_replica_zone", zone);
        }
        if self.ack_after == AckAfter::Synced {
            tell("semisync_replica_ack_after", "SYNCED");
        }
        statement
    }
}

/// A string literal that means the same in every SQL mode and character set.
fn literal(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+/".contains(&byte);
    if word.bytes().all(is_plain) {
        return format!("'{word}'");
    }
    let hex = word.bytes().map(|byte| format!("{byte:02x}"));
    format!("x'{}'", hex.collect::<String>())
}

/// Asks, and announces. Err: the connection is of no use, and the error log says
/// why; the server tries again as after a network error.
pub fn negotiate(
    source: &SourceConnection,
    plugin: &CStr,
    announced: &Announced,
) -> Result<Agreement, Refused> {
    let newer = variable(source, ASK_SOURCE, plugin)?;
    let older = match newer {
        Some(_) => None,
        None => variable(source, ASK_MASTER, plugin)?,
    };
    let Some(enabled) = newer.or(older) else {
        log::in_the_name_of(
            plugin,
            Level::Warning,
            stock::ER_SEMISYNC_NOT_SUPPORTED_BY_SOURCE,
            &[],
        );
        return Ok(Agreement::Asynchronous);
    };
    if source.execute(&announced.statement()).is_err() {
        log::in_the_name_of(
            plugin,
            Level::Error,
            stock::ER_SEMISYNC_REPLICA_SET_FAILED,
            &[],
        );
        return Err(Refused);
    }
    Ok(Agreement::SemiSync(Peer::new(newer.is_some(), enabled)))
}

/// The value of a boolean variable; None: the source does not know it.
fn variable(
    source: &SourceConnection,
    query: &CStr,
    plugin: &CStr,
) -> Result<Option<bool>, Refused> {
    match source.select_bool(query) {
        Ok(value) => Ok(Some(value)),
        Err(ER_UNKNOWN_SYSTEM_VARIABLE) => Ok(None),
        Err(errno) => {
            let query = query.to_str().unwrap_or_default();
            let args = [Arg::Text(query), Arg::Number(errno.into())];
            log::in_the_name_of(
                plugin,
                Level::Error,
                stock::ER_SEMISYNC_EXECUTION_FAILED_ON_SOURCE,
                &args,
            );
            Err(Refused)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_nothing_set_the_statement_is_the_one_that_it_always_was() {
        assert_eq!(
            Announced::default().statement(),
            "SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1"
        );
    }

    #[test]
    fn what_is_set_is_told_and_nothing_else() {
        let named = Announced {
            name: Some("db-2.east".into()),
            zone: Some("east".into()),
            ack_after: AckAfter::Synced,
        };
        let told = named.statement();
        assert_eq!(
            told.strip_prefix(ANNOUNCE).unwrap(),
            ", @semisync_replica_name = 'db-2.east', @semisync_replica_zone = 'east', \
             @semisync_replica_ack_after = 'SYNCED'"
        );
        let zoned = Announced {
            name: None,
            ack_after: AckAfter::Received,
            ..named
        };
        let told = zoned.statement();
        assert_eq!(
            told.strip_prefix(ANNOUNCE).unwrap(),
            ", @semisync_replica_zone = 'east'"
        );
    }

    #[test]
    fn no_word_ends_its_literal() {
        assert_eq!(literal("a'; DROP"), "x'61273b2044524f50'");
        assert_eq!(literal(r"a\"), "x'615c'");
        assert_eq!(literal("\u{e9}"), "x'c3a9'");
        assert_eq!(literal(""), "''");
    }
}
