/*
  Vio of MySQL 5.6 and 5.7, one connection's transport: the server's whole structure. What the
  plugins leave alone is in lumps, or is a pointer without a type. Two lumps are longer in 5.7: each
  net.h defines their sizes in bytes, and `enum enum_vio_type`, before.

  MariaDB's Vio comes from that of 5.5 and has other members; it stays apart.
*/
#pragma once
#include "../vio_io_event.h"
#include "../vio_types.h"

struct Vio {
  int fd;
  void *socket_psi;
  bool localhost;
  char lump_of_addresses[VIO_LUMP_OF_ADDRESSES];
  enum enum_vio_type type;
  bool inactive;
  char lump_of_buffers[VIO_LUMP_OF_BUFFERS];
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

#undef VIO_LUMP_OF_ADDRESSES
#undef VIO_LUMP_OF_BUFFERS
