/*
  Performance schema instrumentation of MariaDB 5.5: threads are slots of one
  table, stages do not exist.
*/
#pragma once
#include "../5.6/psi_types.h"

/* *PSI_server, as far as its last slot that is used. */
typedef struct PSI_server_v1 {
  void *lump_of_registers[3];
  psi_register_thread_func register_thread;
  void *lump_to_spawn[12];
  psi_spawn_thread_func spawn_thread;
} PSI_server_v1;
