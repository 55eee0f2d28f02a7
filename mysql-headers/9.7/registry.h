/*
  The component registry and the error log service in it: MySQL 8.0 and later. The slots of the
  service move within series (`message` is slot 26 in 8.0.15, 27 in 8.0.39 and 8.4, 28 in 9.7): they
  are found at run time, by the addresses of the server's own functions, among its first
  LOG_BUILTINS_SLOTS slots.
*/
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct mysql_registry {
  int (*acquire)(const char *name, void **service);
  int (*acquire_related)(const char *name, void *related, void **service);
  int (*release)(void *service);
} mysql_registry;

typedef struct plugin_registry_service_t {
  const mysql_registry *(*acquire)(void);
  int (*release)(const mysql_registry *registry);
} plugin_registry_service_t;

/* ---- error log ---- */

#define LOG_TYPE_ERROR 1
#define LOG_ITEM_SQL_ERRCODE (1 << 1)
#define LOG_ITEM_SRV_SUBSYS (1 << 9)
#define LOG_ITEM_LOG_PRIO (1 << 16)
#define LOG_ITEM_LOG_VERBATIM (1 << 18)
#define LOG_PRIO_ERROR 1
#define LOG_PRIO_WARNING 2
#define LOG_PRIO_INFORMATION 3

typedef int (*log_builtins_message_func)(int log_type, ...);
typedef const char *(*log_builtins_errmsg_func)(int errcode);
