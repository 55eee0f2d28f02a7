/*
  Performance schema instrumentation of MySQL 9.7 that the plugins use: stages
  and threads. Keys of 0 mean "not instrumented".
*/
#pragma once
#include <pthread.h>
#include <stdint.h>

#define PSI_FLAG_SINGLETON (1 << 0)
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
