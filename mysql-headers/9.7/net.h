/*
  The network layer of MySQL 9.7: Vio, one connection's transport, as far as the plugins read or
  write it, and NET, its packets, on the server's and on the client's side.
*/
#pragma once
#include "../vio_io_event.h"
#include "../vio_types.h"
#include <signal.h>
#include <sys/socket.h>

/* ---- Vio: one connection's transport ---- */

enum enum_vio_type {
  NO_VIO_TYPE = 0,
  VIO_TYPE_TCPIP = 1,
  VIO_TYPE_SOCKET = 2,
  VIO_TYPE_NAMEDPIPE = 3,
  VIO_TYPE_SSL = 4,
  VIO_TYPE_SHARED_MEMORY = 5,
  VIO_TYPE_LOCAL = 6,
  VIO_TYPE_PLUGIN = 7
};

/* Results of a read or write on a Vio whose blocking flag is off, beside VIO_SOCKET_ERROR. */
#define VIO_SOCKET_WANT_READ ((size_t)-2)
#define VIO_SOCKET_WANT_WRITE ((size_t)-3)

/* The server's whole structure; what the plugins leave alone is in lumps. */
struct Vio {
  int fd;
  void *socket_psi;
  bool localhost;
  enum enum_vio_type type;
  int read_timeout;  /* ms, negative: none */
  int write_timeout; /* ms, negative: none */
  int retry_count;
  bool inactive;
  struct sockaddr_storage local;
  struct sockaddr_storage remote;
  size_t addr_len;
  char *read_buffer;
  char *read_pos;
  char *read_end;
  unsigned long lump_of_thread_id[2];
  sigset_t signal_mask;
  bool lump_of_poll_flag;
  char network_namespace[256];
  void (*viodelete)(Vio *vio);
  int (*vioerrno)(Vio *vio);
  vio_read_func read;
  vio_write_func write;
  int (*timeout)(Vio *vio, unsigned int which, bool old_mode);
  int (*viokeepalive)(Vio *vio, bool on);
  int (*fastsend)(Vio *vio);
  bool (*peer_addr)(Vio *vio, char *buf, uint16_t *port, size_t size);
  void (*in_addr)(Vio *vio, struct sockaddr_storage *address);
  bool (*should_retry)(Vio *vio);
  bool (*was_timeout)(Vio *vio);
  vio_shutdown_func vioshutdown; /* also closes the descriptor */
  bool (*is_connected)(Vio *vio);
  bool (*has_data)(Vio *vio);
  int (*io_wait)(Vio *vio, enum enum_vio_io_event event, int timeout);
  bool (*connect)(Vio *vio, struct sockaddr *address, socklen_t len,
                  int timeout);
  void *ssl_arg;
  uint64_t lump_of_psi[22];
  bool (*is_blocking)(Vio *vio);
  int (*set_blocking)(Vio *vio, bool on);
  int (*set_blocking_flag)(Vio *vio, bool on);
  bool is_blocking_flag; /* off: reads and writes do not wait */
};

/* ---- NET: packets ---- */

#define NET_WITHOUT_LUMPS
#include "../packets.h"

enum enum_compression_algorithm {
  MYSQL_UNCOMPRESSED = 1,
  MYSQL_ZLIB = 2,
  MYSQL_ZSTD = 3,
  MYSQL_INVALID = 4
};

/* What NET.extension points to in the server; the leading part. */
typedef struct NET_SERVER {
  void *before_header;
  void *after_header;
  void *user_data;
  char compression_algorithm[32];
  unsigned int compression_level;
  bool compression_optional;
  enum enum_compression_algorithm compress_ctx_algorithm;
} NET_SERVER;
