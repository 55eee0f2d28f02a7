//! `semisync_slave.so`: the replica side, in the words of MySQL before 8.0.26.

semisync_replica_side::replica_plugin! { side: "slave", peer: "master", rival: "replica" }
