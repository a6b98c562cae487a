/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one conn leaves in the page cache of a file: what was in it before, and
 * nothing else.
 *
 * The file is looked at in sections.  What a section had in the cache before
 * anything of it was read stays there; the rest is dropped once the conn has
 * moved on.  What is written is pushed out a little behind the conn, and then
 * dropped.  So neither the memory that this takes nor the cache and the
 * unwritten data of a copy have anything to do with the file's size.
 *
 * One thread at a time.  Nothing here fails the copy: what cannot be looked at,
 * or not be dropped, stays in the cache.
 */

#ifndef PAGE_CACHE_H
#define PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct page_cache; /* body in page-cache.c */

/* A run of a file, in bytes. */
struct span {
  uint64_t offset, length;
};

/* For a descriptor that is borrowed until page_cache_free.  NULL with errno. */
struct page_cache *page_cache_new (int fd);

/* Drops what is left to drop and is on the disk.  NULL is fine. */
void page_cache_free (struct page_cache *f);

/* Before this range is read; length > 0. */
void page_cache_read (struct page_cache *f, uint64_t offset, uint64_t length);

/* Before this range is written; length > 0.  True with a span that is to be
 * settled first: so a disk that is slow slows down those that write to it, and
 * a flush has little left to do.
 */
bool page_cache_write (struct page_cache *f, uint64_t offset, uint64_t length,
                       struct span *settle);

/* Waits until a span is on the disk, and drops it.  0, or the errno of what did
 * not get there: the kernel tells it only once for each descriptor, so no flush
 * would see it again.
 */
int page_cache_settle (const struct page_cache *f, const struct span *s);

/* The file was flushed: drops all of it, so that whoever reads it next reads
 * what the disk has, and not what was to be written there.
 */
void page_cache_flushed (struct page_cache *f);

#endif /* PAGE_CACHE_H */
