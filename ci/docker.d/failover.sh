# shellcheck shell=bash disable=SC2034,SC2154 # run, work, repo and log are of ci/docker
# Commits that wait for two replicas, and a failover under load. Part of ci/docker.

both_replicas() {
    local replica before
    step "AFTER_SYNC with two replicas: a commit waits for both"
    with_options "$(sed '1,/^\[mysqld\]/d' "$repo/docker/conf.d/semisync.cnf")" "${all[@]}"
    typed replica-2 "$(change_to source)"
    for replica in replica-1 replica-2; do typed "$replica" 'START SLAVE'; done
    await 30 "semi-sync replicas at the source" 2 status_of source source_clients
    await 30 "status" ON status_of source source_status
    typed source 'SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 2'
    before=$(status_of source source_yes_tx)
    typed source "INSERT INTO guide.notes (text) VALUES ('both have it')"
    check "yes_tx has grown by" 1 $(($(status_of source source_yes_tx) - before))
    for replica in replica-1 replica-2; do await 20 "rows on $replica" 1 has_row "$replica" 'both have it'; done

    typed source 'SET GLOBAL rpl_semi_sync_source_timeout = 60000'
    typed replica-2 'STOP SLAVE IO_THREAD'
    printf "   source> INSERT INTO guide.notes (text) VALUES ('one has it');   (in another session)\n"
    milliseconds source 'one has it' >"$work/waited" &
    await 20 "rows on replica-1" 1 has_row replica-1 'one has it'
    check "sessions that go on waiting on the source" 1 "$(waits source)"
    check "rows that other sessions see on the source" 0 "$(has_row source 'one has it')"
    typed replica-2 'START SLAVE IO_THREAD'
    wait $! || fail "the insert failed"
    check "once replica-2 has it too, rows on the source" 1 "$(has_row source 'one has it')"
    check "transactions that were not confirmed" 0 "$(status_of source source_no_tx)"
}

# One transaction each, from another container; a number is printed only after the server has confirmed its row.
write_to() { # HOST WRITER
    local i
    for ((i = $2; i < 400000; i += 4)); do printf 'INSERT INTO ha.numbers VALUES (%d); SELECT %d;\n' "$i" "$i"; done 2>/dev/null |
        docker exec -i "$run-replica-2" mysql --host="$1" --user=app --password=secret --batch --skip-column-names --unbuffered \
            ha >"$work/confirmed.$2" 2>>"$log" || true # its server was killed
}
confirmed() { cat "$work"/confirmed.* | grep -cE '^[0-9]+$' || true; }
missing_on() { # SERVER: how many of the confirmed rows
    sql "$1" 'SELECT n FROM ha.numbers' | sort >"$work/there"
    cat "$work"/confirmed.* | grep -E '^[0-9]+$' | sort | comm -23 - "$work/there" | wc -l
}
# The transactions that a replica has: in its relay log, or applied.
transactions() { sql "$1" "SELECT REPLACE(GTID_SUBTRACT(CONCAT(@@GLOBAL.gtid_executed, ',', (SELECT
    IFNULL(MAX(RECEIVED_TRANSACTION_SET), '') FROM performance_schema.replication_connection_status)), ''), '\n', '')"; }
table_of() { sql "$1" 'SELECT COUNT(*), IFNULL(SUM(n), 0) FROM ha.numbers' | tr '\t' ' '; }

failover() {
    local writer promoted other one two extra before
    step "A failover: the source is killed while four sessions write to it"
    typed source 'SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 1' \
        'CREATE DATABASE ha' 'CREATE TABLE ha.numbers (n INT PRIMARY KEY)'
    before=$(status_of source source_no_tx)
    for writer in 1 2 3 4; do
        write_to source "$writer" &
        writers+=("$!")
    done
    sleep 4
    check "while they write: status" ON "$(status_of source source_status)"
    check "while they write: transactions that were not confirmed" "$before" "$(status_of source source_no_tx)"
    say "\$ docker kill source"
    quiet docker kill "$run-source"
    for writer in "${writers[@]}"; do wait "$writer" || true; done
    writers=()
    check_that "rows were confirmed to the writers before it died" "$(confirmed)" "$(confirmed) >= 20"

    for one in replica-1 replica-2; do typed "$one" 'STOP SLAVE IO_THREAD'; done
    one=$(transactions replica-1) two=$(transactions replica-2)
    say "replica-1 has $one"
    say "replica-2 has $two"
    promoted=replica-2 other=replica-1
    [[ $(sql replica-1 "SELECT GTID_SUBSET('$two', '$one')") == 0 ]] || promoted=replica-1 other=replica-2
    say "=> $promoted has most and becomes the source"
    [[ $promoted == replica-1 ]] || one=$two
    check "it applies what it has" 0 "$(sql "$promoted" "SELECT WAIT_FOR_EXECUTED_GTID_SET('$one', 60)")"
    typed "$promoted" 'STOP SLAVE' 'RESET SLAVE ALL'
    check "confirmed rows that are missing on it" 0 "$(missing_on "$promoted")"
    typed "$other" 'STOP SLAVE' "$(change_to "$promoted")" 'START SLAVE'
    await 30 "semi-sync replicas at the new source" 1 status_of "$promoted" source_clients
    await 30 "its status" ON status_of "$promoted" source_status
    before=$(status_of "$promoted" source_yes_tx)
    typed "$promoted" 'INSERT INTO ha.numbers VALUES (1000001)'
    check "semi-sync goes on: yes_tx has grown by" 1 $(($(status_of "$promoted" source_yes_tx) - before))

    step "The old source comes back, as a replica"
    quiet docker start "$run-source"
    await_servers source
    check "confirmed rows that are missing on it" 0 "$(missing_on source)"
    extra=$(sql source "SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, '$(transactions "$promoted")')")
    if [[ -n $extra ]]; then
        say "it holds transactions that nobody had confirmed when it died, and no other server has: $extra"
        say "so it cannot go on from there: it is made anew, and gets everything from $promoted; under another server_id,"
        say "for a server passes over what was written under its own"
        quiet docker rm --force --volumes "$run-source"
        server_id[source]=4
        create source
        quiet docker start "$run-source"
        await_servers source
        add_users source
    else
        say "it holds nothing that $promoted does not have"
    fi
    typed source "$(change_to "$promoted")" 'START SLAVE'
    await 60 "semi-sync replicas at the new source" 2 status_of "$promoted" source_clients
    typed "$promoted" 'SET GLOBAL rpl_semi_sync_source_wait_for_replica_count = 2'
    before=$(status_of "$promoted" source_yes_tx)
    await 60 "status, with two replicas wanted" ON status_of "$promoted" source_status
    typed "$promoted" 'INSERT INTO ha.numbers VALUES (1000002)'
    check "both confirm: yes_tx has grown by" 1 $(($(status_of "$promoted" source_yes_tx) - before))
    before=$(table_of "$promoted")
    for one in source "$other"; do await 60 "rows and their sum on $one, as on $promoted" "$before" table_of "$one"; done
    for one in "${all[@]}"; do check "confirmed rows that are missing on $one" 0 "$(missing_on "$one")"; done
    say "=> $(confirmed) rows were confirmed, and every server has every one of them."
}
