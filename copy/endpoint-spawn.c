/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [ CMD ARGS ... ]: starts a server on a private socket, and ends it. */

#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "child.h"
#include "endpoint-spawn.h"
#include "heard.h"

/* Tries to make a folder that nobody removes. */
#define FOLDERS_MAX 100

struct spawn {
  const char *name;             /* borrowed */
  char *folder;                 /* owned; private to us, holds the socket */
  int folder_fd;                /* with a lock; -1: none */
  struct sockaddr_un address;
  bool has_socket;
  int socket_fd;                /* of the socket's file, not open for use; -1 */
  char socket[128];             /* how to reach it */
  struct child child;
  struct heard *heard;          /* owned: what the server prints */
};

/* A folder is locked as long as its run needs it. */
static bool
lock_folder (int fd)
{
  return fd != -1 && flock (fd, LOCK_EX | LOCK_NB) == 0;
}

/* Removes a folder that a run has left which was killed before it could do that
 * itself: it is ours, nobody has locked it, and there is our socket in it.
 */
static void
remove_if_left (int tmp, const char *name)
{
  const int fd = openat (tmp, name,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;

  if (lock_folder (fd) && fstat (fd, &st) == 0 && st.st_uid == geteuid ()
      && (st.st_mode & 077) == 0
      && fstatat (fd, "socket", &st, AT_SYMLINK_NOFOLLOW) == 0
      && S_ISSOCK (st.st_mode) && unlinkat (fd, "socket", 0) == 0)
    unlinkat (tmp, name, AT_REMOVEDIR);
  if (fd != -1)
    close (fd);
}

/* Folders are called by the program's name, a dash and six characters. */
static void
remove_left_folders (const char *tmp, const char *program)
{
  DIR *d = opendir (tmp);
  char start[32];
  struct dirent *entry;
  int n = snprintf (start, sizeof start, "%.16s-", program);

  while (d && (entry = readdir (d)) != NULL)
    if (strncmp (entry->d_name, start, n) == 0
        && strlen (entry->d_name) == (size_t) n + 6)
      remove_if_left (dirfd (d), entry->d_name);
  if (d)
    closedir (d);
}

/* Makes the folder, and locks it.  Another run may take it for one that was
 * left, in the moment before it is locked: then it makes another one.
 */
static int
make_locked_folder (struct spawn *s, const char *tmp, const char *program)
{
  for (unsigned i = 0; i < FOLDERS_MAX; i++) {
    free (s->folder);
    if (asprintf (&s->folder, "%s/%.16s-XXXXXX", tmp, program) == -1) {
      s->folder = NULL;
      errno = ENOMEM;
      return -1;
    }
    if (mkdtemp (s->folder) == NULL)
      return -1;
    s->folder_fd = open (s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock_folder (s->folder_fd) && access (s->folder, F_OK) == 0)
      return 0;
    if (s->folder_fd != -1)
      close (s->folder_fd);
    s->folder_fd = -1;
    rmdir (s->folder);
  }
  errno = EAGAIN;
  return -1;
}

/* The socket's path has to fit in 108 bytes, which TMPDIR may make hard. */
static int
make_folder (struct spawn *s, const char *program, struct error *e)
{
  const char *tmp = getenv ("TMPDIR");
  int n;

  if (tmp == NULL || tmp[0] != '/' || strlen (tmp) > 60)
    tmp = "/tmp";
  remove_left_folders (tmp, program);
  if (make_locked_folder (s, tmp, program) == -1) {
    error_set (e, errno, "%s: cannot make a folder in %s for its socket: %s",
               s->name, tmp, strerror (errno));
    free (s->folder);
    s->folder = NULL;
    return -1;
  }
  s->address.sun_family = AF_UNIX;
  n = snprintf (s->address.sun_path, sizeof s->address.sun_path,
                "%s/socket", s->folder);
  if (n >= (int) sizeof s->address.sun_path) {
    error_set (e, ENAMETOOLONG, "%s: %s", s->name, strerror (ENAMETOOLONG));
    return -1;
  }
  return 0;
}

static int
listen_there (struct spawn *s, struct error *e)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd == -1
      || bind (fd, (struct sockaddr *) &s->address, sizeof s->address) == -1) {
    error_set (e, errno, "%s: cannot make the socket %s: %s", s->name,
               s->address.sun_path, strerror (errno));
    goto fail;
  }
  s->has_socket = true;
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

/* A terminal is not given away: a server in a process group of its own that
 * reads from it would be stopped.
 */
static int
start_child (struct spawn *s, char *const command[], int listen_fd,
             enum spawn_kind kind)
{
  struct child_io io = CHILD_IO_DEFAULT;
  int r, err;

  if (kind == SPAWN_USERS && !isatty (STDIN_FILENO))
    io.input = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  s->heard = heard_start (true, &io.error);
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

static void
remove_folder (struct spawn *s)
{
  if (s->has_socket)
    unlink (s->address.sun_path);
  if (s->folder)
    rmdir (s->folder);
  free (s->folder);
  if (s->folder_fd != -1)
    close (s->folder_fd);
  s->folder_fd = -1;
  s->folder = NULL;
  s->has_socket = false;
}

/* A socket that is reached by a descriptor needs no name, so nothing is left of
 * it however we end.  Without /proc it keeps its name.
 */
static void
give_up_name (struct spawn *s)
{
  snprintf (s->socket, sizeof s->socket, "%s", s->address.sun_path);
  s->socket_fd = open (s->address.sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (s->socket_fd == -1)
    return;
  snprintf (s->socket, sizeof s->socket, "/proc/%ld/fd/%d", (long) getpid (),
            s->socket_fd);
  if (access (s->socket, W_OK) == 0)
    remove_folder (s);
  else
    snprintf (s->socket, sizeof s->socket, "%s", s->address.sun_path);
}

struct spawn *
spawn_start (char *const command[], const char *name, const char *program,
             enum spawn_kind kind, struct error *e)
{
  struct spawn *s = calloc (1, sizeof *s);
  int fd = -1;

  if (s == NULL) {
    error_set (e, ENOMEM, "%s: %s", name, strerror (ENOMEM));
    return NULL;
  }
  s->name = name;
  s->child.pidfd = -1;
  s->socket_fd = s->folder_fd = -1;
  if (make_folder (s, program, e) == -1
      || (fd = listen_there (s, e)) == -1)
    goto fail;

  give_up_name (s);
  if (start_child (s, command, fd, kind) == -1) {
    error_set (e, errno, "%s: cannot start the server: %s", name,
               strerror (errno));
    goto fail;
  }
  /* From here on only the server holds the socket, so that connecting to a
   * server which has ended fails instead of waiting in the backlog.
   */
  close (fd);
  return s;

 fail:
  if (fd != -1)
    close (fd);
  spawn_end (s, 0, -1, e);
  return NULL;
}

const char *
spawn_socket (const struct spawn *s)
{
  return s->socket;
}

int
spawn_fd (const struct spawn *s)
{
  return s->child.pidfd;
}

static bool
ends_with (const char *text, const char *end)
{
  const size_t n = strlen (text), m = strlen (end);

  return n >= m && strcmp (text + n - m, end) == 0;
}

/* Adds the last line that was printed before our goodbye, or after it. */
static void
add_reason (struct spawn *s, bool parting, struct error *e)
{
  char line[512];
  const size_t used = strlen (e->text);

  if (s->heard == NULL)
    return;
  if (heard_reason (s->heard, parting, line, sizeof line)
      && !ends_with (e->text, line))
    snprintf (e->text + used, sizeof e->text - used, ": %s", line);
  if (heard_of_lock (s->heard))
    e->number = EBUSY;
}

void
spawn_explain (struct spawn *s, struct error *e)
{
  add_reason (s, false, e);
}

void
spawn_is_up (struct spawn *s)
{
  heard_forget (s->heard);
}

void
spawn_hush (struct spawn *s, bool hush)
{
  heard_hush (s->heard, hush);
}

bool
spawn_has_ended (struct spawn *s, int wait_ms, struct error *e)
{
  struct pollfd ended = { .fd = s->child.pidfd, .events = POLLIN };
  char how[64];

  poll (&ended, 1, wait_ms);
  if (!child_has_ended (&s->child))
    return false;
  child_describe (&s->child, how, sizeof how);
  *e = (struct error) { 0 };
  error_set (e, ECONNABORTED, "%s: the server %s", s->name, how);
  spawn_explain (s, e);
  return true;
}

/* A server that we told to end may say so in its status. */
static bool
ended_well (const struct child *c)
{
  return (WIFEXITED (c->status) && WEXITSTATUS (c->status) == 0)
    || (WIFSIGNALED (c->status) && WTERMSIG (c->status) == SIGTERM);
}

bool
spawn_end (struct spawn *s, uint64_t grace_ns, int hurry_fd, struct error *e)
{
  const bool started = s != NULL && s->child.pid > 0;
  char how[64];
  bool good = true;

  if (s == NULL)
    return true;
  if (started || s->child.ended) {
    good = child_end (&s->child, grace_ns, hurry_fd)
      && ended_well (&s->child);
    if (!good && !error_is_set (e)) {
      error_set (e, EIO, "%s: at its end the server %s", s->name,
                 child_describe (&s->child, how, sizeof how));
      add_reason (s, true, e);
    }
  }
  heard_end (s->heard);
  remove_folder (s);
  if (s->socket_fd != -1)
    close (s->socket_fd);
  free (s);
  return good;
}
