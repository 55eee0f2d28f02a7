/*
  Plugin descriptor of MySQL 9.7. What keeps it from servers that have a shorter one: see
  ../5.7/plugin.h.
*/
#pragma once
#define PLUGIN_CHECKS_UNINSTALL
#include "../descriptor.h"
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_PLUGIN_INTERFACE_VERSION 0x010B
#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0400
