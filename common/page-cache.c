/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page-cache hygiene of one connection: see page-cache.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arith.h"
#include "page-cache.h"

/* Size of a section: small enough to be inspected and dropped quickly, and
 * large enough that its ends seldom split a unit of the cache, which can be
 * some MiB.  A unit that is dropped only in part stays in the cache.
 */
#define SECTION (16 * MiB)
#define PAGES_MAX (SECTION / 4096)

/* Sections tracked while reading: the previous one, where requests may still be
 * in flight, the current one, and two for read-ahead.
 */
#define BEHIND 1
#define AHEAD 2
#define SECTIONS (BEHIND + 1 + AHEAD)

/* Sections that may still be on their way to the disk before the one that is
 * being written.
 */
#define UNSETTLED 2

#define NONE UINT64_MAX

struct section {
  uint64_t index;                      /* its offset / SECTION, or NONE */
  unsigned char was_cached[PAGES_MAX]; /* lowest bit of each byte; others
                                          undefined */
};

struct page_cache {
  int fd;              /* borrowed */
  uint64_t page;       /* bytes */
  uint64_t start, end; /* bytes: everything written is in this range */
  uint64_t writing;    /* index of the section, or NONE */
  struct section sections[SECTIONS]; /* sections being read, by index modulo
                                        SECTIONS */
};

struct page_cache *
page_cache_new (int fd)
{
  struct page_cache *f = calloc (1, sizeof *f);

  if (f == NULL)
    return NULL;
  f->fd = fd;
  f->page = max_u64 (sysconf (_SC_PAGESIZE), 4096);
  f->start = UINT64_MAX;
  f->writing = NONE;
  for (unsigned i = 0; i < SECTIONS; i++)
    f->sections[i].index = NONE;
  return f;
}

static void
drop (const struct page_cache *f, uint64_t start, uint64_t end)
{
  posix_fadvise (f->fd, start, end - start, POSIX_FADV_DONTNEED);
}

/* -- reading -------------------------------------------------------------- */

static bool
was_cached (const struct section *s, uint64_t page)
{
  return s->was_cached[page] & 1;
}

/* Drops the pages of a section that were not in the cache before. */
static void
leave (const struct page_cache *f, struct section *s)
{
  const uint64_t n = SECTION / f->page;
  uint64_t from, to;

  if (s->index == NONE)
    return;
  for (from = 0; from < n; from = to) {
    for (to = from + 1; to < n && was_cached (s, to) == was_cached (s, from);
         to++)
      ;
    if (!was_cached (s, from))
      drop (f, s->index * SECTION + from * f->page,
            s->index * SECTION + to * f->page);
  }
  s->index = NONE;
}

/* Notes which pages of a section are in the cache.  If that cannot be
 * determined, all are assumed to be: pages that others use are not ours to
 * drop.
 */
static void
look (struct page_cache *f, uint64_t index)
{
  struct section *s = &f->sections[index % SECTIONS];
  void *map;

  if (s->index == index)
    return;
  leave (f, s);
  s->index = index;
  memset (s->was_cached, 1, sizeof s->was_cached);
  map = mmap (NULL, SECTION, PROT_READ, MAP_SHARED, f->fd, index * SECTION);
  if (map == MAP_FAILED)
    return;
  if (mincore (map, SECTION, s->was_cached) == -1)
    memset (s->was_cached, 1, sizeof s->was_cached);
  munmap (map, SECTION);
}

void
page_cache_read (struct page_cache *f, uint64_t offset, uint64_t length)
{
  const uint64_t last = (offset + length - 1) / SECTION;

  for (uint64_t i = offset / SECTION; i <= last + AHEAD; i++)
    look (f, i);
}

/* -- writing -------------------------------------------------------------- */

bool
page_cache_write (struct page_cache *f, uint64_t offset, uint64_t length,
                  struct span *settle)
{
  const uint64_t first = offset / SECTION;
  const uint64_t last = (offset + length - 1) / SECTION;
  const uint64_t n = last - first + 1;
  const uint64_t to = first - min_u64 (first, UNSETTLED);
  const uint64_t from = to - min_u64 (to, n);

  f->start = min_u64 (f->start, offset);
  f->end = max_u64 (f->end, offset + length);
  if (f->writing == last)
    return false;
  f->writing = last;
  sync_file_range (f->fd, (first - min_u64 (first, n)) * SECTION,
                   min_u64 (first, n) * SECTION, SYNC_FILE_RANGE_WRITE);
  *settle = (struct span) { from * SECTION, (to - from) * SECTION };
  return from < to;
}

int
page_cache_settle (const struct page_cache *f, const struct span *s)
{
  if (sync_file_range (f->fd, s->offset, s->length,
                       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE
                         | SYNC_FILE_RANGE_WAIT_AFTER)
      == -1)
    return errno;
  drop (f, s->offset, s->offset + s->length);
  return 0;
}

void
page_cache_flushed (struct page_cache *f)
{
  posix_fadvise (f->fd, 0, 0, POSIX_FADV_DONTNEED);
  f->start = UINT64_MAX;
  f->end = 0;
  f->writing = NONE;
}

/* -- the end -------------------------------------------------------------- */

void
page_cache_free (struct page_cache *f)
{
  if (f == NULL)
    return;
  for (unsigned i = 0; i < SECTIONS; i++)
    leave (f, &f->sections[i]);
  if (f->start < f->end)
    drop (f, f->start, f->end);
  free (f);
}
