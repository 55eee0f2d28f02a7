/* MySQL 8.4: as 9.7. */
#pragma once
#include "../9.7/psi.h"
