/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of a disk whose copy has a resume map: see map-digest.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/digest.h"
#include "engine/kept-digests.h"
#include "map-digest.h"
#include "options/options.h"

/* The most ranges of blocks without a valid digest.  Beyond that, all blocks
 * are copied again.
 */
#define BAD_RANGES 1024

static struct kept_shape
shape_of (const struct copy *c, const struct options *o, const struct map *map)
{
  return (struct kept_shape) {
    .map = o->map,
    .id = map_digests_id (map),
    .kind = c->plan.digest.kind,
    .block = c->plan.digest.block,
    .size = c->plan.size,
    .part = plan_shard (&c->plan, o->shard),
  };
}

static int
store (void *opaque, struct error *e)
{
  return kept_digests_store (opaque, e);
}

int
map_digest_open (struct copy *c, const struct options *o, struct error *e)
{
  const struct kept_shape shape = shape_of (c, o, c->map);

  if (o->digest == DIGEST_NONE)
    return 0;
  if (shape.id == NULL)
    return kept_digests_check (&shape, e);
  c->kept_digests = kept_digests_open (&shape, !o->plan, e);
  return c->kept_digests ? 0 : -1;
}

/* The map says first that nothing is finished, so that it never describes
 * blocks whose digests were in an older file.
 */
int
map_digest_claim (struct copy *c, const struct options *o, struct error *e)
{
  struct kept_shape shape;

  if (o->digest == DIGEST_NONE)
    return map_claim (c->map, e);
  if (c->kept_digests) {
    if (kept_digests_set_complete (c->kept_digests, false, e) == -1
        || map_claim (c->map, e) == -1)
      return -1;
  }
  else {
    if (map_make_digests_id (c->map) == -1) {
      error_set (e, errno, "%s", strerror (errno));
      return -1;
    }
    shape = shape_of (c, o, c->map);
    if (map_claim (c->map, e) == -1
        || (c->kept_digests = kept_digests_make (&shape, e)) == NULL)
      return -1;
  }
  map_set_store (c->map, store, c->kept_digests);
  return 0;
}

/* -- one shard ------------------------------------------------------------ */

/* Adds the digests of this copy to @to; NULL: only checks them.  Blocks without
 * a valid digest do not count as finished any more.
 */
static enum map_digest
add_own (struct copy *c, struct digest *to, int interrupt_fd, struct error *e)
{
  enum map_digest result = MAP_DIGEST_FAILED;
  struct ranges bad;

  if (ranges_init (&bad, BAD_RANGES) == -1)
    error_set (e, errno, "%s", strerror (errno));
  else if (kept_digests_add (c->kept_digests, to, &bad, interrupt_fd, e) == 0)
    result = ranges_count (&bad) > 0 ? MAP_DIGEST_LACKS_BLOCKS
                                     : MAP_DIGEST_THERE;
  if (result == MAP_DIGEST_LACKS_BLOCKS) {
    error_set (e, EBADMSG,
               "%s: %" PRIu64 " bytes of the disk have no valid digest: run the"
               " same command again to copy them again",
               kept_digests_name (c->kept_digests), ranges_bytes (&bad));
    map_unmark (c->map, &bad);
  }
  ranges_free (&bad);
  return result;
}

/* Opens the digests of another shard, if it is complete.  Returns NULL with the
 * error set.
 */
static struct kept_digests *
open_complete (const struct copy *c, const struct options *o, struct error *e)
{
  struct map *map = map_read_shard (c->map, o, plan_shard (&c->plan, o->shard),
                                    e);
  struct kept_digests *k = NULL;

  if (map && map_left (map) > 0)
    error_set (e, EAGAIN, "--map=%s: the copy is not complete", map_name (map));
  else if (map) {
    const struct kept_shape shape = shape_of (c, o, map);

    k = kept_digests_open (&shape, false, e);
  }
  if (k && !kept_digests_are_complete (k)) {
    error_set (e, EAGAIN, "--map=%s: the copy has not ended yet",
               map_name (map));
    kept_digests_close (k);
    k = NULL;
  }
  map_close (map);
  return k;
}

/* Adds the digests of another shard to @to; NULL: only looks whether it is
 * complete.
 */
static enum map_digest
add_other (const struct copy *c, const struct options *o, struct digest *to,
           int interrupt_fd, struct error *e)
{
  struct kept_digests *k = open_complete (c, o, e);
  enum map_digest result = MAP_DIGEST_LATER;
  struct ranges bad = { 0 };

  if (k && to == NULL)
    result = MAP_DIGEST_THERE;
  else if (k
           && (ranges_init (&bad, 1) == -1
               || kept_digests_add (k, to, &bad, interrupt_fd, e) == -1)) {
    error_set (e, errno, "%s", strerror (errno));
    result = MAP_DIGEST_FAILED;
  }
  else if (k && ranges_count (&bad) > 0)
    error_set (e, EBADMSG,
               "%s: blocks have no valid digest: run this shard again",
               kept_digests_name (k));
  else if (k)
    result = MAP_DIGEST_THERE;
  ranges_free (&bad);
  kept_digests_close (k);
  return result;
}

/* -- all shards ----------------------------------------------------------- */

/* Adds the digests of a shard to @to; NULL: only looks whether it is complete.
 * An empty shard needs no map.
 */
static enum map_digest
add_shard (struct copy *c, const struct options *o, uint64_t number,
           struct digest *to, int interrupt_fd, struct error *e)
{
  struct options of_shard = *o;
  enum map_digest result;
  struct error why = { 0 };
  char *map;

  of_shard.shard.number = number;
  if (range_is_empty (plan_shard (&c->plan, of_shard.shard))
      || (number == o->shard.number && to == NULL))
    return MAP_DIGEST_THERE;
  if (number == o->shard.number)
    return add_own (c, to, interrupt_fd, e);
  if ((map = options_map_of_shard (o->maps, number)) == NULL) {
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
    return MAP_DIGEST_FAILED;
  }
  of_shard.map = map;
  result = add_other (c, &of_shard, to, interrupt_fd, &why);
  if (result != MAP_DIGEST_THERE)
    error_set_kind (e, why.kind, why.number,
                    "shard %" PRIu64 "/%" PRIu64 ": %s", number, o->shard.count,
                    why.text);
  free (map);
  return result;
}

static enum map_digest
add_shards (struct copy *c, const struct options *o, struct digest *to,
            int interrupt_fd, struct error *e)
{
  enum map_digest result = MAP_DIGEST_THERE;

  for (uint64_t n = 1; n <= o->shard.count && result == MAP_DIGEST_THERE; n++)
    result = add_shard (c, o, n, to, interrupt_fd, e);
  return result;
}

/* Checks the digests of this copy, and notes that it is complete. */
static enum map_digest
end_own (struct copy *c, struct digest *to, int interrupt_fd, struct error *e)
{
  enum map_digest result;

  if (kept_digests_store (c->kept_digests, e) == -1)
    return MAP_DIGEST_FAILED;
  result = add_own (c, to, interrupt_fd, e);
  if (result == MAP_DIGEST_FAILED
      || (result == MAP_DIGEST_THERE)
        == kept_digests_are_complete (c->kept_digests))
    return result;
  return kept_digests_set_complete (c->kept_digests, result == MAP_DIGEST_THERE,
                                    e)
      == 0
    ? result
    : MAP_DIGEST_FAILED;
}

/* With --plan, the copy may be incomplete, and nothing is changed. */
static enum map_digest
look_at_own (struct copy *c, struct digest *to, int interrupt_fd,
             struct error *e)
{
  enum map_digest result = MAP_DIGEST_LATER;

  if (map_left (c->map) == 0 && kept_digests_are_complete (c->kept_digests))
    result = add_own (c, to, interrupt_fd, e);
  else
    error_set (e, EAGAIN, "--map=%s: the copy is not complete",
               map_name (c->map));
  return result == MAP_DIGEST_LACKS_BLOCKS ? MAP_DIGEST_LATER : result;
}

enum map_digest
map_digest_end (struct copy *c, const struct options *o, int interrupt_fd,
                char text[BLKHASH_TEXT], struct error *e)
{
  const bool alone = o->shard.count == 0;
  struct digest *disk = digest_new (o->digest);
  enum map_digest result;

  if (disk == NULL) {
    error_set (e, errno, "--blkhash: %s", strerror (errno));
    return MAP_DIGEST_FAILED;
  }
  result = (o->plan ? look_at_own : end_own) (c, alone ? disk : NULL,
                                              interrupt_fd, e);
  if (result == MAP_DIGEST_THERE && !alone)
    result = add_shards (c, o, NULL, interrupt_fd, e);
  if (result == MAP_DIGEST_THERE && !alone)
    result = add_shards (c, o, disk, interrupt_fd, e);
  if (result == MAP_DIGEST_THERE
      && blkhash_end_with (disk, o->digest, c->plan.size, text) == -1) {
    error_set (e, errno, "the digest could not be computed: %s",
               strerror (errno));
    result = MAP_DIGEST_FAILED;
  }
  digest_free (disk);
  return result;
}
