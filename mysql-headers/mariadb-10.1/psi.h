/* Performance schema instrumentation of MariaDB 10.1: as that of MySQL 5.6. */
#pragma once
#include "../5.6/psi.h"
