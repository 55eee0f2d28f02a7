/*
  Plugin descriptor of MySQL 9.7, as the server reads it on x86-64 Linux. What
  keeps it from servers that have a shorter one: see ../5.7/plugin.h.
*/
#pragma once
#include "../maria_plugin.h"
#include "../variables.h"

#define MYSQL_PLUGIN_INTERFACE_VERSION 0x010B
#define MYSQL_REPLICATION_INTERFACE_VERSION 0x0400

struct st_mysql_plugin {
  int type;
  void *info; /* points to an int: MYSQL_REPLICATION_INTERFACE_VERSION */
  const char *name;
  const char *author;
  const char *descr;
  int license;
  int (*init)(void *plugin);
  int (*check_uninstall)(void *plugin);
  int (*deinit)(void *plugin);
  unsigned int version;
  struct st_mysql_show_var *status_vars;
  struct st_mysql_sys_var **system_vars;
  void *reserved;
  unsigned long flags;
};

