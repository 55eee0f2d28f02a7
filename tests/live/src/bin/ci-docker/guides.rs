//! Published guides to semi-sync, as typed.

use semisync_live_tests::console::{Stop, say, step};

use crate::servers::{REPLICA_1, SOURCE, Servers};

const INSTALL_SOURCE: &str = "INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'";
const INSTALL_REPLICA: &str = "INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so'";

pub fn overview(servers: &Servers) -> Result<(), Stop> {
    step("Runbook 1, overview of semi-sync: installed at run time");
    let value = |server: &str, sql: &str| servers.value(server, sql);
    let plugin = |server: &str, name: &str| servers.plugin(server, name);
    let dynamic = value(SOURCE, "SHOW VARIABLES LIKE 'have_dynamic_loading'")?;
    servers.check("have_dynamic_loading", "YES", &dynamic)?;
    servers.typed(SOURCE, &[INSTALL_SOURCE])?;
    servers.typed(REPLICA_1, &[INSTALL_REPLICA])?;
    let plugins = "SELECT PLUGIN_NAME, PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS \
                   WHERE PLUGIN_NAME LIKE '%semi%'";
    servers.typed(SOURCE, &[plugins])?;
    let expected = "ACTIVE REPLICATION semisync_master.so GPL";
    let found = plugin(SOURCE, "rpl_semi_sync_master")?;
    servers.check("the plugin on the source", expected, &found)?;
    let expected = "ACTIVE REPLICATION semisync_slave.so GPL";
    let found = plugin(REPLICA_1, "rpl_semi_sync_slave")?;
    servers.check("the plugin on the replica", expected, &found)?;
    let enabled = value(SOURCE, "SHOW VARIABLES LIKE 'rpl_semi_sync_master_enabled'")?;
    servers.check("installed is not enabled: the source", "OFF", &enabled)?;
    let enabled = value(
        REPLICA_1,
        "SHOW VARIABLES LIKE 'rpl_semi_sync_slave_enabled'",
    )?;
    servers.check("installed is not enabled: the replica", "OFF", &enabled)?;
    servers.typed(REPLICA_1, &[&servers.change_to(SOURCE), "START SLAVE"])?;

    servers.typed(
        SOURCE,
        &[
            "SET GLOBAL rpl_semi_sync_master_enabled = 1",
            "SET GLOBAL rpl_semi_sync_master_timeout = 1000",
            "CREATE DATABASE guide",
            "CREATE TABLE guide.notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))",
        ],
    )?;
    let status = servers.status(SOURCE, "master_status")?;
    servers.check(
        "with one side only enabled replication is asynchronous",
        "OFF",
        &status,
    )?;
    let what = "the table arrives all the same, rows in it";
    servers.wait(20, what, "0", || servers.rows_with(REPLICA_1, "none"))?;
    servers.typed(REPLICA_1, &["SET GLOBAL rpl_semi_sync_slave_enabled = 1"])?;
    let clients = servers.status(SOURCE, "master_clients")?;
    servers.check(
        "as long as the I/O thread is not restarted: clients",
        "0",
        &clients,
    )?;
    restart_receiver(servers)?;
    servers.wait_status(20, "once it is: clients", "1", SOURCE, "master_clients")?;
    servers.wait_status(20, "status", "ON", SOURCE, "master_status")?;
    // A loaded machine may need longer than a second for a commit that is confirmed.
    servers.typed(SOURCE, &["SET GLOBAL rpl_semi_sync_master_timeout = 60000"])?;
    let before = servers.counter(SOURCE, "master_yes_tx")?;
    servers.typed(
        SOURCE,
        &["INSERT INTO guide.notes (text) VALUES ('confirmed')"],
    )?;
    let confirmed = servers.counter(SOURCE, "master_yes_tx")? - before;
    servers.check("yes_tx has grown by", 1, confirmed)?;
    servers.typed(
        SOURCE,
        &[
            "show variables like '%rpl_semi%'",
            "show status like '%rpl_semi%'",
        ],
    )?;
    let sql = "show variables like 'rpl_semi_sync_master_wait_for_slave_count'";
    servers.check("wait_for_slave_count", "1", &value(SOURCE, sql)?)?;
    let sql = "show variables like 'rpl_semi_sync_master_wait_point'";
    servers.check("wait_point", "AFTER_SYNC", &value(SOURCE, sql)?)?;

    wait_point(servers, "AFTER_SYNC", "0")?;
    wait_point(servers, "AFTER_COMMIT", "1")?;
    servers.typed(
        SOURCE,
        &["SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC"],
    )?;

    say("the same from an option file; the plugins are in mysql.plugin");
    // The replica's file says nothing of the source, and the other way round, for each has the one
    // plugin.
    servers.restart_with("rpl_semi_sync_slave_enabled=1", &[REPLICA_1])?;
    let options = "rpl_semi_sync_master_enabled=1\nrpl_semi_sync_master_timeout=1000";
    servers.restart_with(options, &[SOURCE])?;
    let timeout = value(SOURCE, "SHOW VARIABLES LIKE 'rpl_semi_sync_master_timeout'")?;
    servers.check("timeout", "1000", &timeout)?;
    restart_receiver(servers)?;
    servers.wait_status(20, "clients", "1", SOURCE, "master_clients")?;
    uninstall_both(servers)
}

/// What other sessions see of a commit that waits.
fn wait_point(servers: &Servers, point: &str, seen: &str) -> Result<(), Stop> {
    let set = format!("SET GLOBAL rpl_semi_sync_master_wait_point = {point}");
    servers.typed(SOURCE, &[&set])?;
    servers.typed(REPLICA_1, &["STOP SLAVE IO_THREAD"])?;
    servers.wait_status(20, "clients", "0", SOURCE, "master_clients")?;
    let insert = servers.start_insert(SOURCE, point)?;
    servers.wait(20, "sessions that wait for the replica", "1", || {
        servers.waiting(SOURCE)
    })?;
    let what = format!("{point}: rows that other sessions see meanwhile");
    servers.check(&what, seen, &servers.rows_with(SOURCE, point)?)?;
    servers.typed(REPLICA_1, &["START SLAVE IO_THREAD"])?;
    insert.done()?;
    servers.check(
        "and once the replica has it",
        "1",
        &servers.rows_with(SOURCE, point)?,
    )?;
    servers.wait_status(20, "clients", "1", SOURCE, "master_clients")
}

pub fn lossless_with_figures(servers: &Servers) -> Result<(), Stop> {
    step("Runbook 4, lossless semi-sync, with figures");
    servers.restart_with("", &[SOURCE, REPLICA_1])?;
    servers.typed(
        SOURCE,
        &[
            INSTALL_SOURCE,
            "SET GLOBAL rpl_semi_sync_master_enabled = 1",
            "SET GLOBAL rpl_semi_sync_master_timeout = 10000",
        ],
    )?;
    servers.typed(REPLICA_1, &[INSTALL_REPLICA, "START SLAVE"])?;
    servers.typed(SOURCE, &["show variables like 'rpl_semi_sync%'"])?;
    let rows = |server: &str, of: &str| -> Result<usize, Stop> {
        Ok(servers
            .sql(server, &format!("SHOW {of} LIKE 'rpl_semi_sync%'"))?
            .lines()
            .count())
    };
    servers.check(
        "rows of show variables on the source",
        6,
        rows(SOURCE, "VARIABLES")?,
    )?;
    servers.check(
        "rows of show status on the source",
        14,
        rows(SOURCE, "STATUS")?,
    )?;
    servers.check(
        "rows of show status on the replica",
        1,
        rows(REPLICA_1, "STATUS")?,
    )?;
    let clients = servers.status(SOURCE, "master_clients")?;
    servers.check("before any semi-sync replica: clients", "0", &clients)?;
    let status = servers.status(SOURCE, "master_status")?;
    servers.check("before any semi-sync replica: status", "ON", &status)?;
    servers.typed(REPLICA_1, &["SET GLOBAL rpl_semi_sync_slave_enabled = 1"])?;
    restart_receiver(servers)?;
    servers.wait_status(20, "clients", "1", SOURCE, "master_clients")?;
    servers.typed(
        SOURCE,
        &[
            "INSERT INTO guide.notes (text) VALUES ('with figures')",
            "show status like 'rpl_semi_sync%'",
        ],
    )?;
    for row in ["yes_tx", "tx_waits", "net_waits"] {
        servers.check(row, 1, servers.counter(SOURCE, &format!("master_{row}"))?)?;
    }
    let waited = servers.counter(SOURCE, "master_tx_wait_time")?;
    servers.check_that(
        "tx_wait_time, in microseconds, is more than 0",
        waited,
        waited > 0,
    )?;
    let average = servers.counter(SOURCE, "master_tx_avg_wait_time")?;
    servers.check("tx_avg_wait_time", waited, average)?;

    servers.typed(REPLICA_1, &["stop slave io_thread"])?;
    let waited = servers.insert(SOURCE, "waits for the timeout")?;
    let what = "it returned after the timeout of 10000 ms";
    servers.check_that(
        what,
        format!("{waited} ms"),
        (9950..30000).contains(&waited),
    )?;
    servers.check("no_tx", 1, servers.counter(SOURCE, "master_no_tx")?)?;
    servers.check("clients", 0, servers.counter(SOURCE, "master_clients")?)?;
    servers.check("status", "OFF", &servers.status(SOURCE, "master_status")?)?;
    let rows = servers.rows_with(SOURCE, "waits for the timeout")?;
    servers.check("the row is there", "1", &rows)?;
    servers.typed(REPLICA_1, &["start slave io_thread"])?;
    servers.wait_status(20, "status, by itself", "ON", SOURCE, "master_status")?;
    uninstall_both(servers)
}

pub fn setting_up_a_pair(servers: &Servers) -> Result<(), Stop> {
    step("Runbook 2, setting up a pair: both roles from the option file");
    let options = "plugin-load = \"rpl_semi_sync_master=semisync_master.so;\
                   rpl_semi_sync_slave=semisync_slave.so\"\n\
                   rpl-semi-sync-master-enabled = 1\n\
                   rpl-semi-sync-slave-enabled = 1";
    servers.restart_with(options, &[SOURCE, REPLICA_1])?;
    servers.typed_of_which(SOURCE, &["show plugins"], |line| line.contains("semi"))?;
    for side in ["master", "slave"] {
        let name = format!("rpl_semi_sync_{side}");
        let expected = format!("ACTIVE REPLICATION semisync_{side}.so GPL");
        servers.check(&name, expected, servers.plugin(SOURCE, &name)?)?;
    }
    let value = |server: &str, sql: &str| servers.value(server, sql);
    let timeout = value(
        SOURCE,
        "show variables like \"rpl_semi_sync_master_timeout\"",
    )?;
    servers.check("the default timeout", "10000", &timeout)?;
    servers.wait_status(20, "clients", "1", SOURCE, "master_clients")?;
    let what = "lines in the source's error log that say so";
    servers.wait(20, what, "1", || {
        let log = servers.log(SOURCE)?;
        let says = |line: &&str| {
            ["slave", "replica"].iter().any(|word| {
                line.contains(&format!(
                    "Start semi-sync binlog_dump to {word} (server_id: 2), pos("
                ))
            })
        };
        Ok(log.lines().filter(says).count().to_string())
    })?;
    for (server, name) in [
        (SOURCE, "Rpl_semi_sync_master_status"),
        (REPLICA_1, "Rpl_semi_sync_slave_status"),
    ] {
        let status = value(server, &format!("show status like '{name}'"))?;
        servers.check(name, "ON", &status)?;
    }
    servers.typed(SOURCE, &["SET GLOBAL rpl_semi_sync_master_timeout = 1000"])?;
    servers.typed(REPLICA_1, &["STOP SLAVE IO_THREAD"])?;
    servers.typed(SOURCE, &["INSERT INTO guide.notes (text) VALUES ('alone')"])?;
    let status = servers.status(SOURCE, "master_status")?;
    servers.check("after one timeout: status", "OFF", &status)?;
    servers.typed(REPLICA_1, &["START SLAVE IO_THREAD"])?;
    let what = "when the replica has caught up: status";
    servers.wait_status(20, what, "ON", SOURCE, "master_status")?;
    uninstall_both(servers)
}

fn restart_receiver(servers: &Servers) -> Result<(), Stop> {
    servers.typed(
        REPLICA_1,
        &["STOP SLAVE IO_THREAD", "START SLAVE IO_THREAD"],
    )
}

fn uninstall_both(servers: &Servers) -> Result<(), Stop> {
    servers.typed(
        REPLICA_1,
        &["STOP SLAVE", "SET GLOBAL rpl_semi_sync_slave_enabled = 0"],
    )?;
    servers.typed(SOURCE, &["SET GLOBAL rpl_semi_sync_master_enabled = 0"])?;
    let what = "semi-sync replicas at the source";
    servers.wait_status(20, what, "0", SOURCE, "master_clients")?;
    servers.typed(SOURCE, &["UNINSTALL PLUGIN rpl_semi_sync_master"])?;
    servers.typed(REPLICA_1, &["UNINSTALL PLUGIN rpl_semi_sync_slave"])?;
    let left = servers.plugin(SOURCE, "rpl_semi_sync_master")?;
    servers.check("plugins that are left on the source", "", &left)
}
