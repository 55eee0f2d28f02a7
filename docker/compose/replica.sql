-- Replication starts when the server itself does, and goes on trying until the source is there.
CHANGE REPLICATION SOURCE TO
    SOURCE_HOST = 'source', SOURCE_USER = 'repl', SOURCE_PASSWORD = 'secret',
    SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1,
    SOURCE_CONNECT_RETRY = 2, SOURCE_RETRY_COUNT = 1000;
