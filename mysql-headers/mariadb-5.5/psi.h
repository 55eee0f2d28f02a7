/*
  Performance schema instrumentation of MariaDB 5.5: threads, mutexes and conditions are slots of
  one table, stages do not exist. The table begins like that of MySQL 5.6, but that one has other
  slots from `register_stage` on, and starts a wait in one call.
*/
#pragma once
#include "../psi_5.h"

/* NULL: this wait is not observed. */
typedef void *(*psi_get_mutex_locker_func)(PSI_mutex_locker_state *state,
                                           PSI_mutex *mutex, int operation);
typedef void *(*psi_get_cond_locker_func)(PSI_cond_locker_state *state,
                                          PSI_cond *cond, PSI_mutex *mutex,
                                          int operation);
typedef void (*psi_start_wait_func)(void *locker, const char *file,
                                    unsigned int line);

/* *PSI_server, as far as its last slot that is used. */
typedef struct PSI_server_v1 {
  psi_register_mutex_func register_mutex;
  void *register_rwlock;
  psi_register_cond_func register_cond;
  psi_register_thread_func register_thread;
  void *register_file;
  psi_init_mutex_func init_mutex;
  void *lump_to_init_cond[3];
  psi_init_cond_func init_cond;
  void *lump_to_spawn[6];
  psi_spawn_thread_func spawn_thread;
  void *lump_to_lockers[6];
  psi_get_mutex_locker_func get_thread_mutex_locker;
  void *get_thread_rwlock_locker;
  psi_get_cond_locker_func get_thread_cond_locker;
  void *lump_to_unlock[4];
  psi_unlock_mutex_func unlock_mutex;
  void *lump_to_mutex_wait[3];
  psi_start_wait_func start_mutex_wait;
  psi_end_wait_func end_mutex_wait;
  void *lump_to_cond_wait[4];
  psi_start_wait_func start_cond_wait;
  psi_end_wait_func end_cond_wait;
} PSI_server_v1;
