/*
  What a plugin descriptor points to, in every series: system variables and status variables.
  Layouts as the server reads them on x86-64 Linux.
*/
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MYSQL_REPLICATION_PLUGIN 6
#define MYSQL_GROUP_REPLICATION_PLUGIN 9 /* since 5.7 */
#define PLUGIN_LICENSE_GPL 1

typedef struct THD THD;

/* Argument of plugin_is_ready(). */
typedef struct MYSQL_LEX_CSTRING {
  const char *str;
  size_t length;
} MYSQL_LEX_CSTRING;

/* ---- system variables ---- */

#define PLUGIN_VAR_BOOL 0x0001
#define PLUGIN_VAR_INT 0x0002
#define PLUGIN_VAR_LONG 0x0003
#define PLUGIN_VAR_STR 0x0005
#define PLUGIN_VAR_ENUM 0x0006
#define PLUGIN_VAR_UNSIGNED 0x0080
#define PLUGIN_VAR_OPCMDARG 0x2000 /* the argument on the command line is optional */
#define PLUGIN_VAR_MEMALLOC 0x8000 /* the server allocates and frees the string */

struct st_mysql_value;
struct st_mysql_sys_var;

typedef int (*mysql_var_check_func)(THD *thd, struct st_mysql_sys_var *var,
                                    void *save, struct st_mysql_value *value);
typedef void (*mysql_var_update_func)(THD *thd, struct st_mysql_sys_var *var,
                                      void *target, const void *save);

/* Common head of every variable; the server overwrites `name`. */
struct st_mysql_sys_var {
  int flags;
  const char *name;
  const char *comment;
  mysql_var_check_func check;
  mysql_var_update_func update;
};

struct sys_var_bool {
  struct st_mysql_sys_var head;
  bool *value;
  bool def_val;
};

struct sys_var_uint {
  struct st_mysql_sys_var head;
  unsigned int *value;
  unsigned int def_val;
  unsigned int min_val;
  unsigned int max_val;
  unsigned int blk_sz;
};

struct sys_var_ulong {
  struct st_mysql_sys_var head;
  unsigned long *value;
  unsigned long def_val;
  unsigned long min_val;
  unsigned long max_val;
  unsigned long blk_sz;
};

/* With PLUGIN_VAR_MEMALLOC `value` is the server's own copy, or NULL. */
struct sys_var_str {
  struct st_mysql_sys_var head;
  char **value;
  const char *def_val;
};

struct sys_var_enum {
  struct st_mysql_sys_var head;
  unsigned long *value;
  unsigned long def_val;
  struct typelib *typelib;
};

/* Up to 5.7 and in MariaDB `count` is an unsigned int followed by padding. */
struct typelib {
  size_t count;
  const char *name;
  const char *const *type_names; /* NULL-terminated */
  unsigned int *type_lengths;
};

/* ---- status variables ---- */

/* All unsigned; MariaDB says UINT, ULONG, ULONGLONG. */
enum enum_mysql_show_type {
  SHOW_UNDEF,
  SHOW_BOOL,
  SHOW_INT,
  SHOW_LONG,
  SHOW_LONGLONG,
  SHOW_CHAR,
  SHOW_CHAR_PTR,
  SHOW_ARRAY,
  SHOW_FUNC,
  SHOW_DOUBLE
};
enum enum_mysql_show_scope {
  SHOW_SCOPE_UNDEF,
  SHOW_SCOPE_GLOBAL,
  SHOW_SCOPE_SESSION,
  SHOW_SCOPE_ALL
};

/* `scope` is there since 5.7; in 5.6 and MariaDB it lies in padding. */
struct st_mysql_show_var {
  const char *name;
  char *value;
  enum enum_mysql_show_type type;
  enum enum_mysql_show_scope scope;
};

/* Smallest size of the buffer that a function gets; MariaDB 10.1's is larger. */
#define SHOW_VAR_FUNC_BUFF_SIZE 1024
typedef int (*mysql_show_var_func)(THD *thd, struct st_mysql_show_var *out,
                                   char *buf);
