/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image kind of endpoint: disk formats, and files on web servers.
 *
 * qemu-nbd knows the formats, and nbdkit the web.  All data goes through an NBD
 * endpoint to the server that is started here; this file chooses the server,
 * and takes care of the file that it serves.
 *
 *   file    -> qemu-nbd -> us
 *   address -> nbdkit -> us               a raw disk
 *   address -> nbdkit -> qemu-nbd -> us   any other
 *
 * Opening a destination changes nothing: an existing image is opened by a
 * server that only reads, and a new image is not created.  For both, prepare
 * starts the server that writes, once it is certain that the copy can be done.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arith.h"
#include "base/log.h"
#include "child.h"
#include "clock.h"
#include "device.h"
#include "endpoint/archive.h"
#include "endpoint/child-log.h"
#include "endpoint/path.h"
#include "endpoint/image-command.h"
#include "endpoint/image-facts.h"
#include "endpoint/image-options.h"
#include "endpoint/image.h"
#include "endpoint/nbd.h"
#include "endpoint/new-image.h"
#include "endpoint/server.h"
#include "endpoint/web.h"
#include "secrets.h"
#include "url.h"

/* How much is asked of a web server to find out whether it can be relied on. */
#define PROBE (64 * KiB)

/* The limits of qemu-nbd, until it is running and says them itself. */
#define BLOCK_MAX (32 * MiB)
#define ZERO_MAX align_down (UINT32_MAX, 64 * MiB)

/* The unit of the size of an image, in bytes. */
#define SECTOR 512

/* Exit statuses of qemu-img check. */
#define CHECK_FOUND_ERRORS 2
#define CHECK_UNKNOWN 63

/* How often, and at which interval, a locked image is tried again. */
#define RELEASE_STEPS 12
#define RELEASE_STEP_MS 250

struct image_endpoint {
  struct endpoint base;
  struct endpoint_request request; /* as given, except for the name */
  uint64_t patience;     /* ns: how long opening or preparing may take */
  uint64_t deadline;     /* clock_now () time for the present step */
  int fd;                /* owned; -1: no file, or not yet */
  struct device device;  /* of fd */
  struct web_answer web; /* owned: what the web server said */
  /* owned: the server that qemu-nbd reads from, or NULL */
  struct server *below;
  struct endpoint *server;      /* owned; NULL: none is running */
  struct image_options options; /* owned: of an image that is created */
  uint64_t backing_size;        /* bytes of the disk in its backing file */
  bool created;                 /* by prepare */
  struct device replaced; /* an existing file that the new image replaces */
  bool replaces;          /* there is such a file, which has no content */
  char own_path[64];      /* of the new image, by its descriptor */
};

static struct image_endpoint *
image_endpoint_of (struct endpoint *ep)
{
  return (struct image_endpoint *) ep;
}

static const char *
path_of (const struct image_endpoint *ep)
{
  return ep->request.operand->name;
}

static const char *
format_of (const struct image_endpoint *ep)
{
  return ep->request.operand->format;
}

/* -- commands ------------------------------------------------------------- */

static bool
is_device (const char *path)
{
  struct stat st;

  return stat (path, &st) == 0 && S_ISBLK (st.st_mode);
}

/* The backing file of a new image is given to QEMU by its whole name: the image
 * is not in its place yet, and may name it by its place in the same folder.
 */
static struct image_place
place_of (const struct image_endpoint *ep)
{
  const char *backing = ep->created ? ep->options.backing_path : NULL;

  return (struct image_place) {
    .path = ep->below ? server_socket (ep->below)
      : ep->created   ? ep->own_path
                      : path_of (ep),
    .kind = ep->below                   ? IMAGE_SOCKET
      : ep->device.kind == DEVICE_BLOCK ? IMAGE_DEVICE
                                        : IMAGE_FILE,
    .backing = backing,
    .backing_format = ep->options.backing_format,
    .backing_is_device = backing && is_device (backing),
  };
}

static char **
serve_command (const struct image_endpoint *ep, enum image_access access)
{
  return image_command_serve (format_of (ep), place_of (ep), access,
                              ep->request.connections,
                              ep->request.wants.changed);
}

static void
tell_command (const struct image_endpoint *ep, char **command)
{
  char *text = log_details () ? secrets_mask_command (command) : NULL;

  if (text)
    log_detail ("%s: starting %s", ep->base.name, text);
  free (text);
}

/* Starts the server that we talk to.  The command is freed. */
static int
start_server (struct image_endpoint *ep, char **command, struct error *e)
{
  const struct operand operand = {
    .kind = OPERAND_COMMAND,
    .name = "[",
    .command = command,
  };
  struct endpoint_request q = ep->request;

  q.operand = &operand;
  q.server_kind = SERVER_OURS;
  q.deadline = ep->deadline;
  q.name = command ? strdup (ep->base.name) : NULL;
  if (q.name == NULL) {
    image_command_free (command);
    errno = ENOMEM;
    return endpoint_fail (&ep->base, "cannot start its server", e);
  }
  tell_command (ep, command);
  ep->server = endpoint_nbd_open (&q, e);
  server_give_up_names (ep->below);
  image_command_free (command);
  return ep->server ? 0 : -1;
}

/* Starts the server that qemu-nbd reads from.  The command is freed. */
static int
start_below (struct image_endpoint *ep, char **command, struct error *e)
{
  if (command) {
    tell_command (ep, command);
    ep->below = server_start (command, ep->base.name, ep->request.program,
                              SERVER_OURS, e);
  }
  else {
    errno = ENOMEM;
    endpoint_fail (&ep->base, "cannot start its server", e);
  }
  image_command_free (command);
  return ep->below ? 0 : -1;
}

/* Adds the program's last line to the error, and notes whether it is about a
 * lock.
 */
static void
explain_tool (struct child_log *heard, struct error *e)
{
  const size_t used = strlen (e->text);
  char line[512];

  if (child_log_reason (heard, false, line, sizeof line))
    snprintf (e->text + used, sizeof e->text - used, ": %s", line);
  if (child_log_of_lock (heard)) {
    e->kind = ERROR_IN_USE;
    e->number = EBUSY;
  }
}

static int
wait_for_tool (const struct image_endpoint *ep, struct child *c,
               const char *program, struct error *e)
{
  if (child_wait (c, ep->deadline, ep->request.interrupt_fd))
    return 0;
  if (clock_now () >= ep->deadline)
    endpoint_error (&ep->base, e, ERROR_PLAIN, ETIMEDOUT,
                    "%s did not end in time", program);
  else
    endpoint_error (&ep->base, e, ERROR_INTERRUPTED, EINTR,
                    "%s was interrupted", program);
  child_end (c, 0, -1);
  return -1;
}

/* Runs a program until it ends, with any status, and frees the command.  The
 * caller ends the log of its messages.  NULL, with the error set, if it could
 * not be started or did not end in time.
 */
static struct child_log *
run_tool (const struct image_endpoint *ep, char **command, int input_fd,
          int output_fd, struct child *c, struct error *e)
{
  struct child_io io = { .input = input_fd, .output = output_fd, .error = -1 };
  struct child_log *heard = command ? child_log_start (false, &io.error) : NULL;
  int r = -1;

  *c = (struct child) { .pidfd = -1 };
  if (heard == NULL || child_start_with (c, command, -1, NULL, io) == -1)
    error_set (e, errno, "%s: cannot start %s: %s", ep->base.name,
               command ? command[0] : "a program", strerror (errno));
  if (heard)
    close (io.error);
  if (c->pid != 0)
    r = wait_for_tool (ep, c, command[0], e);
  image_command_free (command);
  if (r == 0)
    return heard;
  child_log_end (heard);
  return NULL;
}

/* Does the same, and fails unless the program succeeds. */
static int
run_command (const struct image_endpoint *ep, char **command, int input_fd,
             int output_fd, struct error *e)
{
  char *program = command ? strdup (command[0]) : NULL;
  struct child c;
  struct child_log *heard = run_tool (ep, command, input_fd, output_fd, &c, e);
  char how[64];
  int r = heard && c.status == 0 ? 0 : -1;

  if (heard && r == -1) {
    error_set (e, EIO, "%s: %s %s", ep->base.name, program ? program : "it",
               child_describe (&c, how, sizeof how));
    explain_tool (heard, e);
  }
  child_log_end (heard);
  free (program);
  return r;
}

/* -- a destination -------------------------------------------------------- */

/* Sets the caps that qemu-nbd is sure to have.  Once it is running it says its
 * own, and the plan is made again.
 */
static void
promise_caps (struct image_endpoint *ep)
{
  struct caps *caps = &ep->base.caps;

  caps->zero_max = ZERO_MAX;
  caps->can_fast_zero = caps->can_flush = caps->can_multi_conn = true;
  caps->read_only = ep->fd != -1
    && (ep->device.read_only
        || faccessat (AT_FDCWD, path_of (ep), W_OK, AT_EACCESS) == -1);
}

static void
promise_new_caps (struct image_endpoint *ep)
{
  ep->base.caps = (struct caps) {
    .block_min = strcmp (format_of (ep), "vhdx") == 0 ? 512 : 1,
    .block_preferred = 4096,
    .block_max = BLOCK_MAX,
    .grows = true,
    .backed = ep->options.backing != NULL,
    .backing_size = ep->backing_size,
    .missing = ep->fd == -1,
  };
  promise_caps (ep);
}

/* Takes over the new image: from now on it is reached by its descriptor,
 * whatever happens to its name.
 */
static int
take_created (struct image_endpoint *ep, int fd, struct error *e)
{
  if (ep->fd != -1)
    close (ep->fd);
  ep->fd = fd;
  ep->created = true;
  ep->base.device = &ep->device;
  snprintf (ep->own_path, sizeof ep->own_path, "/proc/%ld/fd/%d",
            (long) getpid (), fd);
  return device_describe (ep->fd, &ep->device) == 0
    ? 0
    : endpoint_fail (&ep->base, "cannot stat it", e);
}

static int
make_beside (struct image_endpoint *ep, struct new_image *n, uint64_t size,
             struct error *e)
{
  char *beside = new_image_beside (n);
  const char *options = ep->request.operand->image_options;
  char **command = beside
    ? image_command_create (format_of (ep), beside, size, options,
                            ep->options.backing != NULL)
    : NULL;

  free (beside);
  if (command == NULL) {
    errno = ENOMEM;
    return endpoint_fail (&ep->base, "cannot create it", e);
  }
  if (run_command (ep, command, -1, -1, e) == 0)
    return 0;
  if (options && e->number == EIO) /* qemu-img has refused them */
    e->kind = ERROR_REFUSED;
  return -1;
}

static int
make_and_serve (struct image_endpoint *ep, struct new_image *n, uint64_t size,
                struct error *e)
{
  int fd;

  if (make_beside (ep, n, size, e) == -1)
    return -1;
  if ((fd = new_image_open (n)) == -1)
    return endpoint_fail (&ep->base, "cannot create it", e);
  if (take_created (ep, fd, e) == -1
      || start_server (ep, serve_command (ep, IMAGE_WRITE), e) == -1)
    return -1;
  return new_image_place (n, fd, ep->replaces ? &ep->replaced : NULL) == 0
    ? 0
    : endpoint_fail (&ep->base, "cannot create it", e);
}

/* Creates the image.  It gets its name once it is complete: a run that is
 * killed before that leaves none.  By then the server has locked it, so no
 * other copy can write to it first.
 */
static int
create (struct image_endpoint *ep, uint64_t size, struct error *e)
{
  struct new_image n;
  int r = -1;

  log_detail ("%s: making a new image of %s", ep->base.name, format_of (ep));
  if (new_image_begin (&n, path_of (ep)) == -1) {
    if (errno == EBUSY)
      endpoint_error (&ep->base, e, ERROR_IN_USE, EBUSY,
                      "another copy is creating it");
    else if (errno == EEXIST)
      error_set (e, EEXIST, "%s: cannot create it: %s is in the way",
                 ep->base.name, n.folder);
    else
      endpoint_fail (&ep->base, "cannot create it", e);
  }
  else
    r = make_and_serve (ep, &n, size, e);
  new_image_end (&n);
  return r;
}

/* Pauses before a locked image is tried again: the server of an earlier run of
 * this copy, which was just killed, holds the lock until its guard has ended
 * it.  False when that should have happened by now, when there was no such run,
 * or when the caller wants to end.
 */
static bool
pause_for_release (const struct image_endpoint *ep, unsigned *left)
{
  struct pollfd p = { .fd = ep->request.interrupt_fd, .events = POLLIN };

  if (!ep->request.wants.resumes || *left == 0 || clock_now () >= ep->deadline)
    return false;
  --*left;
  return poll (&p, 1, RELEASE_STEP_MS) <= 0;
}

static int
start_writer (struct image_endpoint *ep, struct error *e)
{
  unsigned left = RELEASE_STEPS;

  for (;;) {
    struct error why = { 0 };

    if (start_server (ep, serve_command (ep, IMAGE_WRITE), &why) == 0)
      return 0;
    if (why.kind != ERROR_IN_USE || !pause_for_release (ep, &left)) {
      *e = why;
      return -1;
    }
  }
}

/* Refuses an overlay that would be larger than the source, because images count
 * in sectors, and would show the backing file there.
 */
static int
check_tail (const struct image_endpoint *ep, uint64_t size, struct error *e)
{
  if (size % SECTOR == 0 || ep->backing_size <= size)
    return 0;
  return endpoint_refuse (&ep->base, e,
                          "the source's size (%" PRIu64 ") is not a multiple of"
                          " %u, so the end of the image would show its backing"
                          " file, which is larger (%" PRIu64 ")",
                          size, SECTOR, ep->backing_size);
}

/* Prepares the destination.  Formats count in sectors or larger units, so a new
 * image can be a little larger than the source, but never smaller.
 */
static int
image_endpoint_prepare (struct endpoint *base, const struct preparation *p,
                        struct error *e)
{
  struct image_endpoint *ep = image_endpoint_of (base);

  ep->deadline = clock_now () + ep->patience;
  if ((ep->fd == -1 || ep->replaces) && check_tail (ep, p->size, e) == -1)
    return -1;
  if (ep->fd != -1 && !ep->replaces && ep->device.kind == DEVICE_FILE)
    new_image_forget (path_of (ep));
  if ((ep->fd == -1 || ep->replaces ? create (ep, p->size, e)
                                    : start_writer (ep, e))
      == -1)
    return -1;
  base->caps = *endpoint_caps (ep->server);
  base->caps.grows = ep->created;
  base->caps.missing = ep->created && !ep->replaces;
  base->caps.backed = ep->created && ep->options.backing;
  base->caps.backing_size = ep->backing_size;
  if (base->caps.size < p->size) {
    error_set (e, ENOSPC,
               "%s: the image turned out smaller than reported before",
               base->name);
    return -1;
  }
  return 0;
}

/* -- the endpoint --------------------------------------------------------- */

static struct conn *
image_endpoint_conn (struct endpoint *base, unsigned number, struct error *e)
{
  struct image_endpoint *ep = image_endpoint_of (base);

  if (ep->server == NULL) { /* a destination before prepare */
    error_set (e, ENOTCONN, "%s: the image is not served yet", base->name);
    return NULL;
  }
  return endpoint_conn (ep->server, number, e);
}

/* Images on the same device are recognised by the device. */
static bool
image_endpoint_same (const struct endpoint *a, const struct endpoint *b)
{
  return false;
}

static int
image_endpoint_recheck (struct endpoint *base, struct error *e)
{
  const struct image_endpoint *ep = image_endpoint_of (base);

  return ep->fd == -1 ? 0 : path_check_place (base, ep->fd, path_of (ep), e);
}

static int
image_endpoint_server_fd (const struct endpoint *base)
{
  const struct image_endpoint *ep = (const struct image_endpoint *) base;

  return ep->server ? endpoint_server_fd (ep->server) : -1;
}

static bool
image_endpoint_server_ended (struct endpoint *base, int wait_ms,
                             struct error *e)
{
  struct image_endpoint *ep = image_endpoint_of (base);

  return (ep->server && endpoint_server_ended (ep->server, wait_ms, e))
    || (ep->below && server_has_ended (ep->below, wait_ms, e));
}

/* Explains an error by the server below, if any: it is the cause of errors
 * above.
 */
static void
image_endpoint_explain (struct endpoint *base, struct error *e)
{
  struct image_endpoint *ep = image_endpoint_of (base);

  if (ep->below)
    server_explain (ep->below, e);
  else if (ep->server)
    endpoint_explain (ep->server, e);
}

/* Removes the new image.  A file that it replaced had no content, so an empty
 * one is left.
 */
static void
remove_created (const struct image_endpoint *ep)
{
  int fd;

  if (!ep->replaces)
    device_remove_file (&ep->device, path_of (ep));
  else if ((fd = open (ep->own_path, O_WRONLY | O_CLOEXEC)) != -1) {
    if (ftruncate (fd, 0) == -1)
      log_warning ("%s: cannot empty it: %s", ep->base.name, strerror (errno));
    close (fd);
  }
}

static bool
image_endpoint_close (struct endpoint *base, uint64_t grace_ns,
                      int interrupt_fd, struct error *e)
{
  struct image_endpoint *ep = image_endpoint_of (base);
  bool good = endpoint_close (ep->server, grace_ns, interrupt_fd, e);

  if (!server_end (ep->below, grace_ns, interrupt_fd, e))
    good = false;
  if (ep->created && !base->kept)
    remove_created (ep);
  if (ep->fd != -1)
    close (ep->fd);
  web_answer_free (&ep->web);
  image_options_free (&ep->options);
  free (base->name);
  free (ep);
  return good;
}

static int image_endpoint_unchanged (struct endpoint *base, struct error *e);

static const char *
image_endpoint_version (const struct endpoint *base)
{
  const struct web_answer *web = &((const struct image_endpoint *) base)->web;

  return web->tag[0] ? web->tag : web->modified[0] ? web->modified : NULL;
}

static bool image_endpoint_room (struct endpoint *base, uint64_t size,
                                 uint64_t *there, uint64_t *besides);

static const struct endpoint_ops image_endpoint_ops = {
  .conn = image_endpoint_conn,
  .same = image_endpoint_same,
  .prepare = image_endpoint_prepare,
  .recheck = image_endpoint_recheck,
  .server_fd = image_endpoint_server_fd,
  .server_ended = image_endpoint_server_ended,
  .explain = image_endpoint_explain,
  .unchanged = image_endpoint_unchanged,
  .version = image_endpoint_version,
  .room = image_endpoint_room,
  .close = image_endpoint_close,
};

/* -- opening -------------------------------------------------------------- */

bool
endpoint_image_is_new (const struct operand *operand)
{
  struct stat st;

  return stat (operand->name, &st) == -1
    || (S_ISREG (st.st_mode) && st.st_size == 0);
}

static int
check_program (const char *program, const char *packages, const char *what,
               struct error *e)
{
  if (child_exists (program))
    return 0;
  error_set (e, ENOENT,
             "%s: %s is needed but not installed: it is in the package %s",
             what, program, packages);
  return -1;
}

static int
check_address (const struct target *t, struct error *e)
{
  if (t->side == DESTINATION) {
    error_set (e, ENOTSUP, "%s: a web server can only be a source", t->name);
    return -1;
  }
  if (t->operand->format == NULL) {
    error_set (e, EINVAL,
               "%s: --source-format is required for web addresses: raw for a"
               " plain disk, or qcow2, vdi, vhdx, vmdk, or auto",
               t->name);
    return -1;
  }
  return check_program ("nbdkit", "nbdkit, and on Fedora nbdkit-curl-plugin",
                        t->name, e);
}

/* Checks the options of an image: they are refused unless the image is new, or
 * was created by an earlier run of this copy.
 */
static int
check_options (const struct target *t, struct error *e)
{
  const struct operand *operand = t->operand;
  struct image_options options;
  int r;

  if (operand->image_options == NULL)
    return 0;
  if (!endpoint_image_is_new (operand) && !t->wants.resumes) {
    error_set (e, EEXIST,
               "%s: exists already, and --destination-options are for images"
               " that the copy creates",
               t->name);
    return -1;
  }
  r = image_options_read (&options, operand->image_options, operand->format,
                          operand->name, e);
  image_options_free (&options);
  return r;
}

/* Checks that the target makes sense, and that all programs that it needs are
 * there.
 */
static int
image_check (const struct target *t, struct error *e)
{
  const bool is_address = t->operand->kind == OPERAND_WEB;

  if ((is_address && check_address (t, e) == -1) || check_options (t, e) == -1)
    return -1;
  if (!is_address && !device_is_possible (t->operand->name)) {
    error_set (e, ENOTSUP, "%s: neither a file nor a block device", t->name);
    return -1;
  }
  if (strcmp (t->operand->format, "raw") != 0
      && (check_program ("qemu-nbd", "qemu-utils, or qemu-img", t->name, e)
            == -1
          || check_program ("qemu-img", "qemu-utils, or qemu-img", t->name, e)
            == -1))
    return -1;
  return is_address ? check_program ("curl", "curl", t->name, e)
                    : path_check (t, e);
}

/* Returns everything that was written to a descriptor, as a string, or NULL
 * with errno.
 */
static char *
read_back (int fd)
{
  struct stat st;
  char *text;

  if (fstat (fd, &st) == -1 || (text = calloc (1, st.st_size + 1)) == NULL)
    return NULL;
  if (pread (fd, text, st.st_size, 0) == st.st_size)
    return text;
  free (text);
  return NULL;
}

/* Returns what a command prints about the image, or NULL with the error set. */
static char *
ask (const struct image_endpoint *ep, char **command, struct error *e)
{
  const int fd = memfd_create ("description", MFD_CLOEXEC);
  char *text = NULL;

  if (fd == -1) {
    image_command_free (command);
    endpoint_fail (&ep->base, "cannot stat it", e);
    return NULL;
  }
  if (run_command (ep, command, -1, fd, e) == 0
      && (text = read_back (fd)) == NULL)
    endpoint_fail (&ep->base, "cannot stat it", e);
  close (fd);
  return text;
}

/* Asks qemu-img about the image.  -1 with the error set. */
static int
describe (const struct image_endpoint *ep, struct image_facts *f,
          struct error *e)
{
  char *text = ask (ep, image_command_describe (format_of (ep), place_of (ep)),
                    e);
  int r = -1;

  if (text && (r = image_facts_read (text, f)) == -1)
    endpoint_fail (&ep->base, "cannot read the output of qemu-img", e);
  free (text);
  return r;
}

/* Finds how many bytes a file can grow by, plus those that it has. */
static bool
measure_folder (const struct image_endpoint *ep, uint64_t *there)
{
  char *copy = strdup (path_of (ep));
  struct statvfs fs;
  struct stat st;
  const bool good = copy && statvfs (dirname (copy), &fs) == 0;

  free (copy);
  if (!good)
    return false;
  *there = (uint64_t) fs.f_bavail * fs.f_frsize;
  if (ep->fd != -1 && fstat (ep->fd, &st) == 0)
    *there += (uint64_t) st.st_blocks * 512;
  return true;
}

static bool
image_endpoint_room (struct endpoint *base, uint64_t size, uint64_t *there,
                     uint64_t *besides)
{
  struct image_endpoint *ep = image_endpoint_of (base);
  struct error ignored = { 0 };
  char *text;

  if (!ep->request.wants.write || ep->base.caps.in_use)
    return false;
  if (ep->device.kind == DEVICE_BLOCK && ep->fd != -1)
    *there = ep->device.size;
  else if (!measure_folder (ep, there))
    return false;
  ep->deadline = clock_now () + ep->patience;
  text = ask (ep, image_command_measure (format_of (ep), size), &ignored);
  *besides = text ? image_facts_besides (text, size) : 0;
  free (text);
  return true;
}

/* Refuses an image from the web that names other files: those of this machine
 * would be copied.
 */
static int
check_stands_alone (const struct image_endpoint *ep, struct error *e)
{
  struct image_facts f;

  if (describe (ep, &f, e) == -1)
    return -1;
  if (f.names == NULL)
    return 0;
  error_set (e, EPERM,
             "%s: the image names %s: refused for an image from a"
             " web server",
             ep->base.name, f.names);
  return -1;
}

/* Returns whether the image only names the backing file that this copy has
 * given it.
 */
static bool
names_our_backing (const struct image_endpoint *ep, const struct image_facts *f)
{
  return ep->options.backing && !f->names_more
    && strcmp (f->backing, ep->options.backing) == 0;
}

/* Checks that an existing destination can be written into.  An image that names
 * other files would have those written, or read.
 */
static int
check_writable (const struct image_endpoint *ep, const struct image_facts *f,
                struct error *e)
{
  if (f->written_once)
    return endpoint_refuse (&ep->base, e,
                            "the image is streamOptimized, so its blocks"
                            " cannot be rewritten: copy to a new image, and"
                            " convert that");
  if (f->names == NULL || ep->request.external_files
      || names_our_backing (ep, f))
    return 0;
  return endpoint_refuse (&ep->base, e,
                          "the image names %s: refused without"
                          " --external-files",
                          f->names);
}

/* Returns 1 if the destination is an image to write into, 0 if it has no
 * content yet, -1 with the error set.
 */
static int
look_at_destination (struct image_endpoint *ep, struct error *e)
{
  struct image_facts f = { 0 };
  struct error why = { 0 };
  unsigned left = RELEASE_STEPS;
  int r;

  if (ep->device.kind == DEVICE_FILE && ep->device.size == 0)
    return 0;
  while ((r = describe (ep, &f, &why)) == -1 && why.kind == ERROR_IN_USE
         && pause_for_release (ep, &left))
    why = (struct error) { 0 };
  if (r == -1) {
    if (why.number == EIO) /* a retry will not make it an image */
      why.number = EINVAL;
    *e = why;
    return -1;
  }
  return check_writable (ep, &f, e) == 0 ? 1 : -1;
}

/* Promises a new image.  Its backing file must be one. */
static int
promise_new (struct image_endpoint *ep, struct error *e)
{
  const char *path = ep->options.backing_path;
  struct image_facts f = { 0 };
  char *text;
  int r = 0;

  if (path) {
    const struct image_place place = {
      .path = path,
      .kind = is_device (path) ? IMAGE_DEVICE : IMAGE_FILE,
    };

    text = ask (ep, image_command_describe (ep->options.backing_format, place),
                e);
    if (text && (r = image_facts_read (text, &f)) == -1)
      endpoint_fail (&ep->base, "cannot read the output of qemu-img", e);
    if (text == NULL && e->number == EIO)
      e->kind = ERROR_REFUSED;
    r = text ? r : -1;
    free (text);
  }
  ep->backing_size = f.size;
  promise_new_caps (ep);
  return r;
}

/* Opens the file, or a block device so that no other program can while we hold
 * it open.  Returns 1, 0 if there is nothing to open, or -1 with the error set.
 */
static int
open_place (struct image_endpoint *ep, struct error *e)
{
  const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;

  ep->fd = path_open_alone (&ep->base, path_of (ep), flags,
                            ep->request.interrupt_fd);
  if (ep->base.caps.in_use)
    return 0;
  if (ep->fd == -1 && errno == ENOENT && ep->request.wants.write) {
    if (path_check_new (path_of (ep), ep->base.name, e) == -1)
      return -1;
    return promise_new (ep, e);
  }
  if (ep->fd == -1)
    return endpoint_fail (&ep->base, "cannot open it", e);
  if (device_describe (ep->fd, &ep->device) == -1)
    return endpoint_fail (&ep->base, "cannot stat it", e);
  ep->base.device = &ep->device;
  return 1;
}

/* Opens the destination.  The image, and the files that it names, are checked
 * before a server opens it.
 */
static int
open_destination (struct image_endpoint *ep, struct error *e)
{
  const int found = look_at_destination (ep, e);

  if (found == -1)
    return -1;
  if (found == 0) {
    ep->replaces = true;
    ep->replaced = ep->device;
    return promise_new (ep, e);
  }
  if (start_server (ep, serve_command (ep, IMAGE_READ), e) == -1)
    return -1;
  ep->base.caps = *endpoint_caps (ep->server);
  endpoint_close (ep->server, SERVER_GRACE, ep->request.interrupt_fd, e);
  ep->server = NULL;
  promise_caps (ep);
  return 0;
}

/* One file of the chain of a source. */
struct layer {
  const char *format;
  struct image_place place;
  uint64_t size; /* bytes of the file; 0: unknown */
  bool is_backing;
};

static int
fail_cut (const struct image_endpoint *ep, const struct layer *l,
          struct error *e)
{
  error_set (e, EINVAL,
             "%s: %s%s is incomplete: its file ends before its last cluster",
             ep->base.name, l->is_backing ? "its backing file " : "the image",
             l->is_backing ? l->place.path : "");
  return -1;
}

/* Compares the place of the data with the end of the file, for formats that
 * qemu-img check does not know.
 */
static int
check_end (const struct image_endpoint *ep, const struct layer *l,
           struct error *e)
{
  struct error why = { 0 };
  char *text = l->size == 0
    ? NULL
    : ask (ep, image_command_list (l->format, l->place), &why);
  uint64_t end;
  const bool cut = text && image_facts_end (text, &end) == 0 && end > l->size;

  free (text);
  return cut ? fail_cut (ep, l, e) : 0;
}

/* Reports what qemu-img check found, except for a file that ends too soon.  -1
 * with the error set if the caller does not want to wait for it.
 */
static int
report_check (const struct image_endpoint *ep, int status,
              const struct error *why, struct error *e)
{
  if (why->kind == ERROR_INTERRUPTED) {
    *e = *why;
    return -1;
  }
  if (why->number == ETIMEDOUT)
    log_warning_as ("source-not-checked",
                    "%s: checking the image took too long and was skipped",
                    ep->base.name);
  else if (status == CHECK_FOUND_ERRORS)
    log_warning_as ("source-damaged", "%s: qemu-img check finds errors in it",
                    ep->base.name);
  return 0;
}

/* Checks that a layer is complete: missing data would read as zeroes.  A check
 * that takes too long does not prevent the copy.
 */
static int
check_layer (const struct image_endpoint *ep, const struct layer *l,
             struct error *e)
{
  const int output = memfd_create ("description", MFD_CLOEXEC);
  struct error why = { 0 };
  struct child c;
  struct child_log *heard = run_tool (
    ep, image_command_check (l->format, l->place), -1, output, &c, &why);
  const int status = heard && WIFEXITED (c.status) ? WEXITSTATUS (c.status)
                                                   : -1;
  const bool cut = heard && child_log_of_cut (heard);
  char *text = output == -1 ? NULL : read_back (output);
  const bool checked = text && image_facts_checked (text);

  child_log_end (heard);
  free (text);
  if (output != -1)
    close (output);
  if (cut)
    return fail_cut (ep, l, e);
  if (report_check (ep, status, &why, e) == -1)
    return -1;
  return status == CHECK_UNKNOWN || (status == 0 && !checked)
    ? check_end (ep, l, e)
    : 0;
}

/* Checks a backing file.  A raw one may be shorter than the image on top of it.
 */
static int
check_backing (const struct image_endpoint *ep, const char *file,
               const char *format, struct error *e)
{
  struct layer l = {
    .format = format,
    .place = { .path = file, .kind = IMAGE_FILE },
    .is_backing = true,
  };
  struct stat st;

  if (strcmp (format, "raw") == 0 || stat (file, &st) == -1
      || !S_ISREG (st.st_mode))
    return 0;
  l.size = st.st_size;
  return check_layer (ep, &l, e);
}

static int
check_whole (const struct image_endpoint *ep, struct error *e)
{
  const struct layer top = {
    .format = format_of (ep),
    .place = place_of (ep),
    .size = ep->fd == -1 ? 0 : ep->device.size,
  };
  struct error why = { 0 };
  char *chain, *file, *format;
  int r = check_layer (ep, &top, e);

  if (r == -1 || ep->below) /* an image from the web has no backing files */
    return r;
  chain = ask (ep, image_command_describe_chain (format_of (ep), place_of (ep)),
               &why);
  for (unsigned i = 1;
       chain && r == 0 && image_facts_chain (chain, i, &file, &format); i++) {
    r = check_backing (ep, file, format, e);
    free (file);
    free (format);
  }
  free (chain);
  return r;
}

/* Refuses an archive, and says how to copy the first image in it. */
static int
refuse_archive (const struct image_endpoint *ep, struct error *e)
{
  struct archive a;
  char size[32];

  if (!archive_look (ep->fd, &a))
    return 0;
  if (a.n == 0)
    return endpoint_refuse (&ep->base, e,
                            "is an archive (tar) without a disk"
                            " image");
  if (a.first.size == 0)
    return 0;
  snprintf (size, sizeof size, "%" PRIu64, a.first.size);
  return endpoint_refuse (&ep->base, e,
                          "is an archive (OVA or tar) with %s;"
                          " to copy %s, use: %s [ qemu-nbd -r -e 4"
                          " --image-opts driver=%s,file.driver=raw,"
                          "file.offset=%" PRIu64 ",file.size=%s,"
                          "file.file.driver=file,file.file.filename=%s ]"
                          " DESTINATION",
                          a.names, a.first.name, ep->request.program,
                          a.first.format, a.first.offset, size, path_of (ep));
}

static int
open_source (struct image_endpoint *ep, struct error *e)
{
  if (ep->device.kind == DEVICE_FILE && refuse_archive (ep, e) == -1)
    return -1;
  if (start_server (ep, serve_command (ep, IMAGE_READ), e) == -1) {
    if (e->number == ECONNABORTED)
      e->number = EINVAL; /* a retry will not make it an image */
    if (e->number == EINVAL && ep->request.wants.changed)
      e->kind = ERROR_REFUSED; /* mostly, the bitmap is not there */
    return -1;
  }
  ep->base.caps = *endpoint_caps (ep->server);
  return check_whole (ep, e);
}

static int
open_file (struct image_endpoint *ep, struct error *e)
{
  const int r = open_place (ep, e);

  if (r != 1)
    return r;
  if (ep->request.wants.write)
    return open_destination (ep, e);
  return open_source (ep, e);
}

/* Puts a secret into a file without a name, which disappears with this process.
 * Returns a descriptor at its beginning, or -1 with errno.
 */
static int
hide (const char *secret)
{
  const int fd = memfd_create ("secret", MFD_CLOEXEC);

  if (fd == -1)
    return -1;
  if (write (fd, secret, strlen (secret)) == (ssize_t) strlen (secret)
      && lseek (fd, 0, SEEK_SET) == 0)
    return fd;
  close (fd);
  return -1;
}

/* Asks the web server for bytes [start, end) of the file, or by HEAD if end is
 * 0, and reads only the header of its reply.  -1 with the error set.
 */
static int
ask_web (const struct image_endpoint *ep, const struct url *url, uint64_t start,
         uint64_t end, struct web_answer *a, struct error *e)
{
  char *question = web_question (url, start, end), *text = NULL;
  const int input = question ? hide (question) : -1;
  const int output = memfd_create ("answer", MFD_CLOEXEC);
  int r = -1;

  *a = (struct web_answer) { 0 };
  free (question);
  if (input == -1 || output == -1)
    endpoint_fail (&ep->base, "cannot ask the web server", e);
  else if (run_command (ep, web_command (), input, output, e) == 0
           && ((text = read_back (output)) == NULL
               || (r = web_answer_read (text, a)) == -1))
    endpoint_fail (&ep->base, "cannot read the web server's answer", e);
  free (text);
  if (input != -1)
    close (input);
  if (output != -1)
    close (output);
  return r;
}

/* Refuses a server that only serves whole files, and says what to do instead.
 */
static int
refuse_whole (const struct image_endpoint *ep, struct error *e)
{
  if (strcmp (format_of (ep), "raw") == 0)
    return endpoint_refuse (&ep->base, e,
                            "the web server does not serve"
                            " ranges of a file: copy it as a stream, by curl"
                            " -fL ADDRESS | %s - DESTINATION",
                            ep->request.program);
  return endpoint_refuse (&ep->base, e,
                          "the web server does not serve ranges"
                          " of a file: fetch the image first, by curl -fL -o"
                          " FILE ADDRESS");
}

/* Returns whether the server promises ranges, in a reply that does not need
 * any.
 */
static bool
promises_by_head (const struct image_endpoint *ep, const struct url *url)
{
  struct error ignored = { 0 };
  struct web_answer a;
  const bool promises = ask_web (ep, url, 0, 0, &a, &ignored) == 0
    && a.promises_ranges;

  web_answer_free (&a);
  return promises;
}

/* Fails because the server did not send the range that it was asked for. */
static int
fail_answer (const struct image_endpoint *ep, const struct url *url,
             const struct web_answer *a, uint64_t start, struct error *e)
{
  if (a->status == 200 && start == 0 && !a->promises_ranges
      && !promises_by_head (ep, url))
    return refuse_whole (ep, e);
  if (a->status == 200 || a->status == 206)
    error_set (e, EINVAL,
               "%s: the web server cannot be relied on: asked for a"
               " range at offset %" PRIu64 ", it sends %s",
               ep->base.name, start,
               a->status == 200 ? "the whole file" : "another one");
  else
    error_set (e,
               a->status == 404 || a->status == 410    ? ENOENT
                 : a->status >= 400 && a->status < 408 ? EACCES
                                                       : EIO,
               "%s: the web server answers %s", ep->base.name, a->reason);
  return -1;
}

static uint64_t
late_start (uint64_t total)
{
  return total > PROBE + 1 ? total - PROBE : 1;
}

static int
fail_changed (const struct image_endpoint *ep, const char *what,
              struct error *e)
{
  error_set (e, EINVAL,
             "%s: the file on the web server has changed: its %s differs",
             ep->base.name, what);
  return -1;
}

/* Asks for the end of the file, and compares the reply with the first one. */
static int
check_late (const struct image_endpoint *ep, const struct url *url,
            struct error *e)
{
  const uint64_t total = ep->web.total, start = late_start (total);
  struct web_answer a;
  const char *what;
  int r = 0;

  if (total < 2) /* 0 is the only offset */
    return 0;
  if (ask_web (ep, url, start, total, &a, e) == -1)
    return -1;
  if ((what = web_answers_differ (&ep->web, &a)) != NULL && a.status != 200
      && a.total > 0)
    r = fail_changed (ep, what, e);
  else if (!web_answer_is (&a, start, total))
    r = fail_answer (ep, url, &a, start, e);
  web_answer_free (&a);
  return r;
}

/* Checks that the web server can be relied on: it sends the ranges that it is
 * asked for, at the beginning and at the end of the file.
 */
static int
check_web (struct image_endpoint *ep, const struct url *url, struct error *e)
{
  if (ask_web (ep, url, 0, PROBE, &ep->web, e) == -1)
    return -1;
  if (ep->web.status == 416 && ep->web.total == 0)
    return 0; /* an empty file has no ranges */
  if (!web_answer_is (&ep->web, 0, PROBE))
    return fail_answer (ep, url, &ep->web, 0, e);
  return check_late (ep, url, e);
}

/* Explains a failure of nbdkit: it learns the size by HEAD, and a signed
 * address may allow only GET.
 */
static void
explain_head (const struct image_endpoint *ep, const struct url *url,
              struct error *e)
{
  struct error ours = { 0 };
  struct web_answer a;

  if (ask_web (ep, url, 0, 0, &a, &ours) == -1)
    return;
  if (a.status >= 400) {
    *e = ours;
    error_set (e, EACCES,
               "%s: the web server answers GET, but HEAD with %s;"
               " nbdkit, which reads the file, needs both: copy it as a stream,"
               " by curl -fL ADDRESS | %s - DESTINATION, or fetch it first",
               ep->base.name, a.reason, ep->request.program);
  }
  web_answer_free (&a);
}

/* Starts the servers for an address that redirects no further. */
static int
serve_address (struct image_endpoint *ep, const struct url *url,
               struct error *e)
{
  char hidden[64];
  char **command;
  int fd = -1, r = -1;

  if (url->password && (fd = hide (url->password)) == -1)
    return endpoint_fail (&ep->base, "cannot read this address", e);
  snprintf (hidden, sizeof hidden, "/proc/%ld/fd/%d", (long) getpid (), fd);
  command = image_command_fetch (url, url->password ? hidden : NULL);
  if (strcmp (format_of (ep), "raw") == 0)
    r = start_server (ep, command, e);
  else if (start_below (ep, command, e) == 0 && check_stands_alone (ep, e) == 0)
    r = start_server (ep, serve_command (ep, IMAGE_READ), e);
  /* The end of the server below explains the errors of those above it. */
  if (r == -1 && ep->below)
    server_has_ended (ep->below, SERVER_DEATH_MS, e);
  if (r == -1 && e->kind != ERROR_INTERRUPTED)
    explain_head (ep, url, e);
  if (fd != -1)
    close (fd);
  return r;
}

static int
open_address (struct image_endpoint *ep, struct error *e)
{
  struct url url = { 0 }, final;
  int r = -1;

  if (url_split (path_of (ep), &url) == -1)
    return endpoint_fail (&ep->base, "cannot read this address", e);
  if (check_web (ep, &url, e) == 0) {
    final = url;
    final.address = ep->web.address;
    if (!web_same_server (url.address, final.address))
      /* they are only for the first server */
      final.user = final.password = NULL;
    r = serve_address (ep, &final, e);
  }
  if (r == 0) {
    ep->base.caps = *endpoint_caps (ep->server);
    if (ep->below)
      r = check_whole (ep, e);
  }
  url_free (&url);
  return r;
}

/* Checks that the file has not changed while it was read: the copy would be a
 * mixture.
 */
static int
image_endpoint_unchanged (struct endpoint *base, struct error *e)
{
  struct image_endpoint *ep = image_endpoint_of (base);
  struct error why = { 0 };
  struct url url;
  int r = 0;

  if (ep->web.status == 0) /* it is not an address */
    return 0;
  if (url_split (path_of (ep), &url) == -1)
    return endpoint_fail (base, "cannot read this address", e);
  ep->deadline = clock_now () + ep->patience;
  if (check_late (ep, &url, &why) == -1) {
    if (why.number == EINVAL || why.number == ENOENT) {
      *e = why;
      r = -1;
    }
    else
      log_warning_as ("source-not-checked",
                      "%s; whether the file has changed"
                      " meanwhile is not known",
                      why.text);
  }
  url_free (&url);
  return r;
}

static struct endpoint *
image_open (const struct endpoint_request *q, struct error *e)
{
  struct image_endpoint *ep = endpoint_new (q, sizeof *ep, &image_endpoint_ops,
                                            e);

  if (ep == NULL)
    return NULL;
  ep->request = *q;
  ep->request.name = NULL;
  ep->deadline = q->deadline;
  ep->patience = ep->deadline - clock_now ();
  ep->fd = -1;
  if (image_options_read (&ep->options, q->operand->image_options,
                          format_of (ep), path_of (ep), e)
        == 0
      && (q->operand->kind == OPERAND_WEB ? open_address : open_file) (ep, e)
        == 0)
    return &ep->base;
  image_endpoint_close (&ep->base, SERVER_GRACE, q->interrupt_fd, e);
  return NULL;
}

const struct endpoint_kind endpoint_image_kind = {
  .check = image_check,
  .open = image_open,
};
