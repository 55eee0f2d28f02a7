/*
  Binary log transmission (source side, dump thread), in every series. In MariaDB, as in MySQL 5.5,
  every dump is observed, and after_send_event is not told of skipped events: observers.h defines
  EVERY_DUMP_IS_OBSERVED.
*/
#pragma once
#include <stdint.h>

#ifndef EVERY_DUMP_IS_OBSERVED
#define TRANSMIT_F_OBSERVE 1
#define TRANSMIT_F_DONT_OBSERVE 2
#endif

typedef struct Binlog_transmit_param {
  uint32_t server_id; /* of the replica */
  uint32_t flags;     /* in MariaDB: says nothing */
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
#ifdef EVERY_DUMP_IS_OBSERVED
  int (*after_send_event)(Binlog_transmit_param *param, const char *event_buf,
                          unsigned long len);
#else
  int (*after_send_event)(Binlog_transmit_param *param, const char *event_buf,
                          unsigned long len, const char *skipped_log_file,
                          uint64_t skipped_log_pos);
#endif
  int (*after_reset_master)(Binlog_transmit_param *param);
} Binlog_transmit_observer;
