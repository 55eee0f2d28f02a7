/*
  Stages of the performance schema in MySQL up to 5.7 and in MariaDB from 10.0 on. (From 8.0 on a
  stage has a documentation as well, see 9.7/psi.h.)
*/
#pragma once

typedef struct PSI_stage_info {
  unsigned int key;
  const char *name;
  int flags;
} PSI_stage_info;

typedef void (*psi_register_stage_func)(const char *category,
                                        PSI_stage_info **infos, int count);
/* 5.7 returns something, others do not. */
typedef void (*psi_start_stage_func)(unsigned int key, const char *file,
                                     int line);
