/* The types of transports in MariaDB. */
#pragma once

enum enum_vio_type {
  NO_VIO_TYPE = 0, /* the server says VIO_CLOSED */
  VIO_TYPE_TCPIP = 1,
  VIO_TYPE_SOCKET = 2,
  VIO_TYPE_NAMEDPIPE = 3,
  VIO_TYPE_SSL = 4,
  VIO_TYPE_SHARED_MEMORY = 5
};
