/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that one process locks and replaces: its content, and its lock. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "atomic-file.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

static char folder[PATH_MAX];

static int
make_folder (void **state UNUSED)
{
  temporary_name (folder);
  return mkdtemp (folder) && chdir (folder) == 0 ? 0 : -1;
}

static int
remove_folder (void **state UNUSED)
{
  static const char *const names[] = {
    "file", "link", "other", "fifo", "far/file",
  };

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    unlink (names[i]);
  rmdir ("far");
  return chdir ("/") == 0 ? rmdir (folder) : -1; /* no other file is left */
}

static void
put (const char *name, const char *text)
{
  FILE *f = fopen (name, "w");

  assert_non_null (f);
  fputs (text, f);
  assert_int_equal (fclose (f), 0);
}

static void
assert_content (const char *name, const char *expected)
{
  char text[64] = "";
  FILE *f = fopen (name, "r");

  assert_non_null (f);
  text[fread (text, 1, sizeof text - 1, f)] = '\0';
  fclose (f);
  assert_string_equal (text, expected);
}

/* Returns 0 or the errno of another process that locks the file.  The lock
 * belongs to the open file, so a second open in this process will do.
 */
static int
another_gets (const char *name)
{
  struct atomic_file l;

  if (atomic_file_open (&l, name, false) == -1)
    return errno;
  atomic_file_close (&l, false);
  return 0;
}

static void
a_file_is_made_only_when_told_to (void **state UNUSED)
{
  struct atomic_file l;

  assert_int_equal (atomic_file_open (&l, "file", false), -1);
  assert_int_equal (errno, ENOENT);
  atomic_file_close (&l, true); /* changes nothing */
  assert_int_equal (atomic_file_open (&l, "file", true), 0);
  assert_true (l.made);
  assert_content ("file", "");
  atomic_file_close (&l, false);
  assert_int_equal (atomic_file_open (&l, "file", true), 0);
  assert_false (l.made);
  atomic_file_close (&l, true);
  assert_int_equal (access ("file", F_OK), -1);
}

static void
a_replaced_file_is_read_back (void **state UNUSED)
{
  struct atomic_file l;
  size_t length;
  char *text;

  put ("file", "old and longer");
  assert_int_equal (atomic_file_open (&l, "file", true), 0);
  assert_int_equal (atomic_file_replace (&l, "new", 3), 0);
  assert_content ("file", "new");
  assert_non_null (text = atomic_file_read (&l, 3, &length));
  assert_int_equal (length, 3);
  assert_memory_equal (text, "new", 3);
  free (text);
  assert_null (atomic_file_read (&l, 2, &length));
  assert_int_equal (errno, EFBIG);
  atomic_file_close (&l, false);
}

static void
others_cannot_lock_it_before_or_after_it_was_replaced (void **state UNUSED)
{
  struct atomic_file l;

  assert_int_equal (atomic_file_open (&l, "file", true), 0);
  assert_int_equal (another_gets ("file"), EWOULDBLOCK);
  for (unsigned i = 0; i < 3; i++) {
    assert_int_equal (atomic_file_replace (&l, "x", 1), 0);
    assert_int_equal (another_gets ("file"), EWOULDBLOCK);
  }
  atomic_file_close (&l, false);
  assert_int_equal (another_gets ("file"), 0);
}

/* Many processes take turns: each adds one to the number in the file.  If a
 * process could lock a file that has lost its name, some additions would be
 * lost.
 */
static void
a_replaced_file_is_never_locked (void **state UNUSED)
{
  enum { PROCESSES = 8, EACH = 50 };
  int status;

  put ("file", "0");
  for (unsigned i = 0; i < PROCESSES; i++)
    if (fork () == 0) {
      for (unsigned n = 0; n < EACH;) {
        struct atomic_file l;
        char text[16] = "", *was;
        size_t length;

        if (atomic_file_open (&l, "file", false) == -1)
          continue;
        if ((was = atomic_file_read (&l, 15, &length)) == NULL)
          _exit (1);
        memcpy (text, was, length);
        free (was);
        snprintf (text, sizeof text, "%d", atoi (text) + 1);
        if (atomic_file_replace (&l, text, strlen (text)) == -1)
          _exit (1);
        atomic_file_close (&l, false);
        n++;
      }
      _exit (0);
    }
  for (unsigned i = 0; i < PROCESSES; i++) {
    assert_true (wait (&status) > 0);
    assert_int_equal (status, 0);
  }
  assert_content ("file", "400");
}

static void
links_and_modes_stay (void **state UNUSED)
{
  struct atomic_file l;
  struct stat st;

  assert_int_equal (mkdir ("far", 0700), 0);
  put ("far/file", "old");
  assert_int_equal (chmod ("far/file", 0640), 0);
  assert_int_equal (symlink ("far/file", "link"), 0);
  assert_int_equal (atomic_file_open (&l, "link", false), 0);
  assert_int_equal (atomic_file_replace (&l, "new", 3), 0);
  atomic_file_close (&l, false);
  assert_int_equal (lstat ("link", &st), 0);
  assert_true (S_ISLNK (st.st_mode));
  assert_content ("far/file", "new");
  assert_int_equal (stat ("far/file", &st), 0);
  assert_int_equal (st.st_mode & 0777, 0640);
}

/* Temporary files of killed processes, and all other files, do not matter,
 * whatever their names are.
 */
static void
other_files_beside_it_are_left_alone (void **state UNUSED)
{
  char names[3][64] = { "file.stripecopy" };
  struct atomic_file l;

  for (unsigned i = 1; i < 3; i++)
    snprintf (names[i], sizeof names[i], "file.stripecopy-%ld-%u",
              (long) getpid (), i - 1);
  for (unsigned i = 0; i < 3; i++)
    put (names[i], "precious");
  assert_int_equal (atomic_file_open (&l, "file", true), 0);
  assert_int_equal (atomic_file_replace (&l, "whole", 5), 0);
  atomic_file_close (&l, false);
  assert_content ("file", "whole");
  for (unsigned i = 0; i < 3; i++) {
    assert_content (names[i], "precious");
    unlink (names[i]); /* no other file is left: see remove_folder */
  }
}

static void
only_regular_files_are_accepted (void **state UNUSED)
{
  struct atomic_file l;

  assert_int_equal (mkfifo ("fifo", 0600), 0);
  assert_int_equal (atomic_file_open (&l, "fifo", true), -1);
  assert_int_equal (errno, EINVAL);
  assert_int_equal (atomic_file_open (&l, "/dev/null", true), -1);
  assert_int_equal (errno, EINVAL);
  assert_int_equal (atomic_file_open (&l, ".", true), -1);
  assert_int_equal (atomic_file_open (&l, "none/file", true), -1);
  assert_int_equal (errno, ENOENT);
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
a_failure_keeps_the_old_file (void **state UNUSED)
{
  struct atomic_file l;

  put ("file", "old");
  assert_int_equal (atomic_file_open (&l, "file", true), 0);
  allow_writes (false);
  assert_int_equal (atomic_file_replace (&l, "new", 3), -1);
  assert_content ("file", "old");
  assert_int_equal (another_gets ("file"), EWOULDBLOCK);
  allow_writes (true);
  assert_int_equal (atomic_file_replace (&l, "new", 3), 0);
  atomic_file_close (&l, false);
}

static void
print_word (FILE *f, const void *opaque)
{
  fputs (opaque, f);
}

/* Without a lock: no temporary file is left, whatever existed before. */
static void
a_file_is_written_whole_without_being_held (void **state UNUSED)
{
  struct stat st;

  assert_int_equal (atomic_file_check ("file"), 0);
  assert_int_equal (access ("file", F_OK), -1);
  assert_int_equal (atomic_file_write ("file", 0640, "one", 3), 0);
  assert_content ("file", "one");
  assert_int_equal (stat ("file", &st), 0);
  assert_int_equal (st.st_mode & 0777, 0640);
  assert_int_equal (atomic_file_check ("file"), 0);
  assert_int_equal (atomic_file_write ("file", 0644, "two", 3), 0);
  assert_content ("file", "two");
  assert_int_equal (another_gets ("file"), 0);

  allow_writes (false);
  assert_int_equal (atomic_file_write ("file", 0644, "new", 3), -1);
  assert_int_equal (atomic_file_print ("file", 0644, print_word, "new"), -1);
  allow_writes (true);
  assert_content ("file", "two");
  assert_int_equal (atomic_file_print ("file", 0600, print_word, "three"), 0);
  assert_content ("file", "three");
  assert_int_equal (stat ("file", &st), 0);
  assert_int_equal (st.st_mode & 0777, 0600);

  assert_int_equal (mkfifo ("fifo", 0600), 0);
  assert_int_equal (atomic_file_check ("fifo"), -1);
  assert_int_equal (errno, EINVAL);
  assert_int_equal (atomic_file_check ("none/file"), -1);
  assert_int_equal (errno, ENOENT);
}

/* As root, a link such as /dev/stdout could be replaced as well. */
static void
a_link_is_written_through (void **state UNUSED)
{
  struct stat st;

  assert_int_equal (mkdir ("far", 0755), 0);
  put ("far/file", "old");
  assert_int_equal (symlink ("far/file", "link"), 0);
  assert_int_equal (atomic_file_check ("link"), 0);
  assert_int_equal (atomic_file_write ("link", 0644, "new", 3), 0);
  assert_content ("far/file", "new");
  assert_int_equal (lstat ("link", &st), 0);
  assert_true (S_ISLNK (st.st_mode));

  assert_int_equal (unlink ("far/file"), 0);
  assert_int_equal (atomic_file_check ("link"), -1);
  assert_int_equal (errno, ENOENT);
  assert_int_equal (atomic_file_write ("link", 0644, "new", 3), -1);
  assert_int_equal (errno, ENOENT);
}

/* The names beside the file have to fit in 255 bytes, too. */
static void
the_longest_name_can_be_replaced (void **state UNUSED)
{
  struct atomic_file l;
  char name[256] = "";

  memset (name, 'x', sizeof name - 1);
  assert_int_equal (atomic_file_write (name, 0644, "one", 3), 0);
  assert_content (name, "one");
  assert_int_equal (atomic_file_open (&l, name, false), 0);
  assert_int_equal (atomic_file_replace (&l, "two", 3), 0);
  assert_content (name, "two");
  atomic_file_close (&l, true);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, make_folder, remove_folder)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (a_file_is_made_only_when_told_to),
    TEST (a_replaced_file_is_read_back),
    TEST (others_cannot_lock_it_before_or_after_it_was_replaced),
    TEST (a_replaced_file_is_never_locked),
    TEST (links_and_modes_stay),
    TEST (other_files_beside_it_are_left_alone),
    TEST (only_regular_files_are_accepted),
    TEST (a_failure_keeps_the_old_file),
    TEST (a_file_is_written_whole_without_being_held),
    TEST (a_link_is_written_through),
    TEST (the_longest_name_can_be_replaced),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
