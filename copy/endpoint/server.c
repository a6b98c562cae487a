/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [ CMD ARGS ... ]: starts a server on a private socket, and ends it. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "child.h"
#include "endpoint/child-log.h"
#include "endpoint/server.h"
#include "private-folder.h"

struct server {
  const char *name;             /* borrowed */
  struct private_folder folder; /* owned; holds the socket */
  struct sockaddr_un address;
  int place;     /* owned: its socket's file, opened by O_PATH, or -1 */
  char path[64]; /* by which place is reached; "": place is -1 */
  struct child child;
  struct child_log *heard; /* owned: the messages of the server */
};

/* Creates the folder of the socket.  The path has to fit in 108 bytes, so a
 * long TMPDIR may be a problem.
 */
static int
make_folder (struct server *s, const char *program, struct error *e)
{
  const char *tmp = getenv ("TMPDIR");
  char prefix[17];
  int n;

  if (tmp == NULL || tmp[0] != '/' || strlen (tmp) > 60)
    tmp = "/tmp";
  snprintf (prefix, sizeof prefix, "%.16s", program);
  if (private_folder_make (&s->folder, tmp, prefix) == -1) {
    error_set (e, errno, "%s: cannot make a folder in %s for its socket: %s",
               s->name, tmp, strerror (errno));
    return -1;
  }
  s->address.sun_family = AF_UNIX;
  n = snprintf (s->address.sun_path, sizeof s->address.sun_path,
                "%s/" PRIVATE_FOLDER_SOCKET, s->folder.path);
  if (n >= (int) sizeof s->address.sun_path) {
    error_set (e, ENAMETOOLONG, "%s: %s", s->name, strerror (ENAMETOOLONG));
    return -1;
  }
  return 0;
}

static int
listen_there (struct server *s, struct error *e)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd == -1
      || bind (fd, (struct sockaddr *) &s->address, sizeof s->address) == -1) {
    error_set (e, errno, "%s: cannot make the socket %s: %s", s->name,
               s->address.sun_path, strerror (errno));
    goto fail;
  }
  if (listen (fd, SOMAXCONN) == -1) {
    error_set (e, errno, "%s: cannot listen on %s: %s", s->name,
               s->address.sun_path, strerror (errno));
    goto fail;
  }
  return fd;

fail:
  if (fd != -1)
    close (fd);
  return -1;
}

static bool
is_reached_by (int listener, const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         0);
  bool good = false;
  int other;

  snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
  if (fd != -1
      && connect (fd, (struct sockaddr *) &address, sizeof address) == 0
      && (other = accept4 (listener, NULL, NULL, SOCK_CLOEXEC)) != -1) {
    good = true;
    close (other);
  }
  if (fd != -1)
    close (fd);
  return good;
}

/* Finds a path to the socket that needs no name: by our own descriptor of its
 * file.  A server that reads from this one uses the same path, which the kernel
 * allows if it may trace this process.  If any of this fails, as without /proc,
 * the name is used.
 */
static void
find_path (struct server *s, int listener)
{
  if (prctl (PR_GET_DUMPABLE) != 1)
    return;
  s->place = open (s->address.sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (s->place == -1)
    return;
  snprintf (s->path, sizeof s->path, "/proc/%ld/fd/%d", (long) getpid (),
            s->place);
  if (!is_reached_by (listener, s->path))
    s->path[0] = '\0';
}

void
server_give_up_names (struct server *s)
{
  if (s && s->path[0])
    private_folder_remove (&s->folder);
}

/* Starts the server.  It does not get a terminal: a process that reads from it
 * in a process group of its own would be stopped.
 */
static int
start_child (struct server *s, char *const command[], int listen_fd,
             enum server_kind kind)
{
  struct child_io io = CHILD_IO_DEFAULT;
  int r, err;

  if (kind == SERVER_USERS && !isatty (STDIN_FILENO))
    io.input = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  s->heard = child_log_start (true, &io.error);
  r = s->heard ? child_start_with (&s->child, command, listen_fd, "nbd", io)
               : -1;
  err = errno;
  if (io.input != -1)
    close (io.input);
  if (s->heard)
    close (io.error);
  errno = err;
  return r;
}

struct server *
server_start (char *const command[], const char *name, const char *program,
              enum server_kind kind, struct error *e)
{
  struct server *s = calloc (1, sizeof *s);
  int fd = -1;

  if (s == NULL) {
    error_set (e, ENOMEM, "%s: %s", name, strerror (ENOMEM));
    return NULL;
  }
  s->name = name;
  s->child.pidfd = s->place = s->folder.lock = -1;
  if (make_folder (s, program, e) == -1 || (fd = listen_there (s, e)) == -1)
    goto fail;
  find_path (s, fd);

  if (start_child (s, command, fd, kind) == -1) {
    error_set (e, errno, "%s: cannot start the server: %s", name,
               strerror (errno));
    goto fail;
  }
  child_guard (&s->child, kind == SERVER_OURS ? GUARD_FIRMLY : GUARD_GENTLY);
  /* From here on only the server holds the socket, so that connecting to a
   * server that has ended fails instead of waiting in the backlog.
   */
  close (fd);
  return s;

fail:
  if (fd != -1)
    close (fd);
  server_end (s, 0, -1, e);
  return NULL;
}

const char *
server_socket (const struct server *s)
{
  return s->path[0] ? s->path : s->address.sun_path;
}

int
server_fd (const struct server *s)
{
  return s->child.pidfd;
}

static bool
ends_with (const char *text, const char *end)
{
  const size_t n = strlen (text), m = strlen (end);

  return n >= m && strcmp (text + n - m, end) == 0;
}

/* Adds the last line that was printed before our goodbye, or, with @parting,
 * after it.  False if there is none.
 */
static bool
add_reason (struct server *s, bool parting, struct error *e)
{
  char line[512];
  const size_t used = strlen (e->text);
  bool found;

  if (s->heard == NULL)
    return false;
  found = child_log_reason (s->heard, parting, line, sizeof line);
  if (found && !ends_with (e->text, line))
    snprintf (e->text + used, sizeof e->text - used, ": %s", line);
  if (child_log_of_lock (s->heard)) {
    e->kind = ERROR_IN_USE;
    e->number = EBUSY;
  }
  return found;
}

void
server_explain (struct server *s, struct error *e)
{
  add_reason (s, false, e);
}

void
server_is_up (struct server *s)
{
  child_log_forget (s->heard);
}

void
server_hush (struct server *s, bool hush)
{
  child_log_hush (s->heard, hush);
}

bool
server_has_ended (struct server *s, int wait_ms, struct error *e)
{
  struct pollfd ended = { .fd = s->child.pidfd, .events = POLLIN };
  char how[64];

  poll (&ended, 1, wait_ms);
  if (!child_has_ended (&s->child))
    return false;
  child_describe (&s->child, how, sizeof how);
  *e = (struct error) { 0 };
  error_set (e, ECONNABORTED, "%s: the server %s", s->name, how);
  /* The last line may have come after our conns were lost. */
  if (!add_reason (s, true, e))
    add_reason (s, false, e);
  return true;
}

/* Returns whether the exit status says success; SIGTERM was ours. */
static bool
ended_well (const struct child *c)
{
  return (WIFEXITED (c->status) && WEXITSTATUS (c->status) == 0)
    || (WIFSIGNALED (c->status) && WTERMSIG (c->status) == SIGTERM);
}

bool
server_end (struct server *s, uint64_t grace_ns, int interrupt_fd,
            struct error *e)
{
  const bool started = s != NULL && s->child.pid > 0;
  char how[64];
  bool good = true;

  if (s == NULL)
    return true;
  if (started || s->child.ended) {
    good = child_end (&s->child, grace_ns, interrupt_fd)
      && ended_well (&s->child);
    if (!good && !error_is_set (e)) {
      error_set (e, EIO, "%s: the server failed on shutdown: %s", s->name,
                 child_describe (&s->child, how, sizeof how));
      add_reason (s, true, e);
    }
  }
  child_log_end (s->heard);
  private_folder_remove (&s->folder);
  if (s->place != -1)
    close (s->place);
  free (s);
  return good;
}
