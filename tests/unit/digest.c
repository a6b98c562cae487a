/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests: the known answers, in one piece and in several. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine/digest.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static const struct {
  enum digest_kind kind;
  const char *of_abc; /* of "abc": in RFC 1321 and FIPS 180 */
} known[] = {
  { DIGEST_MD5, "900150983cd24fb0d6963f7d28e17f72" },
  { DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { DIGEST_SHA256,
    "ba7816bf8f01cfea414140de5dae2223"
    "b00361a396177a9cb410ff61f20015ad" },
  { DIGEST_SHA512,
    "ddaf35a193617abacc417349ae204131"
    "12e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd"
    "454d4423643ce80e2a9ac94fa54ca49f" },
};

static void
assert_digest (struct digest *d, enum digest_kind kind, const char *text)
{
  uint8_t out[DIGEST_MAX];
  char hex[2 * DIGEST_MAX + 1];
  size_t i;

  assert_true (digest_end (d, out));
  for (i = 0; i < digest_size (kind); ++i)
    sprintf (hex + 2 * i, "%02x", out[i]);
  assert_string_equal (hex, text);
}

static void
answers_are_the_known_ones (void **state UNUSED)
{
  size_t i;

  for (i = 0; i < COUNT (known); ++i) {
    struct digest *d = digest_new (known[i].kind);

    assert_non_null (d);
    digest_add (d, "abc", 3);
    assert_digest (d, known[i].kind, known[i].of_abc);
    digest_add (d, "a", 1); /* a new digest */
    digest_add (d, "", 0);
    digest_add (d, "bc", 2);
    assert_digest (d, known[i].kind, known[i].of_abc);
    digest_free (d);
  }
  digest_free (NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (answers_are_the_known_ones),
  };
  struct digest *d = digest_new (DIGEST_SHA256);

  if (d == NULL) {
    puts ("SKIP: this build has no digests");
    return 77;
  }
  digest_free (d);
  return cmocka_run_group_tests (tests, NULL, NULL);
}
