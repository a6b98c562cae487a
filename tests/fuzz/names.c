/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of disks: web and NBD addresses, and how secrets in them are masked. */

#include <config.h>

#include <errno.h>
#include <string.h>

#include "endpoint/open.h"
#include "endpoint/nbd-abstract.h"
#include "options/operand.h"
#include "fuzz.h"
#include "secrets.h"
#include "url.h"

#define WORDS_MAX 8

static void
expect_printable (const char *text)
{
  for (; *text != '\0'; text++)
    MUST ((unsigned char) *text >= ' ' && *text != '\177');
}

static void
mask (const char *word)
{
  char *masked = secrets_mask (word);

  MUST (masked != NULL);
  expect_printable (masked);
  free (masked);
  masked = secrets_mask_line (word);
  MUST (masked != NULL);
  expect_printable (masked);
  free (masked);
  masked = secrets_cut (word);
  MUST (masked != NULL && strlen (masked) <= 2 * strlen (word) + 1);
  free (masked);
}

static void
mask_command (const char *text)
{
  char *words[WORDS_MAX + 1] = { NULL };
  char *copy = strdup (text), *next = copy, *masked;
  unsigned n = 0;

  MUST (copy != NULL);
  while (n < WORDS_MAX && (words[n] = strsep (&next, " ")) != NULL)
    n++;
  words[n] = NULL;
  masked = secrets_mask_command (words);
  MUST (masked != NULL);
  expect_printable (masked);
  free (masked);
  masked = secrets_cut_command (words);
  MUST (masked != NULL);
  free (masked);
  free (copy);
}

/* Marks that no text of ours contains are put into the secrets: they must be
 * masked.
 */
static void
hide (const char *text)
{
  static const char *const forms[] = {
    "nbds://user:%s\001secret\001@host/export",
    "password=%s\001secret\001",
    "https://%s\001secret\001@host/disk?x=y",
    "json:{a,password=%s\001secret",
  };
  char *word, *masked;

  if (strpbrk (text, "%\001") != NULL)
    return;
  for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    const char *at = strstr (forms[i], "%s");

    MUST (asprintf (&word, "%.*s%s%s", (int) (at - forms[i]), forms[i], text,
                    at + 2)
          != -1);
    masked = secrets_mask (word);
    MUST (masked != NULL);
    expect_printable (masked);
    if (strpbrk (text, "/?#&,;: \t=@[]") == NULL)
      MUST (strstr (masked, "?secret") == NULL);
    free (masked);
    free (word);
  }
}

static void
split (const char *name)
{
  struct url url;

  if (!url_is_web (name))
    return;
  if (url_split (name, &url) == -1) {
    MUST (errno == EINVAL && url.address == NULL);
    return;
  }
  MUST (url.address != NULL && url_is_web (url.address));
  MUST (url.user == NULL || strpbrk (url.user, "\r\n") == NULL);
  MUST (url.password == NULL || strpbrk (url.password, "\r\n") == NULL);
  url_free (&url);
}

static void
decode (const char *text)
{
  size_t length, before = strlen (text);
  char *decoded = url_decode (text, text + before, &length);

  MUST (decoded ? length <= before && decoded[length] == '\0'
                : errno == EINVAL);
  free (decoded);
}

static void
find_abstract (const char *uri)
{
  struct nbd_abstract a;
  const int r = nbd_abstract_parse (uri, &a);

  if (r == 1) {
    MUST (a.length > sizeof a.address.sun_family);
    MUST (a.length <= sizeof a.address);
    MUST (a.address.sun_path[0] == '\0' && a.export != NULL);
    nbd_abstract_free (&a);
  }
  else
    MUST (a.export == NULL);
}

/* This opens nothing. */
static void
check (char *name, enum side side)
{
  struct operand operand = { .name = name };
  struct target target;
  struct error e = { 0 };

  operand_recognise (&operand, side == DESTINATION);
  if (target_recognise (&target, side, &operand, (struct endpoint_wants) { 0 },
                        &e)
      == -1)
    expect_printable (e.text);
  target_free (&target);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  char *name = input_line (&in);

  mask (name);
  mask_command (name);
  hide (name);
  split (name);
  decode (name);
  find_abstract (name);
  url_is_nbd (name);
  check (name, SOURCE);
  check (name, DESTINATION);
  free (name);
  return 0;
}
