//! Installing and uninstalling the operator's plugin of the source side.

use super::settings;
use crate::{Vocabulary, source::after_panic};
use semisync_server::{Server, plugin::Handle};

/// `INSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::init`].
pub fn init(words: &'static Vocabulary, plugin: &Handle) -> bool {
    let installed = Server::install(plugin, &words.names, after_panic).is_some();
    if installed {
        settings::begin();
    }
    installed
}

/// `UNINSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::deinit`]. Whatever waits then goes by
/// stock's rules at once.
pub fn deinit(plugin: &Handle) -> bool {
    settings::reset();
    Server::disconnect(plugin);
    true
}
