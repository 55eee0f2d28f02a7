/*
  Everything that bindgen sees. The headers come from mysql-headers/<series>/,
  which build.rs puts on the include path.
*/
#include "series.h"
#include "plugin.h"
#include "observers.h"
#include "net.h"
#include "psi.h"
#include "services.h"
