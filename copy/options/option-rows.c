/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all options: see option-rows.h. */

#include <config.h>

#include <assert.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "options/option-fields.h"
#include "options/option-rows.h"

#ifdef HAVE_GNUTLS
#define LACKS_GNUTLS NULL
#else
#define LACKS_GNUTLS "GnuTLS"
#endif

#define FIELD(f) offsetof (struct options, f)

/* In alphabetical order, which is that of --help. */
/* clang-format off */
const struct option_row option_rows[] = {
  {
    .name = "allocated", .type = FLAG,
    .field = FIELD (allocated),
    .help = "write zeroes as allocated blocks",
    .from_nbdcopy = true,
  },
  {
    .name = "allow-same-disk", .type = FLAG,
    .field = FIELD (allow_same_disk),
    .help = "let source and destination be one disk",
  },
  {
    .name = "attempt-wait", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (attempt_wait), .min = 100 * NS_PER_MS,
    .max = 86400 * NS_PER_S, .initial = "60",
    .help = "wait between two attempts",
    .scope = PER_RUN, .requires = "attempts",
  },
  {
    .name = "attempts", .type = NUMBER, .argument = "N",
    .field = FIELD (attempts), .min = 1, .max = UINT32_MAX, .initial = "1",
    .help = "start a copy that failed N times in all",
    .scope = PER_RUN, .requires = "manifest",
  },
  {
    .name = "blkhash", .type = BLKHASH, .argument = "DIGEST[/SIZE]",
    .optional = true,
    .field = FIELD (digest), .min = 1, .max = UINT32_MAX,
    .help = "print a digest of the disk's blocks (sha256/64k)",
    .lacks = LACKS_GNUTLS, .from_nbdcopy = true,
  },
  {
    .name = "blkhash-file", .type = TEXT, .argument = "FILE",
    .field = FIELD (blkhash_file),
    .help = "write the digest of --blkhash to FILE",
    .file = WRITES, .lacks = LACKS_GNUTLS, .from_nbdcopy = true,
  },
  {
    .name = "bwlimit", .type = BWLIMIT, .argument = "RATE",
    .field = FIELD (bwlimit),
    .help = "limit to RATE bytes a second, or read RATE from @FILE",
    .scope = ANYWHERE, .file = READS,
  },
  {
    .name = "changed", .type = CONTEXT, .argument = "CONTEXT",
    .field = FIELD (changed),
    .help = "copy only what the source's CONTEXT says has changed",
    .excludes = { "blkhash", "extents" },
  },
  {
    .name = "compare", .type = FLAG,
    .field = FIELD (compare),
    .help = "write nothing, only compare both sides",
    .instead_of = "verify",
  },
  {
    .name = "connect-wait", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (connect_wait), .max = 86400 * NS_PER_S, .initial = "0",
    .help = "how long to wait for a server to start",
  },
  {
    .name = "connections", .letter = 'C', .type = NUMBER, .argument = "N",
    .field = FIELD (connections), .min = 1, .max = UINT32_MAX, .initial = "4",
    .help = "at most N connections to each server",
    .from_nbdcopy = true,
  },
  {
    .name = "destination-format", .type = WORD,
    .argument = "raw|qcow2|vdi|vhdx|vmdk",
    .field = FIELD (destination.format),
    .help = "image format to write; a missing file is created",
  },
  {
    .name = "destination-is-zero", .type = CHOICE, .argument = "auto|yes|no",
    .optional = true, .bare = "yes",
    .field = FIELD (destination_is_zero), .initial = "auto",
    .help = "whether the destination is all zero",
    .from_nbdcopy = true,
  },
  {
    .name = "destination-options", .type = TEXT, .argument = "KEY=VALUE,...",
    .field = FIELD (destination.image_options),
    .help = "options of qemu-img for an image that is created",
    .requires = "destination-format", .excludes = { "compare" },
  },
  {
    .name = "differences", .type = TEXT, .argument = "FILE|-",
    .field = FIELD (differences),
    .help = "list all places that differ, for --extents",
    .file = WRITES,
  },
  {
    .name = "disk", .type = LABEL, .argument = "NAME",
    .field = FIELD (disk),
    .help = "put NAME in front of each message",
  },
  {
    .name = "events", .type = TEXT, .argument = "FD|FILE",
    .field = FIELD (events),
    .help = "write events as lines of JSON",
    .scope = PER_RUN, .file = REPORTS,
  },
  {
    .name = "extents", .type = TEXT, .argument = "FILE|-",
    .field = FIELD (extents),
    .help = "copy only the extents that FILE lists",
    .file = READS, .excludes = { "blkhash" },
  },
  {
    .name = "external-files", .type = FLAG,
    .field = FIELD (external_files),
    .help = "also write to other files that the image names",
  },
  {
    .name = "flush", .type = FLAG,
    .field = FIELD (flush),
    .help = "require a flush of the destination at the end",
    .instead_of = "no-flush", .from_nbdcopy = true,
  },
  {
    .name = "help", .type = FLAG,
    .field = FIELD (help),
    .help = "print this help and exit",
    .scope = PER_RUN, .ends = true, .from_nbdcopy = true,
  },
  {
    .name = "interval", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (interval), .min = 100 * NS_PER_MS, .max = 86400 * NS_PER_S,
    .help = "interval between progress updates (0.2 or 10)",
    .scope = ANYWHERE, .inherited = true,
  },
  {
    .name = "jobs", .type = NUMBER, .argument = "N",
    .field = FIELD (jobs), .min = 1, .max = 1024, .initial = "1",
    .help = "number of copies to run in parallel",
    .scope = PER_RUN, .requires = "manifest",
  },
  {
    .name = "jobs-per-group", .type = NUMBER, .argument = "N",
    .field = FIELD (jobs_per_group), .min = 1, .max = 1024,
    .help = "at most N copies of each group in parallel",
    .scope = PER_RUN, .requires = "manifest",
  },
  {
    .name = "long-options", .type = FLAG,
    .field = FIELD (long_options),
    .scope = PER_RUN, .ends = true, .from_nbdcopy = true,
  },
  {
    .name = "manifest", .type = TEXT, .argument = "FILE",
    .field = FIELD (manifest),
    .help = "make the copies that FILE lists, as JSON",
    .scope = PER_RUN, .file = READS,
  },
  {
    .name = "map", .type = TEXT, .argument = "FILE",
    .field = FIELD (map),
    .help = "record in FILE what is copied, and resume from it",
    .file = WRITES, .excludes = { "compare", "no-flush" },
  },
  {
    .name = "map-interval", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (map_interval), .min = 100 * NS_PER_MS,
    .max = 86400 * NS_PER_S, .initial = "30",
    .help = "interval between saves of the map",
    .requires = "map",
  },
  {
    .name = "metrics-file", .type = TEXT, .argument = "FILE",
    .field = FIELD (metrics_file),
    .help = "keep metrics for Prometheus in FILE, *.prom",
    .scope = ANYWHERE, .file = REPORTS,
  },
  {
    .name = "no-extents", .type = FLAG,
    .field = FIELD (no_extents),
    .help = "do not ask the source where it has data",
    .from_nbdcopy = true,
  },
  {
    .name = "no-flush", .type = FLAG,
    .field = FIELD (no_flush),
    .help = "do not flush the destination at the end",
  },
  {
    .name = "open-timeout", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (open_timeout), .min = 100 * NS_PER_MS,
    .max = 86400 * NS_PER_S, .initial = "30",
    .help = "how long opening a side may take",
  },
  {
    .name = "part", .type = SHARD, .argument = "I/N|@VARIABLE/N",
    .field = FIELD (part), .min = 1, .max = UINT32_MAX,
    .help = "make only part I of the N parts of the list",
    .scope = PER_RUN, .requires = "manifest",
  },
  {
    .name = "plan", .type = FLAG,
    .field = FIELD (plan),
    .help = "open both sides, show what would be done, and exit",
    .scope = PER_RUN, .inherited = true,
  },
  {
    .name = "progress", .letter = 'p', .type = PROGRESS, .argument = "FD",
    .optional = true,
    .field = FIELD (progress_fd), .max = INT32_MAX,
    .help = "show progress, or write it to descriptor FD as N/100",
    .scope = PER_RUN, .file = WRITES, .from_nbdcopy = true,
  },
  {
    .name = "queue-size", .type = SIZE, .argument = "SIZE",
    .field = FIELD (queue_size), .given = FIELD (queue_size_given),
    .max = UINT32_MAX, .initial = "64M",
    .help = "at most SIZE bytes in flight per worker",
    .from_nbdcopy = true,
  },
  {
    .name = "quiet", .letter = 'q', .type = FLAG,
    .field = FIELD (quiet),
    .help = "print only errors",
    .scope = ANYWHERE, .inherited = true,
  },
  {
    .name = "report", .type = TEXT, .argument = "FILE|-",
    .field = FIELD (report),
    .help = "write a report to FILE at the end, as JSON",
    .scope = PER_RUN, .file = REPORTS,
  },
  {
    .name = "request-size", .type = POWER_OF_2, .argument = "SIZE",
    .field = FIELD (request_size), .min = 4096, .max = 32 * MiB,
    .help = "read and write at most SIZE at a time (default 1M)",
    .from_nbdcopy = true,
  },
  {
    .name = "requests", .letter = 'R', .type = NUMBER, .argument = "N",
    .field = FIELD (requests), .min = 1, .max = UINT32_MAX, .initial = "64",
    .help = "at most N requests in flight per worker",
    .from_nbdcopy = true,
  },
  {
    .name = "resume", .type = CHOICE, .argument = "auto|require|never",
    .field = FIELD (resume), .initial = "auto",
    .help = "how to treat a map that exists already",
    .requires = "map",
  },
  {
    .name = "retries", .type = NUMBER, .argument = "N",
    .field = FIELD (retries), .max = UINT32_MAX, .initial = "5",
    .help = "how often to retry what failed",
  },
  {
    .name = "retry-wait", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (retry_wait), .max = 3600 * NS_PER_S, .initial = "1",
    .help = "wait before the first retry, then doubled",
  },
  {
    .name = "salvage", .type = CHOICE, .argument = "no|leave|zero",
    .optional = true, .bare = "leave",
    .field = FIELD (salvage), .initial = "no",
    .help = "go on where the source cannot be read",
    .excludes = { "blkhash", "compare" },
  },
  {
    .name = "shard", .type = SHARD, .argument = "I/N|@VARIABLE/N",
    .field = FIELD (shard), .min = 1, .max = UINT32_MAX,
    .help = "copy only part I of the N parts of the disk",
  },
  {
    .name = "short-options", .type = FLAG,
    .field = FIELD (short_options),
    .scope = PER_RUN, .ends = true, .from_nbdcopy = true,
  },
  {
    .name = "source-format", .type = WORD,
    .argument = "auto|raw|qcow2|vdi|vhdx|vmdk|vpc",
    .field = FIELD (source.format),
    .help = "format of the source, a file or a web address",
  },
  {
    .name = "source-id", .type = LABEL, .argument = "TOKEN",
    .field = FIELD (source_id),
    .help = "name of this state of the source, kept in the map",
    .requires = "map",
  },
  {
    .name = "source-size", .type = SIZE, .argument = "SIZE",
    .field = FIELD (source_size), .given = FIELD (source_size_given),
    .max = INT64_MAX,
    .help = "fail unless the source has SIZE bytes, also a stream",
  },
  {
    .name = "sparse", .letter = 'S', .type = POWER_OR_0, .argument = "SIZE",
    .field = FIELD (sparse), .given = FIELD (sparse_given), .min = 512,
    .max = UINT32_MAX, .initial = "4K",
    .help = "search for zero blocks of SIZE; 0: do not",
    .from_nbdcopy = true,
  },
  {
    .name = "stall-timeout", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (stall_timeout), .max = 86400 * NS_PER_S, .initial = "600",
    .help = "give up when nothing moves for that long",
  },
  {
    .name = "status-file", .type = TEXT, .argument = "FILE",
    .field = FIELD (status_file),
    .help = "keep the latest event in FILE",
    .scope = ANYWHERE, .file = REPORTS,
  },
  {
    .name = "stop-after", .type = DURATION, .argument = "SECONDS",
    .field = FIELD (stop_after), .min = 100 * NS_PER_MS,
    .max = 604800 * NS_PER_S,
    .help = "end then, with the map saved; or 30m, 8h",
    .scope = PER_RUN,
  },
  {
    .name = "synchronous", .type = FLAG,
    .field = FIELD (synchronous),
    .help = "one worker, one request at a time, in order",
    .from_nbdcopy = true,
  },
  {
    .name = "target-is-zero", .type = CHOICE, .argument = "auto|yes|no",
    .optional = true, .bare = "yes",
    .field = FIELD (destination_is_zero),
    .help = "the same as --destination-is-zero",
    .same_as = "destination-is-zero", .from_nbdcopy = true,
  },
  {
    .name = "threads", .letter = 'T', .type = NUMBER, .argument = "N",
    .field = FIELD (threads), .max = UINT32_MAX, .initial = "0",
    .help = "at most N workers; 0: one per processor",
    .from_nbdcopy = true,
  },
  {
    .name = "trace", .type = TEXT, .argument = "FILE",
    .field = FIELD (trace_file),
    .help = "write a timeline of the copy to FILE, for Perfetto",
    .file = WRITES,
  },
  {
    .name = "update", .type = FLAG,
    .field = FIELD (update),
    .help = "read both sides, and write only what differs",
    .excludes = { "compare", "destination-is-zero" },
  },
  {
    .name = "verbose", .letter = 'v', .type = TALLY,
    .field = FIELD (verbose),
    .help = "say what the workers do; twice: also what libnbd does",
    .scope = ANYWHERE, .inherited = true, .from_nbdcopy = true,
  },
  {
    .name = "verify", .type = CHOICE, .argument = "auto|copied|all",
    .optional = true, .bare = "auto",
    .field = FIELD (verify_scope), .given = FIELD (verify),
    .help = "after the copy, read both sides and compare them",
  },
  {
    .name = "version", .letter = 'V', .type = FLAG,
    .field = FIELD (version),
    .help = "print the version and exit",
    .scope = PER_RUN, .ends = true, .from_nbdcopy = true,
  },
};
/* clang-format on */

#define N_ROWS (sizeof option_rows / sizeof option_rows[0])

const size_t n_option_rows = N_ROWS;

static_assert (N_ROWS <= OPTION_ROWS_MAX, "too many options");

const struct option_row *
option_row (const char *name)
{
  for (size_t i = 0; i < N_ROWS; i++)
    if (strcmp (option_rows[i].name, name) == 0)
      return &option_rows[i];
  return NULL;
}

bool
option_is_listed (const struct option_row *row)
{
  return row->help && row->lacks == NULL;
}
