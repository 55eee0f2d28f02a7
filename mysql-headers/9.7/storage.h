/* Binary log storage: its hooks, the same from MySQL 5.7 on. */
#pragma once
#include "../storage_param.h"

typedef struct Binlog_storage_observer {
  uint32_t len;
  int (*after_flush)(Binlog_storage_param *param, const char *log_file,
                     uint64_t log_pos);
  int (*after_sync)(Binlog_storage_param *param, const char *log_file,
                    uint64_t log_pos);
} Binlog_storage_observer;
