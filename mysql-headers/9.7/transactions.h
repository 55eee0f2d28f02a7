/* Transactions: the argument of their hooks, and what refuses one, the same from MySQL 5.7 on. */
#pragma once
#include <stdbool.h>
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

/* Argument of set_transaction_ctx(), by value. */
typedef struct Transaction_termination_ctx {
  unsigned long m_thread_id;
  unsigned int m_flags;
  bool m_rollback_transaction;
  bool m_generated_gtid;
  int m_sidno;
  int64_t m_gno;
} Transaction_termination_ctx;

/* Answers of thd_sql_command(). */
#define SQLCOM_ROLLBACK 52
#define SQLCOM_XA_COMMIT 109
#define SQLCOM_XA_ROLLBACK 110
