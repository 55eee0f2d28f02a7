# shellcheck shell=bash disable=SC2154 # servers, tools and late_is_fine are of ci/setup and ci/lib.sh
# What ci/memcheck wants of a server with a C library of its own: the symbols of its loader, in
# debug/ of the server directory. Valgrind starts no program whose loader it cannot read. Part of
# ci/setup.

symbols_of_loader() { # SERVER
    local home=$servers/$1 log=$servers/.$1.symbols.log version deb
    local in_server=(chroot "$home/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
        http_proxy="${http_proxy:-}")
    step "Symbols of the C library of $(series_name "$1")"
    if [[ -d $home/debug/.build-id ]]; then
        say "are in $home/debug"
        return
    fi
    # "ld.so (Debian GLIBC 2.43-7) stable release version 2.43."
    version=$("$home/root/lib64/ld-linux-x86-64.so.2" --version |
        sed -nE '1s/.*\(Debian GLIBC ([^)]*)\).*/\1/p')
    say "apt-get download libc6-dbg=$version, in that root"
    if ! { watched "$log" "${in_server[@]}" apt-get "${late_is_fine[@]}" update &&
        watched "$log" "${in_server[@]}" sh -c "cd / && apt-get download libc6-dbg=$version"; }; then
        tail -n 15 "$log" >&2
        fail "the symbols of this C library cannot be had: $version" "see apt's own words above;" \
            "is the server from another day, remove $home and run ci/setup $1"
    fi
    deb=("$home/root"/libc6-dbg_*.deb)
    rm -rf "$home/debug.building"
    dpkg-deb -x "${deb[0]}" "$home/debug.building"
    mv "$home/debug.building/usr/lib/debug" "$home/debug"
    rm -rf "$home/debug.building" "${deb[0]}" "$home/root/var/lib/apt/lists" "$log"
}
