/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resume map: the copy that it belongs to, its meaning for the next run,
 * and updates that are never lost.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options/options.h"
#include "resume/map.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

#define SIZE 1048576

static char folder[PATH_MAX];

/* Resets the settings that each test starts from. */
static struct options options;
static struct map_pair pair;
static struct error error;

static int
start_afresh (void **state UNUSED)
{
  temporary_name (folder);
  if (mkdtemp (folder) == NULL || chdir (folder) == -1)
    return -1;
  options = (struct options) {
    .source.name = "/disk",
    .destination.name = "/copy",
    .map = "map",
  };
  pair = (struct map_pair) {
    .options = &options,
    .source = "source /disk",
    .destination = "destination /copy",
    .size = SIZE,
    .end = SIZE,
    .destination_size = SIZE,
    .destination_file = "none",
  };
  return 0;
}

static int
remove_folder (void **state UNUSED)
{
  unlink ("map");
  rmdir ("elsewhere");
  return chdir ("/") == 0 ? rmdir (folder) : -1;
}

static struct map *
open_good (void)
{
  struct map *m;

  error = (struct error) { 0 };
  if ((m = map_open (&pair, false, &error)) == NULL)
    fail_msg ("refused: %s", error.text);
  return m;
}

static void
assert_refused (int number, const char *why)
{
  error = (struct error) { 0 };
  assert_null (map_open (&pair, false, &error));
  assert_int_equal (error.number, number);
  assert_int_equal (error.kind,
                    number == ESTALE    ? ERROR_OTHER_COPY
                      : number == EBUSY ? ERROR_IN_USE
                                        : ERROR_PLAIN);
  if (strstr (error.text, why) == NULL)
    fail_msg ("'%s' is not in '%s'", why, error.text);
}

static void
mark (struct map *m, uint64_t start, uint64_t end)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 1), 0);
  ranges_set (&r, start, end, 7);
  map_mark (m, &r);
  ranges_free (&r);
}

static void
save (struct map *m)
{
  if (map_save (m, &error) == -1)
    fail_msg ("not saved: %s", error.text);
}

/* A run that begins, stores this range, and ends. */
static void
run (uint64_t start, uint64_t end)
{
  struct map *m = open_good ();

  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, pair.destination_size, pair.destination_file);
  mark (m, start, end);
  save (m);
  map_close (m);
}

static void
put (const char *text)
{
  FILE *f = fopen ("map", "w");

  assert_non_null (f);
  fputs (text, f);
  assert_int_equal (fclose (f), 0);
}

static void
assert_todo (struct map *m, size_t i, uint64_t start, uint64_t end)
{
  assert_int_equal (ranges_at (map_todo (m), i)->start, start);
  assert_int_equal (ranges_at (map_todo (m), i)->end, end);
}

static void
marked_ranges_are_not_done_again (void **state UNUSED)
{
  struct map *m = open_good ();

  assert_false (map_is_resumed (m));
  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, SIZE, pair.destination_file);
  assert_int_equal (map_resumed (m), 0);
  assert_int_equal (ranges_count (map_todo (m)), 1);
  assert_todo (m, 0, 0, SIZE);
  mark (m, 4096, 8192);
  mark (m, 8192, 12288);
  mark (m, SIZE - 100, SIZE);
  assert_int_equal (map_finished (m), 8292);
  assert_int_equal (map_resumed (m), 0);
  save (m);
  map_close (m);

  m = open_good ();
  assert_true (map_is_resumed (m));
  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 1, SIZE, pair.destination_file);
  assert_int_equal (map_resumed (m), 8292);
  assert_int_equal (ranges_count (map_todo (m)), 2);
  assert_todo (m, 0, 0, 4096);
  assert_todo (m, 1, 12288, SIZE - 100);
  map_close (m);

  /* In whole blocks; the rest after the last one counts as a block, too. */
  m = open_good ();
  map_begin (m, 64, SIZE, pair.destination_file);
  assert_int_equal (map_resumed (m), 8192 + 64);
  assert_todo (m, 1, 12288, SIZE - 64);
  map_close (m);
  m = open_good ();
  map_begin (m, 8192, SIZE, pair.destination_file);
  assert_int_equal (map_resumed (m), 0);
  assert_todo (m, 0, 0, SIZE);
  map_close (m);
}

static void
a_finished_map_leaves_nothing (void **state UNUSED)
{
  struct map *m = open_good ();

  map_begin (m, 512, SIZE, pair.destination_file);
  mark (m, 5, 6);
  map_mark_all (m);
  assert_int_equal (map_finished (m), SIZE);
  save (m);
  map_close (m);
  m = open_good ();
  assert_int_equal (map_resumed (m), SIZE);
  assert_int_equal (ranges_count (map_todo (m)), 0);
  map_close (m);
}

/* The rest of the disk is neither left to do nor done. */
static void
a_part_of_the_disk_is_all_of_its_map (void **state UNUSED)
{
  struct map *m;

  options.shard = (struct shard) { 2, 3 };
  pair.start = 65536;
  pair.end = 131072;
  m = open_good ();
  map_begin (m, 512, SIZE, pair.destination_file);
  assert_int_equal (ranges_count (map_todo (m)), 1);
  assert_todo (m, 0, 65536, 131072);
  mark (m, 65536, 66048);
  save (m);
  map_close (m);

  m = open_good ();
  map_begin (m, 512, SIZE, pair.destination_file);
  assert_int_equal (map_resumed (m), 512);
  assert_todo (m, 0, 66048, 131072);
  map_mark_all (m);
  assert_int_equal (map_finished (m), 65536);
  save (m);
  map_close (m);

  m = open_good ();
  assert_int_equal (map_resumed (m), 65536);
  assert_int_equal (ranges_count (map_todo (m)), 0);
  map_close (m);

  options.shard.number = 3;
  assert_refused (ESTALE, "shard=3/3 now");
  options.shard.count = 0;
  pair.start = 0;
  pair.end = SIZE;
  assert_refused (ESTALE, "shard=2/3 in the map");
}

static void
unmarked_ranges_are_left_to_do (void **state UNUSED)
{
  struct map *m;

  run (4096, 8192);
  m = open_good ();
  map_begin (m, 512, SIZE, pair.destination_file);
  mark (m, 0, 512);
  map_mark_all (m);
  map_unmark (m, map_todo (m));
  assert_int_equal (map_finished (m), 4096);
  save (m);
  map_unmark (m, NULL);
  assert_int_equal (map_finished (m), 0);
  map_close (m);
  m = open_good ();
  assert_int_equal (map_resumed (m), 4096);
  assert_todo (m, 0, 0, 4096);
  map_close (m);
}

static void
maps_of_other_copies_are_refused (void **state UNUSED)
{
  run (0, 512);
  run (512, 1024);
  pair.source = "source /other";
  options.source.name = "/other";
  assert_refused (ESTALE, "source: /disk in the map, /other now");
  pair.source = "source /disk";
  options.source.name = "/disk";
  pair.destination = "destination /other";
  options.destination.name = "/other";
  assert_refused (ESTALE, "destination: /copy in the map, /other now");
  pair.destination = "destination /copy";
  options.destination.name = "/copy";
  pair.size = SIZE + 1;
  assert_refused (ESTALE, "source size: 1048576 in the map, 1048577 now");
  pair.size = SIZE;
  pair.destination_size = 2 * SIZE;
  assert_refused (ESTALE, "destination size: 1048576 in the map, 2097152 now");
  pair.destination_size = 0;
  assert_refused (ESTALE, "destination size: 1048576 in the map, 0 now");
  pair.destination_size = SIZE;
  pair.destination_file = "7 born 1.000000002";
  assert_refused (ESTALE,
                  "destination file: none in the map, 7 born 1.000000002"
                  " now");
  pair.destination_file = "none";
  options.source_id = "snapshot-7";
  assert_refused (ESTALE, "source id: none in the map, snapshot-7 now");
  options.source_id = NULL;
  options.source.name = "disk";
  assert_refused (ESTALE, "source: /disk, but the names differ");
  options.source.name = "/disk";
  map_close (open_good ());
}

static void
options_that_change_the_written_data_must_match (void **state UNUSED)
{
  run (0, 512);
  options.allocated = true;
  assert_refused (ESTALE, "options: allocated=no ");
  options.allocated = false;
  options.no_extents = true;
  assert_refused (ESTALE, "extents=no ");
  options.no_extents = false;
  options.destination_is_zero = IS_ZERO_YES;
  assert_refused (ESTALE, "destination-is-zero=yes ");
  options.destination_is_zero = IS_ZERO_AUTO;
  options.source.format = "qcow2";
  assert_refused (ESTALE, "source-format=qcow2 ");
  options.source.format = "raw";
  options.sparse = 0;
  options.connections = 1;
  options.resume = RESUME_REQUIRE;
  map_close (open_good ());
}

/* Checks whether a copy from the other name resumes the map of the first. */
static void
assert_names (bool are_one, bool are_paths, const char *one, const char *other)
{
  options.source.kind = are_paths ? OPERAND_PATH : OPERAND_NBD;
  options.source.name = one;
  run (0, 512);
  options.source.name = other;
  if (are_one)
    run (0, 512);
  else
    assert_refused (ESTALE,
                    "source: /disk, but the names differ in a part"
                    " that is not shown");
  unlink ("map");
}

static void
names_that_look_alike_are_two_copies (void **state UNUSED)
{
  assert_names (false, true, "/key=1.img", "/key=2.img");
  assert_names (false, true, "/a?password=1", "/a?password=2");
  assert_names (false, true, "/a\tb", "/a\nb");
  assert_names (false, true, "/a%41", "/aA");
  assert_names (false, false, "https://h/?key=A", "https://h/?key=B");
  assert_names (false, false, "https://h/?sid=1&vdi=A",
                "https://h/?sid=1&vdi=B");
  assert_names (false, false, "nbd://h/a\tb", "nbd://h/a\nb");
  assert_names (false, false, "nbd://h/x%3Fsid%3D1%26vdi%3DA",
                "nbd://h/x%3Fsid%3D1%26vdi%3DB");
  assert_names (false, false, "nbd://h/x?sid=1%26vdi=A",
                "nbd://h/x?sid=1%26vdi=B");
  assert_names (false, false, "nbd://h/x?token=1/A", "nbd://h/x?token=1/B");
}

static void
secrets_of_addresses_may_change (void **state UNUSED)
{
  assert_names (true, false, "nbd://a:one@h/x", "nbd://b:two@h/x");
  assert_names (true, false, "https://h/x?vdi=1&session_id=one",
                "https://h/x?vdi=1&session_id=two");
  assert_names (true, false, "nbd://h/%2Fx%3Fsession_id%3Done%26vdi%3D1",
                "nbd://h/%2Fx%3Fsession_id%3Dtwo%26vdi%3D1");
  assert_names (true, false, "https://h/x?se=1&sig=a%2Fb%3D",
                "https://h/x?se=1&sig=c%2Bd%3D");
}

static void
maps_without_whole_names_are_refused (void **state UNUSED)
{
  put ("# Mapfile. Created by stripecopy version 0.1.0\n"
       "# stripecopy map version: 1\n# stripecopy source: /disk\n"
       "# stripecopy source size: 1048576\n"
       "# stripecopy destination: /copy\n"
       "# stripecopy destination size: 1048576\n"
       "0x00000000 ? 1\n0x00000000 0x00100000 +\n");
  assert_refused (ESTALE, "another version of this program wrote the map");
  options.resume = RESUME_NEVER;
  map_close (open_good ());
}

static void
a_source_id_has_to_match (void **state UNUSED)
{
  options.source_id = "snapshot-7";
  run (0, 512);
  run (0, 512);
  options.source_id = "snapshot-70";
  assert_refused (ESTALE, "source id: snapshot-7 in the map, snapshot-70 now");
  options.source_id = NULL;
  assert_refused (ESTALE, "source id: snapshot-7 in the map, none now");
}

static void
relative_names_mean_the_same_in_one_folder_only (void **state UNUSED)
{
  char name[PATH_MAX + 4];

  snprintf (name, sizeof name, "%s/map", folder);
  options.map = name;
  options.destination.name = "copy";
  run (0, 512);
  run (0, 512);
  assert_int_equal (mkdir ("elsewhere", 0700), 0);
  assert_int_equal (chdir ("elsewhere"), 0);
  assert_refused (ESTALE, "folder: /");
  assert_int_equal (chdir (".."), 0);
}

/* Killed between the first map and the first flush: the destination may not
 * exist yet.
 */
static void
where_nothing_is_finished_the_destination_may_be_of_any_size (
  void **state UNUSED)
{
  struct map *m = open_good ();

  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, SIZE, pair.destination_file);
  map_close (m);
  pair.destination_size = 0;
  m = open_good ();
  assert_true (map_is_resumed (m));
  map_begin (m, 512, SIZE, pair.destination_file);
  mark (m, 0, 512);
  save (m);
  map_close (m);
  assert_refused (ESTALE, "destination size: 1048576 in the map, 0 now");
}

static void
a_map_is_there_before_the_destination_is_touched (void **state UNUSED)
{
  struct map *m = open_good ();
  struct stat st;

  assert_int_equal (map_claim (m, &error), 0);
  assert_int_equal (stat ("map", &st), 0);
  assert_true (st.st_size > 0);
  map_close (m); /* but no copy was begun */
  assert_int_equal (stat ("map", &st), -1);

  run (0, 512);
  options.resume = RESUME_NEVER;
  m = open_good ();
  assert_false (map_is_resumed (m));
  map_close (m);
  options.resume = RESUME_AUTO;
  m = open_good (); /* the old map was only opened */
  assert_int_equal (map_resumed (m), 512);
  map_close (m);
  options.resume = RESUME_NEVER;
  m = open_good ();
  assert_int_equal (map_claim (m, &error), 0);
  map_close (m);
  options.resume = RESUME_AUTO;
  m = open_good (); /* now the old map is gone, and the file exists */
  assert_int_equal (map_resumed (m), 0);
  map_close (m);
}

static void
a_required_map_has_to_be_there (void **state UNUSED)
{
  options.resume = RESUME_REQUIRE;
  assert_refused (ENOENT, "no map to resume from");
  assert_int_equal (access ("map", F_OK), -1);
  put ("");
  assert_refused (ENOENT, "no map to resume from");
  options.resume = RESUME_AUTO;
  run (0, 512); /* an empty file is not a map */
  options.resume = RESUME_REQUIRE;
  run (512, 1024);
}

static void
just_looking_makes_nothing (void **state UNUSED)
{
  struct map *m;

  assert_non_null (m = map_open (&pair, true, &error));
  assert_false (map_is_resumed (m));
  map_close (m);
  assert_int_equal (access ("map", F_OK), -1);
  run (0, 512);
  assert_non_null (m = map_open (&pair, true, &error));
  assert_true (map_is_resumed (m));
  assert_int_equal (map_resumed (m), 512);
  map_close (m);
}

static void
maps_of_other_programs_are_left_alone (void **state UNUSED)
{
  static const char *const texts[] = {
    "hello\n",
    "0 ?\n0 1048576 +\n0\n",
    "# Mapfile. Created by stripecopy\n",
  };
  const char *const ddrescues = "# Mapfile. Created by GNU ddrescue\n"
                                "0 ?\n0 1048576 +\n";
  struct map *m;

  for (unsigned i = 0; i < 3; i++) {
    put (texts[i]);
    assert_refused (EBADMSG, "--map=map: map is damaged: line ");
  }
  put (ddrescues);
  assert_refused (ESTALE, "this program did not write it");
  options.resume = RESUME_NEVER;
  assert_refused (EBADMSG, "refusing to overwrite it");
  put (texts[0]);
  assert_refused (EBADMSG, "refusing to overwrite it");
  put (texts[2]);
  m = open_good (); /* a damaged map of ours can be overwritten */
  map_close (m);
  assert_int_equal (truncate ("map", 17 << 20), 0);
  assert_refused (EBADMSG, "too large");
}

static void
one_run_at_a_time_has_it (void **state UNUSED)
{
  struct map *m = open_good ();

  assert_refused (EBUSY, "in use");
  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, SIZE, pair.destination_file);
  assert_refused (EBUSY, "in use");
  options.resume = RESUME_NEVER;
  assert_refused (EBUSY, "in use");
  mark (m, 0, 512);
  save (m);
  assert_refused (EBUSY, "in use");
  map_close (m);
  map_close (open_good ());
}

static void
nothing_is_saved_when_nothing_changed (void **state UNUSED)
{
  struct map *m = open_good ();
  struct stat a, b;

  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, SIZE, pair.destination_file);
  save (m);
  assert_int_equal (stat ("map", &a), 0);
  save (m);
  assert_int_equal (stat ("map", &b), 0);
  assert_int_equal (a.st_ino, b.st_ino);
  mark (m, 0, 512);
  save (m);
  assert_int_equal (stat ("map", &b), 0);
  assert_int_not_equal (a.st_ino, b.st_ino);
  map_close (m);
}

/* Returns true if files can be extended. */
static void
allow_writes (bool yes)
{
  struct rlimit limit;

  signal (SIGXFSZ, SIG_IGN);
  assert_int_equal (getrlimit (RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = yes ? limit.rlim_max : 0;
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
}

static void
a_failed_save_is_made_up_for_by_the_next (void **state UNUSED)
{
  struct map *m = open_good ();

  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, SIZE, pair.destination_file);
  mark (m, 0, 512);
  allow_writes (false);
  assert_int_equal (map_claim (m, &error), -1);
  error = (struct error) { 0 };
  assert_int_equal (map_save (m, &error), -1);
  assert_non_null (strstr (error.text, "--map=map: cannot save the map: "));
  allow_writes (true);
  save (m);
  map_close (m);
  m = open_good ();
  assert_int_equal (map_resumed (m), 512);
  map_close (m);
}

/* More ranges than fit: the ranges that are left out are only copied again, and
 * adjacent ones are still merged.
 */
static void
a_full_map_forgets_but_never_invents (void **state UNUSED)
{
  struct map *m;

  pair.size = pair.end = pair.destination_size = 4 * MAP_RANGES;
  m = open_good ();
  map_begin (m, 1, pair.size, pair.destination_file);
  for (uint64_t i = 0; i < 2 * MAP_RANGES; i++)
    mark (m, 2 * i, 2 * i + 1);
  assert_int_equal (map_finished (m), MAP_RANGES);
  mark (m, 1, 2);
  assert_int_equal (map_finished (m), MAP_RANGES + 1);
  save (m);
  map_close (m);
  m = open_good ();
  map_begin (m, 1, pair.size, pair.destination_file);
  assert_int_equal (map_resumed (m), MAP_RANGES + 1);
  assert_int_equal (ranges_bytes (map_todo (m)), 3 * MAP_RANGES - 1);
  map_close (m);
}

static void *
mark_every_other (void *opaque)
{
  struct map *m = opaque;

  for (uint64_t i = 0; i < 500; i++)
    mark (m, i * 1024, i * 1024 + 512);
  return NULL;
}

static void *
mark_the_others (void *opaque)
{
  struct map *m = opaque;

  for (uint64_t i = 0; i < 500; i++)
    mark (m, i * 1024 + 512, i * 1024 + 1024);
  return NULL;
}

static void
workers_mark_while_it_is_saved (void **state UNUSED)
{
  struct map *m = open_good ();
  pthread_t a, b;

  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, SIZE, pair.destination_file);
  assert_int_equal (pthread_create (&a, NULL, mark_every_other, m), 0);
  assert_int_equal (pthread_create (&b, NULL, mark_the_others, m), 0);
  for (unsigned i = 0; i < 20; i++)
    save (m);
  pthread_join (a, NULL);
  pthread_join (b, NULL);
  save (m);
  map_close (m);
  m = open_good ();
  assert_int_equal (map_resumed (m), 512000);
  assert_int_equal (ranges_count (map_todo (m)), 1);
  map_close (m);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, start_afresh, remove_folder)

static int
store (void *opaque, struct error *e)
{
  const bool *fails = opaque;
  FILE *f = fopen ("map", "r");
  char text[4096] = "";

  assert_true (fread (text, 1, sizeof text - 1, f) > 0);
  fclose (f);
  assert_null (strstr (text, " +")); /* nothing is finished yet */
  if (*fails)
    error_set (e, ENOSPC, "no room");
  return *fails ? -1 : 0;
}

/* What finished ranges rely on is stored first; a map without it is not saved.
 */
static void
maps_are_saved_last (void **state UNUSED)
{
  struct map *m = open_good ();
  bool fails = true;

  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, pair.destination_size, pair.destination_file);
  map_set_store (m, store, &fails);
  mark (m, 0, 4096);
  assert_int_equal (map_save (m, &error), -1);
  assert_int_equal (error.number, ENOSPC);
  assert_non_null (strstr (error.text, "cannot save the map: no room"));
  fails = false;
  save (m);
  map_close (m);
  m = open_good ();
  assert_int_equal (map_resumed (m), 4096);
  map_close (m);
}

/* Which digests are kept is a part of what a map is for, once some are. */
static void
digests_belong_to_the_map (void **state UNUSED)
{
  struct map *m;
  char id[40];

  options.digest = DIGEST_MD5;
  options.digest_block = 512;
  m = open_good ();
  assert_null (map_digests_id (m));
  assert_int_equal (map_make_digests_id (m), 0);
  snprintf (id, sizeof id, "%s", map_digests_id (m));
  assert_int_equal (strlen (id), 32);
  assert_int_equal (map_claim (m, &error), 0);
  map_begin (m, 512, pair.destination_size, pair.destination_file);
  map_close (m);
  m = open_good ();
  assert_null (map_digests_id (m)); /* nothing is finished */
  assert_int_equal (map_make_digests_id (m), 0);
  assert_string_not_equal (map_digests_id (m), id);
  map_begin (m, 512, pair.destination_size, pair.destination_file);
  mark (m, 0, 4096);
  snprintf (id, sizeof id, "%s", map_digests_id (m));
  save (m);
  map_close (m);
  m = open_good ();
  assert_string_equal (map_digests_id (m), id);
  map_close (m);

  options.digest_block = 4096;
  assert_refused (ESTALE, "blkhash: md5/512 in the map, md5/4096 now");
  options.digest = DIGEST_NONE;
  assert_refused (ESTALE, "blkhash: md5/512 in the map, none now");
}

static void
maps_of_shards_are_read_unlocked (void **state UNUSED)
{
  struct options other = options;
  struct map *m, *shard;

  options.shard = (struct shard) { 1, 2 };
  pair.end = SIZE / 2;
  m = open_good ();
  other.shard = (struct shard) { 2, 2 };
  other.map = "elsewhere";
  error = (struct error) { 0 };
  assert_null (map_read_shard (m, &other, range_of (SIZE / 2, SIZE), &error));
  assert_int_equal (error.number, ENOENT);

  /* Another run has it, and this one is still where it was. */
  pair.options = &other;
  pair.start = SIZE / 2;
  pair.end = SIZE;
  shard = open_good ();
  assert_int_equal (map_claim (shard, &error), 0);
  map_begin (shard, 512, pair.destination_size, pair.destination_file);
  map_mark_all (shard);
  save (shard);
  map_close (map_read_shard (m, &other, range_of (SIZE / 2, SIZE), &error));
  pair.options = &options;
  map_close (shard);
  shard = map_read_shard (m, &other, range_of (SIZE / 2, SIZE), &error);
  assert_non_null (shard);
  assert_int_equal (map_left (shard), 0);
  map_close (shard);

  other.shard.count = 3;
  error = (struct error) { 0 };
  assert_null (map_read_shard (m, &other, range_of (SIZE / 2, SIZE), &error));
  assert_int_equal (error.kind, ERROR_OTHER_COPY);
  map_close (m);
  unlink ("elsewhere");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (marked_ranges_are_not_done_again),
    TEST (a_finished_map_leaves_nothing),
    TEST (a_part_of_the_disk_is_all_of_its_map),
    TEST (unmarked_ranges_are_left_to_do),
    TEST (maps_of_other_copies_are_refused),
    TEST (options_that_change_the_written_data_must_match),
    TEST (names_that_look_alike_are_two_copies),
    TEST (secrets_of_addresses_may_change),
    TEST (maps_without_whole_names_are_refused),
    TEST (a_source_id_has_to_match),
    TEST (relative_names_mean_the_same_in_one_folder_only),
    TEST (where_nothing_is_finished_the_destination_may_be_of_any_size),
    TEST (a_map_is_there_before_the_destination_is_touched),
    TEST (a_required_map_has_to_be_there),
    TEST (just_looking_makes_nothing),
    TEST (maps_of_other_programs_are_left_alone),
    TEST (one_run_at_a_time_has_it),
    TEST (nothing_is_saved_when_nothing_changed),
    TEST (a_failed_save_is_made_up_for_by_the_next),
    TEST (a_full_map_forgets_but_never_invents),
    TEST (workers_mark_while_it_is_saved),
    TEST (maps_are_saved_last),
    TEST (digests_belong_to_the_map),
    TEST (maps_of_shards_are_read_unlocked),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
