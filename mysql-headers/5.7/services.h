/* Services that MySQL 5.7 hands to a plugin: the plain plugin log. */
#pragma once
#include "../messages.h"
#include "../plugin_log.h"
