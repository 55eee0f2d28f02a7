/* Plugin descriptor of MySQL 5.6: as 5.7's, with other versions. */
#pragma once
#include "../descriptor.h"
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_PLUGIN_INTERFACE_VERSION 0x0104
#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0200
#define PLUGIN_OPT_NO_UNINSTALL 2
