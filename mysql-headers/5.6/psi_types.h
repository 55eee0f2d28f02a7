/*
  Performance schema instrumentation and the instrumented mutex and condition:
  what is the same in MySQL up to 5.7 and in MariaDB. Keys of 0 mean "not
  instrumented".
*/
#pragma once
#include <pthread.h>
#include <stdint.h>

#define PSI_FLAG_GLOBAL (1 << 0) /* there is one of its kind */

typedef struct PSI_thread_info {
  unsigned int *key;
  const char *name;
  int flags;
} PSI_thread_info;

typedef void (*psi_register_thread_func)(const char *category,
                                         PSI_thread_info *infos, int count);
typedef int (*psi_spawn_thread_func)(unsigned int key, pthread_t *thread,
                                     const pthread_attr_t *attributes,
                                     void *(*start_routine)(void *),
                                     void *argument);

/*
  mysql_mutex_t and mysql_cond_t of a release server: thd_enter_cond() hands
  them to KILL, which locks and broadcasts through them. A server built with
  fast mutexes (the official 5.6) has two numbers where others have `psi`, which
  is behind them there: with zeros everywhere it is right for both.
*/
typedef struct mysql_mutex_t {
  pthread_mutex_t mutex;
  void *psi;
  void *psi_of_fast_mutexes;
} mysql_mutex_t;

typedef struct mysql_cond_t {
  pthread_cond_t cond;
  void *psi;
} mysql_cond_t;
