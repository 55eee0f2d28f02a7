#!/bin/sh
# For an image made from Debian's packages (see ci/docker), where there is no official image. It
# does what the entrypoint of the official image does, as far as that is needed here: on the first
# start it makes a data directory and runs the SQL of /docker-entrypoint-initdb.d in it (root has no
# password); then it starts the server.
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
