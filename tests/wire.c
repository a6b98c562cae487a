/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server's end of an NBD connection: see wire.h. */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum { MAX_OPTION = 4096 }; /* bytes */

void *
wire_allocate (size_t n)
{
  void *p = malloc (n);

  if (p == NULL) {
    fputs ("out of memory\n", stderr);
    exit (EXIT_FAILURE);
  }
  return p;
}

/* -------------------------------------------------- receiving and sending */

bool
wire_receive (struct wire *w, void *buf, size_t n)
{
  uint8_t *p = buf;
  ssize_t r;

  while (n > 0) {
    r = recv (w->fd, p, n, 0);
    if (r == -1 && errno == EINTR)
      continue;
    if (r <= 0)
      return false;
    p += r;
    n -= r;
  }
  return true;
}

bool
wire_send (struct wire *w)
{
  size_t done = 0;
  ssize_t r;

  while (done < w->out_used) {
    r = send (w->fd, w->out + done, w->out_used - done, MSG_NOSIGNAL);
    if (r == -1 && errno == EINTR)
      continue;
    if (r <= 0)
      return false;
    done += r;
  }
  w->out_used = 0;
  return true;
}

void
wire_put (struct wire *w, const void *data, size_t n)
{
  uint8_t *larger;

  if (w->out_size - w->out_used < n) {
    w->out_size = (w->out_used + n) * 2;
    larger = wire_allocate (w->out_size);
    if (w->out_used > 0)
      memcpy (larger, w->out, w->out_used);
    free (w->out);
    w->out = larger;
  }
  if (n > 0)
    memcpy (w->out + w->out_used, data, n);
  w->out_used += n;
}

void
wire_put16 (struct wire *w, uint16_t v)
{
  v = htobe16 (v);
  wire_put (w, &v, sizeof v);
}

void
wire_put32 (struct wire *w, uint32_t v)
{
  v = htobe32 (v);
  wire_put (w, &v, sizeof v);
}

void
wire_put64 (struct wire *w, uint64_t v)
{
  v = htobe64 (v);
  wire_put (w, &v, sizeof v);
}

static uint16_t
get16 (const uint8_t *p)
{
  uint16_t v;

  memcpy (&v, p, sizeof v);
  return be16toh (v);
}

static uint32_t
get32 (const uint8_t *p)
{
  uint32_t v;

  memcpy (&v, p, sizeof v);
  return be32toh (v);
}

static uint64_t
get64 (const uint8_t *p)
{
  uint64_t v;

  memcpy (&v, p, sizeof v);
  return be64toh (v);
}

/* ----------------------------------------------------------- the handshake */

static void
put_option_reply (struct wire *w, uint32_t option, uint32_t type,
                  uint32_t length)
{
  wire_put64 (w, NBD_REP_MAGIC);
  wire_put32 (w, option);
  wire_put32 (w, type);
  wire_put32 (w, length);
}

/* Handles NBD_OPT_INFO and NBD_OPT_GO. Returns true if the handshake is over.
 */
static bool
answer_go (struct wire *w, const struct told *told, uint32_t option)
{
  if (told->refused) {
    put_option_reply (w, option, NBD_REP_ERR_POLICY, 0);
    return false;
  }
  put_option_reply (w, option, NBD_REP_INFO, 12);
  wire_put16 (w, NBD_INFO_EXPORT);
  wire_put64 (w, told->size);
  wire_put16 (w, told->flags);
  put_option_reply (w, option, NBD_REP_INFO, 14);
  wire_put16 (w, NBD_INFO_BLOCK_SIZE);
  wire_put32 (w, told->block_minimum);
  wire_put32 (w, told->block_preferred);
  wire_put32 (w, told->block_maximum);
  put_option_reply (w, option, NBD_REP_ACK, 0);
  return option == NBD_OPT_GO;
}

static void
answer_export_name (struct wire *w, const struct told *told, bool no_zeroes)
{
  static const uint8_t zeroes[124];

  wire_put64 (w, told->size);
  wire_put16 (w, told->flags);
  wire_put (w, zeroes, no_zeroes ? 0 : sizeof zeroes);
}

static void
put_context (struct wire *w, uint32_t option, uint32_t id, const void *name,
             uint32_t length)
{
  put_option_reply (w, option, NBD_REP_META_CONTEXT, 4 + length);
  wire_put32 (w, id);
  wire_put (w, name, length);
}

/* Negotiates one context, if it is offered. */
static void
answer_query (struct wire *w, const struct told *told, uint32_t option,
              const uint8_t *query, uint32_t length)
{
  const char *const names[] = { told->context ? "base:allocation" : NULL,
                                told->changes };
  const uint32_t ids[] = { CONTEXT_ID, CHANGES_ID };
  bool *const negotiated[] = { &w->context, &w->changes };

  for (unsigned i = 0; i < 2; i++)
    if (names[i] != NULL && !*negotiated[i] && strlen (names[i]) == length
        && memcmp (names[i], query, length) == 0) {
      *negotiated[i] = true;
      put_context (w, option, ids[i], query, length);
    }
}

/* Takes a number N and N bytes from the start of [*p, end).  Returns false
 * if there are fewer.
 */
static bool
take_text (const uint8_t **p, const uint8_t *end, const uint8_t **text,
           uint32_t *length)
{
  if (end - *p < 4 || get32 (*p) > (size_t) (end - *p) - 4)
    return false;
  *length = get32 (*p);
  *text = *p + 4;
  *p = *text + *length;
  return true;
}

/* Any contexts can be asked for, in any order.  They replace those of an
 * earlier request.
 */
static void
answer_meta_context (struct wire *w, const struct told *told, uint32_t option,
                     const uint8_t *data, uint32_t length)
{
  const uint8_t *p = data, *end = data + length, *text;
  uint32_t n, left;

  w->context = w->changes = false;
  if (!w->structured || (!told->context && told->changes == NULL)) {
    put_option_reply (w, option, NBD_REP_ERR_UNSUP, 0);
    return;
  }
  if (!take_text (&p, end, &text, &n) || end - p < 4) {
    put_option_reply (w, option, NBD_REP_ERR_INVALID, 0);
    return;
  }
  left = get32 (p);
  for (p += 4; left > 0 && take_text (&p, end, &text, &n); left--)
    answer_query (w, told, option, text, n);
  if (told->uninvited)
    put_context (w, option, UNINVITED_ID, told->uninvited,
                 strlen (told->uninvited));
  put_option_reply (w, option, left > 0 ? NBD_REP_ERR_INVALID : NBD_REP_ACK, 0);
}

bool
wire_handshake (struct wire *w, const struct told *told)
{
  uint8_t header[16], data[MAX_OPTION];
  uint32_t option, length;
  bool done = false, no_zeroes;

  wire_put64 (w, NBD_MAGIC);
  wire_put64 (w, NBD_OPT_MAGIC);
  wire_put16 (w, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
  if (!wire_send (w) || !wire_receive (w, header, 4))
    return false;
  no_zeroes = (get32 (header) & NBD_FLAG_NO_ZEROES) != 0;

  while (!done) {
    if (!wire_receive (w, header, sizeof header)
        || get64 (header) != NBD_OPT_MAGIC)
      return false;
    option = get32 (header + 8);
    length = get32 (header + 12);
    if (length > sizeof data || !wire_receive (w, data, length))
      return false;

    switch (option) {
    case NBD_OPT_EXPORT_NAME:
      answer_export_name (w, told, no_zeroes);
      done = true;
      break;
    case NBD_OPT_ABORT:
      put_option_reply (w, option, NBD_REP_ACK, 0);
      (void) wire_send (w);
      return false;
    case NBD_OPT_LIST:
      put_option_reply (w, option, NBD_REP_SERVER, 4);
      wire_put32 (w, 0);
      put_option_reply (w, option, NBD_REP_ACK, 0);
      break;
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
      done = answer_go (w, told, option);
      break;
    case NBD_OPT_STRUCTURED_REPLY:
      w->structured = told->structured;
      put_option_reply (w, option,
                        w->structured ? NBD_REP_ACK : NBD_REP_ERR_UNSUP, 0);
      break;
    case NBD_OPT_SET_META_CONTEXT:
      answer_meta_context (w, told, option, data, length);
      break;
    default:
      put_option_reply (w, option, NBD_REP_ERR_UNSUP, 0);
    }
    if (!wire_send (w))
      return false;
  }
  return true;
}

/* ------------------------------------------------- requests and replies */

bool
wire_receive_request (struct wire *w, struct request *q)
{
  uint8_t header[28];

  if (!wire_receive (w, header, sizeof header)
      || get32 (header) != NBD_REQUEST_MAGIC)
    return false;
  q->flags = get16 (header + 4);
  q->type = get16 (header + 6);
  q->cookie = get64 (header + 8);
  q->offset = get64 (header + 16);
  q->length = get32 (header + 24);
  return true;
}

void
wire_put_chunk (struct wire *w, const struct request *q, uint16_t flags,
                uint16_t type, uint32_t length)
{
  wire_put32 (w, NBD_STRUCTURED_REPLY_MAGIC);
  wire_put16 (w, flags);
  wire_put16 (w, type);
  wire_put64 (w, q->cookie);
  wire_put32 (w, length);
}

void
wire_put_simple_reply (struct wire *w, const struct request *q, uint32_t error)
{
  wire_put32 (w, NBD_SIMPLE_REPLY_MAGIC);
  wire_put32 (w, error);
  wire_put64 (w, q->cookie);
}
