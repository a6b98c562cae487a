/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the page cache clean for one connection: after a copy, the page cache
 * holds those pages of the file that it held before, and no others.
 *
 * The file is handled in sections.  Pages of a section that were cached before
 * anything of it was read stay cached; the others are dropped once the
 * connection has moved on.  Written data is sent to the disk a little later,
 * and then dropped.  So neither the memory for this, nor the cache, nor the
 * unwritten data of a copy grow with the size of the file.
 *
 * One thread at a time.  Nothing here fails the copy: pages that cannot be
 * inspected or dropped stay in the cache.
 */

#ifndef PAGE_CACHE_H
#define PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct page_cache; /* body in page-cache.c */

/* A range of a file, in bytes. */
struct span {
  uint64_t offset, length;
};

/* Starts to look after the page cache of a descriptor, which is borrowed until
 * page_cache_free.  Returns NULL with errno.
 */
struct page_cache *page_cache_new (int fd);

/* Drops the remaining pages that are on the disk, and frees the struct.  NULL
 * is fine.
 */
void page_cache_free (struct page_cache *f);

/* Notes that a range will be read.  Must be called before that; @length > 0. */
void page_cache_read (struct page_cache *f, uint64_t offset, uint64_t length);

/* Notes that a range will be written.  Must be called before that; @length > 0.
 * Returns true and sets *settle if that span must be settled first
 * (page_cache_settle), so that a slow disk slows down its writers, and a flush
 * has little left to do.
 */
bool page_cache_write (struct page_cache *f, uint64_t offset, uint64_t length,
                       struct span *settle);

/* Waits until a span is on the disk, and drops its pages.  Returns 0, or the
 * errno of a write-back error: the kernel reports it only once for each
 * descriptor, so a flush would not report it again.
 */
int page_cache_settle (const struct page_cache *f, const struct span *s);

/* Drops all pages of the file, which was flushed, so that a later reader gets
 * the data from the disk rather than from the cache.
 */
void page_cache_flushed (struct page_cache *f);

#endif /* PAGE_CACHE_H */
