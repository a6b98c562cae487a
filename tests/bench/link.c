/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network link between two network namespaces, so that TCP itself is
 * measured: its windows, its reaction to loss, and several connections.
 *
 *     link NAMESPACE NAMESPACE DELAY-MS RATE-MBIT QUEUE-KB LOSS
 *
 * Each namespace (of ip-netns) gets a TUN device that is called "link"; the
 * caller gives it an address and brings it up.  In each direction, packets wait
 * in a queue of QUEUE-KB for a link of RATE-MBIT per second, are dropped if the
 * queue is full, and arrive DELAY-MS after they have left it.  LOSS is the part
 * of them that is lost: 0.0001 is 0.01 %.  Prints "ready", and works until it
 * is ended.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"

#define PACKET_MAX 2048 /* bytes; a device's usual packets have 1500 */
#define PACKETS                                                                \
  65536 /* in flight in one direction, at most: two
                                   Gbit a second for 0.4 s */

struct packet {
  uint64_t arrives; /* clock_now time */
  uint16_t length;
  char bytes[PACKET_MAX];
};

struct direction {
  int from, to;           /* devices */
  struct packet *packets; /* owned; a ring */
  uint64_t first, end;    /* numbers of the packets in flight */
  uint64_t free_at;       /* clock_now time: when the link has sent all
                                   that waits for it */
};

static uint64_t delay; /* ns */
static double ns_per_byte, loss;
static uint64_t queue_time; /* ns that a full queue takes to be sent */
static unsigned short dice[3] = { 0x330e, 2026, 11 };

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

/* Opens a device in a namespace, and stays in that namespace. */
static int
open_device (const char *name)
{
  struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
  char path[256];
  int namespace, fd;

  snprintf (path, sizeof path, "/run/netns/%s", name);
  if ((namespace = open (path, O_RDONLY | O_CLOEXEC)) == -1
      || setns (namespace, CLONE_NEWNET) == -1)
    die (path);
  close (namespace);
  strcpy (request.ifr_name, "link");
  if ((fd = open ("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) == -1
      || ioctl (fd, TUNSETIFF, &request) == -1)
    die ("/dev/net/tun");
  return fd;
}

static void
init_direction (struct direction *d, int from, int to)
{
  *d = (struct direction) { .from = from, .to = to };
  if ((d->packets = malloc (PACKETS * sizeof *d->packets)) == NULL)
    die ("memory");
}

/* Packets that arrive while the ring or the queue is full are dropped. */
static void
take_packets (struct direction *d)
{
  for (;;) {
    struct packet *p = &d->packets[d->end % PACKETS];
    char dropped[PACKET_MAX];
    const bool full = d->end - d->first == PACKETS;
    const ssize_t n = read (d->from, full ? dropped : p->bytes, PACKET_MAX);
    const uint64_t now = clock_now ();

    if (n <= 0)
      return;
    if (full || d->free_at > now + queue_time)
      continue;
    d->free_at = (d->free_at > now ? d->free_at : now) + n * ns_per_byte;
    if (erand48 (dice) < loss)
      continue;
    p->length = n;
    p->arrives = d->free_at + delay;
    d->end++;
  }
}

/* A device that is not up drops the packet, as a network would. */
static void
deliver_packets (struct direction *d)
{
  const uint64_t now = clock_now ();

  for (; d->first < d->end; d->first++) {
    const struct packet *p = &d->packets[d->first % PACKETS];

    if (p->arrives > now)
      return;
    if (write (d->to, p->bytes, p->length) == -1 && errno != EAGAIN
        && errno != EIO) /* the device is not up */
      die ("write");
  }
}

static uint64_t
next_arrival (const struct direction *d)
{
  return d->first < d->end ? d->packets[d->first % PACKETS].arrives : 0;
}

static void
work (struct direction both[2])
{
  struct pollfd fds[2];

  for (unsigned i = 0; i < 2; i++)
    fds[i] = (struct pollfd) { .fd = both[i].from, .events = POLLIN };
  for (;;) {
    const uint64_t now = clock_now ();
    const uint64_t next = clock_earlier (next_arrival (&both[0]),
                                         next_arrival (&both[1]));
    const uint64_t wait = next > now ? next - now : 0;
    const struct timespec time = { wait / NS_PER_S, wait % NS_PER_S };

    if (ppoll (fds, 2, next ? &time : NULL, NULL) == -1 && errno != EINTR)
      die ("ppoll");
    for (unsigned i = 0; i < 2; i++) {
      take_packets (&both[i]);
      deliver_packets (&both[i]);
    }
  }
}

int
main (int argc, char **argv)
{
  struct direction both[2];
  int devices[2];

  if (argc != 7) {
    fprintf (stderr,
             "usage: link NAMESPACE NAMESPACE DELAY-MS RATE-MBIT"
             " QUEUE-KB LOSS\n");
    return 2;
  }
  delay = atof (argv[3]) * NS_PER_MS;
  ns_per_byte = 8e3 / atof (argv[4]);
  queue_time = atof (argv[5]) * 1e3 * ns_per_byte;
  loss = atof (argv[6]);
  for (unsigned i = 0; i < 2; i++)
    devices[i] = open_device (argv[1 + i]);
  init_direction (&both[0], devices[0], devices[1]);
  init_direction (&both[1], devices[1], devices[0]);
  puts ("ready");
  fflush (stdout);
  work (both);
}
