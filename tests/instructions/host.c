/*
  A host for one library: as much of a mysqld as the library looks up, and the hooks called as a
  server calls them, many times. Under callgrind this counts the instructions of each hook
  (tests/live/src/bin/ci-instructions). Nothing here proves that a hook does what it should: real
  servers do that.

  usage: host source|replica LIBRARY

  Each function `count_...` makes one call of one hook, so that what callgrind counts for it is what
  the hook costs. All of the server that hooks call costs next to nothing here. The structures are
  those from which the library itself was built.
*/
#define _GNU_SOURCE
#include "semisync.h"
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How often each hook is called. */
#define COMMITS 400
/* Events of a transaction before its last: GTID, BEGIN, table, rows. */
#define INNER_EVENTS 4

#define COUNTED __attribute__((noipa, used)) static
/* A hook's call under a name of its own, which callgrind counts by. */
#define COUNT(name, parameters, call)       \
  COUNTED int name parameters {             \
    int result = call;                      \
    __asm__ volatile("" : "+r"(result));    \
    return result;                          \
  }

static void check(int done, const char *what) {
  if (!done) {
    fprintf(stderr, "host: %s\n", what);
    exit(1);
  }
}

/* ---- the server: data ---- */

char server_version[] = "9.7.0";
unsigned long server_id = 1;
bool opt_readonly;
int connection_events_loop_aborted_flag;
const char *log_bin_index = "/nonexistent/binlog.index";
const char *log_bin_basename;
bool opt_replication_sender_observe_commit_only;

static Binlog_storage_observer *storage;
static Trans_observer *transactions;
static Binlog_transmit_observer *transmit;
static Binlog_relay_IO_observer *relay_io;

#define OBSERVER(name, type, place)                 \
  int register_##name(type *observer, void *plugin) {   \
    place = observer;                               \
    return plugin == NULL;                          \
  }                                                 \
  int unregister_##name(type *observer, void *plugin) { \
    return observer == NULL || plugin == NULL;      \
  }
OBSERVER(trans_observer, Trans_observer, transactions)
OBSERVER(binlog_storage_observer, Binlog_storage_observer, storage)
OBSERVER(binlog_transmit_observer, Binlog_transmit_observer, transmit)
OBSERVER(binlog_relay_io_observer, Binlog_relay_IO_observer, relay_io)

/* ---- the server: sessions ---- */

/* One session is all: it commits, and it dumps. */
static uint64_t session[512];
static int never(void) { return 0; }
#define NEVER(name) int name(void) __attribute__((alias("never")));
static int always(void) { return 1; }
#define ALWAYS(name) int name(void) __attribute__((alias("always")));

THD *_Z19thd_get_current_thdv(void) { return (THD *)session; }
unsigned long thd_get_thread_id(const THD *thd) { return thd == NULL ? 0 : 7; }
NEVER(thd_killed)
NEVER(_Z16thd_slave_threadPK3THD)
NEVER(thd_sql_command)
NEVER(thd_tablespace_op)
ALWAYS(_ZNK3THD19is_classic_protocolEv)

static void (*in_enter_cond)(void);
static mysql_mutex_t *mutex_of_wait;

void thd_enter_cond(void *thd, mysql_cond_t *cond, mysql_mutex_t *mutex,
                    const PSI_stage_info *stage, PSI_stage_info *old_stage,
                    const char *function, const char *file, int line) {
  (void)thd, (void)cond, (void)stage, (void)old_stage;
  (void)function, (void)file, (void)line;
  mutex_of_wait = mutex;
  if (in_enter_cond != NULL) in_enter_cond();
}
NEVER(thd_exit_cond)

int get_user_var_int(const char *name, long long *value, int *null_value) {
  *value = 1;
  *null_value = 0;
  return strcmp(name, "rpl_semi_sync_replica") != 0;
}
ALWAYS(get_user_var_str)

/* What is looked up and never called here. */
NEVER(_Z14do_for_all_thdPFvP3THDmEm)
NEVER(_Z14thd_query_safeP3THDPcm)
NEVER(_Z24thd_get_security_contextP3THDPP16Security_context)
NEVER(_Z27security_context_get_optionP16Security_contextPKcPv)
NEVER(_Z8my_erroriiz)
NEVER(_Z19set_transaction_ctx27Transaction_termination_ctx)
NEVER(_Z28trans_cannot_safely_rollbackPK3THD)
NEVER(_Z27stmt_cannot_safely_rollbackPK3THD)
NEVER(_ZNK3THD21is_binlog_cache_emptyEb)
NEVER(_Z15my_printf_errorjPKciz)
NEVER(_Z15plugin_is_readyRK17MYSQL_LEX_CSTRINGi)
NEVER(_Z14my_thread_initv)
NEVER(_Z13my_thread_endv)
NEVER(_Z13vio_ssl_writeP3VioPKhm)
NEVER(_Z12vio_ssl_readP3VioPhm)
NEVER(_Z16vio_ssl_shutdownP3Vio)
NEVER(_Z11vio_io_waitP3Vio17enum_vio_io_eventi)
NEVER(_Z15vio_is_blockingP3Vio)
NEVER(_Z21vio_set_blocking_flagP3Viob)

/* ---- the server: services ---- */

int _ZN16log_builtins_imp7messageEiz(int type, ...) { return type; }
const char *_ZN16log_builtins_imp17errmsg_by_errcodeEi(int number) {
  return number == 0 ? NULL : "a message: %s";
}
static void *log_builtins[LOG_BUILTINS_SLOTS] = {
    (void *)_ZN16log_builtins_imp7messageEiz,
    (void *)_ZN16log_builtins_imp17errmsg_by_errcodeEi,
};
static int acquire(const char *name, void **service) {
  *service = log_builtins;
  return strcmp(name, "log_builtins.mysql_server") != 0;
}
static const mysql_registry registry = {.acquire = acquire,
                                        .release = (int (*)(void *))never};
static const mysql_registry *acquire_registry(void) { return &registry; }
static plugin_registry_service_t registries = {
    .acquire = acquire_registry,
    .release = (int (*)(const mysql_registry *))never};
static int log_line(void **plugin, enum plugin_log_level level,
                    const char *format, ...) {
  (void)plugin, (void)level;
  fprintf(stderr, "host: the library says: %s\n", format);
  return 0;
}
static my_plugin_log_service_t plugin_log = {.message = log_line};

/* Of performance schema there is nothing, but that it starts a thread. */
static struct {
  void *(*start)(void *);
  void *argument;
} thread_to_start;

COUNTED void *count_ack_receiver(void *unused) {
  void *result = thread_to_start.start(thread_to_start.argument);
  __asm__ volatile("" : "+r"(unused));
  return result;
}

static int spawn_thread(unsigned int key, unsigned int number,
                        pthread_t *thread, const pthread_attr_t *attributes,
                        void *(*start)(void *), void *argument) {
  (void)key, (void)number;
  thread_to_start.start = start;
  thread_to_start.argument = argument;
  return pthread_create(thread, attributes, count_ack_receiver, NULL);
}
static PSI_stage_service stages;
static PSI_thread_service threads = {.spawn_thread = spawn_thread};
static PSI_mutex_service mutexes;
static PSI_cond_service conds;
static PSI_memory_service memory = {
    .memory_alloc = (unsigned int (*)(unsigned int, size_t, void **))never,
    .memory_free = (void (*)(unsigned int, size_t, void *))never};
PSI_stage_service *psi_stage_service = &stages;
PSI_thread_service *psi_thread_service = &threads;
PSI_mutex_service *psi_mutex_service = &mutexes;
PSI_cond_service *psi_cond_service = &conds;
PSI_memory_service *psi_memory_service = &memory;
NEVER(_Z19pfs_spawn_thread_vcjjP16my_thread_handlePK14pthread_attr_tPFPvS4_ES4_)

/* ---- the server: connections ---- */

/* Our end has the Vio; the other server's end is `other_end`. */
static int other_end;
static Vio vio;
static unsigned char packets[16384];
static NET_SERVER extension = {.compress_ctx_algorithm = MYSQL_UNCOMPRESSED};
static MYSQL mysql;
#define net (mysql.net)

int _Z6vio_fdP3Vio(Vio *of) { return of->fd; }
size_t _Z9vio_writeP3VioPKhm(Vio *of, const unsigned char *bytes, size_t size) {
  ssize_t sent = send(of->fd, bytes, size, MSG_NOSIGNAL);
  return sent < 0 ? VIO_SOCKET_ERROR : (size_t)sent;
}
int _Z12vio_shutdownP3Vio(Vio *of) { return shutdown(of->fd, SHUT_RDWR); }

void _Z9net_clearP3NETb(NET *of, bool check_buffer) {
  (void)check_buffer;
  of->pkt_nr = of->compress_pkt_nr = 0;
  of->write_pos = of->buff;
}
bool _Z12my_net_writeP3NETPKhm(NET *of, const unsigned char *packet,
                               size_t size) {
  unsigned char header[4] = {size & 255, size >> 8 & 255, size >> 16,
                             of->pkt_nr++ & 255};
  memcpy(of->write_pos, header, sizeof header);
  memcpy(of->write_pos + sizeof header, packet, size);
  of->write_pos += sizeof header + size;
  return false;
}
bool _Z9net_flushP3NET(NET *of) {
  size_t size = of->write_pos - of->buff;
  if (size == 0) return false;
  of->write_pos = of->buff;
  return of->vio->write(of->vio, of->buff, size) != size;
}
void *_ZN3THD20get_protocol_classicEv(THD *thd) { return thd; }
NET *_ZN16Protocol_classic7get_netEv(void *protocol) {
  return protocol == NULL ? NULL : &net;
}

static void connect_pair(void) {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "no socketpair");
  other_end = ends[1];
  vio.fd = ends[0];
  vio.type = VIO_TYPE_TCPIP;
  vio.write = _Z9vio_writeP3VioPKhm;
  vio.vioshutdown = _Z12vio_shutdownP3Vio;
  net.vio = &vio;
  net.buff = net.write_pos = net.read_pos = packets;
  net.buff_end = packets + sizeof packets;
  net.fd = vio.fd;
  net.extension = &extension;
}

/* The other server reads all that there is. */
static size_t drain(void) {
  static char bytes[65536];
  size_t sum = 0;
  ssize_t got;
  while ((got = recv(other_end, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    sum += (size_t)got;
  return sum;
}

static void a_moment(void) {
  struct timespec time = {.tv_nsec = 100 * 1000};
  nanosleep(&time, NULL);
}

/* A statement of the library: any variable is 1. */
NEVER(mysql_real_query)
NEVER(mysql_errno)
NEVER(mysql_free_result)
static const char *row[] = {"1"};
void *mysql_store_result(MYSQL *of) { return of; }
const char **mysql_fetch_row(void *result) { return result == NULL ? NULL : row; }

/* ---- the binary log ---- */

#define LOG "binlog.000001"
static uint64_t end_of_log = 157;
/* How long an event is; its first 19 bytes are the header. */
#define EVENT 64
enum { QUERY = 2, XID = 16 };

static void make_event(unsigned char *event, unsigned char type) {
  end_of_log += EVENT;
  memset(event, 0, EVENT);
  event[4] = type;
  event[9] = EVENT;
  memcpy(event + 13, &end_of_log, 4);
}

/* ---- the source ---- */

static void send_acknowledgement(void) {
  unsigned char packet[4 + 9 + sizeof LOG - 1] = {9 + sizeof LOG - 1};
  packet[4] = 0xef;
  memcpy(packet + 5, &end_of_log, 8);
  memcpy(packet + 13, LOG, sizeof LOG - 1);
  check(send(other_end, packet, sizeof packet, MSG_NOSIGNAL) ==
            (ssize_t)sizeof packet,
        "no acknowledgement could be sent");
}

/* Whether a thread waits in epoll: the receiver, which has dealt with all that it has read. */
static bool receiver_sleeps(void) {
  bool sleeps = false;
  DIR *tasks = opendir("/proc/self/task");
  check(tasks != NULL, "no /proc/self/task");
  for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
    char path[sizeof "/proc/self/task//syscall" + sizeof task->d_name];
    snprintf(path, sizeof path, "/proc/self/task/%s/syscall", task->d_name);
    FILE *file = fopen(path, "r");
    if (file == NULL) continue; /* "..", or a thread that has ended */
    long call;
    /* Of a thread that runs there is a word instead. */
    sleeps |= fscanf(file, "%ld", &call) == 1 &&
              (call == SYS_epoll_wait || call == SYS_epoll_pwait || call == SYS_epoll_pwait2);
    fclose(file);
  }
  closedir(tasks);
  return sleeps;
}

static Binlog_storage_param storage_param = {1};
static Trans_param transaction = {.flags = TRANS_IS_REAL_TRANS, .log_file = LOG};
static Binlog_transmit_param transmit_param = {.server_id = 2};

COUNT(count_before_commit, (void),
      transactions->before_commit(&transaction))
COUNT(count_after_flush, (void),
      storage->after_flush(&storage_param, LOG, end_of_log))
/* The acknowledgement is there already. */
COUNT(count_after_sync_of_acknowledged, (void),
      storage->after_sync(&storage_param, LOG, end_of_log))
/* The acknowledgement comes while the session goes to sleep. */
COUNT(count_after_sync_that_waits, (void),
      storage->after_sync(&storage_param, LOG, end_of_log))
COUNT(count_after_commit, (void),
      transactions->after_commit(&transaction))
COUNT(count_reserve_header, (unsigned char *header, unsigned long *size),
      transmit->reserve_header(&transmit_param, header, 32, size))
COUNT(count_before_send_inner_event, (unsigned char *packet, unsigned long size),
      transmit->before_send_event(&transmit_param, packet, size, LOG, end_of_log))
COUNT(count_before_send_last_event, (unsigned char *packet, unsigned long size),
      transmit->before_send_event(&transmit_param, packet, size, LOG, end_of_log))
COUNT(count_after_send_inner_event, (unsigned char *packet, unsigned long size),
      transmit->after_send_event(&transmit_param, (char *)packet, size, NULL, 0))
COUNT(count_after_send_last_event, (unsigned char *packet, unsigned long size),
      transmit->after_send_event(&transmit_param, (char *)packet, size, NULL, 0))

/* One event, as Binlog_sender does it. */
static int send_event(bool is_last) {
  unsigned char packet[1 + 2 + EVENT] = {0};
  unsigned long size = 1;
  int failed = count_reserve_header(packet + 1, &size);
  make_event(packet + size, is_last ? XID : QUERY);
  size += EVENT;
  failed |= is_last ? count_before_send_last_event(packet, size)
                    : count_before_send_inner_event(packet, size);
  failed |= _Z12my_net_writeP3NETPKhm(&net, packet, size);
  failed |= is_last ? count_after_send_last_event(packet, size)
                    : count_after_send_inner_event(packet, size);
  return failed;
}

static void one_commit(bool waits) {
  int failed = count_before_commit();
  uint64_t begin = end_of_log;
  end_of_log += (INNER_EVENTS + 1) * EVENT;
  failed |= count_after_flush();
  end_of_log = begin;
  for (int event = 0; event < INNER_EVENTS; event++) failed |= send_event(false);
  failed |= send_event(true);
  failed |= _Z9net_flushP3NET(&net);
  check(!failed, "a hook failed");
  check(drain() != 0, "the dump sent nothing");
  transaction.log_pos = end_of_log;
  if (waits) {
    in_enter_cond = send_acknowledgement;
    failed = count_after_sync_that_waits();
    check(mutex_of_wait != NULL, "a session that should wait did not");
    mutex_of_wait = NULL;
  } else {
    in_enter_cond = NULL;
    send_acknowledgement();
    int unread = 1;
    for (int moments = 0; unread != 0 || !receiver_sleeps(); moments++) {
      check(moments < 600 * 1000, "nobody reads the acknowledgement");
      a_moment();
      check(ioctl(vio.fd, FIONREAD, &unread) == 0, "no FIONREAD");
    }
    failed = count_after_sync_of_acknowledged();
    check(mutex_of_wait == NULL, "a session waited although all was confirmed");
  }
  failed |= count_after_commit();
  check(!failed, "a hook failed");
}

/* The file of the log, at which the library looks after each flush. It stays empty. */
static char log_directory[] = "/tmp/semisync-instructions-XXXXXX";
static char log_base[64], log_file[64];

static void make_log_file(void) {
  check(mkdtemp(log_directory) != NULL, "no directory for the log");
  snprintf(log_base, sizeof log_base, "%s/binlog", log_directory);
  snprintf(log_file, sizeof log_file, "%s/" LOG, log_directory);
  FILE *file = fopen(log_file, "w");
  check(file != NULL && fclose(file) == 0, "no file for the log");
  log_bin_basename = log_base;
}

static void remove_log_file(void) {
  check(unlink(log_file) == 0 && rmdir(log_directory) == 0,
        "the file of the log cannot be removed");
}

static void be_a_source(void) {
  make_log_file();
  connect_pair();
  check(storage && transactions && transmit, "an observer is missing");
  check(transmit->transmit_start(&transmit_param, LOG, end_of_log) == 0,
        "transmit_start failed");
  for (int commit = 0; commit < COMMITS; commit++) one_commit(commit % 2 != 0);
  check(transmit->transmit_stop(&transmit_param) == 0, "transmit_stop failed");
  remove_log_file();
}

/* ---- the replica ---- */

static Binlog_relay_IO_param relay_param = {
    .server_id = 2,
    .channel_name = "",
    .host = "127.0.0.1",
    .user = "repl",
    .port = 3306,
    .master_log_name = LOG,
};

COUNT(count_after_read_inner_event,
      (const char *packet, unsigned long size, const char **event,
       unsigned long *event_size),
      relay_io->after_read_event(&relay_param, packet, size, event, event_size))
COUNT(count_after_read_last_event,
      (const char *packet, unsigned long size, const char **event,
       unsigned long *event_size),
      relay_io->after_read_event(&relay_param, packet, size, event, event_size))
COUNT(count_after_queue_inner_event, (const char *event, unsigned long size),
      relay_io->after_queue_event(&relay_param, event, size, 0))
/* The source asks for an acknowledgement, which is sent. */
COUNT(count_after_queue_last_event, (const char *event, unsigned long size),
      relay_io->after_queue_event(&relay_param, event, size, 1))

static int receive_event(bool is_last) {
  unsigned char packet[2 + EVENT] = {0xef, is_last};
  const char *event = NULL;
  unsigned long size = 0;
  make_event(packet + 2, is_last ? XID : QUERY);
  int failed =
      is_last ? count_after_read_last_event((char *)packet, sizeof packet,
                                            &event, &size)
              : count_after_read_inner_event((char *)packet, sizeof packet,
                                             &event, &size);
  check(event == (char *)packet + 2 && size == EVENT, "the header stayed on");
  relay_param.master_log_pos = end_of_log;
  return failed | (is_last ? count_after_queue_last_event(event, size)
                           : count_after_queue_inner_event(event, size));
}

static void be_a_replica(void) {
  connect_pair();
  check(relay_io != NULL, "an observer is missing");
  int failed = relay_io->thread_start(&relay_param);
  relay_param.mysql = &mysql;
  failed |= relay_io->before_request_transmit(&relay_param, 0);
  for (int commit = 0; commit < COMMITS; commit++) {
    for (int event = 0; event < INNER_EVENTS; event++)
      failed |= receive_event(false);
    check(drain() == 0, "an acknowledgement for which nobody asked");
    failed |= receive_event(true);
    check(drain() != 0, "no acknowledgement");
  }
  failed |= relay_io->thread_stop(&relay_param);
  check(!failed, "a hook failed");
}

/* ---- the plugin ---- */

/* What a server does before it calls init: services, and the value of each variable. */
static void prepare(void *library, struct st_mysql_plugin *plugin) {
  void **registry_place = dlsym(library, "plugin_registry_service");
  void **log_place = dlsym(library, "my_plugin_log_service");
  check(registry_place && log_place, "the library exports no service");
  *registry_place = &registries;
  *log_place = &plugin_log;
  for (struct st_mysql_sys_var **one = plugin->system_vars; *one; one++) {
    switch ((*one)->flags & 15) {
      case PLUGIN_VAR_BOOL: {
        struct sys_var_bool *variable = (struct sys_var_bool *)*one;
        bool is_switch = strcmp((*one)->name, "enabled") == 0;
        *variable->value = is_switch || variable->def_val;
        break;
      }
      case PLUGIN_VAR_INT: {
        struct sys_var_uint *variable = (struct sys_var_uint *)*one;
        *variable->value = variable->def_val;
        break;
      }
      case PLUGIN_VAR_LONG:
      case PLUGIN_VAR_ENUM: {
        struct sys_var_ulong *variable = (struct sys_var_ulong *)*one;
        *variable->value = variable->def_val;
        break;
      }
    }
  }
}

/* A library for this series wants a symbol that older servers lack. */
void *_ZTV22Item_func_current_role[1];

int main(int count, char **arguments) {
  check(count == 3, "usage: host source|replica LIBRARY");
  void *library = dlopen(arguments[2], RTLD_NOW);
  check(library != NULL, "the library cannot be loaded");
  struct st_mysql_plugin *plugin =
      dlsym(library, "_mysql_plugin_declarations_");
  check(plugin != NULL, "the library has no plugin");
  prepare(library, plugin);
  check(plugin->init(plugin) == 0, "the plugin is not to be installed");
  if (strcmp(arguments[1], "source") == 0)
    be_a_source();
  else
    be_a_replica();
  check(plugin->deinit(plugin) == 0, "the plugin is not to be uninstalled");
  return 0;
}
