/* Services that MySQL 5.7 hands to a plugin: as 5.6. */
#pragma once
#include "../5.6/services.h"
