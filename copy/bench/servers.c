/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the servers of the two sides: see servers.h. */

#include <config.h>

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/servers.h"
#include "url.h"

#define DEFAULT_PORT 10809
#define LISTENING_UNIX 0x10000 /* __SO_ACCEPTCON in /proc/net/unix */
#define LISTENING_TCP 0x0a
#define INODES_MAX 8
#define INIT 1 /* systemd holds the sockets of services that it starts */

/* The inodes of the sockets on which one side is served. */
struct inodes {
  unsigned long at[INODES_MAX];
  size_t n;
};

static void
add_inode (struct inodes *i, unsigned long inode)
{
  if (i->n < INODES_MAX && inode != 0)
    i->at[i->n++] = inode;
}

/* -- unix sockets --------------------------------------------------------- */

/* Returns the path in "socket=PATH", decoded.  NULL if there is none. */
static char *
find_socket (const char *uri)
{
  const char *p = strstr (uri, "socket=");
  size_t length;

  if (strncasecmp (uri, "nbd+unix:", 9) != 0
      && strncasecmp (uri, "nbds+unix:", 10) != 0)
    return NULL;
  return p ? url_decode (p + 7, p + 7 + strcspn (p + 7, "&"), &length) : NULL;
}

static void
find_unix (struct inodes *found, const char *path)
{
  char line[PATH_MAX + 128], name[PATH_MAX];
  unsigned long flags, inode;
  FILE *f = fopen ("/proc/net/unix", "r");

  while (f && fgets (line, sizeof line, f))
    if (sscanf (line, "%*s %*s %*s %lx %*s %*s %lu %4095[^\n]", &flags, &inode,
                name)
          == 3
        && flags & LISTENING_UNIX && strcmp (name, path) == 0)
      add_inode (found, inode);
  if (f)
    fclose (f);
}

/* -- TCP ------------------------------------------------------------------ */

static bool
is_loopback (const char *host, size_t n)
{
  return (n == 9 && strncasecmp (host, "localhost", n) == 0)
    || (n > 4 && strncmp (host, "127.", 4) == 0)
    || (n == 5 && strncmp (host, "[::1]", n) == 0);
}

/* Returns the port if the server is at the loopback address, else 0. */
static unsigned
find_port (const char *uri)
{
  const char *host = strstr (uri, "://"), *end, *user, *port;

  if (host == NULL)
    return 0;
  host += 3;
  end = host + strcspn (host, "/?");
  user = memchr (host, '@', (size_t) (end - host));
  if (user)
    host = user + 1;
  port = end;
  while (port > host && isdigit ((unsigned char) port[-1]))
    port--;
  if (port > host && port < end && port[-1] == ':')
    return is_loopback (host, (size_t) (port - 1 - host))
      ? (unsigned) strtoul (port, NULL, 10)
      : 0;
  return is_loopback (host, (size_t) (end - host)) ? DEFAULT_PORT : 0;
}

static void
find_tcp (struct inodes *found, const char *file, unsigned port)
{
  unsigned local, state;
  unsigned long inode;
  char line[512];
  FILE *f = fopen (file, "r");

  while (f && fgets (line, sizeof line, f))
    if (sscanf (line, " %*[^:]: %*[^:]:%x %*s %x %*s %*s %*s %*s %*s %lu",
                &local, &state, &inode)
          == 3
        && local == port && state == LISTENING_TCP)
      add_inode (found, inode);
  if (f)
    fclose (f);
}

/* -- processes ------------------------------------------------------------ */

static bool
has_socket (const char *folder, const struct inodes *wanted)
{
  char target[64];
  struct dirent *d;
  unsigned long inode;
  bool has = false;
  DIR *dir = opendir (folder);

  while (dir && !has && (d = readdir (dir)) != NULL) {
    const ssize_t n = readlinkat (dirfd (dir), d->d_name, target,
                                  sizeof target - 1);

    if (n <= 0)
      continue;
    target[n] = '\0';
    if (sscanf (target, "socket:[%lu]", &inode) == 1)
      for (size_t i = 0; i < wanted->n; i++)
        has = has || wanted->at[i] == inode;
  }
  if (dir)
    closedir (dir);
  return has;
}

static bool
is_server (const struct servers *s, pid_t pid)
{
  for (size_t i = 0; i < s->n; i++)
    if (s->pids[i] == pid)
      return true;
  return false;
}

/* Adds the processes that hold one of the sockets; returns whether there are
 * any.
 */
static bool
add_processes (struct servers *s, const struct inodes *wanted)
{
  char folder[64];
  struct dirent *d;
  bool any = false;
  DIR *dir = opendir ("/proc");

  while (dir && (d = readdir (dir)) != NULL) {
    const pid_t pid = (pid_t) strtol (d->d_name, NULL, 10);

    if (pid <= INIT || pid == getpid ())
      continue;
    snprintf (folder, sizeof folder, "/proc/%ld/fd", (long) pid);
    if (!has_socket (folder, wanted))
      continue;
    any = true;
    if (!is_server (s, pid) && s->n < SERVERS_MAX)
      s->pids[s->n++] = pid;
  }
  if (dir)
    closedir (dir);
  return any;
}

/* Returns whether the rest of this machine's work is not this side's. */
static bool
add_side (struct servers *s, const char *name)
{
  struct inodes found = { .n = 0 };
  char *path;
  unsigned port;

  if (name == NULL || strcmp (name, "null:") == 0)
    return true;
  if (!url_is_nbd (name))
    return false;
  path = find_socket (name);
  port = path ? 0 : find_port (name);
  if (path)
    find_unix (&found, path);
  else if (port != 0) {
    find_tcp (&found, "/proc/net/tcp", port);
    find_tcp (&found, "/proc/net/tcp6", port);
  }
  free (path);
  if (path == NULL && port == 0) /* on another machine, or by vsock or ssh */
    return strncasecmp (name, "nbd://", 6) == 0
      || strncasecmp (name, "nbds://", 7) == 0;
  return found.n > 0 && add_processes (s, &found);
}

void
servers_find (struct servers *s, const char *const sides[2])
{
  bool first, second;

  *s = (struct servers) { .n = 0 };
  first = add_side (s, sides[0]);
  second = add_side (s, sides[1]);
  s->all_known = first && second;
}

static double
sum_times (const struct servers *s)
{
  struct process_times t;
  struct dirent *d;
  double sum = 0;
  DIR *dir = opendir ("/proc");

  while (dir && (d = readdir (dir)) != NULL) {
    const pid_t pid = (pid_t) strtol (d->d_name, NULL, 10);

    if (pid > 0 && measure_process (pid, &t)
        && (is_server (s, pid) || is_server (s, t.parent)))
      sum += t.own + t.children;
  }
  if (dir)
    closedir (dir);
  return sum;
}

/* A child that ends after its server was read and before it is read itself is
 * missing from one sum, and in its server's time in the next.
 */
double
servers_time (const struct servers *s)
{
  double first, second;

  if (s->n == 0)
    return 0;
  first = sum_times (s);
  second = sum_times (s);
  return first > second ? first : second;
}
