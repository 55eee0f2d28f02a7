/*
  Hooks of the relay log's I/O (replica side, receiver thread): what they take, in every series.
  What `param` points to, and which hooks an observer has, is the series' own.
*/
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct Binlog_relay_IO_param Binlog_relay_IO_param;

typedef int (*relay_io_hook)(Binlog_relay_IO_param *param);
typedef int (*relay_io_stop_hook)(Binlog_relay_IO_param *param, bool aborted);
typedef int (*relay_io_request_hook)(Binlog_relay_IO_param *param,
                                     uint32_t flags);
typedef int (*relay_io_read_hook)(Binlog_relay_IO_param *param,
                                  const char *packet, unsigned long len,
                                  const char **event_buf,
                                  unsigned long *event_len);
typedef int (*relay_io_queue_hook)(Binlog_relay_IO_param *param,
                                   const char *event_buf,
                                   unsigned long event_len, uint32_t flags);
