/* Services that MySQL 8.0 hands to a plugin: as 9.7's, but for some slots. */
#pragma once
#include "../9.7/registry.h"
#include "../9.7/tables.h"
#include "../messages.h"
#include "../plugin_log.h"

/*
  Slots of "log_builtins.mysql_server" in the smallest table of the series, that of 8.0.15 as far as
  it is known; 8.0.39 has 38.
*/
#define LOG_BUILTINS_SLOTS 31
