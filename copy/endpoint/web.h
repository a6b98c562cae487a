/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a web server, by curl(1), whether it serves ranges, where it redirects
 * to, and which version of a file it has.
 *
 * nbdkit, which reads the file, does not check the server's replies.
 */

#ifndef WEB_H
#define WEB_H

#include <stdbool.h>
#include <stdint.h>

#include "url.h"

struct web_answer {
  int status;                  /* of HTTP: 206 for a range */
  bool promises_ranges;        /* Accept-Ranges says so */
  bool has_range;              /* Content-Range has the next three */
  uint64_t start, end;         /* half open */
  uint64_t total;              /* bytes of the file */
  char reason[128];            /* the status line */
  char tag[256], modified[64]; /* ETag and Last-Modified; "": none */
  char *address;               /* owned: after all redirects */
};

/* Returns the configuration that makes curl ask for bytes [start, end), or by
 * HEAD if end is 0.  It is not on the command line, which all users can read.
 * Only the header of the reply is read.  Allocated, or NULL when out of memory.
 */
char *web_question (const struct url *url, uint64_t start, uint64_t end);

/* Returns the command, which reads that configuration from standard input. */
char **web_command (void);

/* Reads what curl printed: the last of several replies counts.  -1 with errno:
 * EPROTO if there is no reply.
 */
int web_answer_read (const char *text, struct web_answer *a);

/* Returns whether the reply is the range that was asked for. */
bool web_answer_is (const struct web_answer *a, uint64_t start, uint64_t end);

/* Returns what differs between two replies about the same file: "size", "ETag",
 * "Last-Modified", or NULL.
 */
const char *web_answers_differ (const struct web_answer *a,
                                const struct web_answer *b);

/* Returns whether two addresses are of the same server, so that it may get the
 * same password.
 */
bool web_same_server (const char *a, const char *b);

void web_answer_free (struct web_answer *a); /* a zeroed one is fine */

#endif /* WEB_H */
