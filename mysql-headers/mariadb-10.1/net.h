/*
  The network layer of MariaDB 10.1: Vio, one connection's transport, as far as the plugins read or
  write it, and NET, its packets.
*/
#pragma once
#include "../mariadb-5.5/vio_type.h"
#include "../vio_io_event.h"
#include "../vio_types.h"

/*
  The server's whole structure; what the plugins leave alone is in lumps, or is a pointer without a
  type. Members of MariaDB 5.5's and of MySQL 5.6's Vio stand here in an order of their own, so the
  three stay apart.
*/
struct Vio {
  int fd;
  void *socket_psi;
  bool localhost;
  int fcntl_mode;
  char lump_of_addresses[260];
  enum enum_vio_type type;
  void *lump_of_buffers[5];
  int read_timeout;  /* ms, negative: none */
  int write_timeout; /* ms, negative: none */
  void *viodelete;
  void *vioerrno;
  vio_read_func read;
  vio_write_func write;
  void *timeout;
  void *vioblocking;
  void *is_blocking;
  void *viokeepalive;
  void *fastsend;
  void *peer_addr;
  void *in_addr;
  void *should_retry;
  void *was_timeout;
  vio_shutdown_func vioshutdown; /* `vioclose` to the server */
  void *is_connected;
  void *shutdown; /* shutdown(2) only, with its second argument */
  bool (*has_data)(Vio *vio);
  void *io_wait;
  void *connect;
  void *ssl_arg;
};

#include "../packets.h"
