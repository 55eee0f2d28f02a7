# shellcheck shell=bash disable=SC2154 # work, log and run are of ci/docker
# A Docker engine for as long as ci/docker runs, where none answers. Part of ci/docker.

dockerd_pid='' had_key=yes
engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' 2>>"$log"; }

install_engine() { # WHAT-IS-MISSING
    local policy=/usr/sbin/policy-rc.d no_policy=no status=0
    ((EUID == 0)) || fail "there is no $1 on this machine, and only root can install it" "install Docker, or run ci/docker as root"
    type -P apt-get >/dev/null || fail "there is no $1 on this machine, and no apt-get to install it" "install Docker by hand"
    say "there is no $1; apt-get install --no-install-recommends docker.io"
    # The package is not to start a service that would outlive this script.
    if [[ ! -e $policy ]]; then
        no_policy=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    watched "$log" apt-get -o Acquire::Check-Valid-Until=false update || say "  some package lists could not be had; going on with the others"
    watched "$log" apt-get install -y --no-install-recommends docker.io || status=$?
    [[ $no_policy == no ]] || rm -f "$policy"
    ((status == 0)) || { tail -n 20 "$log" >&2; fail "apt-get could not install docker.io" "see its own words above"; }
}

start_engine() {
    local patience
    type -P dockerd >/dev/null || install_engine dockerd
    ((EUID == 0)) || fail "no Docker engine answers, and only root can start one" "start Docker, or run ci/docker as root"
    # In a mount namespace of its own, and without a word to the machine's firewall: nothing is left when it has ended. In a
    # session of its own, so that Ctrl-C does not end it before what runs in it is removed.
    [[ -e /etc/docker/key.json ]] || had_key=no
    echo '{}' >"$work/daemon.json"
    setsid unshare --mount dockerd --config-file "$work/daemon.json" --host "unix://$work/docker.sock" \
        --data-root "$work/data" --exec-root "$work/run" --pidfile "$work/dockerd.pid" \
        --containerd-namespace "$run" --containerd-plugins-namespace "$run-plugins" \
        --bridge none --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false \
        </dev/null >"$work/dockerd.log" 2>&1 &
    dockerd_pid=$!
    export DOCKER_HOST=unix://$work/docker.sock
    unset DOCKER_CONTEXT
    for ((patience = 300; patience > 0; patience--)); do
        ! engine_answers >/dev/null || return 0
        kill -0 "$dockerd_pid" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 20 "$work/dockerd.log" >&2
    fail "a Docker engine could not be started here" \
        "see dockerd's own words above: it needs root with all capabilities, control groups and bridges"
}

end_engine() {
    local patience
    [[ -n $dockerd_pid ]] || return 0
    kill -TERM "$dockerd_pid" 2>/dev/null || true
    for ((patience = 300; patience > 0; patience--)); do
        kill -0 "$dockerd_pid" 2>/dev/null || break
        sleep 0.1
    done
    if kill -KILL "$dockerd_pid" 2>/dev/null; then
        # What a dockerd that is killed leaves behind.
        kill -KILL "$(<"$work/run/containerd/containerd.pid")" 2>/dev/null || true
    fi
    wait "$dockerd_pid" 2>/dev/null || true
    dockerd_pid=''
    # It puts a key there whatever it is told.
    [[ $had_key == yes ]] || rm -f /etc/docker/key.json
    rmdir --ignore-fail-on-non-empty /etc/docker 2>/dev/null || true
}
