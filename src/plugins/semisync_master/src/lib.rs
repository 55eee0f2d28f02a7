//! `semisync_master.so`: the source side, in the words of MySQL before 8.0.26.

semisync_source_side::source_plugin! { side: "master", peer: "slave", rival: "source" }
