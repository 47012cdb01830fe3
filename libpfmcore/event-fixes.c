/* SPDX-License-Identifier: MIT
 *
 * event-fixes.c - where libpfm4's code of an event differs from that of an
 * independent table, and which of them are put right: data, and its use on what
 * libpfm4 encoded.  libpfm4 itself is event-libpfm.c's.
 *
 * The independent table, J: tools/perf/pmu-events/arch/x86, which is made of
 * Intel's own lists.  K: the constraint and extra_reg tables of the same Linux,
 * arch/x86/events/intel/core.c.
 */
#include "config.h"

#include <string.h>

#include "event.h"
#include "priv.h"

/* An event select, as perf's config has it. */
#define CODE(event, umask) ((umask) << 8 | (event))
#define CMASK(n) ((uint64_t)(n) << 24)
#define INV (UINT64_C(1) << 23)
#define EDGE (UINT64_C(1) << 18)

#define LOW CODE(0xff, 0xff)
#define ALL (LOW | EDGE | INV | CMASK(0xff))

#define J "Linux 6.12 pmu-events"
#define K "its kernel's tables"
#define EVENT0 J "; event 0 is the fixed counters' and counts no slots"
#define EVENT0_ADL J "; for Alder Lake intel/perfmon issue 225, too"
#define UC J "; event C4 is retired branches"
#define DIVIDER J ": cycles the divider is busy, a count above 0"
#define STORE J "; " K " have a constraint for CD/02, none for CD/03"
#define WORD J "; " K " have the word, libpfm4 has it for unit mask"
#define CLOCK J "; libpfm4 itself has EC for Sapphire Rapids"
#define THREAD J ": 00/02 for fixed counter 1, in " K " 3C/00"
#define FIXED J "; in " K " the code of the fixed counter"
#define STALL "not shown which is right; libpfm4 takes UOPS_RETIRED:ALL"
#define TOTAL "either is true in every cycle"

/* clang-format off */
static const struct event_fix {
	const char *name;       /* full, as libpfm4 knows it */
	uint64_t mask;          /* bits that are looked at, and replaced */
	uint64_t wrong;         /* libpfm4's */
	uint64_t table, right;  /* the table's; what is made of it */
	uint64_t arg;           /* second word, of both; 0: none */
	const char *source;
	const char *left;       /* why it is not put right; NULL: it is */
} fixes[] = {
#define ROW(name, wrong, right, source) \
	{ name, LOW, wrong, right, right, 0, source, NULL }
#define ARG(name, wrong, right, arg, source) \
	{ name, LOW, wrong, right, right, arg, source, NULL }
#define LEFT(name, libpfm, table, source, why) \
	{ name, ALL, libpfm, table, libpfm, 0, source, why }
	LEFT("skl::UOPS_RETIRED:STALL_CYCLES",
	     CODE(0xc2, 0x01) | INV | CMASK(1),
	     CODE(0xc2, 0x02) | INV | CMASK(1), J, STALL),
	LEFT("skx::UOPS_RETIRED:STALL_CYCLES",
	     CODE(0xc2, 0x01) | INV | CMASK(1),
	     CODE(0xc2, 0x02) | INV | CMASK(1), J, STALL),
	LEFT("skl::UOPS_RETIRED:TOTAL_CYCLES",
	     CODE(0xc2, 0x01) | INV | CMASK(10),
	     CODE(0xc2, 0x02) | INV | CMASK(16), J, TOTAL),
	LEFT("skx::UOPS_RETIRED:TOTAL_CYCLES",
	     CODE(0xc2, 0x01) | INV | CMASK(10),
	     CODE(0xc2, 0x02) | INV | CMASK(16), J, TOTAL),
	ROW("icl::TOPDOWN:BACKEND_BOUND_SLOTS", CODE(0x00, 0x02), CODE(0xa4, 0x02), EVENT0),
	ROW("icx::TOPDOWN:BACKEND_BOUND_SLOTS", CODE(0x00, 0x02), CODE(0xa4, 0x02), EVENT0),
	ROW("icl::MEM_LOAD_MISC_RETIRED:UC", CODE(0xc4, 0x04), CODE(0xd4, 0x04), UC),
	ROW("icx::MEM_LOAD_MISC_RETIRED:UC", CODE(0xc4, 0x04), CODE(0xd4, 0x04), UC),
	ROW("spr::TOPDOWN:BACKEND_BOUND_SLOTS", CODE(0x00, 0x02), CODE(0xa4, 0x02), EVENT0),
	ROW("spr::TOPDOWN:BR_MISPREDICT_SLOTS", CODE(0x00, 0x08), CODE(0xa4, 0x08), EVENT0),
	ROW("spr::TOPDOWN:MEMORY_BOUND_SLOTS", CODE(0x00, 0x10), CODE(0xa4, 0x10), EVENT0),
	{ "spr::ARITH:IDIV_ACTIVE", LOW | CMASK(0xff), CODE(0xb0, 0x08),
	  CODE(0xb0, 0x08) | CMASK(1), CODE(0xb0, 0x08) | CMASK(1), 0, DIVIDER, NULL },
	{ "spr::ARITH:INT_DIVIDER_ACTIVE", LOW | CMASK(0xff), CODE(0xb0, 0x08),
	  CODE(0xb0, 0x08) | CMASK(1), CODE(0xb0, 0x08) | CMASK(1), 0, DIVIDER, NULL },
	ROW("spr::MEM_TRANS_RETIRED:STORE_SAMPLE", CODE(0xcd, 0x03), CODE(0xcd, 0x02), STORE),
	ARG("spr::INT_MISC:UNKNOWN_BRANCH_CYCLES", CODE(0xad, 0x07), CODE(0xad, 0x40), 7, WORD),
	ARG("spr::UOPS_RETIRED:MS", CODE(0xc2, 0x08), CODE(0xc2, 0x04), 8, WORD),
	ROW("adl_glc::MEM_TRANS_RETIRED:STORE_SAMPLE", CODE(0xcd, 0x03), CODE(0xcd, 0x02), STORE),
	ARG("adl_glc::INT_MISC:UNKNOWN_BRANCH_CYCLES", CODE(0xad, 0x07), CODE(0xad, 0x40), 7, WORD),
	ARG("adl_glc::UOPS_RETIRED:MS", CODE(0xc2, 0x08), CODE(0xc2, 0x04), 8, WORD),
	ROW("adl_glc::TOPDOWN:BACKEND_BOUND_SLOTS", CODE(0x00, 0x83), CODE(0xa4, 0x02), EVENT0_ADL),
	ROW("adl_glc::TOPDOWN:BAD_SPEC_SLOTS", CODE(0x00, 0x81), CODE(0xa4, 0x04), EVENT0_ADL),
	ROW("adl_glc::TOPDOWN:BR_MISPREDICT_SLOTS", CODE(0x00, 0x85), CODE(0xa4, 0x08), EVENT0_ADL),
	ROW("adl_glc::TOPDOWN:MEMORY_BOUND_SLOTS", CODE(0x00, 0x87), CODE(0xa4, 0x10), EVENT0_ADL),
#define CLK(umask) \
	{ "adl_glc::CPU_CLK_UNHALTED:" umask, 0xff, 0x3c, 0xec, 0xec, 0, CLOCK, NULL }
	CLK("C01"),
	CLK("C02"),
	CLK("C0_WAIT"),
	CLK("DISTRIBUTED"),
	CLK("PAUSE"),
	CLK("PAUSE_INST"),
	{ "adl_glc::CPU_CLK_UNHALTED:THREAD", LOW, CODE(0x3c, 0x02),
	  CODE(0x00, 0x02), CODE(0x3c, 0x00), 0, THREAD, NULL },
	ROW("adl_glc::CPU_CLK_UNHALTED:REF_TSC", CODE(0x3c, 0x03), CODE(0x00, 0x03), FIXED),
	ROW("adl_glc::INST_RETIRED:ANY", CODE(0xc0, 0x01), CODE(0x00, 0x01), FIXED),
	ROW("adl_glc::INST_RETIRED:PREC_DIST", CODE(0xc0, 0x01), CODE(0x00, 0x01), FIXED),
};
/* clang-format on */
#define NFIXES (sizeof(fixes) / sizeof(*fixes))

/* Is it that event, with modifiers behind or without? */
static bool is_named(const char *event, const char *name)
{
	size_t len = strlen(name);

	return !strncasecmp(event, name, len) &&
	       (!event[len] || event[len] == ':');
}

static void put_right(const struct event_fix *f, uint64_t *config,
		      uint64_t *config1)
{
	if (f->left || (*config & f->mask) != f->wrong)
		return;
	*config = (*config & ~f->mask) | f->right;
	if (f->arg)
		*config1 = f->arg;
}

void event_fix(struct event_draft *d)
{
	for (size_t i = 0; i < NFIXES; i++)
		if (is_named(d->base, fixes[i].name)) {
			put_right(&fixes[i], &d->config, &d->config1);
			return;
		}
}

int pfm_event_fixes(unsigned i, struct pfm_event_fix *fix)
{
	const struct event_fix *f;
	uint64_t config = 0, arg = 0;
	int err;

	if (i >= NFIXES)
		return edge(fail(ENOENT, "there are %zu differences", NFIXES));
	f = &fixes[i];
	*fix = (struct pfm_event_fix){
		.name = f->name,
		.source = f->source,
		.left = f->left,
		.mask = f->mask,
		.known = f->wrong,
		.table = f->table,
		.right = f->right,
		.table_arg = f->arg,
	};
	err = event_libpfm_code(f->name, &config);
	fix->err = -err;
	if (err)
		return 0;
	fix->libpfm = config & ALL;
	put_right(f, &config, &arg);
	fix->code = config & ALL;
	fix->arg = arg;
	return 0;
}
