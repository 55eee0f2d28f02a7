/*
  Replication observers of MySQL 9.7. A hook that is NULL is not called. No server checks `len`.
  Those of 5.7 have fewer members at their ends: its observers.h defines OBSERVERS_OF_5_7.
*/
#pragma once
#include "../relay_io_hooks.h"
#include "../transmit.h"
#include "storage.h"
#include "transactions.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Trans_observer {
  uint32_t len;
  int (*before_dml)(Trans_param *param, int *out);
  int (*before_commit)(Trans_param *param);
  int (*before_rollback)(Trans_param *param);
  int (*after_commit)(Trans_param *param);
  int (*after_rollback)(Trans_param *param);
#ifndef OBSERVERS_OF_5_7
  int (*begin)(Trans_param *param, int *out);
#endif
} Trans_observer;

/* ---- relay log I/O (replica side, receiver thread) ---- */

struct MYSQL;

struct Binlog_relay_IO_param {
  uint32_t server_id; /* our own */
  uint32_t thread_id;
  char *channel_name;
  char *host;
  char *user;
  unsigned int port;
  char *master_log_name;
  uint64_t master_log_pos;
  struct MYSQL *mysql; /* NULL in thread_start */
#ifndef OBSERVERS_OF_5_7
  bool source_connection_auto_failover;
#endif
};

typedef struct Binlog_relay_IO_observer {
  uint32_t len;
  relay_io_hook thread_start;
  relay_io_hook thread_stop;
  relay_io_hook applier_start;
  relay_io_stop_hook applier_stop;
  relay_io_request_hook before_request_transmit;
  relay_io_read_hook after_read_event;
  relay_io_queue_hook after_queue_event;
  relay_io_hook after_reset_slave;
#ifndef OBSERVERS_OF_5_7
  int (*applier_log_event)(Binlog_relay_IO_param *param, Trans_param *trans,
                           int *out);
#endif
} Binlog_relay_IO_observer;
