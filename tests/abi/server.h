/*
  What of the server's own headers (MySQL 8.0 and later) has the things that
  mysql-headers/<series>/ declares. ci/abi compiles this against a source tree.
*/
#include "my_config.h"
#include "mysql.h"
#include "mysql/components/services/log_builtins.h"
#include "mysql/components/services/registry.h"
#include "mysql/plugin.h"
#include "mysql/psi/mysql_cond.h"
#include "mysql/psi/mysql_mutex.h"
#include "mysql/psi/psi_memory.h"
#include "mysql/psi/psi_stage.h"
#include "mysql/psi/psi_thread.h"
#include "mysql/service_my_plugin_log.h"
#include "mysql/service_plugin_registry.h"
#include "mysql_com.h"
#include "mysql_com_server.h"
#include "service_versions.h"
#include "sql/replication.h"
#include "sql/sql_plugin_var.h"
#include "typelib.h"
#include "violite.h"
