/*
  Plugin descriptor of MySQL 9.7, as the server reads it on x86-64 Linux.

  Which server refuses which library by itself, before it looks into a
  descriptor: 5.6 wants another replication interface (0x0200); a library for
  5.7 must not be read by 8.0 or later, and the other way round, since
  `check_uninstall` shifts what follows. See ../5.7/plugin.h.
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

