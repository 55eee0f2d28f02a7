/* MariaDB 10.1 hands no service to a plugin that is used here. */
#pragma once
#include "../messages.h"
