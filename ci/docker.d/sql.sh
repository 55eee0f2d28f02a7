# shellcheck shell=bash disable=SC2154 # run, series, vocabulary, log, passed and failed are of ci/docker
# What is typed at a server and what is checked of its answers. Part of ci/docker.

# The guides spell as series up to 8.0 do. This is the only place that knows how 8.4 and later spell the same.
spelled() {
    if [[ $vocabulary == old ]]; then cat; else
        sed -E 's/\bCHANGE MASTER TO/CHANGE REPLICATION SOURCE TO/I; s/\b(GET_)?MASTER_([A-Z])/\1SOURCE_\2/g; s/\bSLAVE\b/REPLICA/gI
            s/\bREPLICATION REPLICA\b/REPLICATION SLAVE/g; s/\bShow REPLICA\b/SHOW REPLICA/I'
    fi
}
change_to() { # HOST
    local key=''
    [[ $series == 5.7 ]] || key=', GET_MASTER_PUBLIC_KEY=1'
    echo "CHANGE MASTER TO MASTER_HOST='$1', MASTER_USER='repl', MASTER_PASSWORD='secret', MASTER_AUTO_POSITION=1$key"
}

client() { docker exec -i "$run-$1" mysql --user=root "${@:2}"; }
sql() { client "$1" --batch --skip-column-names --execute="$(spelled <<<"$2")" 2>>"$log"; }
value() { sql "$1" "$2" | cut -f 2; } # the second column, as of SHOW ... LIKE
status_of() { value "$1" "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_$2'"; }
indented() { sed 's/^/      /'; }

# typed SERVER STATEMENT...: shows each as typed, and what the server says.
typed() {
    local server=$1 statement said
    shift
    for statement; do
        statement=$(spelled <<<"$statement")
        printf '   %s> %s;\n' "$server" "$statement"
        said=$(client "$server" --table --execute="$statement" 2>&1) || fail "$server refused: $statement" "its words: $said"
        [[ -z $said ]] || indented <<<"$said"
    done
}

check() { # WHAT EXPECTED FOUND
    if [[ $2 == "$3" ]]; then
        passed=$((passed + 1))
        printf '   ok      %s: %s\n' "$1" "$3"
    else
        failed=$((failed + 1))
        printf '   FAILED  %s: expected %s, found %s\n' "$1" "$2" "${3:-nothing}"
        fail "$1" "the logs are below"
    fi
}
check_that() { # WHAT FOUND CONDITION-IN-BASH-ARITHMETIC
    local holds=no
    ! (($3)) || holds=yes
    [[ $holds == yes ]] || check "$1" "$3" "$2"
    check "$1 ($2)" yes yes
}
# await SECONDS WHAT EXPECTED COMMAND...: until the command prints what is expected.
await() {
    local until=$((SECONDS + $1)) what=$2 expected=$3 found
    shift 3
    while found=$("$@" || true) && [[ $found != "$expected" ]] && ((SECONDS < until)); do sleep 0.1; done
    check "$what" "$expected" "$found"
}

# milliseconds SERVER TEXT: how long the client waited for the OK of an insert. For the background too.
milliseconds() {
    sql "$1" "SET @began = SYSDATE(6); INSERT INTO guide.notes (text) VALUES ('$2');
        SELECT TIMESTAMPDIFF(MICROSECOND, @began, SYSDATE(6)) DIV 1000"
}
has_row() { sql "$1" "SELECT COUNT(*) FROM guide.notes WHERE text = '$2'"; }
waits() { sql "$1" 'SHOW PROCESSLIST' | grep -cE 'Waiting for semi-sync ACK from (slave|replica)' || true; }
rows_of() { sql "$1" "SHOW $2 LIKE 'rpl_semi_sync%'" | wc -l; }
plugin() { sql "$1" "SELECT CONCAT_WS(' ', PLUGIN_STATUS, PLUGIN_TYPE, PLUGIN_LIBRARY, PLUGIN_LICENSE)
    FROM INFORMATION_SCHEMA.PLUGINS WHERE PLUGIN_NAME = '$2'"; }
# How often the error log has it since the server was last started.
says() { docker logs --since "$(docker inspect --format '{{.State.StartedAt}}' "$run-$1")" "$run-$1" 2>&1 | grep -cE "$2" || true; }

uninstall_both() {
    typed replica-1 'STOP SLAVE' 'SET GLOBAL rpl_semi_sync_slave_enabled = 0'
    typed source 'SET GLOBAL rpl_semi_sync_master_enabled = 0'
    await 20 "semi-sync replicas at the source" 0 status_of source master_clients
    typed source 'UNINSTALL PLUGIN rpl_semi_sync_master'
    typed replica-1 'UNINSTALL PLUGIN rpl_semi_sync_slave'
    check "plugins that are left on the source" '' "$(plugin source rpl_semi_sync_master)"
}
