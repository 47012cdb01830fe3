/* SPDX-License-Identifier: MIT
 *
 * profile-samples.h - the samples of a block of a .pfm file, by columns.
 */
#ifndef PFM_PROFILE_SAMPLES_H
#define PFM_PROFILE_SAMPLES_H

#include "profile-block.h"
#include "profile.h"

#define SAMPLES_BLOCK 8192 /* the writer's blocks have at most so many */

/* Samples that wait to be written. */
struct pending;
struct pending *pending_new(void);
void pending_free(struct pending *p);
/* True: there is no room for another. */
bool pending_put(struct pending *p, const struct prof_sample *s);
uint32_t pending_count(const struct pending *p);
/* All of them, as a block has them; periods: of each event. */
void pending_write(struct pending *p, const uint64_t *periods, struct bytes *b);

/* Room for those of one block; used again for the next. */
struct samples {
	struct prof_sample *v; /* owned */
	uint64_t *last;        /* weight, by an event's place; owned */
	uint32_t room;
};
void samples_init(struct samples *s);
void samples_release(struct samples *s);
/* How many there are; 0: the block is damaged. */
uint32_t samples_read(struct samples *s, const struct profile *p,
		      struct reader *r);

#endif /* PFM_PROFILE_SAMPLES_H */
