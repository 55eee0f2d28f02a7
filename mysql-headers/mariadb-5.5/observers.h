/*
  Replication observers of MariaDB 5.5. A hook that is NULL is not called. No
  server checks `len`.
*/
#pragma once
#include "../5.6/relay_io.h"
#include "../5.6/transactions.h"
#include "../mariadb-10.1/transmit.h"
#include <stdint.h>

/* Bit of the argument `flags` below. */
#define BINLOG_STORAGE_IS_SYNCED 1

typedef struct Binlog_storage_param {
  uint32_t server_id;
} Binlog_storage_param;

/* Called once for each transaction; there is no after_sync. */
typedef struct Binlog_storage_observer {
  uint32_t len;
  int (*after_flush)(Binlog_storage_param *param, const char *log_file,
                     uint64_t log_pos, uint32_t flags);
} Binlog_storage_observer;
