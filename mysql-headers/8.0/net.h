/* MySQL 8.0: as 9.7. */
#pragma once
/*
  That of 8.0.39. Early patch levels have less between Vio's buffers and its
  functions and no NET_SERVER.compress_ctx_algorithm (8.0.18).
*/
#include "../9.7/net.h"
