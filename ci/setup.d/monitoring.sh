# shellcheck shell=bash disable=SC2154 # tools is of ci/lib.sh, apt of apt.sh
# Prometheus and its exporter for MySQL, with which the suite `monitoring` tries monitoring/: out of
# Debian's packages, unpacked into $tools/bin. Unpacked, not installed: an installation would start
# services. Part of ci/setup.

monitoring_packages=(prometheus prometheus-mysqld-exporter)
monitoring_programs=(prometheus promtool prometheus-mysqld-exporter)
monitoring_suite=bookworm # Prometheus 2.42, exporter 0.14

have_monitoring_tools() {
    local one
    for one in "${monitoring_programs[@]}"; do
        type -P "$one" >/dev/null || return 1
    done
}

tools_to_monitor() {
    local one half=$tools/monitoring.building log=$tools/log
    if have_monitoring_tools; then
        say "${monitoring_programs[*]} are there"
        return
    fi
    rm -rf "$half"
    apt_of_suite "$half" "$monitoring_suite"
    say "the list of packages of Debian $monitoring_suite"
    if ! watched "$log" "${apt[@]}" update; then
        tail -n 5 "$log" >&2
        fail "the package list of $monitoring_suite could not be had"
    fi
    say "apt-get download ${monitoring_packages[*]}: 23 MB"
    if ! watched "$log" env -C "$half" "${apt[@]}" download "${monitoring_packages[@]}"; then
        tail -n 5 "$log" >&2
        fail "${monitoring_packages[*]} could not be had" "see apt's own words above"
    fi
    for one in "$half"/*.deb; do
        dpkg-deb -x "$one" "$half/root"
    done
    for one in "${monitoring_programs[@]}"; do
        mv "$half/root/usr/bin/$one" "$tools/bin/$one"
    done
    rm -rf "$half"
}
