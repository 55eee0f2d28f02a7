/*
  Services that MySQL 9.7 hands to a plugin: the component registry (for the
  error log) and the plain plugin log.
*/
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Initial value of an exported service pointer: the version that is wanted. */
#define SERVICE_VERSION 0x0100

typedef struct mysql_registry {
  char (*acquire)(const char *name, void **service);
  char (*acquire_related)(const char *name, void *related, void **service);
  char (*release)(void *service);
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

/* Slots of the service "log_builtins.mysql_server". */
#define LOG_BUILTINS_MESSAGE_SLOT 28
#define LOG_BUILTINS_ERRMSG_BY_ERRCODE_SLOT 30
typedef int (*log_builtins_message_func)(int log_type, ...);
typedef const char *(*log_builtins_errmsg_func)(int errcode);

/* my_plugin_log_service: the same in every series, but with a fixed prefix. */
enum plugin_log_level {
  MY_ERROR_LEVEL,
  MY_WARNING_LEVEL,
  MY_INFORMATION_LEVEL
};
typedef struct my_plugin_log_service_t {
  int (*message)(void **plugin, enum plugin_log_level level, const char *format,
                 ...);
} my_plugin_log_service_t;

/* ---- numbers of the server's own messages (the same since 8.0.15) ---- */

enum semisync_message {
  ER_SEMISYNC_RPL_INIT_FOR_TRX = 11130,
  ER_SEMISYNC_BINLOG_WRITE_OUT_OF_ORDER = 11132,
  ER_SEMISYNC_REPLY_MAGIC_NO_ERROR = 11137,
  ER_SEMISYNC_REPLY_PKT_LENGTH_TOO_SMALL = 11138,
  ER_SEMISYNC_REPLY_BINLOG_FILE_TOO_LARGE = 11139,
  ER_SEMISYNC_RPL_ENABLED_ON_SOURCE = 11142,
  ER_SEMISYNC_DISABLED_ON_SOURCE = 11144,
  ER_SEMISYNC_FORCED_SHUTDOWN = 11145,
  ER_SEMISYNC_SERVER_REPLY = 11140,
  ER_SEMISYNC_SOURCE_GOT_REPLY_AT_POS = 11146,
  ER_SEMISYNC_SOURCE_TRX_WAIT_POS = 11148,
  ER_SEMISYNC_BINLOG_REPLY_IS_AHEAD = 11149,
  ER_SEMISYNC_WAIT_TIME_FOR_BINLOG_SENT = 11152,
  ER_SEMISYNC_WAIT_FOR_BINLOG_TIMEDOUT = 11153,
  ER_SEMISYNC_RPL_SWITCHED_OFF = 11155,
  ER_SEMISYNC_RPL_SWITCHED_ON = 11156,
  ER_SEMISYNC_NO_SPACE_IN_THE_PKT = 11157,
  ER_SEMISYNC_SYNC_HEADER_UPDATE_INFO = 11158,
  ER_SEMISYNC_SOURCE_FAILED_ON_NET_FLUSH = 11161,
  ER_SEMISYNC_FAILED_TO_START_ACK_RECEIVER_THD = 11165,
  ER_SEMISYNC_STARTING_ACK_RECEIVER_THD = 11166,
  ER_SEMISYNC_FAILED_TO_WAIT_ON_DUMP_SOCKET = 11167,
  ER_SEMISYNC_STOPPING_ACK_RECEIVER_THREAD = 11168,
  ER_SEMISYNC_FAILED_REGISTER_REPLICA_TO_RECEIVER = 11169,
  ER_SEMISYNC_START_BINLOG_DUMP_TO_REPLICA = 11170,
  ER_SEMISYNC_STOP_BINLOG_DUMP_TO_REPLICA = 11171,
  ER_SEMISYNC_UNREGISTER_TRX_OBSERVER_FAILED = 11172,
  ER_SEMISYNC_UNREGISTER_BINLOG_STORAGE_OBSERVER_FAILED = 11173,
  ER_SEMISYNC_UNREGISTER_BINLOG_TRANSMIT_OBSERVER_FAILED = 11174,
  ER_SEMISYNC_UNREGISTERED_REPLICATOR = 11175,
  ER_SEMISYNC_REPLICA_REPLY = 11177,
  ER_SEMISYNC_MISSING_MAGIC_NO_FOR_SEMISYNC_PKT = 11178,
  ER_SEMISYNC_REPLICA_START = 11179,
  ER_SEMISYNC_REPLICA_REPLY_WITH_BINLOG_INFO = 11180,
  ER_SEMISYNC_REPLICA_NET_FLUSH_REPLY_FAILED = 11181,
  ER_SEMISYNC_REPLICA_SEND_REPLY_FAILED = 11182,
  ER_SEMISYNC_EXECUTION_FAILED_ON_SOURCE = 11183,
  ER_SEMISYNC_NOT_SUPPORTED_BY_SOURCE = 11184,
  ER_SEMISYNC_REPLICA_SET_FAILED = 11185,
  ER_SEMISYNC_FAILED_TO_STOP_ACK_RECEIVER_THD = 11186,
  ER_INSTALL_PLUGIN_CONFLICT_LOG = 13766
};

/* Errors of the client protocol. */
#define ER_UNKNOWN_SYSTEM_VARIABLE 1193
#define ER_PLUGIN_CANNOT_BE_UNINSTALLED 1883
#define ER_INSTALL_PLUGIN_CONFLICT_CLIENT 4045
