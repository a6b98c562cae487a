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

  /* Many copies: a manifest has no source and destination here. */
  const char *manifest;    /* --manifest; NULL: one copy */
  uint64_t jobs;           /* --jobs: copies that run in parallel */
  uint64_t jobs_per_group; /* --jobs-per-group; 0: no limit */
  struct shard part;       /* --part: of the list; 0 of 0: all of it */
  uint64_t attempts;       /* --attempts, of each copy, at least 1 */
  uint64_t attempt_wait;   /* --attempt-wait, ns */
  const char *disk;        /* --disk: prefix of messages; NULL: none */

  /* What is copied, and how. */
  bool plan;    /* --plan: show what would be done, write nothing */
  bool compare; /* --compare: write nothing, compare both sides */
  bool verify;  /* --verify: compare both sides after the copy */
  enum verify_scope verify_scope; /* --verify; auto: copied */
  bool update;                    /* --update: write only what differs */
  struct shard shard;
  uint64_t source_size; /* --source-size, bytes, when source_size_given */
  bool source_size_given;
  bool no_extents;
  bool external_files;
  bool allow_same_disk; /* --allow-same-disk: both sides may be one disk */
  bool allocated;
  uint64_t sparse; /* --sparse, bytes; 0: do not look for zeroes */
  bool sparse_given;
  enum is_zero destination_is_zero;
  bool flush, no_flush; /* each as given */

  /* Parallelism and rate. */
  uint64_t connections;  /* --connections, at least 1 */
  uint64_t threads;      /* --threads; 0: one per processor */
  uint64_t requests;     /* --requests, per worker, at least 1 */
  uint64_t request_size; /* --request-size, bytes; 0: not given */
  uint64_t queue_size;   /* --queue-size, bytes per worker */
  bool queue_size_given;
  bool synchronous;
  struct bwlimit bwlimit;
  int shared_limit; /* inherited descriptor of the limit of all copies of a
                       manifest (shared-limit.h); -1: none */
  uint64_t tuning_size, tuning_window; /* STRIPECOPY_TUNING, bytes per request
                                          and window; 0: tuned while copying */

  /* Failures. */
  uint64_t open_timeout;  /* --open-timeout, ns */
  uint64_t connect_wait;  /* --connect-wait, ns */
  uint64_t stall_timeout; /* --stall-timeout, ns; 0: none */
  uint64_t stop_after;    /* --stop-after, ns; 0: not given */
  uint64_t retries;
  uint64_t retry_wait; /* --retry-wait, ns */
  enum salvage_how salvage;

  /* Resuming. */
  const char *map;       /* --map; NULL: none */
  const char *maps;      /* --map as given, with %i for the number of the shard;
                            NULL: it has none */
  char *map_of_shard;    /* owned; what map is then */
  const char *changed;   /* --changed, a meta context; NULL: none */
  const char *extents;   /* --extents; "-" is standard input; NULL: none */
  uint64_t map_interval; /* --map-interval, ns */
  enum resume resume;
  const char *source_id; /* --source-id; NULL: not given */

  /* The digest. */
  enum digest_kind digest;  /* --blkhash */
  uint64_t digest_block;    /* bytes, a power of 2 */
  const char *blkhash_file; /* --blkhash-file; NULL: standard output */

  /* Output. */
  bool progress;        /* -p or --progress */
  uint64_t progress_fd; /* --progress=FD, when progress_fd_given */
  bool progress_fd_given;
  const char *events;       /* --events: a file, or digits for a descriptor */
  const char *status_file;  /* --status-file; NULL: none */
  const char *metrics_file; /* --metrics-file; NULL: none */
  const char *report;       /* --report; "-" is standard output */
  const char *trace_file;   /* --trace; NULL: none */
  const char *differences;  /* --differences; "-" is standard output; NULL: none
                            */
  uint64_t interval;        /* --interval, ns; 0: not given */
  bool quiet;
  unsigned verbose; /* how often -v was given */

  /* Options that print something and end. */
  bool help, version, long_options, short_options;
};

#endif /* OPTION_FIELDS_H */
