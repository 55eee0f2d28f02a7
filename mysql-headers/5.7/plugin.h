/*
  Plugin descriptor of MySQL 5.7.

  It is shorter than that of 8.0 and later, and both servers accept the version
  of the other's libraries. A service pointer of an impossible version (0xFF00)
  makes a server that knows the service refuse the library at once, with the
  line "service '...' interface version mismatch":
  - plugin_registry_service: in the lists of 8.0, 8.4 and 9.7, in no older one
    and in none of MariaDB's; for libraries for 5.6 and 5.7.
  - my_snprintf_service: in the lists of 5.6 and 5.7, not in those of 8.0, 8.4
    and 9.7; but every MariaDB has it too (version 0x0100) and would refuse such
    a library as well. No other service tells 5.7 from 8.0.
*/
#pragma once
#include "../5.6/descriptor.h"
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_PLUGIN_INTERFACE_VERSION 0x0107
#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0400
