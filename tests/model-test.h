/* SPDX-License-Identifier: MIT
 *
 * model-test.h - what the tests of the register model share: a model by name,
 * a register of it, and all registers at one moment, to ask what was changed.
 */
#ifndef PFM_TEST_MODEL_TEST_H
#define PFM_TEST_MODEL_TEST_H

#include "model.h"
#include "tap.h"

static inline struct model *make(const char *name)
{
	struct model *m = model_new(model_cfg_find(name));

	if (!m)
		abort();
	return m;
}

/* All ones: there is no such register. */
static inline uint64_t reads(struct model *m, uint32_t addr)
{
	uint64_t v;

	return model_rdmsr(m, addr, &v) ? UINT64_MAX : v;
}

struct image {
	unsigned n;
	struct {
		uint32_t addr;
		uint64_t value;
	} reg[256];
};

static inline void image_add(void *arg, uint32_t addr, uint64_t value)
{
	struct image *im = arg;

	if (im->n == 256)
		abort();
	im->reg[im->n].addr = addr;
	im->reg[im->n++].value = value;
}

static inline struct image image_of(struct model *m)
{
	struct image im = { 0 };

	model_each(m, image_add, &im);
	return im;
}

static inline bool image_same(const struct image *a, const struct image *b)
{
	bool same = a->n == b->n;

	for (unsigned i = 0; same && i < a->n; i++)
		same = a->reg[i].addr == b->reg[i].addr &&
		       a->reg[i].value == b->reg[i].value;
	return same;
}

/* Is there a register at addr, and which is it?  im->n: there is none. */
static inline unsigned image_find(const struct image *im, uint32_t addr)
{
	unsigned i = 0;

	while (i < im->n && im->reg[i].addr != addr)
		i++;
	return i;
}

/* The only register in which a and b differ; a->n: none, or several. */
static inline unsigned image_only(const struct image *a, const struct image *b)
{
	unsigned found = a->n;

	for (unsigned i = 0; i < a->n; i++)
		if (a->reg[i].value != b->reg[i].value) {
			if (found < a->n)
				return a->n;
			found = i;
		}
	return found;
}

#endif /* PFM_TEST_MODEL_TEST_H */
