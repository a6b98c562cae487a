/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hides what nobody but the user should read: for every name we print. */

#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

/* A copy of one word (a URI, a file name or a command's argument) for people:
 *  - user information in a URI: alice:pw in nbds://alice:pw@host/x
 *    (a lone user name is masked as well: it may be a token);
 *  - the value of a parameter whose name ends in password, passwd, passphrase,
 *    secret, token, key or cookie, in any case, in "name=value" anywhere in the
 *    word: password=x -> password=***.  The value ends at the separator that
 *    stands before the name (& for ?), one of &,;: or a blank, when another
 *    "name=" follows it, else with the word;
 *  - data= behind "secret," (QEMU): --object=secret,id=a,data=***;
 *  - control characters become '?', so that a name cannot forge a line.
 * Parameters named tls-psk-file, tls-certificates and the like name files, not
 * secrets, and stay.  Allocated; NULL with errno.
 */
char *secrets_mask (const char *word);

/* The words of a command, masked, joined as "[ a b c ]".  A word that follows
 * one of the form --password (a masked name without "=") is masked whole.
 * Allocated; NULL with errno.
 */
char *secrets_mask_command (char *const argv[]);

#endif /* SECRETS_H */
