/* What a thread waits for on a connection: MySQL from 5.6 on, and MariaDB from 10.0 on. */
#pragma once

enum enum_vio_io_event {
  VIO_IO_EVENT_READ,
  VIO_IO_EVENT_WRITE,
  VIO_IO_EVENT_CONNECT
};
