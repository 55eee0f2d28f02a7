/*
  Replication observers of MariaDB 5.5. A hook that is NULL is not called. No server checks
  `len`.
*/
#pragma once
#include "../5.6/relay_io.h"
#include "../5.6/transactions.h"
#include "../storage_param.h"

#define EVERY_DUMP_IS_OBSERVED
#include "../transmit.h"

/* Bit of the argument `flags` below. */
#define BINLOG_STORAGE_IS_SYNCED 1

/* Called once for each transaction, with flags; there is no after_sync. */
typedef struct Binlog_storage_observer {
  uint32_t len;
  int (*after_flush)(Binlog_storage_param *param, const char *log_file,
                     uint64_t log_pos, uint32_t flags);
} Binlog_storage_observer;
