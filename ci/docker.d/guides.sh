# shellcheck shell=bash disable=SC2154 # work and repo are of ci/docker
# Published guides to semi-sync, as typed. Part of ci/docker.

guide_1() {
    step "Runbook 1, overview of semi-sync: installed at run time"
    check "have_dynamic_loading" YES "$(value source "SHOW VARIABLES LIKE 'have_dynamic_loading'")"
    typed source "INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'"
    typed replica-1 "INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so'"
    typed source "SELECT PLUGIN_NAME, PLUGIN_STATUS FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME LIKE '%semi%'"
    check "the plugin on the source" "ACTIVE REPLICATION semisync_master.so GPL" "$(plugin source rpl_semi_sync_master)"
    check "the plugin on the replica" "ACTIVE REPLICATION semisync_slave.so GPL" "$(plugin replica-1 rpl_semi_sync_slave)"
    check "installed is not enabled: the source" OFF "$(value source "SHOW VARIABLES LIKE 'rpl_semi_sync_master_enabled'")"
    check "installed is not enabled: the replica" OFF "$(value replica-1 "SHOW VARIABLES LIKE 'rpl_semi_sync_slave_enabled'")"
    typed replica-1 "$(change_to source)" 'START SLAVE'

    typed source 'SET GLOBAL rpl_semi_sync_master_enabled = 1' 'SET GLOBAL rpl_semi_sync_master_timeout = 1000'
    typed source 'CREATE DATABASE guide' 'CREATE TABLE guide.notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100))'
    check "with one side only enabled replication is asynchronous" OFF "$(status_of source master_status)"
    await 20 "the table arrives all the same, rows in it" 0 has_row replica-1 none
    typed replica-1 'SET GLOBAL rpl_semi_sync_slave_enabled = 1'
    check "as long as the I/O thread is not restarted: clients" 0 "$(status_of source master_clients)"
    typed replica-1 'STOP SLAVE IO_THREAD' 'START SLAVE IO_THREAD'
    await 20 "once it is: clients" 1 status_of source master_clients
    await 20 "status" ON status_of source master_status
    local before
    before=$(status_of source master_yes_tx)
    typed source "INSERT INTO guide.notes (text) VALUES ('confirmed')"
    check "yes_tx has grown by" 1 $(($(status_of source master_yes_tx) - before))
    typed source "show variables like '%rpl_semi%'" "show status like '%rpl_semi%'"
    check "wait_for_slave_count" 1 "$(value source "show variables like 'rpl_semi_sync_master_wait_for_slave_count'")"
    check "wait_point" AFTER_SYNC "$(value source "show variables like 'rpl_semi_sync_master_wait_point'")"

    local point seen
    typed source 'SET GLOBAL rpl_semi_sync_master_timeout = 60000'
    for point in AFTER_SYNC AFTER_COMMIT; do
        [[ $point == AFTER_SYNC ]] && seen=0 || seen=1
        typed source "SET GLOBAL rpl_semi_sync_master_wait_point = $point"
        typed replica-1 'STOP SLAVE IO_THREAD'
        await 20 "clients" 0 status_of source master_clients
        printf "   source> INSERT INTO guide.notes (text) VALUES ('%s');   (in another session)\n" "$point"
        milliseconds source "$point" >"$work/waited" &
        await 20 "sessions that wait for the replica" 1 waits source
        check "$point: rows that other sessions see meanwhile" "$seen" "$(has_row source "$point")"
        typed replica-1 'START SLAVE IO_THREAD'
        wait $! || fail "the insert failed"
        check "and once the replica has it" 1 "$(has_row source "$point")"
        await 20 "clients" 1 status_of source master_clients
    done
    typed source 'SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC'

    say "the same from an option file; the plugins are in mysql.plugin"
    # The replica's file says nothing of the source, and the other way round, for each has the one plugin.
    with_options $'rpl_semi_sync_slave_enabled=1' replica-1
    with_options $'rpl_semi_sync_master_enabled=1\nrpl_semi_sync_master_timeout=1000' source
    check "timeout" 1000 "$(value source "SHOW VARIABLES LIKE 'rpl_semi_sync_master_timeout'")"
    typed replica-1 'STOP SLAVE IO_THREAD' 'START SLAVE IO_THREAD'
    await 20 "clients" 1 status_of source master_clients
    uninstall_both
}

guide_4() {
    step "Runbook 4, lossless semi-sync, with figures"
    with_options '' source replica-1
    typed source "INSTALL PLUGIN rpl_semi_sync_master SONAME 'semisync_master.so'" 'SET GLOBAL rpl_semi_sync_master_enabled = 1'
    typed source 'SET GLOBAL rpl_semi_sync_master_timeout = 10000'
    typed replica-1 "INSTALL PLUGIN rpl_semi_sync_slave SONAME 'semisync_slave.so'" 'START SLAVE'
    typed source "show variables like 'rpl_semi_sync%'"
    check "rows of show variables on the source" 6 "$(rows_of source VARIABLES)"
    check "rows of show status on the source" 14 "$(rows_of source STATUS)"
    check "rows of show status on the replica" 1 "$(rows_of replica-1 STATUS)"
    check "before any semi-sync replica: clients" 0 "$(status_of source master_clients)"
    check "before any semi-sync replica: status" ON "$(status_of source master_status)"
    typed replica-1 'SET GLOBAL rpl_semi_sync_slave_enabled = 1' 'STOP SLAVE IO_THREAD' 'START SLAVE IO_THREAD'
    await 20 "clients" 1 status_of source master_clients
    typed source "INSERT INTO guide.notes (text) VALUES ('with figures')" "show status like 'rpl_semi_sync%'"
    local row waited
    for row in yes_tx tx_waits net_waits; do check "$row" 1 "$(status_of source "master_$row")"; done
    waited=$(status_of source master_tx_wait_time)
    check_that "tx_wait_time, in microseconds, is more than 0" "$waited" "$waited > 0"
    check "tx_avg_wait_time" "$waited" "$(status_of source master_tx_avg_wait_time)"

    typed replica-1 'stop slave io_thread'
    printf "   source> INSERT INTO guide.notes (text) VALUES ('waits for the timeout');\n"
    waited=$(milliseconds source 'waits for the timeout')
    check_that "it returned after the timeout of 10000 ms" "$waited ms" "$waited >= 9950 && $waited < 30000"
    check "no_tx" 1 "$(status_of source master_no_tx)"
    check "clients" 0 "$(status_of source master_clients)"
    check "status" OFF "$(status_of source master_status)"
    check "the row is there" 1 "$(has_row source 'waits for the timeout')"
    typed replica-1 'start slave io_thread'
    await 20 "status, by itself" ON status_of source master_status
    uninstall_both
}

guide_2() {
    step "Runbook 2, setting up a pair: both roles from the option file"
    with_options 'plugin-load = "rpl_semi_sync_master=semisync_master.so;rpl_semi_sync_slave=semisync_slave.so"
rpl-semi-sync-master-enabled = 1
rpl-semi-sync-slave-enabled = 1' source replica-1
    typed source 'show plugins' | grep -E '> |semi'
    check "rpl_semi_sync_master" "ACTIVE REPLICATION semisync_master.so GPL" "$(plugin source rpl_semi_sync_master)"
    check "rpl_semi_sync_slave" "ACTIVE REPLICATION semisync_slave.so GPL" "$(plugin source rpl_semi_sync_slave)"
    check "the default timeout" 10000 "$(value source 'show variables like "rpl_semi_sync_master_timeout"')"
    await 20 "clients" 1 status_of source master_clients
    await 20 "lines in the source's error log that say so" 1 \
        says source 'Start semi-sync binlog_dump to (slave|replica) \(server_id: 2\), pos\('
    check "Rpl_semi_sync_master_status" ON "$(value source "show status like 'Rpl_semi_sync_master_status'")"
    check "Rpl_semi_sync_slave_status" ON "$(value replica-1 "show status like 'Rpl_semi_sync_slave_status'")"
    typed source 'SET GLOBAL rpl_semi_sync_master_timeout = 1000'
    typed replica-1 'STOP SLAVE IO_THREAD'
    typed source "INSERT INTO guide.notes (text) VALUES ('alone')"
    check "after one timeout: status" OFF "$(status_of source master_status)"
    typed replica-1 'START SLAVE IO_THREAD'
    await 20 "when the replica has caught up: status" ON status_of source master_status
    uninstall_both
}
