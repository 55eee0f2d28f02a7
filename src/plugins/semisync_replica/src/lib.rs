//! `semisync_replica.so`: the replica side, in the words of MySQL 8.0.26 and later.

semisync_replica_side::replica_plugin! { side: "replica", peer: "source", rival: "slave" }
