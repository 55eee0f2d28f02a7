/*
  Performance schema instrumentation of MySQL 5.6, and of MariaDB 10.1: stages, threads, mutexes and
  conditions, all of them slots of one table.
*/
#pragma once
#define PSI_SLOTS_TO_UNLOCK 16
#define PSI_SLOTS_TO_STAGE 11
#include "psi_server.h"
