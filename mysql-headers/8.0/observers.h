/* MySQL 8.0: as 9.7. */
#pragma once
/* 8.0.15 does not have source_connection_auto_failover yet. */
#include "../9.7/observers.h"
