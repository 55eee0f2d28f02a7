# shellcheck shell=bash disable=SC2154 # mirror and late_is_fine are of ci/setup and debian.sh
# Packages out of any suite of Debian, whatever suite this machine has. Part of ci/setup.

apt=() # apt-get with lists of its own

# apt_of_suite DIRECTORY SUITE: makes ready apt of this machine with lists in DIRECTORY. Nothing of
# the machine's own is changed.
apt_of_suite() {
    mkdir -p "$1/apt/"{lists/partial,cache/archives/partial,parts}
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        "$mirror" "$2" >"$1/apt/suite.list"
    # shellcheck disable=SC2034 # whoever calls uses it
    apt=(apt-get -o Dir::Etc::SourceList="$1/apt/suite.list"
        -o Dir::Etc::SourceParts="$1/apt/parts" -o Dir::State::Lists="$1/apt/lists"
        -o Dir::Cache="$1/apt/cache"
        -o APT::Sandbox::User=root -o Acquire::Languages=none "${late_is_fine[@]}")
}
