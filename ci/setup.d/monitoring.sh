# shellcheck shell=bash disable=SC2154 # tools is of ci/lib.sh
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
    local one half=$tools/monitoring.building
    if have_monitoring_tools; then
        say "${monitoring_programs[*]} are there"
        return
    fi
    rm -rf "$half"
    download_of_suite "$half" "$monitoring_suite" "$tools/log" '23 MB' "see apt's own words above" \
        "${monitoring_packages[@]}"
    for one in "$half"/*.deb; do
        dpkg-deb -x "$one" "$half/root"
    done
    for one in "${monitoring_programs[@]}"; do
        mv "$half/root/usr/bin/$one" "$tools/bin/$one"
    done
    rm -rf "$half"
}
