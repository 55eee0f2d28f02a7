/*
  Performance schema instrumentation of MySQL 9.7 that the plugins use: stages,
  threads, mutexes, conditions and memory. Keys of 0 mean "not instrumented".
*/
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSI_FLAG_SINGLETON (1 << 0)
#define PSI_FLAG_ONLY_GLOBAL_STAT (1 << 7) /* not per thread */
#define PSI_FLAG_THREAD_SYSTEM (1 << 9)

typedef struct PSI_stage_info {
  unsigned int key;
  const char *name;
  unsigned int flags;
  const char *documentation;
} PSI_stage_info;

typedef struct PSI_thread_info {
  unsigned int *key;
  const char *name;
  const char *os_name;
  unsigned int flags;
  int volatility;
  const char *documentation;
} PSI_thread_info;

/* The leading slots of *psi_stage_service. */
typedef struct PSI_stage_service {
  void (*register_stage)(const char *category, PSI_stage_info **infos,
                         int count);
  void *(*start_stage)(unsigned int key, const char *file, int line);
} PSI_stage_service;

/* The leading slots of *psi_thread_service. */
typedef struct PSI_thread_service {
  void (*register_thread)(const char *category, PSI_thread_info *infos,
                          int count);
  int (*spawn_thread)(unsigned int key, unsigned int sequence_number,
                      pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*start_routine)(void *), void *argument);
} PSI_thread_service;

/* What is waited for, of several kinds of waits. */
#define PSI_MUTEX_LOCK 0
#define PSI_COND_TIMEDWAIT 1

typedef struct PSI_mutex_info {
  unsigned int *key;
  const char *name;
  unsigned int flags;
  int volatility;
  const char *documentation;
} PSI_mutex_info;

typedef struct PSI_cond_info {
  unsigned int *key;
  const char *name;
  unsigned int flags;
  int volatility;
  const char *documentation;
} PSI_cond_info;

typedef struct PSI_memory_info {
  unsigned int *key;
  const char *name;
  unsigned int flags;
  int volatility;
  const char *documentation;
} PSI_memory_info;

/* Instances. Nothing may be reported of one that is not enabled. */
typedef struct PSI_mutex {
  bool enabled;
} PSI_mutex;

typedef struct PSI_cond {
  bool enabled;
} PSI_cond;

/* Room for what the server notes during a wait; it needs less. */
typedef struct PSI_mutex_locker_state {
  uint64_t lump[16];
} PSI_mutex_locker_state;

typedef struct PSI_cond_locker_state {
  uint64_t lump[16];
} PSI_cond_locker_state;

/* *psi_mutex_service. A locker of NULL: this wait is not observed. */
typedef struct PSI_mutex_service {
  void (*register_mutex)(const char *category, PSI_mutex_info *infos,
                         int count);
  PSI_mutex *(*init_mutex)(unsigned int key, const void *identity);
  void *destroy_mutex;
  void *(*start_mutex_wait)(PSI_mutex_locker_state *state, PSI_mutex *mutex,
                            int operation, const char *file,
                            unsigned int line);
  void (*end_mutex_wait)(void *locker, int result);
  void (*unlock_mutex)(PSI_mutex *mutex);
} PSI_mutex_service;

/* *psi_cond_service. */
typedef struct PSI_cond_service {
  void (*register_cond)(const char *category, PSI_cond_info *infos, int count);
  PSI_cond *(*init_cond)(unsigned int key, const void *identity);
  void *lump_to_start[3];
  void *(*start_cond_wait)(PSI_cond_locker_state *state, PSI_cond *cond,
                           PSI_mutex *mutex, int operation, const char *file,
                           unsigned int line);
  void (*end_cond_wait)(void *locker, int result);
} PSI_cond_service;

/*
  *psi_memory_service. memory_alloc() answers with the key that memory_free()
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
  mysql_mutex_t and mysql_cond_t of a release server: thd_enter_cond() hands
  them to KILL, which locks and broadcasts through them.
*/
typedef struct mysql_mutex_t {
  pthread_mutex_t mutex;
  void *psi;
} mysql_mutex_t;

typedef struct mysql_cond_t {
  pthread_cond_t cond;
  void *psi;
} mysql_cond_t;
