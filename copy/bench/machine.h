/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about the machine, so that numbers can be compared. */

#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define MACHINE_TEXT 200

struct bench_machine {
  unsigned processors; /* that this process may use */
  char processor[MACHINE_TEXT], system[MACHINE_TEXT], kernel[MACHINE_TEXT];
  uint64_t memory; /* bytes */
  double load;     /* average of the minute before */
};

/* Looks at this machine.  What cannot be found out is "?" or 0. */
void machine_look (struct bench_machine *m);

#endif /* MACHINE_H */
