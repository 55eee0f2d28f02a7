/*
  Relay log I/O (replica side, receiver thread): MySQL 5.6 and MariaDB. (From 5.7 on there are
  channels, and hooks of the applier, see 9.7/observers.h.)
*/
#pragma once
#include "../relay_io_hooks.h"

struct MYSQL;

struct Binlog_relay_IO_param {
  uint32_t server_id; /* our own */
  char *host;
  char *user;
  unsigned int port;
  char *master_log_name;
  uint64_t master_log_pos;
  struct MYSQL *mysql; /* NULL in thread_start */
};

typedef struct Binlog_relay_IO_observer {
  uint32_t len;
  relay_io_hook thread_start;
  relay_io_hook thread_stop;
  relay_io_request_hook before_request_transmit;
  relay_io_read_hook after_read_event;
  relay_io_queue_hook after_queue_event;
  relay_io_hook after_reset_slave;
} Binlog_relay_IO_observer;
