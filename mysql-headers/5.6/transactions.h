/* Transactions: MySQL 5.6 and MariaDB. */
#pragma once
#include <stdint.h>

#define TRANS_IS_REAL_TRANS 1

/* The leading fields; the server's structure goes on. */
typedef struct Trans_param {
  uint32_t server_id;
  uint32_t flags;
  const char *log_file; /* base name; may be NULL although log_pos is not 0 */
  uint64_t log_pos;
} Trans_param;

typedef struct Trans_observer {
  uint32_t len;
  int (*after_commit)(Trans_param *param);
  int (*after_rollback)(Trans_param *param);
} Trans_observer;
