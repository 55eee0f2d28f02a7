/* Plugin descriptor of MariaDB 10.1: MariaDB's own, in place of MySQL's. */
#pragma once
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0200

/*
  A status row that is a function and answers with one value. (SHOW_FUNC may be
  an array to MariaDB since 10.0: SHOW STATUS LIKE would not filter it.)
*/
#define SHOW_SIMPLE_FUNC 13
