/*
  Performance schema instrumentation of MySQL 5.7: stages, threads, mutexes and conditions, all of
  them slots of one table; and memory, whose slots are so far behind that it is found by name.
*/
#pragma once
#define PSI_SLOTS_TO_UNLOCK 19
#define PSI_SLOTS_TO_STAGE 13
#include "../5.6/psi_server.h"

typedef struct PSI_memory_info {
  unsigned int *key;
  const char *name;
  int flags;
} PSI_memory_info;
