/*
  The network layer of MySQL 5.7: Vio, one connection's transport, as far as the plugins read or
  write it, and NET, its packets.
*/
#pragma once

/* MariaDB numbers its types alike, but not after these: its numbers are those of MySQL 5.5. */
enum enum_vio_type {
  NO_VIO_TYPE = 0,
  VIO_TYPE_TCPIP = 1,
  VIO_TYPE_SOCKET = 2,
  VIO_TYPE_NAMEDPIPE = 3,
  VIO_TYPE_SSL = 4,
  VIO_TYPE_SHARED_MEMORY = 5
};

/* The Vio of 5.7.23; other patch levels may have a function more. */
#define VIO_LUMP_OF_ADDRESSES 271
#define VIO_LUMP_OF_BUFFERS 59
#include "../5.6/vio.h"

#include "../packets.h"
