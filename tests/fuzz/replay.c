/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target without libFuzzer: on the files that are named, or on its
 * whole corpus.
 *
 * A corpus has one input of each interesting kind, and all inputs that once
 * failed.
 */

#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20) /* bytes */
#define SECONDS_MAX 200     /* for one input: more is a hang */

static void
replay (const char *name)
{
  uint8_t *data = malloc (INPUT_MAX);
  FILE *f = fopen (name, "r");
  size_t n;

  if (data == NULL || f == NULL) {
    fprintf (stderr, "%s: %s\n", name, strerror (errno));
    exit (EXIT_FAILURE);
  }
  n = fread (data, 1, INPUT_MAX, f);
  fclose (f);
  /* The input ends at the end of its allocation, so that reads beyond it are
   * found.
   */
  if (n > 0)
    data = realloc (data, n);
  printf ("%s\n", name);
  fflush (stdout);
  alarm (SECONDS_MAX);
  LLVMFuzzerTestOneInput (data, n);
  alarm (0);
  free (data);
}

static int
is_input (const struct dirent *d)
{
  return d->d_name[0] != '.';
}

/* Returns the number of files. */
static int
replay_all (const char *folder)
{
  struct dirent **found;
  int n = scandir (folder, &found, is_input, alphasort);
  char *name;

  for (int i = 0; i < n; i++) {
    MUST (asprintf (&name, "%s/%s", folder, found[i]->d_name) != -1);
    replay (name);
    free (name);
    free (found[i]);
  }
  if (n >= 0)
    free (found);
  return n;
}

int
main (int argc, char **argv)
{
  const char *slash = strrchr (argv[0], '/');
  const char *srcdir = getenv ("srcdir");
  char *folder;
  int n;

  for (int i = 1; i < argc; i++)
    replay (argv[i]);
  if (argc > 1)
    return EXIT_SUCCESS;
  MUST (asprintf (&folder, "%s/fuzz/corpus/%s", srcdir ? srcdir : ".",
                  slash ? slash + 1 : argv[0])
        != -1);
  n = replay_all (folder);
  if (n <= 0)
    fprintf (stderr, "%s: no corpus\n", folder);
  free (folder);
  return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
