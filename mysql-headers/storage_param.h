/* Binary log storage: the argument of its hooks, in every series. */
#pragma once
#include <stdint.h>

typedef struct Binlog_storage_param {
  uint32_t server_id;
} Binlog_storage_param;
