/* Relay log I/O (replica side, receiver thread): MySQL 5.6 and MariaDB. */
#pragma once
#include <stdint.h>

struct MYSQL;

typedef struct Binlog_relay_IO_param {
  uint32_t server_id; /* our own */
  char *host;
  char *user;
  unsigned int port;
  char *master_log_name;
  uint64_t master_log_pos;
  struct MYSQL *mysql; /* NULL in thread_start */
} Binlog_relay_IO_param;

typedef struct Binlog_relay_IO_observer {
  uint32_t len;
  int (*thread_start)(Binlog_relay_IO_param *param);
  int (*thread_stop)(Binlog_relay_IO_param *param);
  int (*before_request_transmit)(Binlog_relay_IO_param *param, uint32_t flags);
  int (*after_read_event)(Binlog_relay_IO_param *param, const char *packet,
                          unsigned long len, const char **event_buf,
                          unsigned long *event_len);
  int (*after_queue_event)(Binlog_relay_IO_param *param, const char *event_buf,
                           unsigned long event_len, uint32_t flags);
  int (*after_reset_slave)(Binlog_relay_IO_param *param);
} Binlog_relay_IO_observer;
