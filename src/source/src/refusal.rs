//! Who is refused before a transaction is written, and by which option.
//!
//! | the server runs with | refused are |
//! |---|---|
//! | `semisync_source_fenced` | all but appliers |
//! | `semisync_source_timeout_action=REFUSE`, since a timeout | all but appliers |
//! | `semisync_source_min_replicas`, while fewer are connected | all but appliers and accounts that may write where `read_only` is set |
//!
//! Whoever waits already goes on waiting.

use crate::{operator::values::is_fenced, state::State};
use semisync_core::Refusal;
use semisync_server::{observers::RefusedBy, session};
use std::ffi::CStr;

const FENCED: &CStr = c"--semisync_source_fenced";
const TIMEOUT_ACTION: &CStr = c"--semisync_source_timeout_action";
const MIN_REPLICAS: &CStr = c"--semisync_source_min_replicas";

/// Whether the session of this thread may commit. Where nothing is refused, no lock is taken and
/// nothing is asked of the server.
pub fn ask(state: &State) -> Result<(), RefusedBy> {
    let (fenced, refusal) = (is_fenced(), state.refuses());
    if !fenced && refusal.is_none() {
        return Ok(());
    }
    let server = state.server;
    if session::is_applier(server) {
        return Ok(());
    }
    match refused_by(fenced, refusal, || session::is_privileged(server)) {
        Some(option) => Err(RefusedBy(option)),
        None => Ok(()),
    }
}

/// The option that refuses a session that is no applier.
fn refused_by(
    fenced: bool,
    refusal: Option<Refusal>,
    is_privileged: impl FnOnce() -> bool,
) -> Option<&'static CStr> {
    match refusal {
        _ if fenced => Some(FENCED),
        Some(Refusal::Timeout) => Some(TIMEOUT_ACTION),
        Some(Refusal::TooFew) if !is_privileged() => Some(MIN_REPLICAS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_that_refuses_is_named() {
        let (dba, app) = (|| true, || false);
        assert_eq!(refused_by(false, None, app), None);
        assert_eq!(refused_by(true, None, dba), Some(FENCED));
        assert_eq!(refused_by(true, Some(Refusal::TooFew), dba), Some(FENCED));
        assert_eq!(
            refused_by(false, Some(Refusal::Timeout), dba),
            Some(TIMEOUT_ACTION)
        );
        assert_eq!(
            refused_by(false, Some(Refusal::TooFew), app),
            Some(MIN_REPLICAS)
        );
    }

    #[test]
    fn too_few_replicas_do_not_lock_out_the_dba() {
        assert_eq!(refused_by(false, Some(Refusal::TooFew), || true), None);
    }
}
