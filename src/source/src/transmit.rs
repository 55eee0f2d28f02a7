//! The transmit observer: which dumps are to semi-sync replicas, and RESET.

use crate::{
    dump::{ASYNCHRONOUS, SemiSyncDump},
    messages,
    source::Source,
};
use semisync_core::HEADER;
use semisync_server::{
    dump::{Dump, HEADER_SIZE, Offer},
    observers::{Announced, DumpRequest, TransmitObserver, TransmitTable},
};

pub static TRANSMIT: TransmitTable = TransmitTable::new::<Transmit>();

struct Transmit;

impl TransmitObserver for Transmit {
    const IDLE_HEADER: [u8; HEADER_SIZE] = HEADER;

    fn on_start(
        request: &DumpRequest<'_>,
        announced: Announced,
        connection: &Offer,
    ) -> Option<Box<dyn Dump>> {
        let source = Source::get()?;
        let dump = SemiSyncDump::new(source, request, announced, connection);
        Some(Box::new(dump))
    }

    fn on_asynchronous_start(request: &DumpRequest<'_>) {
        messages::dump_started(ASYNCHRONOUS, request.server_id, request.start);
    }

    fn on_asynchronous_stop(server_id: u32) {
        messages::dump_stopped(ASYNCHRONOUS, server_id);
    }

    fn after_reset() {
        if let Some(source) = Source::get()
            && source.state.on_reset()
        {
            source.on_new_log();
        }
    }
}
