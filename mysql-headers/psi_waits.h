/*
  Performance schema, in every series: waits for mutexes and conditions, and what an instrument is
  registered by. The series' own headers say what a description and an instance look like.
*/
#pragma once
#include <pthread.h>
#include <stdint.h>

typedef struct PSI_thread_info PSI_thread_info;
typedef struct PSI_mutex_info PSI_mutex_info;
typedef struct PSI_cond_info PSI_cond_info;
typedef struct PSI_mutex PSI_mutex;
typedef struct PSI_cond PSI_cond;

/* What is waited for, of several kinds of waits. */
#define PSI_MUTEX_LOCK 0
#define PSI_COND_TIMEDWAIT 1

/* Room for what the server notes during a wait; it needs less. */
typedef struct PSI_mutex_locker_state {
  uint64_t lump[16];
} PSI_mutex_locker_state;

typedef struct PSI_cond_locker_state {
  uint64_t lump[16];
} PSI_cond_locker_state;

typedef void (*psi_register_thread_func)(const char *category,
                                         PSI_thread_info *infos, int count);
typedef void (*psi_register_mutex_func)(const char *category,
                                        PSI_mutex_info *infos, int count);
typedef void (*psi_register_cond_func)(const char *category,
                                       PSI_cond_info *infos, int count);
typedef PSI_mutex *(*psi_init_mutex_func)(unsigned int key,
                                          const void *identity);
typedef PSI_cond *(*psi_init_cond_func)(unsigned int key,
                                        const void *identity);
/* A locker of NULL: this wait is not observed. MariaDB 5.5 begins a wait in two steps. */
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
  mysql_cond_t of a release server: thd_enter_cond() hands it to KILL, which broadcasts through it.
*/
typedef struct mysql_cond_t {
  pthread_cond_t cond;
  void *psi;
} mysql_cond_t;
