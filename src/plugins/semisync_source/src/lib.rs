//! `semisync_source.so`: the source side, in the words of MySQL 8.0.26 and later.

semisync_source_side::source_plugin! { side: "source", peer: "replica", rival: "master" }
