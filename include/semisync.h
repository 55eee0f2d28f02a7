/*
  Everything that bindgen sees. The headers come from mysql-headers/<series>/, which build.rs puts
  on the include path. What several series have in fact and by nature is declared once: above the
  folders of the series, or in the folder of the first series that has it.
*/
#include "series.h"
#include "plugin.h"
#include "observers.h"
#include "net.h"
#include "psi.h"
#include "services.h"
