/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two sides of a copy, what each can do, and what will be done with it. */

#ifndef ENDPOINT_CAPS_H
#define ENDPOINT_CAPS_H

#include <stdbool.h>
#include <stdint.h>

enum side { SOURCE, DESTINATION };

const char *side_name (enum side side); /* "source", "destination" */

/* What one side can do.  The server or the kernel has reported it; target_open
 * has checked that the values are possible, not that they are true.
 */
struct caps {
  uint64_t size;            /* bytes, at most INT64_MAX */
  uint64_t block_min;       /* power of two; unit of offsets and lengths */
  uint64_t block_preferred; /* power of two, at least block_min */
  uint64_t block_max;       /* of a read or write; multiple of block_min */
  uint64_t extents_max;     /* bytes of one IO_EXTENTS; 0: no extents */
  uint64_t zero_max;        /* bytes of one IO_ZERO; 0: cannot zero */
  uint64_t zero_grain;      /* power of two: IO_ZERO is cheap where offset
                                   and length are multiples; 0: anywhere */
  bool can_fast_zero;
  bool can_flush;
  bool can_multi_conn; /* more than one conn is safe */
  bool reconnects;     /* a lost conn can be replaced by a new one */
  bool read_only;
  /* It takes the size of the source, and reads as zeroes, or as its backing
   * file, which is read only, and has this size in bytes.
   */
  bool grows, backed;
  uint64_t backing_size;
  uint64_t size_max; /* if it grows: its largest size; 0: unknown */
  bool free_known;   /* the next two are known; only if it grows */
  uint64_t free;     /* bytes free on its file system */
  uint64_t occupied; /* bytes that it has there already */
  bool missing;      /* it did not exist when it was opened */
  bool kept;         /* prepare kept its content, a part of the copy */
  bool written_once; /* no block can be written a second time */
  bool in_use;       /* by another program, which may change it */
  /* By which program, and what to do, in words; owned by the endpoint.  NULL:
   * unknown.
   */
  const char *in_use_by;

  /* Bytes in order, without offsets: each is read or written once, from 0 on.
   * The size of a source is unknown, so its size is INT64_MAX.
   */
  bool stream;
  bool terminal; /* a stream to a terminal */
};

/* What will be done with an endpoint. */
struct endpoint_wants {
  bool extents; /* IO_EXTENTS will be used */
  /* The meta context that selects what is copied: IO_EXTENTS reports it, too.
   * NULL: none does.  Borrowed.
   */
  const char *changed;
  bool write;     /* else it is opened for reading only */
  bool compare;   /* it is compared, so it cannot be a stream */
  bool part;      /* other copies may write to the rest of it */
  bool just_look; /* it is only inspected, so it is not locked */
  bool resumes;   /* a server of an earlier run may still be ending */
  /* It is the file or device of the other side, too: the destination keeps its
   * size and its content, and only its descriptor keeps other programs out.
   */
  bool in_place;
};

#endif /* ENDPOINT_CAPS_H */
