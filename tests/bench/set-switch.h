/* SPDX-License-Identifier: MIT
 *
 * set-switch.h - the two files of the bench set-switch.
 */
#ifndef PFM_BENCH_SET_SWITCH_H
#define PFM_BENCH_SET_SWITCH_H

/* Prints one line: switches a second by overflow, ours and the peer's. */
void measure_ovfl(unsigned round_ms);

#endif /* PFM_BENCH_SET_SWITCH_H */
