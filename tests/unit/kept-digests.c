/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digests of blocks beside a map: what was written is read again, what was
 * not, or is damaged, is known, and no other file is taken for it.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/kept-digests.h"
#include "notifier.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

#define BLOCK 4096
#define BLOCKS 3000 /* more than are read at a time */
#define START (10 * BLOCK)
#define END (START + BLOCKS * BLOCK - 96) /* of the disk, too */
#define DIGEST 20

/* Where the checks and the digests begin in the file. */
#define CHECKS 4096
#define DIGESTS 16384

static char folder[PATH_MAX];
static struct kept_shape shape;
static struct error error;
static struct digest *digest;
static struct ranges bad;
static int never; /* is never readable */

static int
start_afresh (void **state UNUSED)
{
  temporary_name (folder);
  if (mkdtemp (folder) == NULL || chdir (folder) == -1)
    return -1;
  shape = (struct kept_shape) {
    .map = "map",
    .id = "0123",
    .kind = DIGEST_SHA1,
    .block = BLOCK,
    .size = END,
    .part = { START, END },
  };
  error = (struct error) { 0 };
  digest = digest_new (DIGEST_SHA1);
  never = notifier_new ();
  return digest && never != -1 ? ranges_init (&bad, 10) : -1;
}

static int
remove_folder (void **state UNUSED)
{
  digest_free (digest);
  close (never);
  ranges_free (&bad);
  unlink ("map.blkhash");
  return chdir ("/") == 0 ? rmdir (folder) : -1;
}

/* Writes digests that differ from each other. */
static void
put (struct kept_digests *k, uint64_t first, uint64_t n)
{
  uint8_t *some = malloc (n * DIGEST);

  assert_non_null (some);
  for (uint64_t i = 0; i < n * DIGEST; i++)
    some[i] = (first * DIGEST + i) * 40503 >> 7;
  kept_digests_put (k, digest, START + first * BLOCK, some, n);
  free (some);
}

static struct kept_digests *
make (void)
{
  struct kept_digests *k = kept_digests_make (&shape, &error);

  if (k == NULL)
    fail_msg ("not made: %s", error.text);
  return k;
}

/* A file of which all is known: a third of it is zeroes. */
static void
make_whole (void)
{
  struct kept_digests *k = make ();

  put (k, 0, 1000);
  kept_digests_put_zeroes (k, START + 1000 * BLOCK, 1500);
  put (k, 2500, 500);
  assert_int_equal (kept_digests_store (k, &error), 0);
  kept_digests_close (k);
}

static struct kept_digests *
open_again (void)
{
  struct kept_digests *k = kept_digests_open (&shape, true, &error);

  if (k == NULL)
    fail_msg ("refused: %s", error.text);
  return k;
}

static void
read_all (struct digest *to)
{
  struct kept_digests *k = open_again ();

  ranges_clear (&bad);
  assert_int_equal (kept_digests_add (k, to, &bad, never, &error), 0);
  kept_digests_close (k);
}

static void
assert_bad (uint64_t first, uint64_t n)
{
  const uint64_t end = START + (first + n) * BLOCK;

  read_all (NULL);
  assert_int_equal (ranges_count (&bad), 1);
  assert_int_equal (ranges_at (&bad, 0)->start, START + first * BLOCK);
  assert_int_equal (ranges_at (&bad, 0)->end, end < END ? end : END);
}

/* Changes a byte of the file. */
static void
flip (uint64_t offset)
{
  const int fd = open ("map.blkhash", O_RDWR);
  uint8_t byte;

  assert_int_equal (pread (fd, &byte, 1, offset), 1);
  byte ^= 0x40;
  assert_int_equal (pwrite (fd, &byte, 1, offset), 1);
  close (fd);
}

static void
assert_refused (enum error_kind kind, const char *why)
{
  error = (struct error) { 0 };
  assert_null (kind == ERROR_PLAIN ? kept_digests_make (&shape, &error)
                                   : kept_digests_open (&shape, true, &error));
  assert_int_equal (error.kind, kind);
  if (strstr (error.text, why) == NULL)
    fail_msg ("'%s' is not in '%s'", why, error.text);
}

/* -- digests -------------------------------------------------------------- */

static void
digests_are_read_in_order (void **state UNUSED)
{
  struct digest *to = digest_new (DIGEST_SHA1);
  uint8_t here[DIGEST], there[DIGEST], zero[DIGEST], one;
  static const uint8_t zeroes[BLOCK];

  make_whole ();
  digest_add (digest, zeroes, BLOCK);
  digest_end (digest, zero);
  for (uint64_t i = 0; i < BLOCKS * DIGEST; i++) {
    one = i * 40503 >> 7;
    if (i >= 1000 * DIGEST && i < 2500 * DIGEST)
      one = zero[i % DIGEST];
    digest_add (digest, &one, 1);
  }
  digest_end (digest, here);
  read_all (to);
  digest_end (to, there);
  assert_int_equal (ranges_count (&bad), 0);
  assert_memory_equal (here, there, DIGEST);
  digest_free (to);
}

static void
holes_of_the_disk_are_holes_of_the_file (void **state UNUSED)
{
  struct kept_digests *k;
  struct stat st;

  shape.size = shape.part.end = START + UINT64_C (1) * 1024 * 1024 * BLOCK;
  k = make ();
  kept_digests_put_zeroes (k, START, 1024 * 1024);
  assert_int_equal (kept_digests_store (k, &error), 0);
  kept_digests_close (k);
  assert_int_equal (stat ("map.blkhash", &st), 0);
  assert_true (st.st_size > 20 * 1024 * 1024);
  assert_true (st.st_blocks * 512 < 6 * 1024 * 1024);
  read_all (NULL);
  assert_int_equal (ranges_count (&bad), 0);
}

static void
what_was_not_written_is_known (void **state UNUSED)
{
  struct kept_digests *k = make ();

  put (k, 0, 1023);
  put (k, 1026, BLOCKS - 1026);
  kept_digests_close (k);
  assert_bad (1023, 3);

  k = open_again ();
  put (k, 1023, 3);
  kept_digests_close (k);
  read_all (NULL);
  assert_int_equal (ranges_count (&bad), 0);

  /* The last block is shorter: it has a digest although it is zero. */
  k = open_again ();
  kept_digests_put_zeroes (k, START + (BLOCKS - 1) * BLOCK, 1);
  kept_digests_close (k);
  assert_bad (BLOCKS - 1, 1);
}

static void
damage_is_known (void **state UNUSED)
{
  static const struct {
    uint64_t offset, block;
  } places[] = {
    { CHECKS, 0 },
    { CHECKS + 4 * 999 + 3, 999 },
    { CHECKS + 4 * 1000 + 1, 1000 }, /* of zeroes */
    { DIGESTS, 0 },
    { DIGESTS + DIGEST * 2500 + 19, 2500 },
    { DIGESTS + DIGEST * BLOCKS - 1, BLOCKS - 1 },
  };

  make_whole ();
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    flip (places[i].offset);
    assert_bad (places[i].block, 1);
    flip (places[i].offset);
  }
  read_all (NULL);
  assert_int_equal (ranges_count (&bad), 0);
}

/* A digest at the place of another one is damage, too. */
static void
digests_do_not_fit_elsewhere (void **state UNUSED)
{
  uint8_t some[4 + DIGEST];
  int fd;

  make_whole ();
  fd = open ("map.blkhash", O_RDWR);
  assert_int_equal (pread (fd, some, 4, CHECKS + 4 * 5), 4);
  assert_int_equal (pread (fd, some + 4, DIGEST, DIGESTS + DIGEST * 5), DIGEST);
  assert_int_equal (pwrite (fd, some, 4, CHECKS + 4 * 6), 4);
  assert_int_equal (pwrite (fd, some + 4, DIGEST, DIGESTS + DIGEST * 6),
                    DIGEST);
  close (fd);
  assert_bad (6, 1);
}

static void
much_damage_is_all_damage (void **state UNUSED)
{
  make_whole ();
  for (uint64_t i = 0; i < 11; i++)
    flip (DIGESTS + DIGEST * 2 * i);
  assert_bad (0, BLOCKS);
}

static void
reading_can_be_interrupted (void **state UNUSED)
{
  struct kept_digests *k;

  make_whole ();
  k = open_again ();
  notifier_signal (never);
  assert_int_equal (kept_digests_add (k, NULL, &bad, never, &error), -1);
  assert_int_equal (error.kind, ERROR_INTERRUPTED);
  kept_digests_close (k);
}

/* -- the file ------------------------------------------------------------- */

static void
other_files_are_refused (void **state UNUSED)
{
  const struct kept_shape right = shape;
  FILE *f;

  assert_refused (ERROR_OTHER_COPY,
                  "map.blkhash: the digests that belong to"
                  " the map are missing");
  make_whole ();
  for (unsigned i = 0; i < 6; i++) {
    shape = right;
    shape.kind += i == 0;
    shape.block <<= i == 1;
    shape.size += i == 2;
    shape.part.start += i == 3 ? BLOCK : 0;
    shape.part.end -= i == 4 ? BLOCK : 0;
    shape.id = i == 5 ? "0124" : "0123";
    assert_refused (ERROR_OTHER_COPY, "not the digests that belong to the map");
  }
  shape = right;
  flip (50);
  assert_refused (ERROR_OTHER_COPY, "not the digests that belong to the map");
  flip (50);
  assert_int_equal (truncate ("map.blkhash", DIGESTS + DIGEST), 0);
  assert_refused (ERROR_OTHER_COPY, "damaged: its size is wrong");
  assert_int_equal (truncate ("map.blkhash", 100), 0);
  assert_refused (ERROR_OTHER_COPY, "not the digests that belong to the map");

  f = fopen ("map.blkhash", "w");
  fputs ("mine", f);
  fclose (f);
  assert_refused (ERROR_OTHER_COPY, "this program did not write this file");
  assert_refused (ERROR_PLAIN, "refusing to overwrite it");
  error = (struct error) { 0 };
  assert_int_equal (kept_digests_check (&shape, &error), -1);
  assert_int_equal (error.number, EBADMSG);
}

static void
an_older_file_is_emptied (void **state UNUSED)
{
  struct kept_digests *k;

  make_whole ();
  shape.id = "4567";
  assert_int_equal (kept_digests_check (&shape, &error), 0);
  k = make ();
  kept_digests_close (k);
  assert_bad (0, BLOCKS);
}

static void
complete_is_a_mark (void **state UNUSED)
{
  struct kept_digests *k;

  make_whole ();
  k = open_again ();
  assert_false (kept_digests_are_complete (k));
  assert_int_equal (kept_digests_set_complete (k, true, &error), 0);
  kept_digests_close (k);
  k = open_again ();
  assert_true (kept_digests_are_complete (k));
  assert_int_equal (kept_digests_set_complete (k, false, &error), 0);
  assert_false (kept_digests_are_complete (k));
  kept_digests_close (k);
}

/* A failure is not forgotten: a later write may succeed. */
static void
failed_writes_are_told (void **state UNUSED)
{
  struct rlimit limit, before;
  struct kept_digests *k = make ();

  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 4096;
  setrlimit (RLIMIT_FSIZE, &limit);
  put (k, 0, 1);
  setrlimit (RLIMIT_FSIZE, &before);
  put (k, 1, 1);
  for (unsigned i = 0; i < 2; i++) {
    error = (struct error) { 0 };
    assert_int_equal (kept_digests_store (k, &error), -1);
    assert_int_equal (error.number, EFBIG);
  }
  kept_digests_close (k);
}

static void
too_many_blocks_are_refused (void **state UNUSED)
{
  shape.block = 1;
  shape.size = shape.part.end = INT64_MAX;
  assert_refused (ERROR_PLAIN, "too many blocks");
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown (name, start_afresh, remove_folder)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (digests_are_read_in_order),
    TEST (holes_of_the_disk_are_holes_of_the_file),
    TEST (what_was_not_written_is_known),
    TEST (damage_is_known),
    TEST (digests_do_not_fit_elsewhere),
    TEST (much_damage_is_all_damage),
    TEST (reading_can_be_interrupted),
    TEST (other_files_are_refused),
    TEST (an_older_file_is_emptied),
    TEST (complete_is_a_mark),
    TEST (failed_writes_are_told),
    TEST (too_many_blocks_are_refused),
  };
  struct digest *d = digest_new (DIGEST_SHA256);

  if (d == NULL) {
    puts ("SKIP: this build has no digests");
    return 77;
  }
  digest_free (d);
  return cmocka_run_group_tests (tests, NULL, NULL);
}
