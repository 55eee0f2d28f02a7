/*
  What every MySQL series hands to a plugin that exports `my_plugin_log_service`: a way into the
  error log, with the plugin's name as a fixed prefix. MariaDB has nothing like it.
*/
#pragma once

/* Initial value of an exported service pointer: the version that is wanted. */
#define SERVICE_VERSION 0x0100

enum plugin_log_level {
  MY_ERROR_LEVEL,
  MY_WARNING_LEVEL,
  MY_INFORMATION_LEVEL
};
typedef struct my_plugin_log_service_t {
  int (*message)(void **plugin, enum plugin_log_level level, const char *format,
                 ...);
} my_plugin_log_service_t;
