/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lower bound: moves the same bytes between the same kind of processes,
 * over the same kind of sockets, without a protocol.
 *
 *     relay source SOCKET CHUNK      sends the bytes that each client wants
 *     relay sink SOCKET CHUNK        accepts all bytes
 *     relay copy SOURCE SINK BYTES CHUNK THREADS
 *
 * A server has one thread for each connection, as NBD servers have at least.
 * All other work of a copier costs additional time.
 */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* As in stripecopy. */
#define SOCKET_BUFFER (4 << 20)

#define THREADS_MAX 64

static size_t chunk;

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

static int
new_socket (const char *path, struct sockaddr_un *address)
{
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int size = SOCKET_BUFFER;

  if (fd == -1)
    die ("socket");
  if (strlen (path) >= sizeof address->sun_path) {
    errno = ENAMETOOLONG;
    die (path);
  }
  *address = (struct sockaddr_un) { .sun_family = AF_UNIX };
  strcpy (address->sun_path, path);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return fd;
}

static int
connect_to (const char *path)
{
  struct sockaddr_un address;
  const int fd = new_socket (path, &address);

  if (connect (fd, (struct sockaddr *) &address, sizeof address) == -1)
    die (path);
  return fd;
}

static void *
new_buffer (void)
{
  void *p = aligned_alloc (4096, (chunk + 4095) / 4096 * 4096);

  if (p == NULL)
    die ("memory");
  memset (p, 0x5a, chunk);
  return p;
}

static void
write_all (int fd, const char *p, size_t n)
{
  while (n > 0) {
    const ssize_t r = write (fd, p, n);

    if (r == -1)
      die ("write");
    p += r;
    n -= r;
  }
}

/* Returns fewer than n bytes only at the end. */
static size_t
read_all (int fd, char *p, size_t n)
{
  size_t got = 0;
  ssize_t r;

  while (got < n && (r = read (fd, p + got, n - got)) != 0) {
    if (r == -1)
      die ("read");
    got += r;
  }
  return got;
}

/* -- servers -------------------------------------------------------------- */

static void *
serve_source (void *opaque)
{
  const int fd = (intptr_t) opaque;
  char *buffer = new_buffer ();
  uint64_t left;

  if (read_all (fd, (char *) &left, sizeof left) == sizeof left)
    for (; left > 0; left -= left < chunk ? left : chunk)
      write_all (fd, buffer, left < chunk ? left : chunk);
  close (fd);
  free (buffer);
  return NULL;
}

/* Closes the connection after it has received all bytes. */
static void *
serve_sink (void *opaque)
{
  const int fd = (intptr_t) opaque;
  char *buffer = new_buffer ();

  while (read_all (fd, buffer, chunk) == chunk)
    ;
  close (fd);
  free (buffer);
  return NULL;
}

_Noreturn static void
serve (const char *path, void *(*serve_one) (void *) )
{
  struct sockaddr_un address;
  const int fd = new_socket (path, &address);

  signal (SIGPIPE, SIG_IGN);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) == -1
      || listen (fd, THREADS_MAX) == -1)
    die (path);
  for (;;) {
    const int client = accept (fd, NULL, NULL);
    pthread_t thread;

    if (client == -1)
      die ("accept");
    if (pthread_create (&thread, NULL, serve_one, (void *) (intptr_t) client))
      die ("thread");
    pthread_detach (thread);
  }
}

/* -- the relay ------------------------------------------------------------ */

struct share {
  pthread_t thread;
  const char *source, *sink;
  uint64_t bytes;
};

static void *
relay (void *opaque)
{
  struct share *s = opaque;
  const int source = connect_to (s->source), sink = connect_to (s->sink);
  char *buffer = new_buffer ();
  uint64_t left = s->bytes;

  write_all (source, (char *) &left, sizeof left);
  while (left > 0) {
    const size_t n = read_all (source, buffer, left < chunk ? left : chunk);

    if (n == 0)
      die ("the source ended early");
    write_all (sink, buffer, n);
    left -= n;
  }
  shutdown (sink, SHUT_WR);
  if (read_all (sink, buffer, 1) != 0)
    die ("sink");
  close (source);
  close (sink);
  free (buffer);
  return NULL;
}

static int
copy (const char *source, const char *sink, uint64_t bytes, unsigned threads)
{
  struct share shares[THREADS_MAX];

  if (threads < 1 || threads > THREADS_MAX) {
    errno = EINVAL;
    die ("threads");
  }
  for (unsigned i = 0; i < threads; i++) {
    shares[i] = (struct share) {
      .source = source,
      .sink = sink,
      .bytes = bytes / threads + (i == 0 ? bytes % threads : 0),
    };
    if (pthread_create (&shares[i].thread, NULL, relay, &shares[i]))
      die ("thread");
  }
  for (unsigned i = 0; i < threads; i++)
    pthread_join (shares[i].thread, NULL);
  return 0;
}

int
main (int argc, char **argv)
{
  if (argc == 4)
    chunk = strtoull (argv[3], NULL, 10);
  if (argc == 7)
    chunk = strtoull (argv[5], NULL, 10);
  if (chunk > 0 && argc == 4 && strcmp (argv[1], "source") == 0)
    serve (argv[2], serve_source);
  if (chunk > 0 && argc == 4 && strcmp (argv[1], "sink") == 0)
    serve (argv[2], serve_sink);
  if (chunk > 0 && argc == 7 && strcmp (argv[1], "copy") == 0)
    return copy (argv[2], argv[3], strtoull (argv[4], NULL, 10),
                 strtoul (argv[6], NULL, 10));
  fprintf (stderr,
           "usage: relay source|sink SOCKET CHUNK\n"
           "       relay copy SOURCE SINK BYTES CHUNK THREADS\n");
  return 2;
}
