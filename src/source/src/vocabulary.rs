//! The words of one of the two names under which the source side is known:
//! `source`/`replica`, and the older `master`/`slave`.

use semisync_server::psi::Stage;
use std::ffi::CStr;

/// Names and texts of one library; made by [`crate::source_plugin`].
pub struct Vocabulary {
    /// The plugin's name.
    pub plugin: &'static CStr,
    /// The plugin of the other vocabulary, which must not run beside this one.
    pub rival: &'static CStr,
    /// Why the plugin cannot be uninstalled while replicas are connected.
    pub still_in_use: &'static CStr,
    /// What a committing session shows while it waits.
    pub waiting_for_ack: Stage,
    /// What the receiver thread shows while no replica is connected.
    pub waiting_for_replica: Stage,
    /// What the receiver thread shows while it reads.
    pub reading_ack: Stage,
}

/// Makes a library of the source side out of its words. Goes into a cdylib, once.
///
/// `side`: what this server is called; `peer`: what the other end is called;
/// `rival`: `side` of the other vocabulary.
#[macro_export]
macro_rules! source_plugin {
    (side: $side:tt, peer: $peer:tt, rival: $rival:tt $(,)?) => {
        use $crate::server::c_text;

        static VOCABULARY: $crate::Vocabulary = $crate::Vocabulary {
            plugin: c_text!("rpl_semi_sync_", $side),
            rival: c_text!("rpl_semi_sync_", $rival),
            still_in_use: c_text!(
                "Stop any active semisynchronous ", $peer, "s of this ", $side, " first."
            ),
            waiting_for_ack: $crate::server::psi::Stage::new(c_text!(
                "Waiting for semi-sync ACK from ", $peer
            )),
            waiting_for_replica: $crate::server::psi::Stage::new(c_text!(
                "Waiting for semi-sync ", $peer, " connection"
            )),
            reading_ack: $crate::server::psi::Stage::new(c_text!(
                "Reading semi-sync ACK from ", $peer
            )),
        };

        mod variables {
            use $crate::{server::{Shared, c_text, sys}, variables as v};

            pub static ENABLED: Shared<sys::sys_var_bool> = Shared::new(v::enabled(c_text!(
                "Make commits wait for acknowledgements of semi-synchronous ", $peer,
                "s (off by default)."
            )));
            pub static TIMEOUT: Shared<sys::sys_var_ulong> = Shared::new(v::timeout(c_text!(
                "How long a commit waits for acknowledgements, in milliseconds, before replication becomes asynchronous."
            )));
            pub static TRACE_LEVEL: Shared<sys::sys_var_ulong> = Shared::new(v::trace_level());
            pub static WAIT_FOR_COUNT: Shared<sys::sys_var_uint> =
                Shared::new(v::wait_for_count(
                    c_text!("wait_for_", $peer, "_count"),
                    c_text!("How many ", $peer, "s must acknowledge a transaction before its commit goes on."),
                ));
            pub static WAIT_NO_REPLICA: Shared<sys::sys_var_bool> =
                Shared::new(v::wait_no_replica(
                    c_text!("wait_no_", $peer),
                    c_text!(
                        "ON: commits wait for the timeout even if fewer than rpl_semi_sync_", $side,
                        "_wait_for_", $peer, "_count ", $peer,
                        "s are connected. OFF: replication becomes asynchronous at once then."
                    ),
                ));
            pub static WAIT_POINT: Shared<sys::sys_var_enum> = Shared::new(v::wait_point_variable());

            pub static ALL: Shared<[*mut sys::st_mysql_sys_var; 7]> = Shared::new(v::listed(
                [
                    ENABLED.as_ptr().cast(),
                    TIMEOUT.as_ptr().cast(),
                    WAIT_NO_REPLICA.as_ptr().cast(),
                    TRACE_LEVEL.as_ptr().cast(),
                ],
                WAIT_POINT.as_ptr().cast(),
                WAIT_FOR_COUNT.as_ptr().cast(),
            ));
        }

        mod status_rows {
            use $crate::{
                server::{
                    Shared, c_text,
                    status::{END, counter_row, row},
                    sys,
                },
                status::{self as s, Row, show},
            };

            pub static ALL: Shared<[sys::st_mysql_show_var; 15]> = Shared::new([
                row(c_text!("Rpl_semi_sync_", $side, "_status"), show::<{ Row::Status as usize }>),
                row(c_text!("Rpl_semi_sync_", $side, "_clients"), show::<{ Row::Clients as usize }>),
                counter_row(c_text!("Rpl_semi_sync_", $side, "_yes_tx"), &s::YES_TX),
                counter_row(c_text!("Rpl_semi_sync_", $side, "_no_tx"), &s::NO_TX),
                row(
                    c_text!("Rpl_semi_sync_", $side, "_wait_sessions"),
                    show::<{ Row::WaitSessions as usize }>,
                ),
                counter_row(c_text!("Rpl_semi_sync_", $side, "_no_times"), &s::NO_TIMES),
                counter_row(
                    c_text!("Rpl_semi_sync_", $side, "_timefunc_failures"),
                    &s::TIMEFUNC_FAILURES,
                ),
                counter_row(
                    c_text!("Rpl_semi_sync_", $side, "_wait_pos_backtraverse"),
                    &s::WAIT_POS_BACKTRAVERSE,
                ),
                row(
                    c_text!("Rpl_semi_sync_", $side, "_tx_wait_time"),
                    show::<{ Row::TxWaitTime as usize }>,
                ),
                row(c_text!("Rpl_semi_sync_", $side, "_tx_waits"), show::<{ Row::TxWaits as usize }>),
                row(
                    c_text!("Rpl_semi_sync_", $side, "_tx_avg_wait_time"),
                    show::<{ Row::TxAvgWaitTime as usize }>,
                ),
                row(
                    c_text!("Rpl_semi_sync_", $side, "_net_wait_time"),
                    show::<{ Row::NetWaitTime as usize }>,
                ),
                row(c_text!("Rpl_semi_sync_", $side, "_net_waits"), show::<{ Row::NetWaits as usize }>),
                row(
                    c_text!("Rpl_semi_sync_", $side, "_net_avg_wait_time"),
                    show::<{ Row::NetAvgWaitTime as usize }>,
                ),
                END,
            ]);
        }

        fn init(plugin: &$crate::server::plugin::Handle) -> ::std::ffi::c_int {
            $crate::plugin::init(&VOCABULARY, plugin)
        }

        $crate::server::export_plugin! {
            name: VOCABULARY.plugin,
            description: c_text!("Semi-synchronous replication, the ", $side, "'s side."),
            init: init,
            check_uninstall: $crate::plugin::check_uninstall,
            deinit: $crate::plugin::deinit,
            status: status_rows::ALL.as_ptr().cast(),
            variables: variables::ALL.as_ptr().cast(),
        }
    };
}
