# shellcheck shell=bash disable=SC2154 # mirror and late_is_fine are of ci/setup and debian.sh
# Packages out of any suite of Debian, whatever suite this machine has. Part of ci/setup.

apt=() # apt-get with lists of its own

# apt_of_suite DIRECTORY SUITE: makes ready apt of this machine with lists in DIRECTORY. Nothing of
# the machine's own is changed.
apt_of_suite() {
    mkdir -p "$1/apt/"{lists/partial,cache/archives/partial,parts}
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        "$mirror" "$2" >"$1/apt/suite.list"
    apt=(apt-get -o Dir::Etc::SourceList="$1/apt/suite.list"
        -o Dir::Etc::SourceParts="$1/apt/parts" -o Dir::State::Lists="$1/apt/lists"
        -o Dir::Cache="$1/apt/cache"
        -o APT::Sandbox::User=root -o Acquire::Languages=none "${late_is_fine[@]}")
}

# download_of_suite DIRECTORY SUITE LOG SIZE REMEDY PACKAGE...: puts packages of a suite into
# DIRECTORY, and says how much comes (SIZE). REMEDY: what to do if they cannot be had.
download_of_suite() {
    local directory=$1 suite=$2 log=$3 size=$4 remedy=$5
    shift 5
    apt_of_suite "$directory" "$suite"
    say "the list of packages of Debian $suite"
    if ! watched "$log" "${apt[@]}" update; then
        tail -n 5 "$log" >&2
        fail "the package list of $suite could not be had" "this machine must reach $mirror"
    fi
    say "$*: $size"
    if ! watched "$log" env -C "$directory" "${apt[@]}" download "$@"; then
        tail -n 5 "$log" >&2
        fail "$* could not be had" "$remedy"
    fi
}
