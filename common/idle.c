/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Idle processors, from /proc/stat, see proc(5). */

#include <config.h>

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "idle.h"

uint64_t
idle_time (void)
{
  unsigned long long user, nice, system, idle, wait;
  const long ticks = sysconf (_SC_CLK_TCK);
  const long n = sysconf (_SC_NPROCESSORS_ONLN);
  FILE *f = fopen ("/proc/stat", "re");
  int found = 0;

  if (f) {
    found = fscanf (f, "cpu %llu %llu %llu %llu %llu", &user, &nice, &system,
                    &idle, &wait);
    fclose (f);
  }
  return found == 5 && ticks > 0 && n > 0
    ? (idle + wait) * (NS_PER_S / ticks) / n
    : 0;
}
