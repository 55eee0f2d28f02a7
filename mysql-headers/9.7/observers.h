/*
  Replication observers of MySQL 9.7. A hook that is NULL is not called. No
  server checks `len`.
*/
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct MYSQL;

/* ---- transactions ---- */

#define TRANS_IS_REAL_TRANS 1

/* The leading fields; the server's structure goes on. */
typedef struct Trans_param {
  uint32_t server_id;
  char *server_uuid;
  uint32_t thread_id;
  uint32_t flags;
  const char *log_file; /* base name; may be NULL although log_pos is not 0 */
  uint64_t log_pos;
} Trans_param;

typedef struct Trans_observer {
  uint32_t len;
  int (*before_dml)(Trans_param *param, int *out);
  int (*before_commit)(Trans_param *param);
  int (*before_rollback)(Trans_param *param);
  int (*after_commit)(Trans_param *param);
  int (*after_rollback)(Trans_param *param);
  int (*begin)(Trans_param *param, int *out);
} Trans_observer;

/* ---- binary log storage ---- */

typedef struct Binlog_storage_param {
  uint32_t server_id;
} Binlog_storage_param;

typedef struct Binlog_storage_observer {
  uint32_t len;
  int (*after_flush)(Binlog_storage_param *param, const char *log_file,
                     uint64_t log_pos);
  int (*after_sync)(Binlog_storage_param *param, const char *log_file,
                    uint64_t log_pos);
} Binlog_storage_observer;

/* ---- binary log transmission (source side, dump thread) ---- */

#define TRANSMIT_F_OBSERVE 1
#define TRANSMIT_F_DONT_OBSERVE 2

typedef struct Binlog_transmit_param {
  uint32_t server_id; /* of the replica */
  uint32_t flags;
} Binlog_transmit_param;

typedef struct Binlog_transmit_observer {
  uint32_t len;
  int (*transmit_start)(Binlog_transmit_param *param, const char *log_file,
                        uint64_t log_pos);
  int (*transmit_stop)(Binlog_transmit_param *param);
  int (*reserve_header)(Binlog_transmit_param *param, unsigned char *header,
                        unsigned long size, unsigned long *len);
  int (*before_send_event)(Binlog_transmit_param *param, unsigned char *packet,
                           unsigned long len, const char *log_file,
                           uint64_t log_pos);
  int (*after_send_event)(Binlog_transmit_param *param, const char *event_buf,
                          unsigned long len, const char *skipped_log_file,
                          uint64_t skipped_log_pos);
  int (*after_reset_master)(Binlog_transmit_param *param);
} Binlog_transmit_observer;

/* ---- relay log I/O (replica side, receiver thread) ---- */

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
  bool source_connection_auto_failover;
} Binlog_relay_IO_param;

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
  int (*applier_log_event)(Binlog_relay_IO_param *param, Trans_param *trans,
                           int *out);
} Binlog_relay_IO_observer;
