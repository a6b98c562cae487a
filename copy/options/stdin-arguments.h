/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes a command line on standard input, so that lists of processes do not
 * show the secrets in it.
 *
 * The parent process starts this program with STDIN_ARGUMENTS as the first
 * word, and with a file of the real words as standard input.  Further words of
 * the command line are ignored; they only help people to recognise the process.
 */

#ifndef STDIN_ARGUMENTS_H
#define STDIN_ARGUMENTS_H

#include <stdbool.h>

#define STDIN_ARGUMENTS "--words-from-standard-input"

/* This may be the second word: descriptor 4 is the limit that the process
 * shares with others (shared-limit.h).
 */
#define SHARED_LIMIT_ARGUMENT "--shared-limit=4"
#define SHARED_LIMIT_FD 4

/* Creates an unnamed file with these words, which end with NULL.  Returns its
 * descriptor, positioned at the start; -1 with errno.
 */
int stdin_arguments_write (char *const words[]);

/* Returns whether this command line says that the real one is on standard
 * input.
 */
bool stdin_arguments_expected (int argc, char *const argv[]);

/* Returns the descriptor of the shared limit that it says was inherited; -1:
 * none.
 */
int stdin_arguments_limit (int argc, char *const argv[]);

struct stdin_arguments { /* freeing a zeroed struct is safe */
  char **argv;           /* owned, NULL at the end */
  int argc;
  char *text; /* owned: the memory of the words */
};

/* Reads the command line from standard input, and puts @argv0 before its words.
 * Standard input is empty from then on.  Returns 0, or -1 with errno: EPROTO
 * when standard input is no such file.
 */
int stdin_arguments_read (struct stdin_arguments *w, char *argv0);

void stdin_arguments_free (struct stdin_arguments *w);

#endif /* STDIN_ARGUMENTS_H */
