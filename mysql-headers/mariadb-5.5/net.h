/*
  The network layer of MariaDB 5.5: Vio, one connection's transport, as far as the plugins read or
  write it, and NET, its packets.
*/
#pragma once
#include "../vio_types.h"
#include "vio_type.h"

/*
  The server's whole structure; what the plugins leave alone is in lumps, or is a pointer without a
  type.
*/
struct Vio {
  int fd;
  void *lump;
  bool localhost;
  int fcntl_mode;
  char lump_of_addresses[260];
  enum enum_vio_type type;
  void *lump_of_buffers[8];
  unsigned int read_timeout;  /* not used: timeouts are the socket's own */
  unsigned int write_timeout; /* not used */
  void *viodelete;
  void *vioerrno;
  vio_read_func read;
  vio_write_func write;
  void *vioblocking;
  void *is_blocking;
  void *viokeepalive;
  void *fastsend;
  void *peer_addr;
  void *in_addr;
  void *should_retry;
  void *was_interrupted;
  vio_shutdown_func vioshutdown; /* `vioclose` to the server */
  void *timeout;
  void *poll_read;
  void *is_connected;
  void *shutdown; /* shutdown(2) only, with its second argument */
  bool (*has_data)(Vio *vio);
  void *ssl_arg;
};

#include "../packets.h"
