/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hides secrets in every name that is printed. */

#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

/* Returns a copy of one word (a URI, a file name or an argument of a command)
 * for people, with "***" in place of
 *  - the user information in a URI: alice:pw in nbds://alice:pw@host/x (a user
 *    name alone is hidden as well, because it may be a token);
 *  - the value of a parameter whose name ends in password, passwd, passphrase,
 *    secret, token, key, cookie, session, session_id, sessionid, authorization,
 *    credential, ticket, signature or sig, or in pass, pwd, sid, auth, jwt or
 *    bearer as a word of its own, in upper or lower case, in "name=value"
 *    anywhere in the word: password=x -> password=***.  The value ends at the
 *    separator before the name (& for ?), one of &,;: or a blank, if another
 *    "name=" follows it, else with the word;
 *  - everything after such a name and ": ", as in a header, or in quotes and
 *    ':';
 *  - the value of data= after "secret," (QEMU): --object=secret,id=a,data=***;
 *  - all of these also if they are percent-encoded, even several times.
 * Control characters become '?', so that a name cannot forge a line.
 * Parameters such as tls-psk-file and tls-certificates name files, not secrets,
 * and are shown.  Allocated; NULL with errno.
 */
char *secrets_mask (const char *word);

/* Does the same for a line that another program printed: the whole query of any
 * address in it is hidden, up to the next blank or quote.
 */
char *secrets_mask_line (const char *line);

/* Returns the words of a command for people, joined as "[ a b c ]".  Only words
 * that are known to be harmless are shown, see secrets-command.c: the program;
 * names of options and parameters; plain values of names in a list; numbers,
 * paths, and words in another list.  Everything else is "***".  Allocated; NULL
 * with errno.
 */
char *secrets_mask_command (char *const argv[]);

/* Returns a URI, or the words of a command, without the secrets that may change
 * from run to run: the rest identifies it.  A secret is cut at the first
 * character that may end it, so the result may still contain a part of a
 * secret: it must be digested, never shown.  A key is kept, because it may
 * identify the disk.  Allocated; NULL with errno.
 */
char *secrets_cut (const char *word);
char *secrets_cut_command (char *const argv[]);

#endif /* SECRETS_H */
