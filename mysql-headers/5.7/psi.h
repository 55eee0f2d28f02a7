/*
  Performance schema instrumentation of MySQL 5.7: stages and
  threads, all of them slots of one table.
*/
#pragma once
#include "../5.6/psi_stages.h"
#include "../5.6/psi_types.h"

/* *PSI_server, as far as its last slot that is used. */
typedef struct PSI_server_v1 {
  void *lump_of_registers[3];
  psi_register_thread_func register_thread;
  void *register_file;
  psi_register_stage_func register_stage;
  void *lump_to_spawn[18];
  psi_spawn_thread_func spawn_thread;
  void *lump_to_start[46];
  psi_start_stage_func start_stage;
} PSI_server_v1;
