/*
  Performance schema in MySQL up to 5.7 and in MariaDB: descriptions of instruments, and the
  instrumented mutex. Keys of 0 mean "not instrumented".

  The descriptions are alike today, but each is a type of the server's own: ci/abi compares them one
  by one.
*/
#pragma once
#include "psi_waits.h"

#define PSI_FLAG_GLOBAL (1 << 0) /* there is one of its kind */

struct PSI_thread_info {
  unsigned int *key;
  const char *name;
  int flags;
};

struct PSI_mutex_info {
  unsigned int *key;
  const char *name;
  int flags;
};

struct PSI_cond_info {
  unsigned int *key;
  const char *name;
  int flags;
};

/* Of PSI_mutex and PSI_cond, the instances, only the server knows what is in them. */

typedef int (*psi_spawn_thread_func)(unsigned int key, pthread_t *thread,
                                     const pthread_attr_t *attributes,
                                     void *(*start_routine)(void *),
                                     void *argument);

/*
  mysql_mutex_t of a release server: thd_enter_cond() hands it to KILL, which locks through it. A
  server built with fast mutexes (the official 5.6) has two numbers where others have `psi`, which
  is behind them there: with zeros everywhere it is right for both.
*/
typedef struct mysql_mutex_t {
  pthread_mutex_t mutex;
  void *psi;
  void *psi_of_fast_mutexes;
} mysql_mutex_t;
