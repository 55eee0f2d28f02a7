/*
  Stands in for a header that only a build of the server makes, where there is none: for functions
  that server.h includes on the way. The numbers do not matter. ci/abi compares numbers of errors
  with the server's lists of messages.
*/
#pragma once
enum {
  ER_BAD_DB_ERROR,
  ER_LOCK_ABORTED,
  ER_LOCK_DEADLOCK,
  ER_NO_SUCH_TABLE,
  ER_TOO_LONG_IDENT,
  ER_TOO_LONG_KEY,
  ER_WRONG_TABLESPACE_NAME
};
