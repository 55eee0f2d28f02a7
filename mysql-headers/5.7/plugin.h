/*
  Plugin descriptor of MySQL 5.7.

  It is shorter than that of 8.0 and later, and each of these servers takes the version of the
  other's libraries for good enough. What keeps them apart:
  - A library for 5.6 or 5.7 asks for plugin_registry_service in a version that does not exist
    (0xFF00): 8.0, 8.4 and 9.7 have that service and refuse at once, older ones and MariaDB do not
    know it.
  - There is no such service the other way round: my_snprintf_service is in the lists of 5.6 and 5.7
    and not in those of 8.0, 8.4 and 9.7, but every MariaDB has it too. So a library for 8.0 or
    later is linked with a symbol that 5.7 does not have (src/sys/src/compat/descriptor/mysql_8.rs).
  - 5.6 wants another version of the replication interface.
*/
#pragma once
#include "../descriptor.h"
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_PLUGIN_INTERFACE_VERSION 0x0107
#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0400
#define PLUGIN_OPT_NO_UNINSTALL 2
