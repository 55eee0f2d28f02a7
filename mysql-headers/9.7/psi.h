/*
  Performance schema instrumentation of MySQL 9.7 that the plugins use: stages, threads, mutexes,
  conditions and memory, each a service of its own. Keys of 0 mean "not instrumented".

  The descriptions of mutexes, conditions and memory are alike today, but each is a type of the
  server's own: ci/abi compares them one by one.
*/
#pragma once
#include "../psi_waits.h"
#include <stdbool.h>
#include <stddef.h>

#define PSI_FLAG_SINGLETON (1 << 0)
#define PSI_FLAG_ONLY_GLOBAL_STAT (1 << 7) /* not per thread */
#define PSI_FLAG_THREAD_SYSTEM (1 << 9)

typedef struct PSI_stage_info {
  unsigned int key;
  const char *name;
  unsigned int flags;
  const char *documentation;
} PSI_stage_info;

struct PSI_thread_info {
  unsigned int *key;
  const char *name;
  const char *os_name;
  unsigned int flags;
  int volatility;
  const char *documentation;
};

struct PSI_mutex_info {
  unsigned int *key;
  const char *name;
  unsigned int flags;
  int volatility;
  const char *documentation;
};

struct PSI_cond_info {
  unsigned int *key;
  const char *name;
  unsigned int flags;
  int volatility;
  const char *documentation;
};

typedef struct PSI_memory_info {
  unsigned int *key;
  const char *name;
  unsigned int flags;
  int volatility;
  const char *documentation;
} PSI_memory_info;

/* Instances. Nothing may be reported of one that is not enabled. */
struct PSI_mutex {
  bool enabled;
};

struct PSI_cond {
  bool enabled;
};

/* The leading slots of *psi_stage_service. */
typedef struct PSI_stage_service {
  void (*register_stage)(const char *category, PSI_stage_info **infos,
                         int count);
  void *(*start_stage)(unsigned int key, const char *file, int line);
} PSI_stage_service;

/* The leading slots of *psi_thread_service. */
typedef struct PSI_thread_service {
  psi_register_thread_func register_thread;
  int (*spawn_thread)(unsigned int key, unsigned int sequence_number,
                      pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*start_routine)(void *), void *argument);
} PSI_thread_service;

/* The leading slots of *psi_mutex_service. */
typedef struct PSI_mutex_service {
  psi_register_mutex_func register_mutex;
  psi_init_mutex_func init_mutex;
  void *destroy_mutex;
  psi_start_mutex_wait_func start_mutex_wait;
  psi_end_wait_func end_mutex_wait;
  psi_unlock_mutex_func unlock_mutex;
} PSI_mutex_service;

/* The leading slots of *psi_cond_service. */
typedef struct PSI_cond_service {
  psi_register_cond_func register_cond;
  psi_init_cond_func init_cond;
  void *lump_to_start[3];
  psi_start_cond_wait_func start_cond_wait;
  psi_end_wait_func end_cond_wait;
} PSI_cond_service;

/*
  The leading slots of *psi_memory_service. memory_alloc() answers with the key that memory_free()
  wants. `owner`: a thread, of an instrument that is counted per thread.
*/
typedef struct PSI_memory_service {
  void (*register_memory)(const char *category, PSI_memory_info *infos,
                          int count);
  unsigned int (*memory_alloc)(unsigned int key, size_t size, void **owner);
  void *memory_realloc;
  void *memory_claim;
  void (*memory_free)(unsigned int key, size_t size, void *owner);
} PSI_memory_service;

/*
  mysql_mutex_t of a release server: thd_enter_cond() hands it to KILL, which locks through it.
  There are no fast mutexes any more, so this one stays apart from that of 5.x.
*/
typedef struct mysql_mutex_t {
  pthread_mutex_t mutex;
  void *psi;
} mysql_mutex_t;
