/*
  The network layer of MySQL 9.7: NET (server and client side) and the leading
  part of Vio, as far as the plugins read or write them.
*/
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <signal.h>

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
enum enum_vio_io_event {
  VIO_IO_EVENT_READ,
  VIO_IO_EVENT_WRITE,
  VIO_IO_EVENT_CONNECT
};
/* Results of a read or write on a Vio whose blocking flag is off. */
#define VIO_SOCKET_ERROR ((size_t)-1)
#define VIO_SOCKET_WANT_READ ((size_t)-2)
#define VIO_SOCKET_WANT_WRITE ((size_t)-3)

typedef struct Vio Vio;
typedef size_t (*vio_read_func)(Vio *vio, unsigned char *buf, size_t size);
typedef size_t (*vio_write_func)(Vio *vio, const unsigned char *buf,
                                 size_t size);
typedef int (*vio_shutdown_func)(Vio *vio);

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

typedef struct NET {
  Vio *vio;
  unsigned char *buff;
  unsigned char *buff_end;
  unsigned char *write_pos;
  unsigned char *read_pos;
  int fd;
  unsigned long remain_in_buf;
  unsigned long length;
  unsigned long buf_length;
  unsigned long where_b;
  unsigned long max_packet;
  unsigned long max_packet_size;
  unsigned int pkt_nr;
  unsigned int compress_pkt_nr;
  unsigned int write_timeout;
  unsigned int read_timeout;
  unsigned int retry_count;
  int fcntl;
  unsigned int *return_status;
  unsigned char reading_or_writing;
  unsigned char save_char;
  bool compress;
  unsigned int last_errno;
  unsigned char error;
  char last_error[512];
  char sqlstate[6];
  void *extension; /* server side: NET_SERVER */
} NET;

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

/* A client connection of the server (a replica's to its source). */
typedef struct MYSQL {
  NET net;
} MYSQL;
