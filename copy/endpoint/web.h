/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a web server answers, asked by curl(1): whether it serves ranges, where
 * it redirects to, and which version of a file it has.
 *
 * nbdkit, which reads the file, believes whatever comes.
 */

#ifndef WEB_H
#define WEB_H

#include <stdbool.h>
#include <stdint.h>

#include "url.h"

struct web_answer {
  int status;                  /* of HTTP: 206 for a range */
  bool promises_ranges;        /* Accept-Ranges says so */
  bool has_range;              /* Content-Range tells the next three */
  uint64_t start, end;         /* half open */
  uint64_t total;              /* bytes of the file */
  char reason[128];            /* the status line */
  char tag[256], modified[64]; /* ETag and Last-Modified; "": none */
  char *address;               /* owned: after all redirects */
};

/* How curl is told to ask for bytes [start, end), or by HEAD where end is 0: a
 * configuration, since its command line is open to all.  Only the head of the
 * answer is read.  Allocated, or NULL without memory.
 */
char *web_question (const struct url *url, uint64_t start, uint64_t end);

/* The command for that, which has the question as its standard input. */
char **web_command (void);

/* Reads what curl printed: the last of several answers counts.  -1 with errno:
 * EPROTO for what is none.
 */
int web_answer_read (const char *text, struct web_answer *a);

/* Whether it is the range that was asked for. */
bool web_answer_is (const struct web_answer *a, uint64_t start, uint64_t end);

/* What differs between two answers about the same file: "size", "ETag",
 * "Last-Modified", or NULL.
 */
const char *web_answers_differ (const struct web_answer *a,
                                const struct web_answer *b);

/* Whether two addresses are of the same server, which may have a password that
 * was meant for it.
 */
bool web_same_server (const char *a, const char *b);

void web_answer_free (struct web_answer *a); /* a zeroed one is fine */

#endif /* WEB_H */
