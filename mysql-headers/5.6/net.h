/*
  The network layer of MySQL 5.6: Vio, one connection's transport, as far as the plugins read or
  write it, and NET, its packets.
*/
#pragma once

/* Not as in other series, which have a type 0 for "no transport". */
enum enum_vio_type {
  VIO_TYPE_TCPIP = 0,
  VIO_TYPE_SOCKET = 1,
  VIO_TYPE_NAMEDPIPE = 2,
  VIO_TYPE_SSL = 3,
  VIO_TYPE_SHARED_MEMORY = 4
};

#define VIO_LUMP_OF_ADDRESSES 267
#define VIO_LUMP_OF_BUFFERS 55
#include "vio.h"

#include "../packets.h"
