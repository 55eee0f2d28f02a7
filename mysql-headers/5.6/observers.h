/*
  Replication observers of MySQL 5.6. A hook that is NULL is not called. No server checks `len`.
*/
#pragma once
#include "../storage_param.h"
#include "../transmit.h"
#include "relay_io.h"
#include "transactions.h"

/* There is no after_sync. */
typedef struct Binlog_storage_observer {
  uint32_t len;
  int (*after_flush)(Binlog_storage_param *param, const char *log_file,
                     uint64_t log_pos);
} Binlog_storage_observer;
