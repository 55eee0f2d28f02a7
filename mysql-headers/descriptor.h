/* Plugin descriptor of MySQL 5.6 and 5.7: there is no `check_uninstall`. */
#pragma once

struct st_mysql_plugin {
  int type;
  void *info; /* points to an int: MYSQL_REPLICATION_INTERFACE_VERSION */
  const char *name;
  const char *author;
  const char *descr;
  int license;
  int (*init)(void *plugin);
  int (*deinit)(void *plugin);
  unsigned int version;
  struct st_mysql_show_var *status_vars;
  struct st_mysql_sys_var **system_vars;
  void *reserved;
  unsigned long flags;
};

#define PLUGIN_OPT_NO_UNINSTALL 2
