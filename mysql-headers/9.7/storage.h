/* Binary log storage: the same from MySQL 5.7 on. */
#pragma once
#include <stdint.h>

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
