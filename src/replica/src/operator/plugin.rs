//! Installing and uninstalling the operator's plugin of the replica side.

use super::settings;
use crate::{Vocabulary, channel::hang_up_announced, replica::after_panic};
use semisync_server::{Server, plugin::Handle};

/// `INSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::init`].
pub fn init(words: &'static Vocabulary, plugin: &Handle) -> bool {
    let installed = Server::install(plugin, &words.names, after_panic).is_some();
    if installed {
        settings::begin();
    }
    installed
}

/// `UNINSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::deinit`].
pub fn deinit(plugin: &Handle) -> bool {
    settings::reset();
    // Their sources count them by what they have said.
    hang_up_announced();
    Server::disconnect(plugin);
    true
}
