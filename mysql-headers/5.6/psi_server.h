/*
  *PSI_server of MySQL 5.6 and 5.7, and of MariaDB 10.1: one table for all of performance schema, as
  far as its last slot that is used. Slots were added to it in 5.7: each psi.h defines how many
  slots of others come before `unlock_mutex` and before `start_stage`.

  The table of MariaDB 5.5 has no stages and begins a wait in another way; it stays apart.
*/
#pragma once
#include "../psi_5.h"
#include "psi_stages.h"

typedef struct PSI_server_v1 {
  psi_register_mutex_func register_mutex;
  void *register_rwlock;
  psi_register_cond_func register_cond;
  psi_register_thread_func register_thread;
  void *register_file;
  psi_register_stage_func register_stage;
  void *lump_to_init[2];
  psi_init_mutex_func init_mutex;
  void *lump_to_init_cond[3];
  psi_init_cond_func init_cond;
  void *lump_to_spawn[11];
  psi_spawn_thread_func spawn_thread;
  void *lump_to_unlock[PSI_SLOTS_TO_UNLOCK];
  psi_unlock_mutex_func unlock_mutex;
  void *lump_to_mutex_wait[5];
  psi_start_mutex_wait_func start_mutex_wait;
  psi_end_wait_func end_mutex_wait;
  void *lump_to_cond_wait[4];
  psi_start_cond_wait_func start_cond_wait;
  psi_end_wait_func end_cond_wait;
  void *lump_to_stage[PSI_SLOTS_TO_STAGE];
  psi_start_stage_func start_stage;
} PSI_server_v1;

#undef PSI_SLOTS_TO_UNLOCK
#undef PSI_SLOTS_TO_STAGE
