/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all options.  A row says everything about its option: the
 * parser, the bounds, the checks, --help, the lists for shell completion, the
 * keys of a manifest, the files that must not be used twice, and the test of
 * the man page read it.
 *
 * Only copy/options/ includes this; the rest of the program sees options.h.
 */

#ifndef OPTION_ROWS_H
#define OPTION_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the option's field in struct options is, and how its text is parsed. */
enum option_type {
  FLAG,       /* bool: true when given */
  TALLY,      /* unsigned: how often it was given */
  NUMBER,     /* uint64_t */
  SIZE,       /* uint64_t, bytes */
  POWER_OF_2, /* uint64_t, bytes; 0: not given */
  POWER_OR_0, /* uint64_t, bytes, a power of 2 or 0 */
  DURATION,   /* uint64_t, ns; less than min: not given */
  CHOICE,     /* an enum: the index of the word in argument */
  WORD,       /* const char *, one of the words in argument */
  TEXT,       /* const char *, as given */
  LABEL,      /* const char *, one line without secrets */
  CONTEXT,    /* const char *, a meta context of changes */
  PROGRESS,   /* uint64_t, the descriptor after "=" */
  BWLIMIT,    /* struct bwlimit */
  SHARD,      /* struct shard */
  BLKHASH,    /* enum digest_kind; the block size is another field */
};

/* Which command lines and manifests can have the option. */
enum option_scope {
  PER_COPY, /* the command line of one copy, a copy in a manifest */
  PER_RUN,  /* the command line, with or without --manifest */
  ANYWHERE, /* all of these */
};

/* What happens to the file that the option names. */
enum option_file_use {
  NO_FILE,
  READS,
  WRITES,
  REPORTS, /* is written even when the command line is refused */
};

#define EXCLUDES_MAX 4

struct option_row {
  const char *name; /* without "--" */
  char letter;      /* 0: none */
  enum option_type type;

  /* As --help shows it; NULL: takes none.  A CHOICE and a WORD have their words
   * here, separated by bars.  An argument that names a file has FILE in it, so
   * that the shells complete it; with FD, digits are a descriptor; with a bar
   * and "-" at the end, "-" is standard output, or input if the file is read.
   */
  const char *argument;
  bool optional;    /* the argument can be left out, */
  const char *bare; /* and means this then; NULL: the parser decides */

  size_t field;        /* offset in struct options */
  size_t given;        /* offset of a bool that is set with it; 0: none */
  uint64_t min, max;   /* both included, in the unit of the field */
  const char *initial; /* the default, as on the command line; NULL: the
                          field starts as 0.  --help adds it to help. */
  const char *help;    /* NULL: --help and the lists do not name it */

  enum option_scope scope;
  enum option_file_use file;
  const char *requires;               /* an option that must be given, too */
  const char *excludes[EXCLUDES_MAX]; /* options that cannot be used with it;
                                         only one of the two rows says so */
  const char *instead_of;             /* the option that says the opposite */
  const char *same_as; /* the option of which this is another name */
  const char *lacks;   /* the library that this build lacks, so that it does
                             not have the option; NULL: it has the option */
  bool inherited;      /* with --manifest, holds for each of its copies */
  bool ends;           /* prints something and ends: no operands needed */
  bool from_nbdcopy;   /* abbreviations mean the same as in nbdcopy */
};

#define OPTION_ROWS_MAX 128

extern const struct option_row option_rows[];
extern const size_t n_option_rows; /* at most OPTION_ROWS_MAX */

/* Returns the row of exactly this name, without "--"; NULL: there is none. */
const struct option_row *option_row (const char *name);

/* Returns whether --help and the lists name it. */
bool option_is_listed (const struct option_row *row);

#endif /* OPTION_ROWS_H */
