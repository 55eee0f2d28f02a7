//! Installing and uninstalling the operator's plugin of the source side.

use crate::{Vocabulary, source::after_panic};
use semisync_server::{Server, plugin::Handle};

/// `INSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::init`].
pub fn init(words: &'static Vocabulary, plugin: &Handle) -> bool {
    Server::install(plugin, &words.names, after_panic).is_some()
}

/// `UNINSTALL PLUGIN`, see [`semisync_server::plugin::Plugin::deinit`].
pub fn deinit(plugin: &Handle) -> bool {
    Server::disconnect(plugin);
    true
}
