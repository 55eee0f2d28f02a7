/*
  Tables of a plugin in performance_schema: MySQL 8.0.14 and later. A table is made by one service;
  its columns are written through others, one for each type.

  What a text is written through has changed: version 2 of the service has other slots than
  version 1, which servers have that lack version 2. Version 1 of the service for timestamps cannot
  take a number, so it is not used.
*/
#pragma once
#include <stdbool.h>

typedef struct PSI_field PSI_field;               /* a column of the row that is being read */
typedef struct PSI_table_handle PSI_table_handle; /* ours: one scan of a table */
typedef struct PSI_pos PSI_pos;                   /* ours: where a scan is */

#define PFS_HA_ERR_WRONG_COMMAND 131
#define PFS_HA_ERR_RECORD_DELETED 134
#define PFS_HA_ERR_END_OF_FILE 137

typedef struct PSI_ulonglong {
  unsigned long long val;
  bool is_null;
} PSI_ulonglong;

typedef struct PSI_double {
  double val;
  bool is_null;
} PSI_double;

/* Of these the server calls all without looking but reset_position and what has an index. */
typedef struct PFS_engine_table_proxy {
  int (*rnd_next)(PSI_table_handle *handle);
  int (*rnd_init)(PSI_table_handle *handle, bool scan);
  int (*rnd_pos)(PSI_table_handle *handle);
  void *index_init;
  void *index_read;
  void *index_next;
  int (*read_column_value)(PSI_table_handle *handle, PSI_field *field,
                           unsigned int index);
  void *reset_position;
  int (*write_column_value)(PSI_table_handle *handle, PSI_field *field,
                            unsigned int index);
  int (*write_row_values)(PSI_table_handle *handle);
  void *update_column_value;
  void *update_row_values;
  void *delete_row_values;
  PSI_table_handle *(*open_table)(PSI_pos **pos);
  void (*close_table)(PSI_table_handle *handle);
} PFS_engine_table_proxy;

enum Access_control { READONLY = 0 };

typedef struct PFS_engine_table_share_proxy {
  PFS_engine_table_proxy m_proxy_engine_table;
  const char *m_table_name;
  unsigned int m_table_name_length;
  const char *m_table_definition; /* the columns, as SQL */
  unsigned int m_ref_length;      /* bytes of a position */
  enum Access_control m_acl;
  void *delete_all_rows;
  unsigned long long (*get_row_count)(void);
} PFS_engine_table_share_proxy;

/* The leading slots of each service. */

typedef struct pfs_plugin_table_v1 {
  int (*add_tables)(PFS_engine_table_share_proxy **shares, unsigned int count);
  int (*delete_tables)(PFS_engine_table_share_proxy **shares,
                       unsigned int count);
} pfs_plugin_table_v1;

typedef struct pfs_plugin_column_bigint_v1 {
  void *set;
  void (*set_unsigned)(PSI_field *field, PSI_ulonglong value);
} pfs_plugin_column_bigint_v1;

typedef struct pfs_plugin_column_double_v1 {
  void (*set)(PSI_field *field, PSI_double value);
} pfs_plugin_column_double_v1;

typedef struct pfs_plugin_column_enum_v1 {
  void (*set)(PSI_field *field, PSI_ulonglong value);
} pfs_plugin_column_enum_v1;

typedef struct pfs_plugin_column_timestamp_v2 {
  void *set;
  void (*set2)(PSI_field *field, unsigned long long micros);
} pfs_plugin_column_timestamp_v2;

typedef struct pfs_plugin_column_string_v2 {
  void *set_char_utf8mb4;
  void *get_char_utf8mb4;
  void *read_key_string;
  void *match_key_string;
  void *get_varchar_utf8mb4;
  void (*set_varchar_utf8mb4)(PSI_field *field, const char *text);
  void (*set_varchar_utf8mb4_len)(PSI_field *field, const char *text,
                                  unsigned int len);
} pfs_plugin_column_string_v2;

typedef struct pfs_plugin_column_string_v1 {
  void *lump[4];
  void (*set_varchar_utf8)(PSI_field *field, const char *text);
  void (*set_varchar_utf8_len)(PSI_field *field, const char *text,
                               unsigned int len);
} pfs_plugin_column_string_v1;

/*
  What is asked before an error reaches a session. The server links several of them by the second
  field; what they do is up to the first.
*/
typedef struct Internal_error_handler {
  const void *vtable;
  struct Internal_error_handler *m_prev_internal_handler;
} Internal_error_handler;
