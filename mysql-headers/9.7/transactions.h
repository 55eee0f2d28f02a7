/* Transactions: the argument of their hooks, the same from MySQL 5.7 on. */
#pragma once
#include <stdint.h>

#define TRANS_IS_REAL_TRANS 1

/* The leading fields; the server's structure goes on. */
typedef struct Trans_param {
  uint32_t server_id;
  char *server_uuid;
  uint32_t thread_id;
  uint32_t flags;
  const char *log_file; /* base name; may be NULL although log_pos is not 0 */
  uint64_t log_pos;
} Trans_param;
