/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hides what nobody but the user should read: for every name we print. */

#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

/* A copy of one word (a URI, a file name or a command's argument) for people:
 *  - user information in a URI: alice:pw in nbds://alice:pw@host/x
 *    (a lone user name is masked as well: it may be a token);
 *  - the value of a parameter whose name ends in password, passwd, passphrase,
 *    secret, token, key, cookie, session, session_id, sessionid, authorization,
 *    credential, ticket, signature or sig, or in phase, pwd, sid, auth, jwt or
 *    bearer as a word of its own, in any case, in "name=value" anywhere in the word:
 *    password=x -> password=***.  The value ends at the separator that stands
 *    before the name (& for ?), one of &,;: or a blank, when another "name="
 *    follows it, else with the word;
 *  - all behind such a name and ": ", as in a header, or in quotes and ':';
 *  - data= behind "secret," (QEMU): --object=secret,id=a,data=***;
 *  - all of these also where they are percent-encoded, even several times;
 *  - control characters become '?', so that a name cannot forge a line.
 * Parameters named tls-psk-file, tls-certificates and the like name files, not
 * secrets, and stay.  Allocated; NULL with errno.
 */
char *secrets_mask (const char *word);

/* The same for a line that another program printed: in any address that stands
 * in it, all of the query is hidden, up to the next blank or quote.
 */
char *secrets_mask_line (const char *line);

/* The words of a command, joined as "[ a b c ]", for people.  Only what is known
 * to be harmless is shown, see secrets-command.c: the program; names of options
 * and parameters; plain values of names in a list; numbers, paths, and words in
 * another list.  All else is "***".  Allocated; NULL with errno.
 */
char *secrets_mask_command (char *const argv[]);

/* What tells a URI, or the words of a command, from others: the secrets in it
 * that may change from run to run, and nothing else, are cut out.  A secret ends
 * at the first character that may end it, so that what stays may hold a part of
 * one: it is to be digested, never to be shown.  A key stays: it may say which
 * disk is meant.  Allocated; NULL with errno.
 */
char *secrets_cut (const char *word);
char *secrets_cut_command (char *const argv[]);

#endif /* SECRETS_H */
