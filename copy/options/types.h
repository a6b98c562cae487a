/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small types that options have, for code that needs no other option. */

#ifndef OPTIONS_TYPES_H
#define OPTIONS_TYPES_H

#include <stdint.h>

/* What kind of name an operand is, decided once by operand_recognise. */
enum operand_kind {
  OPERAND_PATH,     /* of a file, device or FIFO, whether or not it exists */
  OPERAND_COMMAND,  /* that starts an NBD server */
  OPERAND_NBD,      /* an NBD URI */
  OPERAND_WEB,      /* an http or https address */
  OPERAND_STANDARD, /* "-": standard input or output */
  OPERAND_NULL,     /* "null:", a destination only */
};

/* SOURCE or DESTINATION on the command line. */
struct operand {
  enum operand_kind kind;
  const char *name;          /* borrowed from argv; "[" for a command */
  char **command;            /* NULL-terminated, owned; NULL: not a command */
  const char *format;        /* --source-format and the like; NULL: not given */
  const char *image_options; /* --destination-options; NULL: not given */
};

/* Whether the destination reads as zeroes.  The order is that of the words in
 * the row of --destination-is-zero.
 */
enum is_zero { IS_ZERO_AUTO, IS_ZERO_YES, IS_ZERO_NO };

/* The ranges that --verify compares after a copy of selected ranges: these, or
 * all.  The order is that of the words in its row.
 */
/* The meta contexts of QEMU that report changes; the name of a bitmap follows
 * the first.  libnbd 1.14 has no names for them.
 */
#define CONTEXT_BITMAP "qemu:dirty-bitmap:"
#define CONTEXT_DEPTH "qemu:allocation-depth"

enum verify_scope { VERIFY_AUTO, VERIFY_COPIED, VERIFY_ALL };

/* How to treat a resume map that exists already.  The order is that of the
 * words in the row of --resume.
 */
enum resume { RESUME_AUTO, RESUME_REQUIRE, RESUME_NEVER };

/* What happens to ranges of the destination that cannot be read at the source.
 * NO: the copy fails.  The order is that of the words in the row of --salvage.
 */
enum salvage_how { SALVAGE_NO, SALVAGE_LEAVE, SALVAGE_ZERO };

enum digest_kind {
  DIGEST_NONE,
  DIGEST_MD5,
  DIGEST_SHA1,
  DIGEST_SHA256,
  DIGEST_SHA512
};

/* Returns the name of a digest, as --blkhash takes it. */
const char *digest_name (enum digest_kind kind);

/* Of the file beside a map that has the digests of blocks. */
#define KEPT_DIGESTS_SUFFIX ".blkhash"

/* The limit on bytes per second. */
struct bwlimit {
  uint64_t rate;    /* 0: no limit */
  const char *file; /* holds the rate, which can change; or NULL */
};

/* The part of the disk that is copied. */
struct shard {
  uint64_t number, count; /* 1 to count; 0 of 0: the whole disk */
};

/* The most workers of one copy.  No copy needs more, and the limit keeps a
 * mistyped number from starting very many threads.
 */
#define WORKERS_MAX 1024

#endif /* OPTIONS_TYPES_H */
