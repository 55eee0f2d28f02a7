//! What the plugin libraries are made by: the words of a vocabulary, put where the replica side
//! needs words, and the two exported plugins.

/// Makes a library of the replica side out of its words. Goes into a cdylib, once.
///
/// `side`: what this server is called; `peer`: what the other end is called;
/// `rival`: `side` of the other vocabulary.
#[macro_export]
macro_rules! replica_plugin {
    (side: $side:tt, peer: $peer:tt, rival: $rival:tt $(,)?) => {
        use $crate::{
            plugin as p,
            server::{
                c_text,
                status::{Row, Rows},
                variables::{Bool, Ulong, Variables},
            },
        };

        static VOCABULARY: $crate::Vocabulary = $crate::Vocabulary {
            names: $crate::server::library_names!(
                side: $side, rival: $rival, operator: "replica"
            ),
            still_in_use: c_text!(
                "Stop any active semisynchronous I/O threads on this ",
                $side,
                " first."
            ),
        };

        static ENABLED: Bool = p::enabled(c_text!(
            "Acknowledge transactions to a semi-synchronous ",
            $peer,
            " (off by default)."
        ));
        static TRACE_LEVEL: Ulong = p::trace_level();
        static VARIABLES: Variables<2> =
            Variables::new([Some(ENABLED.entry()), Some(TRACE_LEVEL.entry())]);
        static STATUS: Rows<1> = Rows::new([Row::shown::<p::Status>(c_text!(
            "Rpl_semi_sync_",
            $side,
            "_status"
        ))]);

        $crate::server::export_plugins! {
            names: VOCABULARY.names,
            main: {
                description: c_text!("Semi-synchronous replication, the ", $side, "'s side."),
                init: |plugin| p::init(&VOCABULARY, plugin),
                check_uninstall: p::check_uninstall,
                deinit: p::deinit,
                status: STATUS,
                variables: VARIABLES,
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
