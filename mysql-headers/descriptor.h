/*
  Plugin descriptor of MySQL, as its servers read it on x86-64 Linux. That of 8.0 and later has one
  member more in its middle: their plugin.h defines PLUGIN_CHECKS_UNINSTALL. MariaDB's descriptor
  (maria_plugin.h) begins alike, but is a structure of its own that MySQL's changes do not reach.
*/
#pragma once

struct st_mysql_plugin {
  int type;
  void *info; /* points to an int: MYSQL_REPLICATION_INTERFACE_VERSION */
  const char *name;
  const char *author;
  const char *descr;
  int license;
  int (*init)(void *plugin);
#ifdef PLUGIN_CHECKS_UNINSTALL
  int (*check_uninstall)(void *plugin);
#endif
  int (*deinit)(void *plugin);
  unsigned int version;
  struct st_mysql_show_var *status_vars;
  struct st_mysql_sys_var **system_vars;
  void *reserved;
  unsigned long flags;
};
