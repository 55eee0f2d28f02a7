/* MariaDB 5.5 hands no service to a plugin that is used here. */
#pragma once
#include "../messages.h"
