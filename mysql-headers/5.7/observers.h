/*
  Replication observers of MySQL 5.7: as 9.7's, without the members that came with 8.0.

  The layout of the relay log's observer changed inside the series, without any sign in versions or
  sizes. A server that has Binlog_relay_IO_delegate::applier_start() reads the one of 9.7's header
  (5.7.23 does), others (5.7.18) the early one.
*/
#pragma once
#define OBSERVERS_OF_5_7
#include "../9.7/observers.h"

typedef struct Binlog_relay_IO_observer_early {
  uint32_t len;
  relay_io_hook thread_start;
  relay_io_hook thread_stop;
  relay_io_stop_hook applier_stop;
  relay_io_request_hook before_request_transmit;
  relay_io_read_hook after_read_event;
  relay_io_queue_hook after_queue_event;
  relay_io_hook after_reset_slave;
} Binlog_relay_IO_observer_early;
