# shellcheck shell=bash disable=SC2154 # servers and late_is_fine are of ci/setup and ci/lib.sh
# The server's own headers, with which ci/abi compares ours: out of Debian's package mysql-source,
# in the version of the server directory of 9.7. Part of ci/setup.

# Into $servers/9.7-source, which appears whole or not at all.
fetch_headers() {
    local place=$servers/9.7-source half=$servers/.9.7-source.building version package lock
    step "The headers of MySQL 9.7 in $place"
    version=$(awk -v RS= '/^Package: mysql-server-core\n/' "$servers/9.7/root/var/lib/dpkg/status" |
        sed -n 's/^Version: //p')
    [[ -n $version ]] || fail "$servers/9.7 does not tell which package it was made from" \
        "remove it and run ci/setup 9.7"
    if [[ -r $place/version && $(<"$place/version") == "$version" ]]; then
        say "are there already: mysql-source $version"
        return
    fi
    exec {lock}>"$servers/.9.7-source.lock"
    flock "$lock" # one at a time; the lock ends with this script
    rm -rf "$half"
    download_of_suite "$half" sid "$half/log" '430 MB, of which the headers are kept' \
        "if sid has moved on, get the newer server too: remove $servers/9.7, run ci/setup 9.7" \
        "mysql-source=$version"
    package=$(echo "$half"/*.deb)
    mkdir "$half/tree"
    say "unpacking include, libs, sql and share of it"
    dpkg-deb --fsys-tarfile "$package" | tar -xO ./usr/src/mysql/mysql-source.tar.gz |
        tar -xz -C "$half/tree" --strip-components=1 --wildcards --no-anchored \
            --exclude='*/'{extra,router,storage,plugin,unittest,packaging} \
            '*.h' '*.hpp' 'messages_to_*.txt' 2>"$half/tar.log" ||
        fail "the package could not be unpacked: $(tail -n 1 "$half/tar.log")" \
            "is there space in $servers?"
    printf '%s\n' "$version" >"$half/tree/version"
    rm -rf "$place"
    mv "$half/tree" "$place"
    rm -rf "$half"
}
