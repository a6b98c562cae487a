/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: every option, its bounds, and how errors name it. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "human.h"
#include "options/option-rows.h"
#include "options/options.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

/* The options that need GnuTLS. */
#ifdef HAVE_GNUTLS
#define BLKHASH_COUNT 2
#else
#define BLKHASH_COUNT 0
#endif

/* The outcome of the last parse. */
static struct options options;
static struct error error;
static int result;

/* Every word is an allocation of its own, as in a real argv, and argv has no
 * spare room, so that a memory checker finds reads beyond the end.
 */
static char **words;
static int n_words;

static void
forget (void)
{
  int i;

  for (i = 0; i < n_words; ++i)
    free (words[i]);
  free (words);
  words = NULL;
  n_words = 0;
}

/* The parser reorders argv, so the words are kept twice, to be freed. */
static void
parse_list (const char *const *list)
{
  char **argv;
  int i;

  forget ();
  while (list[n_words] != NULL)
    n_words++;
  words = calloc ((size_t) n_words, sizeof *words);
  argv = calloc ((size_t) n_words + 1, sizeof *argv);
  assert_true (words != NULL && argv != NULL);
  for (i = 0; i < n_words; ++i) {
    words[i] = strdup (list[i]);
    assert_non_null (words[i]);
    argv[i] = words[i];
  }

  memset (&options, 0x55, sizeof options);
  error = (struct error) { 0 };
  result = options_parse (&options, n_words, argv, &error);
  assert_int_equal (result == -1, error_is_set (&error));
  free (argv); /* options borrow the words, not the array */
}

#define PARSE(...)                                                             \
  parse_list (                                                                 \
    (const char *const[]) { "/usr/bin/stripecopy", __VA_ARGS__, NULL })

static void
done (void)
{
  options_free (&options);
  options_free (&options); /* twice is allowed */
  forget ();
}

static void
assert_good (void)
{
  if (result != 0)
    fail_msg ("refused: %s", error.text);
}

/* Parses these options with two operands around them. */
#define GOOD(...)                                                              \
  do {                                                                         \
    PARSE (__VA_ARGS__, "nbd://s", "nbd://d");                                 \
    assert_good ();                                                            \
    assert_string_equal (options.source.name, "nbd://s");                      \
    assert_string_equal (options.destination.name, "nbd://d");                 \
    options_free (&options);                                                   \
  } while (0)

static void
assert_refused (const char *what, const char *why)
{
  if (result == 0)
    fail_msg ("not refused: %s", what);
  if (strstr (error.text, what) == NULL || strstr (error.text, why) == NULL)
    fail_msg ("\"%s\" does not say \"%s\" and \"%s\"", error.text, what, why);
  assert_true (error.number == EINVAL || error.number == ENOTSUP);
  assert_null (strchr (error.text, '\n'));
  done ();
}

/* Parses these options with two operands after them.  They must be refused,
 * with the option and the reason.
 */
#define BAD(what, why, ...)                                                    \
  do {                                                                         \
    PARSE (__VA_ARGS__, "nbd://s", "nbd://d");                                 \
    assert_refused ((what), (why));                                            \
  } while (0)

/* Does the same for options that cannot be used together.  Both operands must
 * be set all the same: a report of the refusal names them.
 */
#define CONFLICT(what, why, ...)                                               \
  do {                                                                         \
    PARSE (__VA_ARGS__, "nbd://s", "nbd://d");                                 \
    assert_string_equal (options.source.name, "nbd://s");                      \
    assert_string_equal (options.destination.name, "nbd://d");                 \
    assert_refused ((what), (why));                                            \
  } while (0)

static int
clean_up (void **state UNUSED)
{
  forget ();
  return 0;
}

/* -- the table ------------------------------------------------------------ */

static void
assert_named (const struct option_row *row, const char *other)
{
  if (other && option_row (other) == NULL)
    fail_msg ("--%s names an option that does not exist: %s", row->name, other);
}

static void
rows_are_in_order_and_name_options_that_exist (void **state UNUSED)
{
  for (size_t i = 0; i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];

    if (i > 0 && strcmp (option_rows[i - 1].name, row->name) >= 0)
      fail_msg ("--%s is not in alphabetical order", row->name);
    assert_ptr_equal (option_row (row->name), row);
    assert_named (row, row->requires);
    assert_named (row, row->instead_of);
    assert_named (row, row->same_as);
    for (size_t j = 0; j < EXCLUDES_MAX; j++)
      assert_named (row, row->excludes[j]);
  }
}

static void
rows_fit_their_types (void **state UNUSED)
{
  for (size_t i = 0; i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];

    if ((row->argument == NULL) != (row->type == FLAG || row->type == TALLY))
      fail_msg ("--%s: argument and type differ", row->name);
    if (row->bare && !row->optional)
      fail_msg ("--%s: bare, but not optional", row->name);
    if (row->file == REPORTS && row->type != TEXT)
      fail_msg ("--%s: a file that reports is not a TEXT", row->name);
    assert_true (row->min <= row->max);
  }
}

static void
rows_list_the_options_of_a_manifest (void **state UNUSED)
{
  assert_true (options_fit_manifest ("threads"));
  assert_true (options_fit_manifest ("quiet"));
  assert_true (options_fit_manifest ("status-file"));
  assert_false (options_fit_manifest ("jobs"));
  assert_false (options_fit_manifest ("events"));
  assert_false (options_fit_manifest ("progress"));
  assert_false (options_fit_manifest ("help"));
  assert_false (options_fit_manifest ("thread"));
}

static void
files_that_options_name_are_listed (void **state UNUSED)
{
  struct option_file f;
  size_t at = 0;

  PARSE ("--map=m", "--events=3", "--report=-", "--progress=4", "--bwlimit=@r",
         "--status-file=7", "nbd://s", "nbd://d");
  assert_good ();

#define NEXT(o, n, d, w, r)                                                    \
  do {                                                                         \
    assert_true (options_next_file (&options, &at, &f));                       \
    assert_string_equal (f.option, (o));                                       \
    assert_string_equal (f.name ? f.name : "", (n));                           \
    assert_int_equal (f.fd, (d));                                              \
    assert_int_equal (f.writes, (w));                                          \
    assert_int_equal (f.reports, (r));                                         \
  } while (0)
  NEXT ("bwlimit", "r", -1, false, false);
  NEXT ("events", "3", 3, true, true);
  NEXT ("map", "m", -1, true, false);
  NEXT ("progress", "", 4, true, false);
  NEXT ("report", "-", 1, true, true);
  NEXT ("status-file", "7", -1, true, true);
#undef NEXT
  assert_false (options_next_file (&options, &at, &f));

  options_drop_file (&options, "events");
  options_drop_file (&options, "status-file");
  assert_null (options.events);
  assert_null (options.status_file);
  assert_non_null (options.report);
  done ();
}

/* -- options -------------------------------------------------------------- */

static void
nothing_given_means_the_defaults (void **state UNUSED)
{
  PARSE ("nbd://s", "nbd://d");
  assert_good ();
  assert_string_equal (options.program, "stripecopy");
  assert_string_equal (options.source.name, "nbd://s");
  assert_null (options.source.command);
  assert_string_equal (options.destination.name, "nbd://d");
  assert_null (options.destination.command);
  assert_int_equal (options.connections, 4);
  assert_int_equal (options.threads, 0);
  assert_int_equal (options.requests, 64);
  assert_int_equal (options.request_size, 0);
  assert_int_equal (options.sparse, 4096);
  assert_int_equal (options.destination_is_zero, IS_ZERO_AUTO);
  assert_int_equal (options.open_timeout, 30 * NS_PER_S);
  assert_int_equal (options.verbose, 0);
  assert_false (options.sparse_given || options.allocated || options.flush
                || options.no_flush || options.no_extents || options.synchronous
                || options.plan || options.progress || options.progress_fd_given
                || options.quiet || options.help || options.version
                || options.long_options || options.short_options);
  done ();
}

static void
flags_set_their_field_and_no_other (void **state UNUSED)
{
  static const struct {
    const char *word;
    size_t field;
  } flags[] = {
#define FLAG(w, f) { w, offsetof (struct options, f) }
    FLAG ("--allocated", allocated),
    FLAG ("--flush", flush),
    FLAG ("--no-flush", no_flush),
    FLAG ("--no-extents", no_extents),
    FLAG ("--synchronous", synchronous),
    FLAG ("--plan", plan),
    FLAG ("--progress", progress),
    FLAG ("-p", progress),
    FLAG ("--quiet", quiet),
    FLAG ("-q", quiet),
    FLAG ("--compare", compare),
    FLAG ("--verify", verify),
    FLAG ("--help", help),
    FLAG ("--version", version),
    FLAG ("-V", version),
    FLAG ("--long-options", long_options),
    FLAG ("--short-options", short_options),
#undef FLAG
  };
  size_t i, j;

  for (i = 0; i < COUNT (flags); ++i) {
    PARSE (flags[i].word, "nbd://s", "nbd://d");
    assert_good ();
    for (j = 0; j < COUNT (flags); ++j)
      if (*((bool *) ((char *) &options + flags[j].field))
          != (flags[i].field == flags[j].field))
        fail_msg ("%s: and %s?", flags[i].word, flags[j].word);
    done ();
  }
}

static void
formats_are_those_that_are_known (void **state UNUSED)
{
  static const char *const formats[] = {
    "raw", "qcow2", "vdi", "vhdx", "vmdk",
  };
  char word[64];

  GOOD ("-v");
  assert_null (options.source.format);
  assert_null (options.destination.format);
  for (size_t i = 0; i < COUNT (formats); i++) {
    snprintf (word, sizeof word, "--source-format=%s", formats[i]);
    GOOD (word);
    assert_string_equal (options.source.format, formats[i]);
    assert_null (options.destination.format);
    GOOD ("--destination-format", formats[i]);
    assert_string_equal (options.destination.format, formats[i]);
    assert_null (options.source.format);
  }
  GOOD ("--source-format=vdi", "--source-format=auto");
  assert_string_equal (options.source.format, "auto");

  /* The header of an existing image does not decide the format that is written.
   */
  BAD ("--destination-format", "one of raw|qcow2|vdi|vhdx|vmdk: auto",
       "--destination-format=auto");
  BAD ("--source-format", "must be one of", "--source-format=");
  BAD ("--source-format", "must be one of", "--source-format=qcow");
  BAD ("--source-format", "must be one of", "--source-format=qcow22");
  BAD ("--source-format", "must be one of", "--source-format=QCOW2");
  BAD ("--source-format", "must be one of", "--source-format=raw|qcow2");
  BAD ("--source-format", "must be one of", "--source-format=|");
}

static void
flags_take_no_argument (void **state UNUSED)
{
  BAD ("--flush", "takes no argument", "--flush=yes");
  BAD ("--allocated", "takes no argument", "--allocated=");
  BAD ("--verbose", "takes no argument", "--verbose=2");
  BAD ("--help", "takes no argument", "--help=all");
}

static void
verbose_is_counted (void **state UNUSED)
{
  GOOD ("-v");
  assert_int_equal (options.verbose, 1);
  GOOD ("-vv");
  assert_int_equal (options.verbose, 2);
  GOOD ("-v", "--verbose", "-vv");
  assert_int_equal (options.verbose, 4);
}

static void
numbers_are_bounded_as_in_nbdcopy (void **state UNUSED)
{
  GOOD ("-C", "1");
  assert_int_equal (options.connections, 1);
  GOOD ("--connections=4294967295");
  assert_int_equal (options.connections, UINT32_MAX);
  GOOD ("-C7");
  assert_int_equal (options.connections, 7);
  GOOD ("--connections", "007");
  assert_int_equal (options.connections, 7);
  BAD ("--connections", "must be from 1 to 4294967295: 0", "-C0");
  BAD ("--connections", "must be from 1 to 4294967295", "-C4294967296");
  BAD ("--connections", "too large", "-C18446744073709551616");

  GOOD ("-R", "1");
  assert_int_equal (options.requests, 1);
  GOOD ("--requests=4294967295");
  assert_int_equal (options.requests, UINT32_MAX);
  BAD ("--requests", "must be from 1", "--requests=0");
  BAD ("--requests", "must be from 1", "-R4294967296");

  GOOD ("-T0");
  assert_int_equal (options.threads, 0);
  GOOD ("--threads=4294967295");
  assert_int_equal (options.threads, UINT32_MAX);
  BAD ("--threads", "must be from 0", "--threads=4294967296");

  GOOD ("--open-timeout=0.1", "--connect-wait=1.5", "--stall-timeout=0.25",
        "--map=m", "--map-interval=2.5");
  assert_int_equal (options.open_timeout, NS_PER_S / 10);
  assert_int_equal (options.connect_wait, NS_PER_S * 3 / 2);
  assert_int_equal (options.stall_timeout, NS_PER_S / 4);
  assert_int_equal (options.map_interval, NS_PER_S * 5 / 2);
  GOOD ("--open-timeout=86400");
  assert_int_equal (options.open_timeout, 86400 * NS_PER_S);
  BAD ("--open-timeout", "must be from 0.1", "--open-timeout=0");
  BAD ("--open-timeout", "to 86400", "--open-timeout=86401");
}

static void
malformed_numbers_are_refused (void **state UNUSED)
{
  static const char *const wrong[] = {
    "", " ", "-1", "+1", " 1", "1 ", "4abc", "4k", "0x10", "1.5", "many",
  };
  char text[64];
  size_t i;

  for (i = 0; i < COUNT (wrong); ++i) {
    snprintf (text, sizeof text, "--connections=%s", wrong[i]);
    BAD ("--connections", "not a number", text);
    snprintf (text, sizeof text, "--threads=%s", wrong[i]);
    BAD ("--threads", "not a number", text);
    snprintf (text, sizeof text, "--progress=%s", wrong[i]);
    BAD ("--progress", "not a number", text);
    BAD ("--requests", "not a number", "-R", wrong[i]);
  }
}

static void
sizes_take_units (void **state UNUSED)
{
  GOOD ("--request-size=4096");
  assert_int_equal (options.request_size, 4096);
  GOOD ("--request-size=32m");
  assert_int_equal (options.request_size, 32 * MiB);
  GOOD ("--request-size", "64KiB");
  assert_int_equal (options.request_size, 64 * KiB);
  GOOD ("--request-size=128s");
  assert_int_equal (options.request_size, 64 * KiB);
  GOOD ("--queue-size=1G");
  assert_int_equal (options.queue_size, GiB);
  GOOD ("-S64k");
  assert_int_equal (options.sparse, 64 * KiB);
  GOOD ("-S", "1MiB");
  assert_int_equal (options.sparse, MiB);
  BAD ("--request-size", "unknown unit", "--request-size=64x");
  BAD ("--queue-size", "cannot be negative", "--queue-size=-1");
  BAD ("--sparse", "not a number", "--sparse=");
  BAD ("--sparse", "too large", "--sparse=99999999999999999999k");
  BAD ("--queue-size", "not a whole number: 1.5M", "--queue-size=1.5M");
}

static void
request_size_is_a_power_of_two_within_bounds (void **state UNUSED)
{
  const char *const why = "must be a power of 2 from 4096 to 33554432: ";

  BAD ("--request-size", why, "--request-size=0");
  BAD ("--request-size", why, "--request-size=2048");
  BAD ("--request-size", why, "--request-size=4097");
  BAD ("--request-size", why, "--request-size=12288");
  BAD ("--request-size", why, "--request-size=64M");
}

static void
queue_size_may_be_anything_of_32_bits (void **state UNUSED)
{
  GOOD ("--queue-size=0");
  assert_int_equal (options.queue_size, 0);
  GOOD ("--queue-size=1");
  assert_int_equal (options.queue_size, 1);
  GOOD ("--queue-size=4294967295");
  assert_int_equal (options.queue_size, UINT32_MAX);
  BAD ("--queue-size", "to 4294967295: 4G", "--queue-size=4G");
}

static void
sparse_is_0_or_a_power_of_two_within_bounds (void **state UNUSED)
{
  const char *const why = "must be 0 or a power of 2 from 512 to 4294967295: ";

  GOOD ("-S0");
  assert_int_equal (options.sparse, 0);
  assert_true (options.sparse_given);
  GOOD ("--sparse=0k");
  assert_int_equal (options.sparse, 0);
  GOOD ("--sparse=512");
  assert_int_equal (options.sparse, 512);
  assert_true (options.sparse_given);
  GOOD ("--sparse=2G");
  assert_int_equal (options.sparse, 2 * GiB);
  BAD ("--sparse", why, "--sparse=256");
  BAD ("--sparse", why, "--sparse=513");
  BAD ("--sparse", why, "--sparse=4G");
  BAD ("--sparse", why, "--sparse=4294967295");
}

static void
destination_is_zero_has_an_optional_argument (void **state UNUSED)
{
  GOOD ("--destination-is-zero");
  assert_int_equal (options.destination_is_zero, IS_ZERO_YES);
  GOOD ("--target-is-zero");
  assert_int_equal (options.destination_is_zero, IS_ZERO_YES);
  GOOD ("--destination-is-zero=yes");
  assert_int_equal (options.destination_is_zero, IS_ZERO_YES);
  GOOD ("--destination-is-zero=no");
  assert_int_equal (options.destination_is_zero, IS_ZERO_NO);
  GOOD ("--target-is-zero=no");
  assert_int_equal (options.destination_is_zero, IS_ZERO_NO);
  GOOD ("--destination-is-zero", "--destination-is-zero=auto");
  assert_int_equal (options.destination_is_zero, IS_ZERO_AUTO);
  BAD ("--destination-is-zero", "must be one of auto|yes|no: maybe",
       "--destination-is-zero=maybe");
  BAD ("--destination-is-zero",
       "must be one of auto|yes|no:", "--destination-is-zero=");
  BAD ("--target-is-zero", "must be one of auto|yes|no: YES",
       "--target-is-zero=YES");

  /* The next word is an operand, not its argument. */
  PARSE ("--destination-is-zero", "no", "nbd://d");
  assert_good ();
  assert_string_equal (options.source.name, "no");
  done ();
}

static void
progress_has_an_optional_descriptor (void **state UNUSED)
{
  GOOD ("-p");
  assert_true (options.progress);
  assert_false (options.progress_fd_given);
  GOOD ("--progress=0");
  assert_true (options.progress && options.progress_fd_given);
  assert_int_equal (options.progress_fd, 0);
  GOOD ("--progress=2147483647");
  assert_int_equal (options.progress_fd, INT32_MAX);
  BAD ("--progress", "must be from 0 to 2147483647", "--progress=2147483648");

  /* -p takes no argument, as in nbdcopy. */
  PARSE ("-p", "3", "nbd://d");
  assert_good ();
  assert_string_equal (options.source.name, "3");
  assert_false (options.progress_fd_given);
  done ();
  BAD ("-3", "unknown option", "-p3");
}

static void
interval_is_seconds_with_a_fraction (void **state UNUSED)
{
  GOOD ("-v");
  assert_int_equal (options.interval, 0);
  GOOD ("--interval=10");
  assert_int_equal (options.interval, 10 * NS_PER_S);
  GOOD ("--interval=0.25");
  assert_int_equal (options.interval, 250 * NS_PER_MS);
  BAD ("--interval", "must be from 0.1 to 86400: 0.09", "--interval=0.09");
  BAD ("--interval", "must be from 0.1 to 86400: 86401", "--interval=86401");
  BAD ("--interval", "cannot be negative: -1", "--interval=-1");
  BAD ("--interval", "not a number:", "--interval=");
}

static void
nothing_is_printed_on_standard_output_with_the_data (void **state UNUSED)
{
  GOOD ("--events=3", "--status-file=s", "--report=-");
  assert_string_equal (options.events, "3");
  assert_string_equal (options.status_file, "s");
  assert_string_equal (options.report, "-");

  PARSE ("--events=1", "nbd://s", "-");
  assert_refused ("--events=1", "standard output is the destination");
  PARSE ("--report=-", "nbd://s", "-");
  assert_refused ("--report=-", "standard output is the destination");
  assert_null (options.report); /* nor may the report of this error */
}

/* The value of an option in the config, as JSON. */
static void
assert_config (const char *name, const char *want)
{
  json_t *config = options_config (&options);
  char *value = json_dumps (json_object_get (config, name), JSON_ENCODE_ANY);

  if (value == NULL || strcmp (value, want) != 0)
    fail_msg ("%s is %s", name, value ? value : "not there");
  free (value);
  json_decref (config);
}

static void
config_has_the_options_as_chosen (void **state UNUSED)
{
  PARSE ("-vv", "-C7", "--sparse=0", "--destination-is-zero", "--flush",
         "--interval=0.5", "--progress=3", "--source-format=qcow2",
         "--report=https://me:secret@host/x", "s", "d");
  assert_good ();
  assert_config ("verbose", "2");
  assert_config ("connections", "7");
  assert_config ("sparse", "0");
  assert_config ("request-size", "null");
  assert_config ("destination-is-zero", "\"yes\"");
  assert_config ("flush", "true");
  assert_config ("no-flush", "false");
  assert_config ("interval", "0.5");
  assert_config ("progress", "3");
  assert_config ("source-format", "\"qcow2\"");
  assert_config ("status-file", "null");
  assert_config ("report", "\"https://***@host/x\"");
  done ();
}

static void
assert_inherited (const char *const *want)
{
  char **inherited = options_inherited (&options);
  size_t n = 0;

  assert_non_null (inherited);
  for (; want[n]; n++) {
    assert_non_null (inherited[n]);
    assert_string_equal (inherited[n], want[n]);
  }
  assert_null (inherited[n]);
  options_free_words (inherited);
}

static void
copies_of_a_manifest_inherit_some_options (void **state UNUSED)
{
  static const char *const all[] = { "--interval=0.25", "--plan", "--quiet",
                                     "-vvv", NULL };

  PARSE ("--manifest=m", "--jobs=3", "--report=r");
  assert_good ();
  assert_inherited (all + 4);
  done ();
  PARSE ("--manifest=m", "-vvqv", "--plan", "--interval=0.25", "--jobs=3");
  assert_good ();
  assert_inherited (all);
  done ();
}

static void
last_of_several_wins (void **state UNUSED)
{
  GOOD ("-C1", "-C2", "--connections=3");
  assert_int_equal (options.connections, 3);
  GOOD ("--request-size=4096", "--request-size=8192");
  assert_int_equal (options.request_size, 8192);
}

static void
letters_may_stand_together (void **state UNUSED)
{
  GOOD ("-pvqC9");
  assert_true (options.progress && options.quiet);
  assert_int_equal (options.verbose, 1);
  assert_int_equal (options.connections, 9);
}

static void
flush_and_no_flush_exclude_each_other (void **state UNUSED)
{
  CONFLICT ("--flush and --no-flush", "mutually exclusive", "--flush",
            "--no-flush");

  /* Nothing leaks if the conflict is found last. */
  PARSE ("--no-flush", "--flush", "[", "a", "]", "[", "b", "]");
  assert_refused ("--flush", "--no-flush");
}

static void
compare_and_verify_exclude_each_other (void **state UNUSED)
{
  CONFLICT ("--compare and --verify", "mutually exclusive", "--verify",
            "--compare");
}

static void
a_map_has_an_interval_a_meaning_and_a_token (void **state UNUSED)
{
  GOOD ("-v");
  assert_null (options.map);
  GOOD ("--map=m");
  assert_string_equal (options.map, "m");
  assert_int_equal (options.map_interval, 30 * NS_PER_S);
  assert_int_equal (options.resume, RESUME_AUTO);
  assert_null (options.source_id);
  GOOD ("--map=m", "--map-interval=86400", "--resume=require",
        "--source-id=\xc3\xa4 b");
  assert_int_equal (options.map_interval, 86400 * NS_PER_S);
  assert_int_equal (options.resume, RESUME_REQUIRE);
  assert_string_equal (options.source_id, "\xc3\xa4 b");
  GOOD ("--resume=never", "--map=m");
  assert_int_equal (options.resume, RESUME_NEVER);
  GOOD ("--resume=never", "--map=m", "--resume=auto");
  assert_int_equal (options.resume, RESUME_AUTO);

  BAD ("--map-interval", "from 0.1 to 86400", "--map=m", "--map-interval=0");
  BAD ("--resume", "auto|require|never", "--map=m", "--resume=");
  BAD ("--resume", "auto|require|never", "--map=m", "--resume=requir");
  BAD ("--source-id", "one line", "--map=m", "--source-id=");
  BAD ("--source-id", "one line", "--map=m", "--source-id=a\nb");
  BAD ("--source-id", "one line", "--map=m", "--source-id=a\177");
  BAD ("--source-id", "must not contain secrets: a?token=***", "--map=m",
       "--source-id=a?token=b");
}

static void
maps_exclude_copies_that_cannot_resume (void **state UNUSED)
{
  CONFLICT ("--map-interval", "requires --map", "--map-interval=30");
  CONFLICT ("--resume", "requires --map", "--resume=auto");
  CONFLICT ("--source-id", "requires --map", "--source-id=x");
  BAD ("--map", "cannot be used with --no-flush", "--map=m", "--no-flush");
  BAD ("--map", "cannot be used with --compare", "--map=m", "--compare");
#ifdef HAVE_GNUTLS
  BAD ("--blkhash", "requires a --map with %i", "--shard=1/2", "--blkhash");
  BAD ("--blkhash", "requires a --map with %i", "--shard=1/2", "--blkhash",
       "--map=m");
#endif
  PARSE ("--map=m", "nbd://s", "null:");
  assert_refused ("--map", "null:");
  PARSE ("--map=m", "nbd://s", "./null:");
  assert_good ();
  done ();
  PARSE ("--map=m", "[", "a", "]", "[", "null:", "]");
  assert_good ();
  done ();
}

static void
maps_of_shards_have_their_number (void **state UNUSED)
{
  PARSE ("--map=%i/m.%i", "--shard=12/20", "nbd://s", "nbd://d");
  assert_good ();
  assert_string_equal (options.map, "12/m.12");
  assert_string_equal (options.maps, "%i/m.%i");
  done ();
  PARSE ("--map=%i", "nbd://s", "nbd://d");
  assert_good ();
  assert_string_equal (options.map, "%i");
  assert_null (options.maps);
  done ();
  PARSE ("--shard=1/2", "--map=%%i%d", "nbd://s", "nbd://d");
  assert_good ();
  assert_string_equal (options.map, "%1%d");
  done ();
}

#ifdef HAVE_GNUTLS

static void
blkhash_has_an_optional_digest_and_size (void **state UNUSED)
{
  GOOD ("-v");
  assert_int_equal (options.digest, DIGEST_NONE);
  GOOD ("--blkhash");
  assert_int_equal (options.digest, DIGEST_SHA256);
  assert_int_equal (options.digest_block, 64 * KiB);
  assert_null (options.blkhash_file);
  GOOD ("--blkhash=md5/4", "--blkhash=", "--blkhash-file=out");
  assert_int_equal (options.digest, DIGEST_SHA256);
  assert_int_equal (options.digest_block, 64 * KiB);
  assert_string_equal (options.blkhash_file, "out");
  GOOD ("--blkhash=Md5");
  assert_int_equal (options.digest, DIGEST_MD5);
  assert_int_equal (options.digest_block, 64 * KiB);
  GOOD ("--blkhash=SHA1/1", "--blkhash-file", "a", "--blkhash-file", "b");
  assert_int_equal (options.digest, DIGEST_SHA1);
  assert_int_equal (options.digest_block, 1);
  assert_string_equal (options.blkhash_file, "b");
  GOOD ("--blkhash=sha512/2GiB");
  assert_int_equal (options.digest, DIGEST_SHA512);
  assert_int_equal (options.digest_block, 2 * GiB);
  GOOD ("--blkhash-file=/dev/null", "--trace=/dev/null");
}

static void
blkhash_refuses_other_digests_and_sizes (void **state UNUSED)
{
  BAD ("--blkhash:", "unknown digest algorithm 'x'", "--blkhash=x");
  BAD ("--blkhash:", "unknown digest algorithm 'sha'", "--blkhash=sha");
  BAD ("--blkhash:", "unknown digest algorithm 'md5x'", "--blkhash=md5x/4");
  BAD ("--blkhash:", "unknown digest algorithm ''", "--blkhash=/4");
  BAD ("--blkhash", "is not a power of two: 3", "--blkhash=md5/3");
  BAD ("--blkhash", "is not a power of two: 0", "--blkhash=md5/0");
  BAD ("--blkhash", "is too large: 8G", "--blkhash=md5/8G");
  BAD ("--blkhash", "is too large: 4G", "--blkhash=md5/4G");
  BAD ("--blkhash:", "not a number", "--blkhash=md5/");
  BAD ("--blkhash:", "unknown unit", "--blkhash=md5/1x");
}

#else

static void
options_that_are_not_built_are_refused (void **state UNUSED)
{
  BAD ("--blkhash", "(GnuTLS missing)", "--blkhash");
  BAD ("--blkhash", "(GnuTLS missing)", "--blkhash=sha256/64k");
  BAD ("--blkhash-file", "(GnuTLS missing)", "--blkhash-file=out");
  BAD ("--blkhash-file", "(GnuTLS missing)", "--blkhash-file", "out");
}

#endif

static void
bwlimit_is_a_rate_or_a_file (void **state UNUSED)
{
  GOOD ("-v");
  assert_int_equal (options.bwlimit.rate, 0);
  assert_null (options.bwlimit.file);
  GOOD ("--bwlimit=10M");
  assert_int_equal (options.bwlimit.rate, 10 * MiB);
  assert_null (options.bwlimit.file);
  GOOD ("--bwlimit", "@/run/rate");
  assert_string_equal (options.bwlimit.file, "/run/rate");
  GOOD ("--bwlimit=@/run/rate", "--bwlimit=none");
  assert_int_equal (options.bwlimit.rate, 0);
  assert_null (options.bwlimit.file);

  BAD ("--bwlimit", "a file name must follow the @: @", "--bwlimit=@");
  BAD ("--bwlimit", "not a number", "--bwlimit=fast");
  BAD ("--bwlimit", "unknown unit", "--bwlimit=1M/s");
}

static void
shard_is_one_of_n (void **state UNUSED)
{
  GOOD ("-v");
  assert_int_equal (options.shard.count, 0);
  GOOD ("--shard=1/1");
  assert_int_equal (options.shard.number, 1);
  assert_int_equal (options.shard.count, 1);
  GOOD ("--shard", "3/4294967295");
  assert_int_equal (options.shard.number, 3);
  assert_int_equal (options.shard.count, UINT32_MAX);

  setenv ("INDEX", "0", 1);
  GOOD ("--shard=@INDEX/3");
  assert_int_equal (options.shard.number, 1);
  assert_int_equal (options.shard.count, 3);
  setenv ("INDEX", "2", 1);
  GOOD ("--shard=@INDEX/3");
  assert_int_equal (options.shard.number, 3);
  BAD ("--shard", "INDEX must be from 0 to 1: 2", "--shard=@INDEX/2");
  BAD ("--shard", "with I from 1 to N", "--shard=@INDEX");
  BAD ("--shard", "with I from 1 to N", "--shard=@INDEX/0");
  setenv ("INDEX", "-1", 1);
  BAD ("--shard", "INDEX must be from 0 to 1: -1", "--shard=@INDEX/2");
  unsetenv ("INDEX");
  BAD ("--shard", "INDEX is not in the environment", "--shard=@INDEX/2");
  BAD ("--shard", "with I from 1 to N: @/2", "--shard=@/2");

  BAD ("--shard", "with I from 1 to N", "--shard=0/3");
  BAD ("--shard", "with I from 1 to N", "--shard=4/3");
  BAD ("--shard", "with I from 1 to N", "--shard=1/0");
  BAD ("--shard", "with I from 1 to N", "--shard=1/4294967296");
  BAD ("--shard", "with I from 1 to N", "--shard=1");
  BAD ("--shard", "with I from 1 to N", "--shard=1/");
  BAD ("--shard", "with I from 1 to N", "--shard=/3");
  BAD ("--shard", "with I from 1 to N", "--shard=-1/3");
  BAD ("--shard", "with I from 1 to N", "--shard=1/3/3");
}

static void
manifest_stands_alone (void **state UNUSED)
{
  PARSE ("--manifest=list", "--jobs=4", "-v", "-v", "--plan");
  assert_good ();
  assert_string_equal (options.manifest, "list");
  assert_int_equal (options.jobs, 4);
  done ();

  PARSE ("--manifest=list", "a");
  assert_refused ("--manifest", "does not take SOURCE or DESTINATION: a");
  PARSE ("-T", "2", "--manifest=list");
  assert_refused ("--threads cannot be used with --manifest",
                  "set it for each copy in the manifest");
  PARSE ("--manifest=list", "-p", "--status-file=status");
  assert_good ();
  assert_true (options.progress);
  done ();
  BAD ("--jobs", "from 1 to 1024", "--jobs=1025");
  BAD ("--jobs", "requires --manifest", "--jobs=2");
  CONFLICT ("--jobs", "requires --manifest", "--jobs=1");
  BAD ("--attempts", "must be from 1 to 4294967295: 0", "--attempts=0");
  BAD ("--attempts", "not a number: -1", "--attempts=-1");
  BAD ("--attempts", "must be from 1", "--attempts=4294967296");
  BAD ("--attempts", "too large", "--attempts=99999999999999999999");
  BAD ("--attempt-wait", "must be from 0.1 to 86400: 0", "--attempt-wait=0");
  BAD ("--jobs-per-group", "must be from 1 to 1024: 0", "--jobs-per-group=0");
  CONFLICT ("--jobs-per-group", "requires --manifest", "--jobs-per-group=2");
  CONFLICT ("--part", "requires --manifest", "--part=1/2");
  BAD ("--part", "with I from 1 to N: 0/3", "--part=0/3");
  BAD ("--part", "with I from 1 to N: 4/3", "--part=4/3");
  BAD ("--part", "with I from 1 to N: 1", "--part=1");
  BAD ("--part", "with I from 1 to N: @/2", "--part=@/2");
  CONFLICT ("--attempts", "requires --manifest", "--attempts=2");
  CONFLICT ("--attempt-wait", "requires --attempts", "--attempt-wait=2");
}

static void
options_are_found_by_their_whole_names (void **state UNUSED)
{
  assert_int_equal (options_argument ("flush"), OPTION_WITHOUT);
  assert_int_equal (options_argument ("threads"), OPTION_NEEDS);
  assert_int_equal (options_argument ("destination-is-zero"), OPTION_MAY_HAVE);
  assert_int_equal (options_argument ("thread"), OPTION_UNKNOWN);
  assert_int_equal (options_argument (""), OPTION_UNKNOWN);
}

static void
unknown_options_are_named (void **state UNUSED)
{
  BAD ("--nonsense", "unknown", "--nonsense");
  BAD ("--nonsense=1", "unknown", "--nonsense=1");
  BAD ("-x", "unknown option", "-x");
  BAD ("-x", "unknown option", "-vx");
  BAD ("-W", "unknown option", "-W", "flush");
  BAD ("-?", "unknown option", "-?");
  BAD ("-:", "unknown option", "-:");
}

static void
missing_arguments_are_reported_with_their_option (void **state UNUSED)
{
  PARSE ("nbd://s", "nbd://d", "-C");
  assert_refused ("-C", "needs an argument");
  PARSE ("nbd://s", "nbd://d", "--request-size");
  assert_refused ("--request-size", "needs an argument");
  PARSE ("nbd://s", "nbd://d", "--blkhash-file");
  assert_refused ("--blkhash-file", "needs an argument");
}

/* -- abbreviations -------------------------------------------------------- */

static void
unambiguous_beginnings_will_do (void **state UNUSED)
{
  GOOD ("--alloc");
  assert_true (options.allocated);
  GOOD ("--conn=7");
  assert_int_equal (options.connections, 7);
  GOOD ("--a", "--fl", "--sy", "--pr=5", "--th=3");
  assert_true (options.allocated && options.flush && options.synchronous);
  assert_int_equal (options.progress_fd, 5);
  assert_int_equal (options.threads, 3);
  GOOD ("--dest");
  assert_int_equal (options.destination_is_zero, IS_ZERO_YES);
  GOOD ("--no-e", "--sp=0", "--que=1");
  assert_true (options.no_extents);
  assert_int_equal (options.sparse, 0);
  assert_int_equal (options.queue_size, 1);

  /* A whole name is that name even if it is the beginning of another. */
  GOOD ("--requests=9");
  assert_int_equal (options.requests, 9);
}

/* The long options of nbdcopy 1.24. */
static const char *const nbdcopy_names[] = {
  "allocated",
  "blkhash",
  "blkhash-file",
  "connections",
  "destination-is-zero",
  "flush",
  "help",
  "long-options",
  "no-extents",
  "progress",
  "queue-size",
  "request-size",
  "requests",
  "short-options",
  "sparse",
  "synchronous",
  "target-is-zero",
  "threads",
  "verbose",
  "version",
};

/* Returns the option that getopt takes this for in nbdcopy, or NULL. */
static const char *
meant_in_nbdcopy (const char *word)
{
  const char *found = NULL;
  size_t i;

  for (i = 0; i < COUNT (nbdcopy_names); ++i) {
    if (strcmp (nbdcopy_names[i], word) == 0)
      return nbdcopy_names[i];
    if (strncmp (nbdcopy_names[i], word, strlen (word)) == 0) {
      if (found)
        return NULL;
      found = nbdcopy_names[i];
    }
  }
  return found;
}

/* No option accepts this argument except those that take a file's name, so each
 * error shows how the word was understood.
 */
static void
check_beginning (const char *word, const char *meant)
{
  char text[64], expected[64];

  snprintf (text, sizeof text, "--%s=\t", word);
  PARSE (text, "nbd://s", "nbd://d");
  if (meant && strcmp (meant, "blkhash-file") == 0) {
    assert_true (result == 0 || strstr (error.text, "--blkhash-file:") != NULL);
    done ();
    return;
  }
  snprintf (expected, sizeof expected, "--%s", meant ? meant : word);
  if (meant == NULL)
    assert_refused (expected, "ambiguous");
  else {
    if (strncmp (error.text, expected, strlen (expected)) != 0
        || strchr (": ", error.text[strlen (expected)]) == NULL)
      fail_msg ("--%s is not %s: %s", word, expected, error.text);
    assert_refused (expected, "");
  }
}

static void
every_beginning_means_what_it_does_in_nbdcopy (void **state UNUSED)
{
  char word[32];
  size_t i, length;

  for (i = 0; i < COUNT (nbdcopy_names); ++i)
    for (length = 1; length <= strlen (nbdcopy_names[i]); ++length) {
      snprintf (word, sizeof word, "%.*s", (int) length, nbdcopy_names[i]);
      check_beginning (word, meant_in_nbdcopy (word));
    }
}

/* If one of our options has the same beginning, nbdcopy's option is taken, with
 * its argument.
 */
static void
beginnings_of_nbdcopy_options_take_their_arguments (void **state UNUSED)
{
  GOOD ("--p");
  assert_true (options.progress);
  assert_false (options.progress_fd_given || options.plan);
  GOOD ("--p=4");
  assert_int_equal (options.progress_fd, 4);
  GOOD ("--no", "--f");
  assert_true (options.no_extents && options.flush);
  GOOD ("--q=3k");
  assert_int_equal (options.queue_size, 3 * KiB);
  GOOD ("--q", "5k", "-v", "--qu", "7k", "-v");
  assert_int_equal (options.queue_size, 7 * KiB);
  assert_int_equal (options.verbose, 2);
  BAD ("--no-extents", "takes no argument", "--n=1");
  PARSE ("nbd://s", "nbd://d", "--q");
  assert_refused ("--q", "needs an argument");

  /* The words around it stay the same. */
  PARSE ("nbd://s", "--q", "8k", "nbd://d", "--p", "--n");
  assert_good ();
  assert_string_equal (options.source.name, "nbd://s");
  assert_string_equal (options.destination.name, "nbd://d");
  assert_int_equal (options.queue_size, 8 * KiB);
  assert_true (options.progress && options.no_extents);
  done ();

  /* Our options may be abbreviated, too, and a whole name is that name. */
  GOOD ("--no-f", "--pl", "--qui", "--stall=4", "--tr=x");
  assert_string_equal (options.trace_file, "x");
  assert_true (options.no_flush && options.plan && options.quiet);
  assert_int_equal (options.stall_timeout, 4 * NS_PER_S);
}

static void
ambiguous_beginnings_are_refused (void **state UNUSED)
{
  BAD ("--re", "ambiguous", "--re=4096");
  BAD ("--request", "ambiguous", "--request=4096");
  BAD ("--blk", "ambiguous", "--blk");
  BAD ("--ver", "ambiguous", "--ver");
  BAD ("--s", "ambiguous", "--s");
  BAD ("--t", "ambiguous", "--t=4");
  BAD ("--=4", "ambiguous", "--=4");
}

/* -- operands ------------------------------------------------------------- */

static void
options_may_stand_anywhere (void **state UNUSED)
{
  PARSE ("nbd://s", "--request-size=4096", "nbd://d", "-C", "2", "--flush");
  assert_good ();
  assert_string_equal (options.source.name, "nbd://s");
  assert_string_equal (options.destination.name, "nbd://d");
  assert_int_equal (options.request_size, 4096);
  assert_int_equal (options.connections, 2);
  assert_true (options.flush);
  done ();
}

static void
posixly_correct_ends_options_at_the_first_operand (void **state UNUSED)
{
  assert_int_equal (setenv ("POSIXLY_CORRECT", "1", 1), 0);
  PARSE ("nbd://s", "nbd://d", "--flush");
  assert_int_equal (unsetenv ("POSIXLY_CORRECT"), 0);
  assert_refused ("--flush", "too many operands");
}

static void
two_dashes_end_the_options (void **state UNUSED)
{
  PARSE ("--flush", "--", "--source", "-C");
  assert_good ();
  assert_string_equal (options.source.name, "--source");
  assert_string_equal (options.destination.name, "-C");
  assert_true (options.flush);
  done ();
  PARSE ("nbd://s", "--", "-v");
  assert_good ();
  assert_string_equal (options.destination.name, "-v");
  assert_int_equal (options.verbose, 0);
  done ();
}

static void
two_operands_are_needed_and_no_more (void **state UNUSED)
{
  const char *const alone[] = { "stripecopy", NULL };

  parse_list (alone);
  assert_refused ("SOURCE", "needed");
  PARSE ("nbd://s");
  assert_refused ("SOURCE", "needed");
  PARSE ("nbd://s", "--");
  assert_refused ("DESTINATION", "needed");
  PARSE ("-C", "nbd://d", "nbd://s");
  assert_refused ("--connections", "not a number: nbd://d");
  PARSE ("nbd://s", "nbd://d", "third", "fourth");
  assert_refused ("too many operands", "third");
  PARSE ("[", "a", "]", "nbd://d", "third");
  assert_refused ("too many operands", "third");
}

static void
odd_words_are_operands (void **state UNUSED)
{
  PARSE ("-", "");
  assert_good ();
  assert_string_equal (options.source.name, "-");
  assert_string_equal (options.destination.name, "");
  done ();
  PARSE ("]", "[x]");
  assert_good ();
  assert_string_equal (options.source.name, "]");
  assert_null (options.destination.command);
  done ();
}

static void
program_is_the_base_name (void **state UNUSED)
{
  static const struct {
    const char *path, *name;
  } names[] = {
    { "nbdcopy", "nbdcopy" },
    { "/usr/bin/nbdcopy", "nbdcopy" },
    { "./a/b", "b" },
    { "", "stripecopy" },
    { "[", "[" },
  };
  size_t i;

  for (i = 0; i < COUNT (names); ++i) {
    const char *const list[] = { names[i].path, "s", "d", NULL };

    parse_list (list);
    assert_good ();
    assert_string_equal (options.program, names[i].name);
    done ();
  }
}

static void
no_argv_at_all_is_survived (void **state UNUSED)
{
  char *none[] = { NULL };

  error = (struct error) { 0 };
  result = options_parse (&options, 0, none, &error);
  assert_string_equal (options.program, "stripecopy");
  assert_refused ("SOURCE", "needed");
}

/* -- commands ------------------------------------------------------------- */

static void
assert_operand (const struct operand *o, const char *const *expected)
{
  size_t i;

  assert_non_null (o->command);
  assert_string_equal (o->name, "[");
  for (i = 0; expected[i] != NULL; ++i) {
    assert_non_null (o->command[i]);
    assert_string_equal (o->command[i], expected[i]);
  }
  assert_null (o->command[i]);
}

#define ASSERT_COMMAND(o, ...)                                                 \
  assert_operand ((o), (const char *const[]) { __VA_ARGS__, NULL })

static void
commands_stand_on_either_side (void **state UNUSED)
{
  PARSE ("[", "nbdkit", "memory", "1G", "]", "null:");
  assert_good ();
  ASSERT_COMMAND (&options.source, "nbdkit", "memory", "1G");
  assert_string_equal (options.destination.name, "null:");
  assert_null (options.destination.command);
  done ();
  PARSE ("nbd://s", "[", "nbdkit", "memory", "1G", "]");
  assert_good ();
  assert_string_equal (options.source.name, "nbd://s");
  assert_null (options.source.command);
  ASSERT_COMMAND (&options.destination, "nbdkit", "memory", "1G");
  done ();
  PARSE ("[", "a", "]", "[", "b", "c", "]");
  assert_good ();
  ASSERT_COMMAND (&options.source, "a");
  ASSERT_COMMAND (&options.destination, "b", "c");
  done ();
}

static void
options_of_commands_are_theirs (void **state UNUSED)
{
  PARSE ("[", "qemu-nbd", "-v", "--flush", "--help", "--nonsense", "-C", "9",
         "]", "--", "[", "b", "--", "-q", "]");
  assert_good ();
  ASSERT_COMMAND (&options.source, "qemu-nbd", "-v", "--flush", "--help",
                  "--nonsense", "-C", "9");
  ASSERT_COMMAND (&options.destination, "b", "--", "-q");
  assert_false (options.flush || options.help || options.quiet);
  assert_int_equal (options.verbose, 0);
  assert_int_equal (options.connections, 4);
  done ();
}

/* getopt reorders words: commands must be reordered with them. */
static void
options_may_stand_around_commands (void **state UNUSED)
{
  PARSE ("-v", "[", "a", "-x", "]", "-C", "2", "--progress=3", "[", "b", "-y",
         "]", "--destination-is-zero", "--request-size=8192");
  assert_good ();
  ASSERT_COMMAND (&options.source, "a", "-x");
  ASSERT_COMMAND (&options.destination, "b", "-y");
  assert_int_equal (options.connections, 2);
  assert_int_equal (options.progress_fd, 3);
  assert_int_equal (options.destination_is_zero, IS_ZERO_YES);
  assert_int_equal (options.request_size, 8192);
  assert_int_equal (options.verbose, 1);
  done ();
  PARSE ("nbd://s", "--flush", "[", "b", "-y", "]", "-v");
  assert_good ();
  assert_string_equal (options.source.name, "nbd://s");
  ASSERT_COMMAND (&options.destination, "b", "-y");
  assert_true (options.flush);
  done ();
}

static void
first_closing_bracket_ends_a_command (void **state UNUSED)
{
  PARSE ("[", "a", "[", "b", "]", "nbd://d");
  assert_good ();
  ASSERT_COMMAND (&options.source, "a", "[", "b");
  assert_string_equal (options.destination.name, "nbd://d");
  done ();
  PARSE ("[", "a", "[", "b", "]", "]", "nbd://d");
  assert_refused ("too many operands", "nbd://d");
}

static void
broken_commands_are_refused (void **state UNUSED)
{
  PARSE ("[", "a", "b");
  assert_refused ("[", "unmatched");
  PARSE ("nbd://s", "[");
  assert_refused ("[", "unmatched");
  PARSE ("[", "a", "]", "[", "b");
  assert_refused ("[", "unmatched");
  PARSE ("[", "]", "nbd://d");
  assert_refused ("[ ]", "empty command");
  PARSE ("[", "a", "]", "[", "]");
  assert_refused ("[ ]", "empty command");
  PARSE ("[", "a", "]", "[", "b", "]", "[", "c", "]");
  assert_refused ("more than", "command");
}

/* A command does not leak if a later word is wrong. */
static void
commands_are_freed_on_every_way_out (void **state UNUSED)
{
  PARSE ("[", "a", "]", "--nonsense", "[", "b", "]");
  assert_refused ("--nonsense", "unknown");
  PARSE ("[", "a", "]", "[", "b", "]", "-C0");
  assert_refused ("--connections", "must be");
  PARSE ("[", "a", "]");
  assert_refused ("DESTINATION", "needed");
  PARSE ("[", "a", "]", "[", "b", "]", "c");
  assert_refused ("too many operands", "c");
  PARSE ("[", "a", "]", "--help");
  assert_good ();
  assert_true (options.help);
  done ();

  /* An option's argument that only looks like one. */
  PARSE ("-C", "[", "a", "]", "s", "d");
  assert_refused ("--connections", "not a number: [");
}

static void
help_and_lists_need_no_operands (void **state UNUSED)
{
  PARSE ("--help");
  assert_good ();
  done ();
  PARSE ("-V");
  assert_good ();
  done ();
  PARSE ("--long-options");
  assert_good ();
  done ();
  PARSE ("--short-options");
  assert_good ();
  done ();
  PARSE ("--help", "one", "two", "three", "--flush", "--no-flush");
  assert_good ();
  done ();
}

/* -- output --------------------------------------------------------------- */

/* The names that lists and --help have, each with a line end.  Allocated. */
static char *
expected_names (bool letters)
{
  char *text = calloc (n_option_rows, 64), *end = text;

  assert_non_null (text);
  for (size_t i = 0; i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];

    if (row->help == NULL || row->lacks)
      continue;
    if (!letters)
      end += sprintf (end, "--%s\n", row->name);
    else if (row->letter)
      end += sprintf (end, "-%c\n", row->letter);
  }
  return text;
}

static void
assert_list (bool long_names)
{
  char *text = options_list (long_names);
  char *expected = expected_names (!long_names);

  assert_non_null (text);
  assert_string_equal (text, expected);
  free (text);
  free (expected);
}

static void
lists_have_each_visible_option_once (void **state UNUSED)
{
  char *text;

  assert_list (true);
  assert_list (false);
  text = options_list (false);
  assert_string_equal (text, "-C\n-p\n-q\n-R\n-S\n-T\n-v\n-V\n");
  free (text);
}

/* nbdcopy's lists leave out the two options that print them, too. */
static void
lists_have_the_options_of_nbdcopy (void **state UNUSED)
{
  char *text = options_list (true), line[64];

  assert_non_null (text);
  for (size_t i = 0; i < COUNT (nbdcopy_names); i++) {
    const char *name = nbdcopy_names[i];
    const bool listed = strcmp (name, "long-options") != 0
      && strcmp (name, "short-options") != 0
      && (BLKHASH_COUNT > 0 || strncmp (name, "blkhash", 7) != 0);

    snprintf (line, sizeof line, "--%s\n", name);
    if ((strstr (text, line) != NULL) != listed)
      fail_msg ("%s is %s", name, listed ? "not listed" : "listed");
  }
  free (text);
}

/* Counts the lines of --help that begin with this option, after its letter. */
static unsigned
count_in_help (const char *help, const char *name)
{
  const size_t length = strlen (name);
  const char *line, *s;
  unsigned n = 0;

  for (line = help; line != NULL; line = strchr (line, '\n')) {
    line += *line == '\n';
    s = line + strspn (line, " ");
    if (s[0] == '-' && s[1] != '-' && s[1] != '\0' && s[2] == ',')
      s += 4;
    n += s != line && strncmp (s, name, length) == 0
      && strchr (" =[\n", s[length]) != NULL;
  }
  return n;
}

static void
help_has_each_visible_option_once (void **state UNUSED)
{
  char *help = options_help ("some-name");
  char *names = expected_names (false), *name;
  unsigned n = 0;

  assert_non_null (help);
  for (name = strtok (names, "\n"); name; name = strtok (NULL, "\n")) {
    if (count_in_help (help, name) != 1)
      fail_msg ("--help has %s %u times", name, count_in_help (help, name));
    n++;
  }
  assert_true (n >= 44 + BLKHASH_COUNT);
  free (names);

  /* virt-v2v looks for it there before it uses it. */
  assert_int_equal (strstr (help, "--blkhash") != NULL, BLKHASH_COUNT > 0);
  assert_null (strstr (help, "--long-options"));
  assert_null (strstr (help, "--short-options"));
  assert_non_null (strstr (help, "some-name [OPTIONS] SOURCE DESTINATION"));
  free (help);
}

static void
help_fits_a_terminal (void **state UNUSED)
{
  char *help = options_help ("stripecopy");
  const char *line, *end;

  assert_non_null (help);
  for (line = help; *line != '\0'; line = end + 1) {
    end = strchr (line, '\n');
    assert_non_null (end);
    if (end - line > 80)
      fail_msg ("too long: %.*s", (int) (end - line), line);
  }
  free (help);
}

/* Options and letters behave as --help says. */
static void
help_agrees_on_letters_and_arguments (void **state UNUSED)
{
  static const char *const lines[] = {
    "\n  -C, --connections=N ",
    "\n  --destination-is-zero[=auto|yes|no]\n",
    "\n  -p, --progress[=FD] ",
    "\n  -q, --quiet ",
    "\n  -R, --requests=N ",
    "\n  -S, --sparse=SIZE ",
    "\n  -T, --threads=N ",
    "\n  -v, --verbose ",
    "\n  -V, --version ",
    "\n  --request-size=SIZE ",
    "\n  --flush ",
    "\n  --open-timeout=SECONDS ",
  };
  char *help = options_help ("stripecopy");
  size_t i;

  assert_non_null (help);
  for (i = 0; i < COUNT (lines); ++i)
    if (strstr (help, lines[i]) == NULL)
      fail_msg ("--help does not contain %s", lines[i]);
  free (help);
}

static void
help_agrees_on_defaults (void **state UNUSED)
{
  char *help = options_help ("stripecopy"), word[16], name[64];
  unsigned n = 0;

  assert_non_null (help);
  PARSE ("nbd://s", "nbd://d");
  assert_good ();
  for (size_t i = 0; i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];
    const uint64_t *field = (uint64_t *) ((char *) &options + row->field);
    uint64_t told;
    const char *s;

    if (row->initial == NULL || row->type == CHOICE)
      continue;
    snprintf (name, sizeof name, "--%s=", row->name);
    s = strstr (help, name);
    s = s ? strstr (s, "(default ") : NULL;
    assert_non_null (s);
    assert_int_equal (sscanf (s, "(default %15[0-9A-Za-z]", word), 1);
    if (row->type == DURATION)
      assert_null (human_parse_seconds (word, &told));
    else
      assert_null (human_parse_size (word, &told));
    if (told != *field)
      fail_msg ("%s: --help says %s", name, word);
    n++;
  }
  assert_true (n >= 10);
  done ();
  free (help);
}

#define TEST(f) cmocka_unit_test_teardown (f, clean_up)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (rows_are_in_order_and_name_options_that_exist),
    TEST (rows_fit_their_types),
    TEST (rows_list_the_options_of_a_manifest),
    TEST (files_that_options_name_are_listed),
    TEST (nothing_given_means_the_defaults),
    TEST (flags_set_their_field_and_no_other),
    TEST (formats_are_those_that_are_known),
    TEST (flags_take_no_argument),
    TEST (verbose_is_counted),
    TEST (numbers_are_bounded_as_in_nbdcopy),
    TEST (malformed_numbers_are_refused),
    TEST (sizes_take_units),
    TEST (request_size_is_a_power_of_two_within_bounds),
    TEST (queue_size_may_be_anything_of_32_bits),
    TEST (sparse_is_0_or_a_power_of_two_within_bounds),
    TEST (destination_is_zero_has_an_optional_argument),
    TEST (progress_has_an_optional_descriptor),
    TEST (interval_is_seconds_with_a_fraction),
    TEST (nothing_is_printed_on_standard_output_with_the_data),
    TEST (config_has_the_options_as_chosen),
    TEST (copies_of_a_manifest_inherit_some_options),
    TEST (last_of_several_wins),
    TEST (letters_may_stand_together),
    TEST (flush_and_no_flush_exclude_each_other),
    TEST (compare_and_verify_exclude_each_other),
    TEST (a_map_has_an_interval_a_meaning_and_a_token),
    TEST (maps_exclude_copies_that_cannot_resume),
    TEST (maps_of_shards_have_their_number),
#ifdef HAVE_GNUTLS
    TEST (blkhash_has_an_optional_digest_and_size),
    TEST (blkhash_refuses_other_digests_and_sizes),
#else
    TEST (options_that_are_not_built_are_refused),
#endif
    TEST (bwlimit_is_a_rate_or_a_file),
    TEST (shard_is_one_of_n),
    TEST (options_are_found_by_their_whole_names),
    TEST (manifest_stands_alone),
    TEST (unknown_options_are_named),
    TEST (missing_arguments_are_reported_with_their_option),
    TEST (unambiguous_beginnings_will_do),
    TEST (every_beginning_means_what_it_does_in_nbdcopy),
    TEST (beginnings_of_nbdcopy_options_take_their_arguments),
    TEST (ambiguous_beginnings_are_refused),
    TEST (options_may_stand_anywhere),
    TEST (posixly_correct_ends_options_at_the_first_operand),
    TEST (two_dashes_end_the_options),
    TEST (two_operands_are_needed_and_no_more),
    TEST (odd_words_are_operands),
    TEST (program_is_the_base_name),
    TEST (no_argv_at_all_is_survived),
    TEST (commands_stand_on_either_side),
    TEST (options_of_commands_are_theirs),
    TEST (options_may_stand_around_commands),
    TEST (first_closing_bracket_ends_a_command),
    TEST (broken_commands_are_refused),
    TEST (commands_are_freed_on_every_way_out),
    TEST (help_and_lists_need_no_operands),
    TEST (lists_have_each_visible_option_once),
    TEST (lists_have_the_options_of_nbdcopy),
    TEST (help_has_each_visible_option_once),
    TEST (help_fits_a_terminal),
    TEST (help_agrees_on_letters_and_arguments),
    TEST (help_agrees_on_defaults),
  };

  /* The tests also cover the order of words. */
  unsetenv ("POSIXLY_CORRECT");
  return cmocka_run_group_tests (tests, NULL, NULL);
}
