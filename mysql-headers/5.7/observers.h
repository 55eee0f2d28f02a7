/*
  Replication observers of MySQL 5.7. A hook that is NULL is not called. No
  server checks `len`.
*/
#pragma once
#include "../9.7/storage.h"
#include "../9.7/transactions.h"
#include "../transmit.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Trans_observer {
  uint32_t len;
  int (*before_dml)(Trans_param *param, int *out);
  int (*before_commit)(Trans_param *param);
  int (*before_rollback)(Trans_param *param);
  int (*after_commit)(Trans_param *param);
  int (*after_rollback)(Trans_param *param);
} Trans_observer;

/* ---- relay log I/O (replica side, receiver thread) ---- */

struct MYSQL;

typedef struct Binlog_relay_IO_param {
  uint32_t server_id; /* our own */
  uint32_t thread_id;
  char *channel_name;
  char *host;
  char *user;
  unsigned int port;
  char *master_log_name;
  uint64_t master_log_pos;
  struct MYSQL *mysql; /* NULL in thread_start */
} Binlog_relay_IO_param;

/*
  The layout changed inside the series, without any sign in versions or sizes.
  A server that has Binlog_relay_IO_delegate::applier_start() reads the first
  one (5.7.23 does), others (5.7.18) the second one.
*/
typedef struct Binlog_relay_IO_observer {
  uint32_t len;
  int (*thread_start)(Binlog_relay_IO_param *param);
  int (*thread_stop)(Binlog_relay_IO_param *param);
  int (*applier_start)(Binlog_relay_IO_param *param);
  int (*applier_stop)(Binlog_relay_IO_param *param, bool aborted);
  int (*before_request_transmit)(Binlog_relay_IO_param *param, uint32_t flags);
  int (*after_read_event)(Binlog_relay_IO_param *param, const char *packet,
                          unsigned long len, const char **event_buf,
                          unsigned long *event_len);
  int (*after_queue_event)(Binlog_relay_IO_param *param, const char *event_buf,
                           unsigned long event_len, uint32_t flags);
  int (*after_reset_slave)(Binlog_relay_IO_param *param);
} Binlog_relay_IO_observer;

typedef struct Binlog_relay_IO_observer_early {
  uint32_t len;
  int (*thread_start)(Binlog_relay_IO_param *param);
  int (*thread_stop)(Binlog_relay_IO_param *param);
  int (*applier_stop)(Binlog_relay_IO_param *param, bool aborted);
  int (*before_request_transmit)(Binlog_relay_IO_param *param, uint32_t flags);
  int (*after_read_event)(Binlog_relay_IO_param *param, const char *packet,
                          unsigned long len, const char **event_buf,
                          unsigned long *event_len);
  int (*after_queue_event)(Binlog_relay_IO_param *param, const char *event_buf,
                           unsigned long event_len, uint32_t flags);
  int (*after_reset_slave)(Binlog_relay_IO_param *param);
} Binlog_relay_IO_observer_early;
