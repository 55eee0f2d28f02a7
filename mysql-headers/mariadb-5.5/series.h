/* The server series that these declarations belong to. */
#pragma once
#define MYSQL_SERIES "mariadb-5.5"
