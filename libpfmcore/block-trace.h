/* SPDX-License-Identifier: MIT
 *
 * block-trace.h - what the two sides of block.c share: the program asks, its
 * helper answers (block-trace.c).
 */
#ifndef PFM_BLOCK_TRACE_H
#define PFM_BLOCK_TRACE_H

#include <stdint.h>

enum block_op {
	BLOCK_PROBE, /* can it be traced, other tracers aside? */
	BLOCK_HOLD,
	BLOCK_RELEASE,
};

struct block_request {
	uint32_t op, seq;
};

/* To the request with this seq: an earlier one may come late. */
struct block_answer {
	int32_t ret; /* 0 or -errno, as in block.h */
	uint32_t seq;
};

/* What the helper is started with. */
struct block_target {
	int tid;
	char proc[32]; /* its directory in /proc */
};

/* For helper_start(); arg is a struct block_target. */
void block_run(int fd, int parent, const void *arg);

#endif /* PFM_BLOCK_TRACE_H */
