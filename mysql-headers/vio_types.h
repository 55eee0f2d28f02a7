/* What the declarations of Vio need, in every series. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Result of a read or write that failed. */
#define VIO_SOCKET_ERROR ((size_t)-1)

typedef struct Vio Vio;
typedef size_t (*vio_read_func)(Vio *vio, unsigned char *buf, size_t size);
typedef size_t (*vio_write_func)(Vio *vio, const unsigned char *buf,
                                 size_t size);
typedef int (*vio_shutdown_func)(Vio *vio);
