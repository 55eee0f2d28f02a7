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

/* What is waited for, of several kinds of waits. */
#define PSI_MUTEX_LOCK 0
#define PSI_COND_TIMEDWAIT 1

typedef struct PSI_mutex_info {
  unsigned int *key;
  const char *name;
  int flags;
} PSI_mutex_info;

typedef struct PSI_cond_info {
  unsigned int *key;
  const char *name;
  int flags;
} PSI_cond_info;

/* Instances: only the server looks into them. */
typedef struct PSI_mutex PSI_mutex;
typedef struct PSI_cond PSI_cond;

/* Room for what the server notes during a wait; it needs less. */
typedef struct PSI_mutex_locker_state {
  uint64_t lump[16];
} PSI_mutex_locker_state;

typedef struct PSI_cond_locker_state {
  uint64_t lump[16];
} PSI_cond_locker_state;

typedef void (*psi_register_mutex_func)(const char *category,
                                        PSI_mutex_info *infos, int count);
typedef void (*psi_register_cond_func)(const char *category,
                                       PSI_cond_info *infos, int count);
typedef PSI_mutex *(*psi_init_mutex_func)(unsigned int key,
                                          const void *identity);
typedef PSI_cond *(*psi_init_cond_func)(unsigned int key,
                                        const void *identity);
/* NULL: this wait is not observed. MariaDB 5.5 begins one in two steps. */
typedef void *(*psi_start_mutex_wait_func)(PSI_mutex_locker_state *state,
                                           PSI_mutex *mutex, int operation,
                                           const char *file,
                                           unsigned int line);
typedef void *(*psi_start_cond_wait_func)(PSI_cond_locker_state *state,
                                          PSI_cond *cond, PSI_mutex *mutex,
                                          int operation, const char *file,
                                          unsigned int line);
typedef void (*psi_end_wait_func)(void *locker, int result);
typedef void (*psi_unlock_mutex_func)(PSI_mutex *mutex);

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
