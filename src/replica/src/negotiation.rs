//! What a replica asks its source when a connection begins, before the dump.
//!
//! Sources of every generation are asked: MySQL 8.0.26 and later know
//! `rpl_semi_sync_source_enabled`, those before and MariaDB know
//! `rpl_semi_sync_master_enabled`. That a variable exists is the answer; its value
//! tells whether acknowledgements are read just now. The replica then announces itself
//! under both user variables, because sources look for one or the other.

use crate::peer::Peer;
use semisync_server::{
    client::{ER_UNKNOWN_SYSTEM_VARIABLE, SourceConnection},
    log::{self, Arg, Level, messages as stock},
    observers::Refused,
};
use std::ffi::CStr;

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
const ANNOUNCE: &CStr = c"SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1";

/// Asks and announces. Err: the connection is of no use, and the error log says
/// why; the server tries again as after a network error.
pub fn negotiate(source: &SourceConnection, plugin: &CStr) -> Result<Agreement, Refused> {
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
    if source.execute(ANNOUNCE).is_err() {
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
