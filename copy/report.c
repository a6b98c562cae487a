/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says what will be done, or what was done, in words for people. */

#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "human.h"
#include "log.h"
#include "report.h"

static void
report_side (const struct endpoint *ep)
{
  const struct caps *c = endpoint_caps (ep);

  if (c->stream) {
    log_say ("%s: a stream%s", endpoint_name (ep),
             c->can_flush ? " flush" : "");
    return;
  }
  log_say ("%s: size=%" PRIu64 " block-minimum=%" PRIu64
           " block-preferred=%" PRIu64 " block-maximum=%" PRIu64
           "%s%s%s%s%s%s", endpoint_name (ep), c->size, c->block_min,
           c->block_preferred, c->block_max,
           c->extents_max ? " extents" : "",
           c->extents_max > UINT32_MAX ? " 64-bit-extents" : "",
           c->zero_max ? " zero" : "", c->can_fast_zero ? " fast-zero" : "",
           c->can_flush ? " flush" : "",
           c->can_multi_conn ? " multi-conn" : "");
}

void
report_plan (const struct plan *p, const struct endpoint *source,
             const struct endpoint *destination)
{
  static const char *const known[] = {
    [IS_ZERO_AUTO] = "unknown", [IS_ZERO_YES] = "yes", [IS_ZERO_NO] = "no",
  };
  char human[HUMAN_MAX], size[HUMAN_MAX + 32] = "unknown", digest[64] = "";

  if (!p->open_ended)
    snprintf (size, sizeof size, "%" PRIu64 " (%s)", p->size,
              human_size (human, p->size));
  if (p->digest.kind != DIGEST_NONE)
    snprintf (digest, sizeof digest, " blkhash=%s/%" PRIu64,
              options_digest_name (p->digest.kind), p->digest.block);
  report_side (source);
  report_side (destination);
  log_say ("plan: size=%s workers=%u requests=%u"
           " request-size=%" PRIu64 " queue-size=%" PRIu64 " align=%" PRIu64
           " sparse=%" PRIu64 " source-extents=%s destination-is-zero=%s"
           " allocated=%s flush=%s%s", size,
           p->workers, p->requests, p->request_size, p->queue_size, p->align,
           p->zero.scan, p->source_extents ? "yes" : "no",
           p->zero.ask_destination ? "ask" : known[p->zero.known],
           p->zero.allocate ? "yes" : "no", p->flush ? "yes" : "no",
           digest);
}

void
report_pace (const struct pace *p)
{
  log_detail ("pace: request-size=%" PRIu64 " in-flight=%" PRIu64,
              p->request_size, p->queue_size);
}

/* "300.0 MiB data, 10.0 MiB zeroed, 714.0 MiB already zero", and where there
 * were any: "; 3 retries, 1.0 MiB copied again"
 */
static char *
format_parts (const struct totals *t, char *text, size_t size)
{
  char data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX], again[HUMAN_MAX];
  int n;

  n = snprintf (text, size, "%s data, %s zeroed, %s already zero",
                human_size (data, t->data), human_size (zero, t->zero),
                human_size (skipped, t->skipped));
  if (t->retries > 0)
    snprintf (text + n, size - n, "; %" PRIu64 " %s, %s copied again",
              t->retries, t->retries == 1 ? "retry" : "retries",
              human_size (again, t->again));
  return text;
}

void
report_copied (const struct totals *t, uint64_t elapsed)
{
  const double seconds = (double) (elapsed ? elapsed : 1) / NS_PER_S;
  char size[HUMAN_MAX], time[HUMAN_MAX], rate[HUMAN_MAX], parts[256];

  log_say ("copied %s in %s (%s/s) with %u worker%s: %s",
           human_size (size, t->total), human_duration (time, elapsed),
           human_size (rate, t->total / seconds), t->workers,
           t->workers == 1 ? "" : "s", format_parts (t, parts, sizeof parts));
}

void
report_interrupted (const struct totals *t, int signal_number,
                    uint64_t elapsed)
{
  char done[HUMAN_MAX], size[HUMAN_MAX], time[HUMAN_MAX], parts[256];

  log_say ("ended by signal %d (%s): copied %s%s%s in %s: %s", signal_number,
           strsignal (signal_number), human_size (done, totals_done (t)),
           t->open_ended ? "" : " of ",
           t->open_ended ? "" : human_size (size, t->total),
           human_duration (time, elapsed),
           format_parts (t, parts, sizeof parts));
}
