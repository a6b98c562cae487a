/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises from the words of a command in brackets that its server can store
 * each cluster only once: QEMU's compress filter, or a streamOptimized vmdk.
 * The server does not report that.
 */

#ifndef WRITTEN_ONCE_H
#define WRITTEN_ONCE_H

#include <stdint.h>

/* Returns how many bytes have to be written at a time, if the words of the
 * command say that; else 0.
 */
uint64_t written_once_grain (char *const command[]);

#endif /* WRITTEN_ONCE_H */
