/* MySQL 8.0: as 9.7. */
#pragma once
/*
  That of 8.0.39. Before some patch level after .15 PSI_thread_info has no
  os_name (32 bytes) and spawn_thread() takes no sequence number; an instance
  begins with the state of its lock, which is never 0 and so reads as `enabled`,
  and the server itself looks whether it is.
*/
#include "../9.7/psi.h"
