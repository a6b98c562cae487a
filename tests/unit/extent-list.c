/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of extents: each format selects the same ranges, and a damaged one is
 * refused with its place.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selection/extent-list.h"

#define UNUSED __attribute__ ((unused))

#define DISK 1048576

static int
read_text_of (const char *text, uint64_t size, struct extent_list *l,
              struct error *e)
{
  FILE *f = fmemopen ((char *) text, strlen (text), "r");
  int r;

  assert_non_null (f);
  r = extent_list_read (f, size, l, e);
  fclose (f);
  return r;
}

/* Checks which ranges are selected: "START-END START-END". */
static void
expect_selected (const struct extent_list *l, const char *expected)
{
  char *text = NULL;
  size_t length;
  FILE *f = open_memstream (&text, &length);

  assert_non_null (f);
  for (size_t i = 0; i < ranges_count (&l->selected); i++)
    fprintf (f, "%s%" PRIu64 "-%" PRIu64, i ? " " : "",
             ranges_at (&l->selected, i)->start,
             ranges_at (&l->selected, i)->end);
  fclose (f);
  assert_string_equal (text, expected);
  free (text);
}

static const struct {
  const char *format, *text;
} lists[] = {
  { "nbdinfo --map --json",
    "[{\"offset\":0,\"length\":65536,\"type\":0,\"description\":\"clean\"},\n"
    " {\"offset\":65536,\"length\":65536,\"type\":1,\"description\":\"dirty\"},"
    "{\"offset\":131072,\"length\":393216,\"type\":0,\"description\":\"clean\"},"
    "{\"offset\":524288,\"length\":131072,\"type\":1,\"description\":\"dirty\"},"
    "{\"offset\":655360,\"length\":393216,\"type\":0,\"description\":\"clean\"}"
    "]\n" },
  { "nbdinfo --map --json",
    "[{\"offset\":0,\"length\":65536,\"type\":0,\"description\":\"absent\"}"
    ",{\"offset\":65536,\"length\":65536,\"type\":1,\"description\":\"local\"},"
    "{\"offset\":131072,\"length\":393216,\"type\":2,"
    "\"description\":\"backing depth 2\"},"
    "{\"offset\":524288,\"length\":131072,\"type\":1,\"description\":\"local\"},"
    "{\"offset\":655360,\"length\":393216,\"type\":0,"
    "\"description\":\"absent\"}]" },
  { "nbdinfo --map --json",
    "[{\"offset\":0,\"length\":65536,\"type\":3,\"description\":\"hole,zero\"},"
    "{\"offset\":65536,\"length\":65536,\"type\":0,\"description\":\"data\"},"
    "{\"offset\":131072,\"length\":393216,\"type\":2,\"description\":\"zero\"},"
    "{\"offset\":524288,\"length\":131072,\"type\":1,\"description\":\"hole\"},"
    "{\"offset\":655360,\"length\":393216,\"type\":3,"
    "\"description\":\"hole,zero\"}]" },
  { "qemu-img map --output=json",
    "[{\"start\":0,\"length\":65536,\"depth\":1,\"present\":true,\"zero\":false,"
    "\"data\":true,\"offset\":327680},\n"
    "{\"start\":65536,\"length\":65536,\"depth\":0,\"present\":true,"
    "\"zero\":true,\"data\":false},\n"
    "{\"start\":131072,\"length\":393216,\"depth\":1,\"present\":true,"
    "\"zero\":false,\"data\":true},\n"
    "{\"start\":524288,\"length\":131072,\"depth\":0,\"present\":true,"
    "\"zero\":false,\"data\":true,\"offset\":0},\n"
    "{\"start\":655360,\"length\":393216,\"depth\":0,\"present\":false,"
    "\"zero\":true,\"data\":false}]\n" },
  { "oVirt imageio, dirty extents",
    "[{\"start\":0,\"length\":65536,\"zero\":false,\"dirty\":false},"
    "{\"start\":65536,\"length\":65536,\"zero\":true,\"dirty\":true},"
    "{\"start\":131072,\"length\":393216,\"zero\":true,\"dirty\":false},"
    "{\"start\":524288,\"length\":131072,\"zero\":false,\"dirty\":true},"
    "{\"start\":655360,\"length\":393216,\"zero\":false,\"dirty\":false}]" },
  { "oVirt imageio, extents",
    "[{\"start\":0,\"length\":65536,\"zero\":true,\"hole\":true},"
    "{\"start\":65536,\"length\":65536,\"zero\":false,\"hole\":false},"
    "{\"start\":131072,\"length\":393216,\"zero\":true,\"hole\":false},"
    "{\"start\":524288,\"length\":131072,\"zero\":false,\"hole\":false},"
    "{\"start\":655360,\"length\":393216,\"zero\":true,\"hole\":true}]" },
  { "KubeVirt map",
    "[{\"offset\":0,\"length\":65536,\"flags\":2,\"description\":\"zero\"},"
    "{\"offset\":65536,\"length\":65536,\"flags\":3,"
    "\"description\":\"dirty,zero\"},"
    "{\"offset\":131072,\"length\":393216,\"flags\":0,\"description\":\"\"},"
    "{\"offset\":524288,\"length\":131072,\"flags\":1,"
    "\"description\":\"dirty\"},"
    "{\"offset\":655360,\"length\":393216,\"flags\":0,\"description\":\"\"}]" },
  { "rbd diff --format json",
    "[{\"offset\":65536,\"length\":65536,\"exists\":\"true\"},"
    "{\"offset\":\"524288\",\"length\":\"131072\",\"exists\":\"false\"}]" },
  { "vSphere changed disk areas",
    "{\"startOffset\":0,\"length\":1048576,\"changedArea\":["
    "{\"start\":65536,\"length\":65536},{\"start\":524288,\"length\":131072}]}" },
  { "vSphere changed disk areas",
    "[{\"startOffset\":0,\"length\":600000,\"changedArea\":["
    "{\"start\":65536,\"length\":65536},{\"start\":524288,\"length\":75712}]},"
    "{\"startOffset\":600000,\"length\":448576,\"changedArea\":["
    "{\"start\":600000,\"length\":55360},{\"start\":600000,\"length\":0}]}]" },
  { "CSI changed blocks",
    "{\"block_metadata_type\":\"VARIABLE_LENGTH\","
    "\"volume_capacity_bytes\":\"1048576\",\"block_metadata\":["
    "{\"byte_offset\":\"65536\",\"size_bytes\":\"65536\"}]}\n"
    "{\"volume_capacity_bytes\":1048576,\"block_metadata\":["
    "{\"byte_offset\":524288,\"size_bytes\":131072}]}\n" },
  { "CSI changed blocks",
    "[{\"volumeCapacityBytes\":\"1048576\",\"blockMetadata\":["
    "{\"byteOffset\":\"524288\",\"sizeBytes\":\"131072\"},"
    "{\"byteOffset\":\"65536\",\"sizeBytes\":\"65536\"}]}]" },
  { "CSI changed blocks",
    "[{\"byte_offset\":65536,\"size_bytes\":65536},"
    "{\"byte_offset\":524288,\"size_bytes\":131072}]" },
  { "CSI changed blocks, as a table",
    "Record#   VolCapBytes  BlockMetadataType   ByteOffset     SizeBytes\n"
    "------- -------------- ----------------- -------------- --------------\n"
    "      1        1048576   VARIABLE_LENGTH         524288         131072\n"
    "      2        1048576   VARIABLE_LENGTH          65536          65536\n" },
  { "ddrescue mapfile",
    "# Mapfile. Created by GNU ddrescue version 1.27\n"
    "0x00000000     ?               1\n"
    "0x00000000  0x00010000  ?\n"
    "0x00010000  0x00010000  +\n"
    "0x00020000  0x00060000  ?\n"
    "0x00080000  0x00020000  +\n"
    "0x000A0000  0x00060000  -\n" },
};

static void
all_formats_select_the_same (void **state UNUSED)
{
  char digest[SHA256_TEXT] = "";

  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    struct extent_list l;
    struct error e = { 0 };

    if (read_text_of (lists[i].text, DISK, &l, &e) == -1)
      fail_msg ("%s: %s", lists[i].format, e.text);
    assert_string_equal (l.format, lists[i].format);
    expect_selected (&l, "65536-131072 524288-655360");
    if (i > 0)
      assert_string_equal (l.digest, digest);
    memcpy (digest, l.digest, sizeof digest);
    extent_list_free (&l);
  }
}

static void
bare_lists_may_overlap_and_have_any_order (void **state UNUSED)
{
  struct extent_list l;
  struct error e = { 0 };

  assert_int_equal (read_text_of ("[{\"byte_offset\":5000,\"size_bytes\":100},"
                                  "{\"byte_offset\":0,\"size_bytes\":10},"
                                  "{\"byte_offset\":5050,\"size_bytes\":100},"
                                  "{\"byte_offset\":10,\"size_bytes\":10},"
                                  "{\"byte_offset\":5,\"size_bytes\":2},"
                                  "{\"byte_offset\":4000,\"size_bytes\":0},"
                                  "{\"byte_offset\":1048570,\"size_bytes\":6}]",
                                  DISK, &l, &e),
                    0);
  expect_selected (&l, "0-20 5000-5150 1048570-1048576");
  assert_int_equal (l.extents, 7);
  extent_list_free (&l);
}

static void
nothing_can_be_selected (void **state UNUSED)
{
  static const char *const texts[] = {
    "[]",
    " [ ] \n",
    "{\"startOffset\":0,\"length\":1048576,\"changedArea\":[]}",
    "{\"block_metadata\":[]}",
    "0 ? 1\n0 0x100000 ?\n",
    "[{\"offset\":0,\"length\":1048576,\"type\":0,\"description\":\"clean\"}]",
  };

  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct extent_list l;
    struct error e = { 0 };

    if (read_text_of (texts[i], DISK, &l, &e) == -1)
      fail_msg ("%s: %s", texts[i], e.text);
    expect_selected (&l, "");
    extent_list_free (&l);
  }
}

static void
damage_is_refused_with_its_place (void **state UNUSED)
{
  static const struct {
    const char *text, *why;
  } damaged[] = {
    { " \n", "the file is empty; an empty list is []" },
    { "hello", "line 1: " },
    { "[{\"a\":1}]", "the format is not known" },
    { "{}", "the format is not known" },
    { "[", "extent 1: the list ends before it" },
    { "[1]", "extent 1: it is not a JSON object" },
    { "[{\"offset\":0,\"length\":1,\"exists\":\"true\"}",
      "after extent 1: the list has no end" },
    { "[{\"offset\":0,\"length\":1,\"exists\":\"true\"},]",
      "extent 2: it is not a JSON object" },
    { "[{\"offset\":0,\"length\":1,\"exists\":\"true\"} {",
      "after extent 1: no comma" },
    { "[{\"offset\":0,\"length\":1,\"exists\":\"true\"}] x",
      "after extent 1: text after the list" },
    { "[{\"offset\":0,\"length\":1,\"exists\":\"true\"},{\"offset\":",
      "after extent 1: " },
    { "[{\"offset\":-1,\"length\":1,\"exists\":\"true\"}]",
      "extent 1: \"offset\" is negative" },
    { "[{\"offset\":0,\"length\":\"1k\",\"exists\":\"true\"}]",
      "extent 1: \"length\" is not a number of bytes" },
    { "[{\"offset\":0,\"length\":1.5,\"exists\":\"true\"}]",
      "extent 1: \"length\" is not a number of bytes" },
    { "[{\"offset\":0,\"exists\":\"true\"}]",
      "extent 1: \"length\" is missing" },
    { "[{\"offset\":\"18446744073709551615\",\"length\":2,\"exists\":1}]",
      "extent 1: it is too long" },
    { "[{\"offset\":\"99999999999999999999\",\"length\":2,\"exists\":1}]",
      "extent 1: \"offset\" is not a number of bytes" },
    { "[{\"offset\":1048000,\"length\":1000,\"exists\":\"true\"}]",
      "extent 1: it ends at 1049000, and the disk at 1048576" },
    { "[{\"offset\":0,\"length\":10,\"type\":1,\"description\":\"dirty\"},"
      "{\"offset\":5,\"length\":1048571,\"type\":0,\"description\":\"clean\"}]",
      "extent 2: it overlaps the one before it" },
    { "[{\"offset\":0,\"length\":10,\"type\":1,\"description\":\"dirty\"},"
      "{\"offset\":20,\"length\":1048556,\"type\":0,\"description\":\"clean\"}]",
      "extent 2: there is a gap before it" },
    { "[{\"offset\":0,\"length\":10,\"type\":1,\"description\":\"dirty\"}]",
      "the list ends at 10, and the disk at 1048576" },
    { "[{\"offset\":0,\"length\":10,\"type\":1,\"description\":\"odd\"}]",
      "extent 1: its description is not known" },
    { "[{\"start\":0,\"length\":10,\"dirty\":1,\"zero\":false}]",
      "extent 1: \"dirty\" is neither true nor false" },
    { "[{\"start\":0,\"length\":10,\"depth\":0,\"present\":true},"
      "{\"offset\":10,\"length\":10}]",
      "extent 2: \"start\" is missing" },
    { "{\"startOffset\":0,\"length\":10,\"changedArea\":{}}",
      "\"changedArea\" is not an array" },
    { "{\"startOffset\":10,\"length\":10,\"changedArea\":[]}",
      "extent 0: the reply after it does not start where" },
    { "{\"startOffset\":0,\"length\":10,\"changedArea\":["
      "{\"start\":5,\"length\":6}]}",
      "extent 1: an area lies outside of its reply" },
    { "{\"volume_capacity_bytes\":5,\"block_metadata\":[]}",
      "the list is for a disk of 5 bytes, and this one has 1048576" },
    { "Record#\n1 1048576 FIXED_LENGTH 0 -5\n",
      "extent 1: it is no row of five numbers and words" },
    { "Record#\n1 1048577 FIXED_LENGTH 0 5\n",
      "extent 1: it is of a disk of another size" },
    { "0 ? 1\n0 10 +\n20 10 +\n", "line 3: there is a gap before the block" },
    { "0 ? 1\n0 0x100001 +\n",
      "extent 1: it ends at 1048577, and the disk at 1048576" },
  };

  for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
    struct extent_list l;
    struct error e = { 0 };

    if (read_text_of (damaged[i].text, DISK, &l, &e) == 0)
      fail_msg ("not refused: %s", damaged[i].text);
    if (strncmp (e.text, damaged[i].why, strlen (damaged[i].why)) != 0)
      fail_msg ("%s: %s, not: %s", damaged[i].text, e.text, damaged[i].why);
    assert_int_equal (e.number, EBADMSG);
    assert_null (l.selected.v);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (all_formats_select_the_same),
    cmocka_unit_test (bare_lists_may_overlap_and_have_any_order),
    cmocka_unit_test (nothing_can_be_selected),
    cmocka_unit_test (damage_is_refused_with_its_place),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
