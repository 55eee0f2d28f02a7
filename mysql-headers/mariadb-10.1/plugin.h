/* Plugin descriptor of MariaDB 10.1: MariaDB's own, in place of MySQL's. */
#pragma once
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0200
