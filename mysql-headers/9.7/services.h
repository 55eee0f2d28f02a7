/*
  Services that MySQL 9.7 hands to a plugin: the component registry (for the
  error log) and the plain plugin log.
*/
#pragma once
#include "../messages.h"
#include "../plugin_log.h"
#include "registry.h"
#include "tables.h"

/* Slots of "log_builtins.mysql_server" in the smallest table of the series. */
#define LOG_BUILTINS_SLOTS 39
