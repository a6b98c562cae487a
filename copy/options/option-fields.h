/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options, once they are parsed. */

#ifndef OPTION_FIELDS_H
#define OPTION_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "options/types.h"

struct options {
  const char *program; /* base name of argv[0], for messages */
  struct operand source, destination;

  uint64_t connections;  /* --connections, at least 1 */
  uint64_t threads;      /* --threads, 0: as many as processors */
  uint64_t requests;     /* --requests, per worker, at least 1 */
  uint64_t request_size; /* --request-size, bytes; 0: not given */
  uint64_t queue_size;   /* --queue-size, bytes per worker */
  bool queue_size_given;
  uint64_t tuning_size, tuning_window; /* bytes of each request and window, with
                                   nothing left to find; 0: not fixed */
  uint64_t sparse; /* --sparse, bytes; 0: do not look for zeroes */
  bool sparse_given;
  enum is_zero destination_is_zero;
  bool allocated;       /* --allocated */
  bool external_files;  /* --external-files */
  bool flush, no_flush; /* each as given */
  bool no_extents;
  bool synchronous;
  enum digest_kind digest;  /* --blkhash */
  uint64_t digest_block;    /* its blocks, bytes, a power of two */
  const char *blkhash_file; /* --blkhash-file; NULL: standard output */
  const char *disk;         /* stands in messages; NULL: nothing does */
  const char *manifest;     /* names the copies to make; NULL: just one */
  uint64_t jobs;            /* of those, at a time */
  const char *map;          /* --map; NULL: none */
  uint64_t map_interval;    /* --map-interval, seconds */
  enum resume resume;       /* --resume */
  const char *source_id;    /* --source-id; NULL: none */
  uint64_t source_size;     /* --source-size, when source_size_given */
  bool source_size_given;
  struct bwlimit bwlimit;
  struct shard shard;
  bool plan;    /* only say what would be done */
  bool compare; /* write nothing, compare both sides */
  bool verify;  /* compare both sides after the copy */

  bool progress;        /* -p or --progress */
  uint64_t progress_fd; /* --progress=FD, when progress_fd_given */
  bool progress_fd_given;
  const char *events; /* --events: digits are a descriptor */
  const char *status_file;
  const char *report; /* --report; "-" is standard output */
  uint64_t interval;  /* --interval, ns; 0: not given */
  bool quiet;
  const char *trace_file; /* --trace; NULL: none */
  unsigned verbose;       /* how often -v was given */
  uint64_t open_timeout;  /* --open-timeout, seconds */
  uint64_t connect_wait;  /* --connect-wait, seconds */
  uint64_t stall_timeout; /* --stall-timeout, seconds; 0: none */
  uint64_t retries;       /* --retries */
  uint64_t retry_wait;    /* --retry-wait, ns */

  bool help, version; /* print that, and end */
  bool long_options, short_options;
};

#endif /* OPTION_FIELDS_H */
