/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as one page of HTML that needs nothing else: no network, no
 * script.
 */

#ifndef PAGE_H
#define PAGE_H

#include "bench/bench.h"

/* Returns the page, with @json in it.  Allocated; NULL when memory runs out. */
char *page_html (const struct bench *b, const char *json);

#endif /* PAGE_H */
