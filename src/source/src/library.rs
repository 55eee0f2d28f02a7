//! What the plugin libraries are made by: the words of a vocabulary, put where the source side
//! needs words, and the two exported plugins.

/// Makes a library of the source side out of its words. Goes into a cdylib, once.
///
/// `side`: what this server is called; `peer`: what the other end is called;
/// `rival`: `side` of the other vocabulary.
#[macro_export]
macro_rules! source_plugin {
    (side: $side:tt, peer: $peer:tt, rival: $rival:tt $(,)?) => {
        use $crate::server::c_text;

        static VOCABULARY: $crate::Vocabulary = $crate::Vocabulary {
            names: $crate::server::library_names!(
                side: $side, rival: $rival, operator: "source"
            ),
            still_in_use: c_text!(
                "Stop any active semisynchronous ",
                $peer,
                "s of this ",
                $side,
                " first."
            ),
            waiting_for_ack: $crate::server::psi::Stage::new(c_text!(
                "Waiting for semi-sync ACK from ",
                $peer
            )),
            waiting_for_replica: $crate::server::psi::Stage::new(c_text!(
                "Waiting for semi-sync ",
                $peer,
                " connection"
            )),
            reading_ack: $crate::server::psi::Stage::new(c_text!(
                "Reading semi-sync ACK from ",
                $peer
            )),
        };

        mod variables {
            use $crate::{
                server::{
                    HAS_WAIT_COUNT, HAS_WAIT_POINT, c_text,
                    variables::{Bool, Enum, Uint, Ulong, Variables},
                },
                settings as s,
            };

            static ENABLED: Bool = s::enabled(c_text!(
                "Make commits wait for acknowledgements of semi-synchronous ",
                $peer,
                "s (off by default)."
            ));
            static TIMEOUT: Ulong = s::timeout(c_text!(
                "How long a commit waits for acknowledgements, in milliseconds, before ",
                "replication becomes asynchronous."
            ));
            static TRACE_LEVEL: Ulong = s::trace_level();
            static WAIT_FOR_COUNT: Uint = s::wait_for_count(
                c_text!("wait_for_", $peer, "_count"),
                c_text!(
                    "How many ",
                    $peer,
                    "s must acknowledge a transaction before its commit goes on."
                ),
            );
            static WAIT_NO_REPLICA: Bool = s::wait_no_replica(
                c_text!("wait_no_", $peer),
                c_text!(
                    "ON: commits wait for the timeout even if fewer than rpl_semi_sync_",
                    $side,
                    "_wait_for_",
                    $peer,
                    "_count ",
                    $peer,
                    "s are connected. OFF: replication becomes asynchronous at once then."
                ),
            );
            static WAIT_POINT: Enum = s::wait_point();

            pub static ALL: Variables<6> = Variables::new([
                Some(ENABLED.entry()),
                Some(TIMEOUT.entry()),
                Some(WAIT_NO_REPLICA.entry()),
                Some(TRACE_LEVEL.entry()),
                if HAS_WAIT_POINT {
                    Some(WAIT_POINT.entry())
                } else {
                    None
                },
                if HAS_WAIT_COUNT {
                    Some(WAIT_FOR_COUNT.entry())
                } else {
                    None
                },
            ]);
        }

        mod status {
            use $crate::{
                counters as c,
                server::{
                    c_text,
                    status::{Row, Rows},
                },
                status as s,
            };

            macro_rules! name {
                ($row:literal) => {
                    c_text!("Rpl_semi_sync_", $side, "_", $row)
                };
            }

            pub static ALL: Rows<14> = Rows::new([
                Row::shown::<s::Status>(name!("status")),
                Row::shown::<s::Clients>(name!("clients")),
                Row::counter(name!("yes_tx"), &c::YES_TX),
                Row::counter(name!("no_tx"), &c::NO_TX),
                Row::shown::<s::WaitSessions>(name!("wait_sessions")),
                Row::counter(name!("no_times"), &c::NO_TIMES),
                Row::counter(name!("timefunc_failures"), &c::TIMEFUNC_FAILURES),
                Row::counter(name!("wait_pos_backtraverse"), &c::WAIT_POS_BACKTRAVERSE),
                Row::shown::<s::TxWaitTime>(name!("tx_wait_time")),
                Row::shown::<s::TxWaits>(name!("tx_waits")),
                Row::shown::<s::TxAvgWaitTime>(name!("tx_avg_wait_time")),
                Row::shown::<s::NetWaitTime>(name!("net_wait_time")),
                Row::shown::<s::NetWaits>(name!("net_waits")),
                Row::shown::<s::NetAvgWaitTime>(name!("net_avg_wait_time")),
            ]);
        }

        $crate::server::export_plugins! {
            names: VOCABULARY.names,
            main: {
                description: c_text!("Semi-synchronous replication, the ", $side, "'s side."),
                init: |plugin| $crate::plugin::init(&VOCABULARY, plugin),
                check_uninstall: $crate::plugin::check_uninstall,
                deinit: $crate::plugin::deinit,
                status: status::ALL,
                variables: variables::ALL,
            },
            operator: {
                description: $crate::operator::DESCRIPTION,
                init: |plugin| $crate::operator::plugin::init(&VOCABULARY, plugin),
                deinit: $crate::operator::plugin::deinit,
                status: $crate::operator::status::ALL,
                variables: $crate::operator::settings::ALL,
            },
        }
    };
}
