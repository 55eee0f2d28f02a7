#!/bin/sh
# For an image made from Debian's packages (see ci/docker), where there is no official one: what the entrypoint of the
# official image does, as far as it is needed here. A data directory on the first start, with the SQL of
# /docker-entrypoint-initdb.d run in it (root has no password); then the server.
set -e
case ${1:-} in
    mysqld) shift ;;
    '' | -*) ;;
    *) exec "$@" ;;
esac
data=/var/lib/mysql
mkdir -p "$data" /var/lib/mysql-files /run/mysqld
if [ ! -d "$data/mysql" ]; then
    mysqld --user=root --initialize-insecure "$@"
    if [ -d /docker-entrypoint-initdb.d ]; then
        mysqld --user=root --skip-networking "$@" &
        until mysqladmin --user=root --silent ping; do sleep 0.2; done
        for script in /docker-entrypoint-initdb.d/*.sql; do mysql --user=root <"$script"; done
        mysqladmin --user=root shutdown
        wait
    fi
fi
exec mysqld --user=root "$@"
