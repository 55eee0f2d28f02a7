# shellcheck shell=bash disable=SC2154 # what is not set here is of ci/docker
# The image with the libraries, and the servers in containers. Part of ci/docker.

quiet() { "$@" >>"$log" 2>&1; }

image_from_packages() {
    local root=$servers/$series/root
    [[ $series == "$default_series" ]] || fail "mysql:$series cannot be pulled, and there are no packages of it to make an image from" \
        "run this where a registry can be reached, or give --image"
    "$repo/ci/setup" "$series" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "ci/setup did not end well" "it says above what is missing"; }
    say "no registry can be reached: an image is made from the packages in $root"
    tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -c . |
        quiet docker import --change "LABEL $run=1" - "$run-packages"
    quiet docker build --build-arg "BASE=$run-packages" --tag "$run-base" "$repo/docker/packaged"
    image=$run-base
}

get_image() {
    if [[ -z $image ]] && ! quiet docker image inspect "mysql:$series"; then
        if quiet timeout 600 docker pull "mysql:$series"; then image=mysql:$series; else image_from_packages; fi
    fi
    : "${image:=mysql:$series}"
    quiet docker image inspect "$image" || quiet timeout 600 docker pull "$image" ||
        { tail -n 3 "$log" >&2; fail "there is no image $image, and it cannot be pulled" "see docker's own words above"; }
    plugin_dir=$(docker run --rm --label "$run" --network none --entrypoint mysqld "$image" --no-defaults --verbose --help 2>>"$log" |
        awk '$1 == "plugin-dir" { print $2 }')
    [[ $plugin_dir == /* ]] || fail "the mysqld of $image does not tell its plugin_dir"
    say "FROM $image, plugin_dir $plugin_dir"
    mkdir "$work/context"
    cp -r "$repo/docker/." "$work/context/"
    cp "$dist/$series"/semisync_*.so "$work/context/"
    chmod -R a+rX "$work/context"
    quiet docker build --label "$run" --build-arg "BASE=$image" --build-arg "PLUGIN_DIR=${plugin_dir%/}" \
        --tag "$run-libraries" "$work/context" || fail "the image with the libraries cannot be built"
}

declare -A server_id=([source]=1 [replica-1]=2 [replica-2]=3)

# Without native AIO: the kernel has a limited number of it for the whole machine, which other servers may have used up.
create() { # SERVER
    quiet docker create --name "$run-$1" --label "$run" --network "$run" --network-alias "$1" --hostname "$1" \
        --env MYSQL_ALLOW_EMPTY_PASSWORD=1 --env MYSQL_INITDB_SKIP_TZINFO=1 "$run-libraries" \
        --server-id="${server_id[$1]}" --innodb-use-native-aio=0
}

# Over TCP: while an image makes its data directory, its server answers on the socket alone.
answers() { timeout 10 docker exec "$run-$1" mysql --host=127.0.0.1 --protocol=tcp --user=root --execute='SELECT 1' >/dev/null 2>&1; }
await_servers() {
    local server until=$((SECONDS + 120))
    for server; do
        until answers "$server"; do
            [[ $(docker inspect --format '{{.State.Running}}' "$run-$server") == true ]] || fail "$server did not start" "its log is below"
            ((SECONDS < until)) || fail "$server does not answer two minutes after its start" "its log is below"
            sleep 0.3
        done
    done
}

# The users, without the binary log: they are the same everywhere, and no transaction of any server.
add_users() {
    sql "$1" "SET sql_log_bin = 0; CREATE USER repl IDENTIFIED BY 'secret'; GRANT REPLICATION SLAVE ON *.* TO repl;
        CREATE USER app IDENTIFIED BY 'secret'; GRANT ALL ON ha.* TO app"
}

# with_options LINES SERVER...: the servers start anew with these lines in place of docker/conf.d/semisync.cnf.
with_options() {
    local lines=$1 server
    shift
    printf '[mysqld]\n%s\n' "$lines" >"$work/semisync.cnf"
    chmod 644 "$work/semisync.cnf"
    printf '   %s, /etc/mysql/conf.d/semisync.cnf:\n' "$*"
    if [[ -n $lines ]]; then indented <<<"$lines"; else say "   (nothing)"; fi
    # Replicas first. A source gives its dump threads ten seconds when it shuts down, with any plugin: they are ended before.
    for server in replica-2 replica-1 source; do
        [[ " $* " == *" $server "* ]] || continue
        sql "$server" 'SHOW PROCESSLIST' | awk -F '\t' '$5 ~ /^Binlog Dump/ { print "KILL " $1 ";" }' >"$work/kill.sql"
        quiet client "$server" --force <"$work/kill.sql" || true
        quiet docker stop -t 60 "$run-$server"
        quiet docker cp "$work/semisync.cnf" "$run-$server:/etc/mysql/conf.d/semisync.cnf"
    done
    for server; do quiet docker start "$run-$server"; done
    await_servers "$@"
}
