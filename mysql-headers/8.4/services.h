/* Services that MySQL 8.4 hands to a plugin: as 9.7's, but for a slot. */
#pragma once
#include "../9.7/registry.h"
#include "../9.7/tables.h"
#include "../messages.h"
#include "../plugin_log.h"

/* Slots of "log_builtins.mysql_server" in the smallest table of the series. */
#define LOG_BUILTINS_SLOTS 38
