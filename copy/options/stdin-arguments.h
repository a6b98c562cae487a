/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command line that is handed over on standard input, so that no list of
 * processes shows the secrets in it.
 *
 * Who starts this program puts STDIN_ARGUMENTS first, and the words into a file
 * that becomes its standard input.  What else is on that command line is only
 * to be read by people.
 */

#ifndef STDIN_ARGUMENTS_H
#define STDIN_ARGUMENTS_H

#include <stdbool.h>

#define STDIN_ARGUMENTS "--words-from-standard-input"

/* A file that has no name, with these words; the words end with NULL.  -1 with
 * errno.
 */
int stdin_arguments_write (char *const words[]);

/* Whether this command line says that the real one is handed over. */
bool stdin_arguments_expected (int argc, char *const argv[]);

struct handed_words { /* freeing a zeroed one is safe */
  char **argv;        /* owned, NULL at the end */
  int argc;
  char *text; /* owned: what the words are in */
};

/* The command line that was handed over, with argv0 before the words.  Standard
 * input is empty from then on.  -1 with errno; EPROTO where there is none.
 */
int stdin_arguments_read (struct handed_words *w, char *argv0);

void stdin_arguments_free (struct handed_words *w);

#endif /* STDIN_ARGUMENTS_H */
