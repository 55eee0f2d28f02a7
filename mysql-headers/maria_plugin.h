/*
  MariaDB's own descriptor (`_maria_plugin_declarations_`), which MariaDB looks for before MySQL's.
  The libraries of the MySQL series carry it too.
*/
#pragma once

/*
  Version of the descriptor: that of 10.1. Every MariaDB from 5.5 to 11.8 has a version 0x01xx of
  its own and accepts any other 0x01xx; it then goes by `_maria_sizeof_struct_st_plugin_`. The
  structure is the same in all.
*/
#define MARIA_PLUGIN_INTERFACE_VERSION 0x010B
/* The int that `info` points to, as MariaDB wants it since 10.0. */
#define MARIA_REPLICATION_INTERFACE_VERSION 0x0200
#define MariaDB_PLUGIN_MATURITY_STABLE 5

struct st_maria_plugin {
  int type;
  void *info; /* points to an int */
  const char *name;
  const char *author;
  const char *descr;
  int license;
  int (*init)(void *plugin);
  int (*deinit)(void *plugin);
  unsigned int version;
  struct st_mysql_show_var *status_vars;
  struct st_mysql_sys_var **system_vars;
  const char *version_info; /* what SHOW PLUGINS shows; may be NULL */
  unsigned int maturity;
};
