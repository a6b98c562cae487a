/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two sides of a copy, what each can do, and what is wanted of it. */

#ifndef ENDPOINT_CAPS_H
#define ENDPOINT_CAPS_H

#include <stdbool.h>
#include <stdint.h>

enum side { SOURCE, DESTINATION };

const char *side_name (enum side side); /* "source", "destination" */

/* What one side can do; all of it was told by a server, or by the kernel, and
 * was checked by target_open for being possible, not for being true.
 */
struct caps {
  uint64_t size;            /* bytes, at most INT64_MAX */
  uint64_t block_min;       /* power of two; every offset and length */
  uint64_t block_preferred; /* power of two, at least block_min */
  uint64_t block_max;       /* of a read or write; multiple of block_min */
  uint64_t extents_max;     /* bytes that one IO_EXTENTS may ask; 0: none */
  uint64_t zero_max;        /* bytes of one IO_ZERO; 0: cannot zero */
  uint64_t zero_grain;      /* power of two: IO_ZERO is cheap where offset
                                   and length are multiples; 0: anywhere */
  bool can_fast_zero;
  bool can_flush;
  bool can_multi_conn; /* more than one conn is safe */
  bool reconnects;     /* a conn can be lost, and be made anew */
  bool read_only;
  bool grows;            /* takes the size of what is copied, zeroed */
  uint64_t size_max;     /* bytes that what grows can have; 0: unknown */
  bool free_known;       /* the next two are, for what grows */
  uint64_t free;         /* bytes free on its file system */
  uint64_t occupied;     /* bytes that it has there already */
  bool missing;          /* it was not there when it was opened */
  bool kept;             /* by prepare: holds a part of the copy */
  bool written_once;     /* no block can be written a second time */
  bool in_use;           /* by somebody else, who may change it */
  const char *in_use_by; /* who that is, and what can be done, in words;
                                   borrowed from the endpoint; NULL: unknown */

  /* Bytes in order, and no offsets: each is read, or has to be written, once,
   * from 0 on.  Nobody knows how many a source has: its size is INT64_MAX.
   */
  bool stream;
  bool terminal; /* a stream that ends before somebody's eyes */
};

/* What is going to be done with an endpoint. */
struct endpoint_wants {
  bool extents;   /* IO_EXTENTS will be used */
  bool write;     /* else it is opened for reading only */
  bool compare;   /* it is read to be compared: no stream */
  bool part;      /* others may write to the rest of it */
  bool just_look; /* so nobody is kept out meanwhile */
  bool resumes;   /* an earlier run of this copy may have left a
                                   server that is just ending */
};

#endif /* ENDPOINT_CAPS_H */
