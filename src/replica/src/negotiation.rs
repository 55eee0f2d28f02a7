//! What a replica asks its source when a connection begins, before the dump.
//!
//! Sources of every generation are asked: MySQL 8.0.26 and later know
//! `rpl_semi_sync_source_enabled`, those before and MariaDB know
//! `rpl_semi_sync_master_enabled`. That a variable exists is the answer; its
//! value does not matter. The replica then announces itself under both user
//! variables, because sources look for one or the other.

use semisync_server::{
    client::SourceConnection,
    log::{self, Arg, Level},
    sys,
};
use std::ffi::CStr;

/// What the source can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Agreement {
    /// The source has no semi-sync: replication is asynchronous.
    Asynchronous,
    /// Semi-sync. `may_volunteer`: the source has a receiver of its own for
    /// acknowledgements (all that know the newer name do), so one that it did
    /// not ask for is welcome; older ones would take it for the answer to the
    /// next question.
    SemiSync { may_volunteer: bool },
}

const ASK_SOURCE: &CStr = c"SELECT @@global.rpl_semi_sync_source_enabled";
const ASK_MASTER: &CStr = c"SELECT @@global.rpl_semi_sync_master_enabled";
const ANNOUNCE: &CStr = c"SET @rpl_semi_sync_replica = 1, @rpl_semi_sync_slave = 1";

/// Asks and announces. Err: the connection is of no use, and the error log says
/// why; the server tries again as after a network error.
pub fn negotiate(source: &SourceConnection, plugin: &CStr) -> Result<Agreement, ()> {
    let has_source_name = has_variable(source, ASK_SOURCE, plugin)?;
    if !has_source_name && !has_variable(source, ASK_MASTER, plugin)? {
        log::in_the_name_of(
            plugin,
            Level::Warning,
            sys::ER_SEMISYNC_NOT_SUPPORTED_BY_SOURCE,
            &[],
        );
        return Ok(Agreement::Asynchronous);
    }
    if source.execute(ANNOUNCE).is_err() {
        log::in_the_name_of(
            plugin,
            Level::Error,
            sys::ER_SEMISYNC_REPLICA_SET_FAILED,
            &[],
        );
        return Err(());
    }
    Ok(Agreement::SemiSync {
        may_volunteer: has_source_name,
    })
}

fn has_variable(source: &SourceConnection, query: &CStr, plugin: &CStr) -> Result<bool, ()> {
    match source.execute(query) {
        Ok(()) => Ok(true),
        Err(sys::ER_UNKNOWN_SYSTEM_VARIABLE) => Ok(false),
        Err(errno) => {
            let query = query.to_str().unwrap_or_default();
            let args = [Arg::Text(query), Arg::Number(errno.into())];
            log::in_the_name_of(
                plugin,
                Level::Error,
                sys::ER_SEMISYNC_EXECUTION_FAILED_ON_SOURCE,
                &args,
            );
            Err(())
        }
    }
}
