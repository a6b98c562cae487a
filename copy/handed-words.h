/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command line that is handed over on standard input, so that no list of
 * processes shows the secrets in it.
 *
 * Who starts this program puts HANDED_WORDS first, and the words into a file
 * that becomes its standard input.  What else is on that command line is only
 * to be read by people.
 */

#ifndef HANDED_WORDS_H
#define HANDED_WORDS_H

#include <stdbool.h>

#define HANDED_WORDS "--words-from-standard-input"

/* A file that has no name, with these words; the words end with NULL.  -1 with
 * errno.
 */
int handed_words_write (char *const words[]);

/* Whether this command line says that the real one is handed over. */
bool handed_words_expected (int argc, char *const argv[]);

struct handed_words {           /* freeing a zeroed one is safe */
  char **argv;                  /* owned, NULL at the end */
  int argc;
  char *text;                   /* owned: what the words are in */
};

/* The command line that was handed over, with argv0 before the words.  Standard
 * input is empty from then on.  -1 with errno; EPROTO where there is none.
 */
int handed_words_read (struct handed_words *w, char *argv0);

void handed_words_free (struct handed_words *w);

#endif /* HANDED_WORDS_H */
