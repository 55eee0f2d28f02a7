/*
  The network layer of MySQL 5.7: Vio, one connection's transport, as far as the
  plugins read or write it, and NET, its packets.
*/
#pragma once
#include "../vio_types.h"

enum enum_vio_type {
  NO_VIO_TYPE = 0,
  VIO_TYPE_TCPIP = 1,
  VIO_TYPE_SOCKET = 2,
  VIO_TYPE_NAMEDPIPE = 3,
  VIO_TYPE_SSL = 4,
  VIO_TYPE_SHARED_MEMORY = 5
};
enum enum_vio_io_event {
  VIO_IO_EVENT_READ,
  VIO_IO_EVENT_WRITE,
  VIO_IO_EVENT_CONNECT
};

/*
  The server's whole structure; what the plugins leave alone is in lumps, or is
  a pointer without a type. That of 5.7.23; other patch levels
  may have a function more.
*/
struct Vio {
  int fd;
  void *socket_psi;
  bool localhost;
  char lump_of_addresses[271];
  enum enum_vio_type type;
  bool inactive;
  char lump_of_buffers[59];
  int read_timeout;  /* ms, negative: none */
  int write_timeout; /* ms, negative: none */
  void *viodelete;
  void *vioerrno;
  vio_read_func read;
  vio_write_func write;
  void *timeout;
  void *viokeepalive;
  void *fastsend;
  void *peer_addr;
  void *in_addr;
  void *should_retry;
  void *was_timeout;
  vio_shutdown_func vioshutdown; /* also closes the descriptor */
  void *is_connected;
  bool (*has_data)(Vio *vio);
  void *io_wait;
  void *connect;
  void *ssl_arg;
};

#include "../packets.h"
