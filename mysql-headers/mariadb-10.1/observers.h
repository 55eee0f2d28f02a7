/*
  Replication observers of MariaDB 10.1. A hook that is NULL is not called. No server checks
  `len`.
*/
#pragma once
#include "../5.6/relay_io.h"
#include "../5.6/transactions.h"
#include "../storage_param.h"

#define EVERY_DUMP_IS_OBSERVED
#include "../transmit.h"

/* Bits of the argument `flags` below. */
#define BINLOG_STORAGE_IS_SYNCED 1
#define BINLOG_GROUP_COMMIT_LEADER 2
#define BINLOG_GROUP_COMMIT_TRAILER 4

/*
  With flags, which MySQL does not have from 5.6 on. Both hooks are called once for each
  transaction, after_sync since 10.1.3.
*/
typedef struct Binlog_storage_observer {
  uint32_t len;
  int (*after_flush)(Binlog_storage_param *param, const char *log_file,
                     uint64_t log_pos, uint32_t flags);
  int (*after_sync)(Binlog_storage_param *param, const char *log_file,
                    uint64_t log_pos, uint32_t flags);
} Binlog_storage_observer;
