/* MySQL 8.0: as 9.7. */
#pragma once
#include "../9.7/plugin.h"
