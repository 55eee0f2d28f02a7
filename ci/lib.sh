# shellcheck shell=bash
# What the scripts of this directory share: where things are, how a script talks, how it fails. This
# file is sourced, never run.
# Environment: MYSQL_SERIES (default 9.7), SEMISYNC_SERVERS (where server directories are),
# SEMISYNC_DIST (where built libraries go), CARGO_TARGET_DIR, DEBIAN_MIRROR.

set -Eeuo pipefail
export LC_ALL=C
PATH="$PATH:/usr/sbin:/sbin"
[[ -n $(type -P cargo) || ! -x ${HOME:-/root}/.cargo/bin/cargo ]] ||
    PATH="$PATH:${HOME:-/root}/.cargo/bin"
tools=${HOME:-/root}/.cache/semisync/tools
PATH="$PATH:$tools/bin" # behind all others: a tool that the machine has is used as it is
export PATH

repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
me=$(basename -- "$0")
default_series=9.7
servers=${SEMISYNC_SERVERS:-${HOME:-/root}/.cache/semisync/servers}
dist=${SEMISYNC_DIST:-$repo/dist}
target=${CARGO_TARGET_DIR:-$repo/target}
# shellcheck disable=SC2034 # for the scripts that source this
libraries=(semisync_master semisync_slave semisync_source semisync_replica)

# A relative directory in the environment is relative to the current directory of the caller.
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$PWD/$1" ;; esac }
servers=$(absolute "$servers") dist=$(absolute "$dist") target=$(absolute "$target")

if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '   %s\n' "$*"; }

# fail REASON [FIX...]: the last words of a script that could not do its work.
fail() {
    printf '\n%s: FAILED: %s\n' "ci/$me" "$1" >&2
    [[ -z ${2:-} ]] || printf '   what to do: %s\n' "${*:2}" >&2
    exit 1
}

# misused WHY...: a wrong argument. `usage` is the script's own.
misused() {
    printf '%s: %s\n' "ci/$me" "$*" >&2
    usage | sed -n 1p >&2
    exit 2
}

on_error() { # STATUS LINE COMMAND
    printf '\nci/%s: FAILED: line %s, exit status %s: %s\n' "$me" "$2" "$1" "$3" >&2
}
trap 'on_error "$?" "$LINENO" "$BASH_COMMAND"' ERR

known_series() {
    (cd "$repo/mysql-headers" && printf '%s ' */ | tr -d /) 2>/dev/null ||
        printf '%s ' "$default_series"
}

# series_name SERIES: what people call its server: "MySQL 9.7", "MariaDB 10.11".
series_name() {
    case $1 in
        mariadb-*) printf 'MariaDB %s' "${1#mariadb-}" ;;
        *) printf 'MySQL %s' "$1" ;;
    esac
}

# Servers that ci/setup can get. The series that can be built are others: for some there is no
# package of a server.
packaged_servers=(9.7 5.6 mariadb-10.11 mariadb-11.8)

# check_server NAME: a server that ci/setup can get, or whose directory was made by hand.
check_server() {
    local one
    for one in "${packaged_servers[@]}"; do [[ $one != "$1" ]] || return 0; done
    [[ $1 != */* && -e $servers/$1/version ]] ||
        misused "no package of a server '$1' is known (there are: ${packaged_servers[*]})," \
            "and there is no such server directory: $servers/$1"
}

# check_series NAME: only a series whose binary interface is in mysql-headers/ can be built for.
check_series() {
    local one
    for one in $(known_series); do [[ $one != "$1" ]] || return 0; done
    misused "no such server series: '$1' (there are: $(known_series | sed 's/ $//'))"
}

seconds_since() { # MICROSECONDS-AT-START, as ${EPOCHREALTIME/./}
    local spent=$((${EPOCHREALTIME/./} - $1))
    printf '%d.%d' $((spent / 1000000)) $((spent / 100000 % 10))
}

# A program that shows its progress ends its lines with a carriage return.
last_line() { tail -n 1 "$1" | tr '\r' '\n' | tail -n 1 | cut -c 1-100; }

# watched LOG COMMAND...: runs a long command with its output in LOG, and says every five seconds
# how far the command is. `watched_pid` leads a process group of its own, so that a trap can end the
# command with all that it started.
watched_pid=''
watched() {
    local log=$1 start=${EPOCHREALTIME/./} waited=0 status=0 how
    shift
    setsid "$@" >>"$log" 2>&1 </dev/null &
    watched_pid=$!
    while kill -0 "$watched_pid" 2>/dev/null; do
        sleep 0.2
        waited=$((waited + 1))
        ((waited % 25 != 0)) || say "  $((waited / 5)) s: $(last_line "$log")"
    done
    wait "$watched_pid" || status=$?
    watched_pid=''
    if ((status == 0)); then how='done'; else how="exit status $status"; fi
    say "  $how in $(seconds_since "$start") s"
    return "$status"
}

end_watched() {
    [[ -n $watched_pid ]] || return 0
    kill -TERM -- "-$watched_pid" 2>/dev/null || true
    wait "$watched_pid" 2>/dev/null || true
    watched_pid=''
}

# become [--release] PROGRAM ARGUMENT...: builds a program of tests/live/src/bin and becomes that
# program. What cargo says goes to standard error, and nothing is said when there is nothing to
# build.
become() {
    type -P cargo >/dev/null ||
        fail "there is no cargo on this machine" "install Rust: https://rustup.rs"
    type -P cc >/dev/null || "$repo/ci/setup" --host >&2
    local manifest=$repo/Cargo.toml profile=debug words=(build) program
    [[ $1 != --release ]] || { profile=release words+=(--release); shift; }
    program=$1
    shift
    words+=(--manifest-path "$manifest" -p semisync-live-tests --bin "$program")
    [[ -x $target/$profile/$program ]] || printf '   building the program behind ci/%s\n' "$me" >&2
    cargo "${words[@]}" --quiet >&2 ||
        fail "the program behind ci/$me does not build" "see the compiler's words above"
    export SEMISYNC_SERVERS=$servers CARGO_TARGET_DIR=$target
    # Not where it is the default: ci/demo builds no libraries into a directory that somebody names.
    [[ -z ${SEMISYNC_DIST:-} ]] || export SEMISYNC_DIST=$dist
    exec "$target/$profile/$program" "$@"
}
