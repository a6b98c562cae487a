/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256: the examples of the standard, and lengths around the end of a block.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "sha256.h"

#define UNUSED __attribute__ ((unused))

static void
assert_digest (const char *text, size_t length, const char *expected)
{
  char digest[SHA256_TEXT];

  sha256_text (text, length, digest);
  assert_string_equal (digest, expected);
}

static void
known_texts_give_known_digests (void **state UNUSED)
{
  static const char two_blocks[] =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

  assert_digest ("", 0,
                 "e3b0c44298fc1c149afbf4c8996fb924"
                 "27ae41e4649b934ca495991b7852b855");
  assert_digest ("abc", 3,
                 "ba7816bf8f01cfea414140de5dae2223"
                 "b00361a396177a9cb410ff61f20015ad");
  assert_digest (two_blocks, strlen (two_blocks),
                 "248d6a61d20638b8e5c026930c3e6039"
                 "a33ce45964ff2167f6ecedd419db06c1");
}

static void
each_length_around_a_block_is_right (void **state UNUSED)
{
  static const struct {
    size_t length;
    const char *digest;
  } known[] = {
    { 55,
      "9f4390f8d30c2dd92ec9f095b65e2b9a"
      "e9b0a925a5258e241c9f1e910f734318" },
    { 56,
      "b35439a4ac6f0948b6d6f9e3c6af0f5f"
      "590ce20f1bde7090ef7970686ec6738a" },
    { 63,
      "7d3e74a05d7db15bce4ad9ec0658ea98"
      "e3f06eeecf16b4c6fff2da457ddc2f34" },
    { 64,
      "ffe054fe7ae0cb6dc65c3af9b61d5209"
      "f439851db43d0ba5997337df154668eb" },
    { 65,
      "635361c48bb9eab14198e76ea8ab7f1a"
      "41685d6ad62aa9146d301d4f17eb0ae0" },
    { 119,
      "31eba51c313a5c08226adf18d4a359cf"
      "dfd8d2e816b13f4af952f7ea6584dcfb" },
    { 128,
      "6836cf13bac400e9105071cd6af47084"
      "dfacad4e5e302c94bfed24e013afb73e" },
    { 200,
      "c2a908d98f5df987ade41b5fce213067"
      "efbcc21ef2240212a41e54b5e7c28ae5" },
  };
  char text[200];

  memset (text, 'a', sizeof text);
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    assert_digest (text, known[i].length, known[i].digest);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (known_texts_give_known_digests),
    cmocka_unit_test (each_length_around_a_block_is_right),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
