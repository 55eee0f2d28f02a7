//! The one list of what the server may call in a library of ours.
//!
//! The guard reports a panic by these names, `ci/build --failpoints` plants faults by
//! them, SAFETY.md has a row for each, and the suite `panics` lets each of them panic in
//! a real server. The suite includes this file as it is, so the file needs `std` alone.

macro_rules! callbacks {
    ($($(#[$doc:meta])* $callback:ident = $name:literal,)*) => {
        /// A function of ours that the server, or a thread of ours, enters.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Callback {
            $($(#[$doc])* $callback,)*
        }

        impl Callback {
            /// All of them, in the order of SAFETY.md.
            pub const ALL: &'static [Self] = &[$(Self::$callback,)*];

            /// The name in the error log, in SAFETY.md and of the failpoint.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$callback => $name,)*
                }
            }
        }
    };
}

callbacks! {
    /// `INSTALL PLUGIN`, or the server's start.
    Init = "init",
    /// `UNINSTALL PLUGIN` asks whether it may. MySQL 8.0 and later.
    CheckUninstall = "check_uninstall",
    /// `UNINSTALL PLUGIN`, or the server's end.
    Deinit = "deinit",
    /// `SET GLOBAL` of a text: whether it may have this value.
    CheckVariable = "check_variable",
    /// `SET GLOBAL` of a variable that does more than to keep its value.
    UpdateVariable = "update_variable",
    /// `SHOW STATUS` of a row that is a function.
    ShowStatus = "show_status",
    /// Somebody begins to read a table of performance_schema. MySQL 8.0 and later; so the others.
    OpenTable = "open_table",
    /// A scan of a table begins.
    RndInit = "rnd_init",
    /// The next row of a scan.
    RndNext = "rnd_next",
    /// A row that a scan has come by before.
    RndPos = "rnd_pos",
    /// A column of a row.
    ReadColumnValue = "read_column_value",
    /// The table was read.
    CloseTable = "close_table",
    /// A transaction is about to be written to the binary log. MySQL 5.7 and later.
    BeforeCommit = "before_commit",
    /// A commit group was written to the binary log.
    AfterFlush = "after_flush",
    /// The binary log was synced. Not in MySQL 5.6 and MariaDB 5.5.
    AfterSync = "after_sync",
    /// The storage engine has committed.
    AfterCommit = "after_commit",
    /// A transaction was rolled back.
    AfterRollback = "after_rollback",
    /// An applier that waits looks at the sessions of the server. MySQL 5.7 and later.
    VisitSession = "visit_session",
    /// A dump begins.
    TransmitStart = "transmit_start",
    /// A dump ends.
    TransmitStop = "transmit_stop",
    /// A packet of a dump is put together.
    ReserveHeader = "reserve_header",
    /// An event is about to be sent.
    BeforeSendEvent = "before_send_event",
    /// An event was sent or skipped.
    AfterSendEvent = "after_send_event",
    /// The connection of a dump is written to.
    Write = "write",
    /// The connection of a dump is shut down.
    Shutdown = "shutdown",
    /// The binary log was reset.
    AfterResetMaster = "after_reset_master",
    /// The receiver thread of a replica starts.
    ThreadStart = "thread_start",
    /// A replica is connected and about to ask for a dump.
    BeforeRequestTransmit = "before_request_transmit",
    /// A replica has read a packet.
    AfterReadEvent = "after_read_event",
    /// An event is in the relay log.
    AfterQueueEvent = "after_queue_event",
    /// The receiver thread of a replica ends.
    ThreadStop = "thread_stop",
    /// The thread of ours that reads acknowledgements.
    AckReceiver = "ack_receiver",
}

#[cfg(test)]
mod tests {
    use super::Callback;

    #[test]
    fn safety_md_has_a_row_for_each_and_no_other() {
        let rows = include_str!("../../../SAFETY.md")
            .lines()
            .skip_while(|line| *line != "## Callbacks")
            .take_while(|line| *line != "## Locks of ours")
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(name, _)| name);
        let names = Callback::ALL.iter().map(|callback| callback.name());
        assert_eq!(rows.collect::<Vec<_>>(), names.collect::<Vec<_>>());
    }
}
