//! The error log before MySQL 8.0, and of MariaDB: plain lines. The texts are stock's of that time.

use crate::{
    bindings::*,
    compat::{Services, log_level::LogLevel},
    symbols::symbols,
};
use std::ffi::{CStr, c_char, c_int, c_longlong};

/// Whether a line about the other end carries the plugin's name.
pub const SPEAKS_IN_ITS_NAME: bool = false;

type Print = unsafe extern "C" fn(format: *const c_char, ...);

symbols! {
    /// The error log. Any thread; a line may wait for the disk.
    pub struct Log {
        error: Print = c"_Z15sql_print_errorPKcz";
        warning: Print = c"_Z17sql_print_warningPKcz";
        information: Print = c"_Z21sql_print_informationPKcz";
    }
}

impl Log {
    /// Looks the log's functions up. Err: why the log cannot be used.
    ///
    /// # Safety
    /// None. (Other servers have the log as one of the services.)
    pub unsafe fn open(_: &Services) -> Result<Self, String> {
        Self::resolve().map_err(|missing| missing.to_string())
    }

    /// The text of a message, with printf's conversions in it; null: unknown.
    pub fn text(&self, number: c_int) -> *const c_char {
        let wanted = number.cast_unsigned();
        let found = TEXTS.iter().find(|(number, _)| *number == wanted);
        found.map_or(std::ptr::null(), |(_, text)| text.as_ptr())
    }

    /// Writes a line, which shows no number.
    pub fn write(&self, level: LogLevel, _number: c_longlong, text: &CStr) {
        let print = match level {
            LogLevel::Error => self.error,
            LogLevel::Warning => self.warning,
            LogLevel::Note => self.information,
        };
        // SAFETY: a format with one string.
        unsafe { print(c"%s".as_ptr(), text.as_ptr()) };
    }
}

/// The well-known lines of MySQL 5.5 to 5.7.
#[rustfmt::skip] // a table
const TEXTS: &[(u32, &CStr)] = &[
    (ER_SEMISYNC_RPL_INIT_FOR_TRX, c"Semi-sync replication initialized for transactions."),
    (ER_SEMISYNC_BINLOG_WRITE_OUT_OF_ORDER,
        c"%s: binlog write out-of-order, tail (%s, %lu), new node (%s, %lu)"),
    (ER_SEMISYNC_REPLY_MAGIC_NO_ERROR, c"Read semi-sync reply magic number error"),
    (ER_SEMISYNC_REPLY_PKT_LENGTH_TOO_SMALL,
        c"Read semi-sync reply length error: packet is too small"),
    (ER_SEMISYNC_REPLY_BINLOG_FILE_TOO_LARGE, c"Read semi-sync reply binlog file length too large"),
    (ER_SEMISYNC_SERVER_REPLY, c"%s: Got reply(%s, %lu) from server %u"),
    (ER_SEMISYNC_RPL_ENABLED_ON_SOURCE, c"Semi-sync replication enabled on the master."),
    (ER_SEMISYNC_DISABLED_ON_SOURCE, c"Semi-sync replication disabled on the master."),
    (ER_SEMISYNC_FORCED_SHUTDOWN,
        c"SEMISYNC: Forced shutdown. Some updates might not be replicated."),
    (ER_SEMISYNC_SOURCE_GOT_REPLY_AT_POS, c"%s: Got reply at (%s, %lu)"),
    (ER_SEMISYNC_SOURCE_TRX_WAIT_POS, c"%s: wait pos (%s, %lu), repl(%d)"),
    (ER_SEMISYNC_BINLOG_REPLY_IS_AHEAD, c"%s: Binlog reply is ahead (%s, %lu),"),
    (ER_SEMISYNC_WAIT_TIME_FOR_BINLOG_SENT, c"%s: wait %lu ms for binlog sent (%s, %lu)"),
    (ER_SEMISYNC_WAIT_FOR_BINLOG_TIMEDOUT,
        c"Timeout waiting for reply of binlog (file: %s, pos: %lu), \
        semi-sync up to file %s, position %lu."),
    (ER_SEMISYNC_RPL_SWITCHED_OFF, c"Semi-sync replication switched OFF."),
    (ER_SEMISYNC_RPL_SWITCHED_ON, c"Semi-sync replication switched ON at (%s, %lu)"),
    (ER_SEMISYNC_NO_SPACE_IN_THE_PKT,
        c"No enough space in the packet for semi-sync extra header, \
        semi-sync replication disabled"),
    (ER_SEMISYNC_SYNC_HEADER_UPDATE_INFO, c"%s: server(%d), (%s, %lu) sync(%d), repl(%d)"),
    (ER_SEMISYNC_SOURCE_FAILED_ON_NET_FLUSH,
        c"Semi-sync master failed on net_flush() before waiting for slave reply"),
    (ER_SEMISYNC_FAILED_TO_START_ACK_RECEIVER_THD,
        c"Failed to start semi-sync ACK receiver thread,  could not create thread(errno:%d)"),
    (ER_SEMISYNC_STARTING_ACK_RECEIVER_THD, c"Starting ack receiver thread"),
    (ER_SEMISYNC_FAILED_TO_WAIT_ON_DUMP_SOCKET,
        c"Failed to wait on semi-sync dump sockets, error: errno=%d"),
    (ER_SEMISYNC_STOPPING_ACK_RECEIVER_THREAD, c"Stopping ack receiver thread"),
    (ER_SEMISYNC_FAILED_REGISTER_REPLICA_TO_RECEIVER,
        c"Failed to register slave to semi-sync ACK receiver thread."),
    (ER_SEMISYNC_START_BINLOG_DUMP_TO_REPLICA,
        c"Start %s binlog_dump to slave (server_id: %d), pos(%s, %lu)"),
    (ER_SEMISYNC_STOP_BINLOG_DUMP_TO_REPLICA, c"Stop %s binlog_dump to slave (server_id: %d)"),
    (ER_SEMISYNC_UNREGISTER_TRX_OBSERVER_FAILED, c"unregister_trans_observer failed"),
    (ER_SEMISYNC_UNREGISTER_BINLOG_STORAGE_OBSERVER_FAILED,
        c"unregister_binlog_storage_observer failed"),
    (ER_SEMISYNC_UNREGISTER_BINLOG_TRANSMIT_OBSERVER_FAILED,
        c"unregister_binlog_transmit_observer failed"),
    (ER_SEMISYNC_UNREGISTERED_REPLICATOR, c"unregister_replicator OK"),
    (ER_SEMISYNC_REPLICA_REPLY, c"%s: reply - %d"),
    (ER_SEMISYNC_MISSING_MAGIC_NO_FOR_SEMISYNC_PKT,
        c"Missing magic number for semi-sync packet, packet len: %lu"),
    (ER_SEMISYNC_REPLICA_START,
        c"Slave I/O thread: Start %s replication to master '%s@%s:%d' in log '%s' at position %lu"),
    (ER_SEMISYNC_REPLICA_REPLY_WITH_BINLOG_INFO, c"%s: reply (%s, %lu)"),
    (ER_SEMISYNC_REPLICA_NET_FLUSH_REPLY_FAILED, c"Semi-sync slave net_flush() reply failed"),
    (ER_SEMISYNC_REPLICA_SEND_REPLY_FAILED, c"Semi-sync slave send reply failed: %s (%d)"),
    (ER_SEMISYNC_EXECUTION_FAILED_ON_SOURCE, c"Execution failed on master: %s; error %d"),
    (ER_SEMISYNC_NOT_SUPPORTED_BY_SOURCE,
        c"Master server does not support semi-sync, fallback to asynchronous replication"),
    (ER_SEMISYNC_REPLICA_SET_FAILED, c"Set 'rpl_semi_sync_slave=1' on master failed"),
    (ER_SEMISYNC_FAILED_TO_STOP_ACK_RECEIVER_THD,
        c"Failed to stop ack receiver thread on my_thread_join, errno(%d)"),
    (ER_INSTALL_PLUGIN_CONFLICT_LOG,
        c"Cannot install the %s plugin when the %s plugin is installed."),
];
