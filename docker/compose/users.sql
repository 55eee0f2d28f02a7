-- The same on every server, and in no binary log.
SET sql_log_bin = 0;
CREATE USER repl IDENTIFIED BY 'secret';
GRANT REPLICATION SLAVE ON *.* TO repl;
