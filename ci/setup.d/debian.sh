# shellcheck shell=bash disable=SC2154 # building, home and late_is_fine are of ci/setup
# A server as some suite of Debian has it. Such a server may need a newer C library than this
# machine has, so it gets a root of its own, and that root's loader starts it (without chroot). Part
# of ci/setup.

mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
in_root=() # what precedes a command that is to run in the new root

make_root() { # SUITE
    local log=$building/log
    ((EUID == 0)) || fail "only root can make the server's root (debootstrap)" \
        "run ci/setup once as root; with the server directory in place the rest needs no root"
    chroot / /bin/true 2>/dev/null ||
        fail "this environment does not allow chroot, which debootstrap needs" \
        "run ci/setup where root has CAP_SYS_CHROOT, and bring $home from there"
    say "debootstrap --variant=minbase $1, from $mirror"
    if ! watched "$log" debootstrap --variant=minbase "$1" "$building/root" "$mirror"; then
        tail -n 15 "$log" "$building/root/debootstrap/debootstrap.log" >&2 2>/dev/null || true
        fail "debootstrap could not make a root of Debian $1 from $mirror" \
            "see its own words above: this machine must reach the mirror, and root must be" \
            "allowed to chroot and to make device nodes"
    fi
    # No package may start a service: this is a directory with programs in it, not a machine.
    printf '#!/bin/sh\nexit 101\n' >"$building/root/usr/sbin/policy-rc.d"
    chmod 755 "$building/root/usr/sbin/policy-rc.d"
    in_root=(chroot "$building/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
        DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy:-}")
}

install_server() { # SUITE VERSION PACKAGE...
    local log=$building/log suite=$1 wanted=$2 found elsewhere
    shift 2
    elsewhere="set DEBIAN_MIRROR to a mirror that has it, for instance a date of \
http://snapshot.debian.org/archive/debian/"
    say "apt-get update, in that root"
    watched "$log" "${in_root[@]}" apt-get "${late_is_fine[@]}" update ||
        say "  going on with the list that debootstrap fetched"
    found=$("${in_root[@]}" apt-cache policy "$1" | awk '$1 == "Candidate:" { print $2 }')
    case ${found#*:} in
        '' | '(none)') fail "Debian $suite has no package $1 (asked: $mirror)" "$elsewhere" ;;
        "$wanted".*) say "Debian $suite has $1 $found" ;;
        *)
            fail "Debian $suite has moved on: $1 is $found, not $wanted (asked: $mirror)" \
                "$elsewhere"
            ;;
    esac
    say "apt-get install --no-install-recommends $*, in that root"
    if ! watched "$log" "${in_root[@]}" apt-get install -y --no-install-recommends "$@"; then
        tail -n 20 "$log" >&2
        fail "apt-get could not install $* in the root of Debian $suite (asked: $mirror)" \
            "see apt's own words above; $suite may be between two states: try another day, or" \
            "$elsewhere"
    fi
    "${in_root[@]}" apt-get clean
    rm -rf "$building/root/var/lib/apt/lists" "$building/root/usr/share/"{doc,man}
}

# write_starter NAME PATH-IN-ROOT ARGUMENTS: bin/NAME, which becomes the program itself: its process
# id is the program's.
write_starter() {
    cat >"$building/bin/$1" <<TEXT
#!/bin/sh
# $1 of the server in ../root, started through that root's own loader.
self=\$(readlink -f "\$0")
root=\${self%/bin/*}/root
libraries=\$root/usr/lib/x86_64-linux-gnu
exec "\$root/lib64/ld-linux-x86-64.so.2" --library-path "\$libraries" "\$root/$2" $3
TEXT
    chmod 755 "$building/bin/$1"
}

make_starters() {
    local program
    mkdir "$building/bin"
    # --basedir goes last: --defaults-file and its like must come first.
    # shellcheck disable=SC2016 # the starter expands these
    write_starter mysqld usr/sbin/mysqld '"$@" "--basedir=$root/usr"'
    for program in mysql mysqladmin mysqlbinlog mysqldump mysqlslap; do
        # shellcheck disable=SC2016
        [[ ! -x $building/root/usr/bin/$program ]] ||
            write_starter "$program" "usr/bin/$program" '"$@"'
    done
    mkdir -p "$building/root/usr/lib/mysql/plugin" # a server without plugins of its own has none
    ln -s root/usr/lib/mysql/plugin "$building/stock"
}

mysql_data() {
    local log=$building/log run_as=()
    ((EUID != 0)) || run_as=(--user=root)
    say "mysqld --initialize-insecure"
    # A small redo log and few pages of doublewrite make a small template; a server started on a
    # copy sizes them as it is configured.
    if ! watched "$log" "$building/bin/mysqld" --no-defaults "${run_as[@]}" \
        --datadir="$building/data" --initialize-insecure --innodb-redo-log-capacity=16M \
        --innodb-doublewrite-pages=4; then
        tail -n 20 "$log" >&2
        fail "the server could not make a data directory" "see its own words above"
    fi
    [[ -s $building/data/server-cert.pem ]] ||
        fail "the server made no TLS certificates in its data directory"
    rm -f "$building/data/auto.cnf" # every copy must get an identity of its own
}

mariadb_data() {
    local log=$building/log
    say "mariadb-install-db, in that root"
    # --cross-bootstrap: no account for the name of this machine.
    if ! watched "$log" "${in_root[@]}" mariadb-install-db --no-defaults --user=root \
        --datadir=/data --skip-test-db --skip-name-resolve --cross-bootstrap \
        --auth-root-authentication-method=normal --innodb-log-file-size=16M; then
        tail -n 20 "$log" >&2
        fail "mariadb-install-db could not make a data directory" "see its own words above"
    fi
    mv "$building/root/data" "$building/data"
    make_certificates "$building/data" "$log"
}

make_mysql_from_debian() { # SUITE VERSION
    make_root "$1"
    install_server "$1" "$2" mysql-server-core mysql-client-core
    make_starters
    mysql_data
}

make_mariadb_from_debian() { # SUITE VERSION
    make_root "$1"
    install_server "$1" "$2" mariadb-server-core mariadb-client-core
    make_starters
    mariadb_data
}
