/* SPDX-License-Identifier: MIT
 *
 * t-assign.c - which counter each event gets: rows by hand, whole placings on
 * the CPUs of the register model, and random sets of events against a search
 * that tries everything.  Nothing is counted here.
 */
#include "config.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <time.h>

#include "event.h"
#include "hw.h"
#include "model.h"
#include "pfmcore.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define U PFM_PLM_USER
#define K PFM_PLM_KERNEL
#define TAKEN "; PMD 0 taken by the NMI watchdog"

/*
 * Events on counters.  An event is NAME:MASK, the counters it may have in hex;
 * "p" before the mask makes a pair; "/R=WORD" or "/R,R=WORD" is an extra word
 * (decimal register).  Placed, it is NAME and its PMD, "/R" where its word is.
 */
/* clang-format off */
static const struct {
	int line;
	const char *events;
	uint32_t pmds;
	const char *got, *why; /* the one or the other */
	const char *taken;
} rows[] = {
	{ __LINE__, "", 0xf, .got = "" },
	{ __LINE__, "A:f", 0xf, .got = "A3" },
	{ __LINE__, "A:f B:f C:f D:f", 0xf, .got = "A3 B2 C1 D0" },
	{ __LINE__, "A:f B:1", 0xf, .got = "A3 B0" },
	{ __LINE__, "A:f B:8", 0xf, .got = "A2 B3" },
	{ __LINE__, "A:3 B:1", 0xf, .got = "A1 B0" },
	{ __LINE__, "A:3 B:2", 0xf, .got = "A0 B1" },
	{ __LINE__, "A:f B:8 C:c", 0xf, .got = "A1 B3 C2" },
	{ __LINE__, "A:f B:f C:f D:2", 0xf, .got = "A3 B2 C0 D1" },
	{ __LINE__, "A:c B:6 C:3 D:8", 0xf, .got = "A2 B1 C0 D3" },
	{ __LINE__, "A:3 B:6 C:c D:18 E:10", 0x1f, .got = "A0 B1 C2 D3 E4" },
	{ __LINE__, "A:18 B:c C:6 D:3 E:11 F:22", 0x3f, .got = "A4 B3 C2 D1 E0 F5" },
	{ __LINE__, "A:f B:f", 0xe, .got = "A3 B2" },
	{ __LINE__, "A:7 B:f", 0x5, .got = "A2 B0" },
	{ __LINE__, "A:3ff B:f C:f", 0x3ff, .got = "A9 B3 C2" },
	/* fixed counters */
	{ __LINE__, "A:1000f", 0x7000f, .got = "A16" },
	{ __LINE__, "A:1000f B:1000f", 0x7000f, .got = "A16 B3" },
	{ __LINE__, "A:1000f B:1000f", 0xf, .got = "A3 B2" },
	{ __LINE__, "A:1000f B:2000f C:40000", 0x7000f, .got = "A16 B17 C18" },
	{ __LINE__, "A:4000f C:40000", 0x7000f, .got = "A3 C18" },
	{ __LINE__, "A:3000f B:10001", 0x7000f, .got = "A17 B16" },
	{ __LINE__, "A:10003 B:1 C:2", 0x10003, .got = "A16 B0 C1" },
	{ __LINE__, "A:10001 B:10002 C:1", 0x10003, .got = "A16 B1 C0" },
	{ __LINE__, "A:10001 B:10002 C:2", 0x10003, .got = "A0 B16 C1" },
	{ __LINE__, "A:80000000", 0x8000000f, .got = "A31" },
	/* extra words */
	{ __LINE__, "A:f/19,20=1", 0xf, .got = "A3/19" },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=2", 0xf, .got = "A3/19 B2/20" },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=1 C:f/19,20=1", 0xf, .got = "A3/19 B2/19 C1/19" },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=2 C:f/19,20=1 D:f/20=2", 0xf, .got = "A3/19 B2/20 C1/19 D0/20" },
	{ __LINE__, "A:f/19,20=1 B:f/19=2", 0xf, .got = "A3/20 B2/19" },
	{ __LINE__, "A:f/19,20=1 B:f/19=2 C:f/20=1 D:f/18=2", 0xf, .got = "A3/20 B2/19 C1/20 D0/18" },
	{ __LINE__, "A:f/19,20=0 B:f/19=2", 0xf, .got = "A3/20 B2/19" },
	{ __LINE__, "A:8/18=3 B:f/21=3", 0xf, .got = "A3/18 B2/21" },
	/* pairs */
	{ __LINE__, "P:p15", 0x3f, .got = "P4" },
	{ __LINE__, "P:p3f", 0x3f, .got = "P4" },
	{ __LINE__, "P:p15 Q:p15 R:p15", 0x3f, .got = "P4 Q2 R0" },
	{ __LINE__, "P:p15 Q:p10 R:p14", 0x3f, .got = "P0 Q4 R2" },
	{ __LINE__, "P:p15 A:3f B:3f C:3f D:3f", 0x3f, .got = "P4 A3 B2 C1 D0" },
	{ __LINE__, "A:3f P:p15 B:20", 0x3f, .got = "A4 P2 B5" },
	{ __LINE__, "P:p15 A:30 B:30", 0x3f, .got = "P2 A5 B4" },
	{ __LINE__, "P:p15", 0x1f, .got = "P2" },
	{ __LINE__, "P:p15", 0x1b, .got = "P0" },
	{ __LINE__, "P:p5555 A:8000 B:2000 C:800 D:100", 0xffff, .got = "P6 A15 B13 C11 D8" },
	{ __LINE__, "P:p3f A:20 B:4", 0x3f, .got = "P0 A5 B2" },
	/* what does not fit */
	{ __LINE__, "A:4 B:4", 0xf, .why = "2 events need counter 2 only: 'A', 'B'" },
	{ __LINE__, "A:40000 B:40000", 0x7000f, .why = "2 events need fixed counter 2 only: 'A', 'B'" },
	{ __LINE__, "A:f B:f C:f D:f E:f F:f", 0xf, .why = "5 events, 4 counters (0-3): 'A', 'B', 'C', 'D', 'E'" },
	{ __LINE__, "A:f B:f C:1 D:1", 0xf, .why = "2 events need counter 0 only: 'C', 'D'" },
	{ __LINE__, "A:f B:f C:f D:f E:5 F:5 G:5", 0xf, .why = "3 events, 2 counters (0, 2): 'E', 'F', 'G'" },
	{ __LINE__, "A:1000f B:1000f C:1000f D:1000f E:1000f F:1000f", 0x7000f, .why = "6 events, 5 counters (0-3, fixed 0): 'A', 'B', 'C', 'D', 'E', 'F'" },
	{ __LINE__, "A:50001 B:50001 C:50001 D:50001", 0x7000f, .why = "4 events, 3 counters (0, fixed 0, 2): 'A', 'B', 'C', 'D'" },
	{ __LINE__, "A:3 B:6 C:c D:9 E:f", 0xf, .why = "5 events, 4 counters (0-3): 'A', 'B', 'C', 'D', 'E'" },
	{ __LINE__, "A:3 B:6 C:5 D:18 E:18 F:18 G:7", 0x1f, .why = "3 events, 2 counters (3-4): 'D', 'E', 'F'" },
	{ __LINE__, "A:f B:f C:f D:f", 0xe, .why = "4 events, 3 free counters (1-3): 'A', 'B', 'C', 'D'" TAKEN, TAKEN },
	{ __LINE__, "A:3 B:2", 0xe, .why = "2 events, 1 free counter (1): 'A', 'B'" TAKEN, TAKEN },
	{ __LINE__, "A:2 B:2", 0xe, .why = "2 events need counter 1 only: 'A', 'B'", TAKEN },
	{ __LINE__, "A:1", 0xe, .why = "event 'A' needs counter 0, which is not free" TAKEN, TAKEN },
	{ __LINE__, "A:40000", 0xe, .why = "event 'A' needs fixed counter 2, which is not free" TAKEN, TAKEN },
	{ __LINE__, "A:3", 0xc, .why = "event 'A' needs one of counters 0-1, and none is free" TAKEN, TAKEN },
	{ __LINE__, "P:p1", 0xe, .why = "event 'P' needs an even counter and the next, of 0-1: no two are free" TAKEN, TAKEN },
	{ __LINE__, "P:p5 Q:p5 A:f", 0xf, .why = "3 events, 2 of which take two counters, 4 counters (0-3): 'P', 'Q', 'A'" },
	{ __LINE__, "P:p5 A:1 B:4", 0xf, .why = "3 events, 1 of which takes two counters, 4 counters (0-3): 'P', 'A', 'B'" },
	{ __LINE__, "P:p5 A:1 B:4 C:8 D:8", 0xf, .why = "2 events need counter 3 only: 'C', 'D'" },
	{ __LINE__, "P:p5 Q:p5", 0xe, .why = "2 events, 2 of which take two counters, 3 free counters (1-3): 'P', 'Q'" TAKEN, TAKEN },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=2 C:f/19,20=3", 0xf, .why = "3 different offcore words, 2 registers: 'A', 'B', 'C'", TAKEN },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=1 C:f/19=2 D:f/19,20=3", 0xf, .why = "3 different offcore words, 2 registers: 'A', 'C', 'D'" },
	{ __LINE__, "A:f/19,20=1 B:f/19,20=2 C:f/19,20=3 D:f/20,19=4", 0xf, .why = "3 different offcore words, 2 registers: 'A', 'B', 'C'" },
	{ __LINE__, "A:f/19=1 B:f/19,20=4 C:f/19=2", 0xf, .why = "2 different offcore words, 1 register: 'A', 'C'" },
	{ __LINE__, "A:f/19=1 B:f/20=1 C:f/19,20=2", 0xf, .why = "the offcore words of 3 events do not fit in 2 registers: 'A', 'B', 'C'" },
	{ __LINE__, "A:f/18=3 B:f/18=30", 0xf, .why = "2 different load latency words, 1 register: 'A', 'B'" },
	{ __LINE__, "A:f/21=3 B:f/21=30", 0xf, .why = "2 different frontend words, 1 register: 'A', 'B'" },
	{ __LINE__, "A:f/22,23=3 B:f/22=30 C:f/23=31", 0xf, .why = "3 different snoop words, 2 registers: 'A', 'B', 'C'" },
	{ __LINE__, "A:f/18,21=3 B:f/18=30 C:f/21=31", 0xf, .why = "3 different words, 2 registers: 'A', 'B', 'C'" },
	{ __LINE__, "A:8/18=3 B:8/18=30", 0xf, .why = "2 events need counter 3 only: 'A', 'B'" },
	{ __LINE__, "A:3/18=3 B:3/18=30 C:3 D:3", 0xf, .why = "2 different load latency words, 1 register: 'A', 'B'" },
	{ __LINE__, "A:f/18=3 B:1 C:1 D:f/18=30", 0xf, .why = "2 events need counter 0 only: 'B', 'C'" },
};
/* clang-format on */

/* Make the wanted of a row; buf holds the names. */
static unsigned parse(const char *events, struct assign_want *want,
		      char names[][16])
{
	unsigned n = 0;

	while (*events) {
		struct assign_want *w = &want[n];
		int len = (int)strcspn(events, ":");
		char *p;

		*w = (struct assign_want){ .name = names[n] };
		snprintf(names[n++], 16, "%.*s", len, events);
		p = (char *)events + len + 1;
		w->rule.pair = *p == 'p';
		w->rule.pmds = (uint32_t)strtoul(p + w->rule.pair, &p, 16);
		while (*p == '/' || *p == ',')
			w->rule.extra[w->rule.nextra++] =
				(uint8_t)strtoul(p + 1, &p, 10);
		if (*p == '=')
			w->arg = strtoul(p + 1, &p, 10);
		events = p + (*p == ' ');
	}
	return n;
}

static const char *show_got(const struct assign_hw *a, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < a->n; i++) {
		const struct hw_rule *rule = &a->want[i].rule;

		len += (size_t)snprintf(text + len, size - len, "%s%s%u",
					len ? " " : "", a->want[i].name,
					a->got[i].pmd);
		if (rule->nextra)
			len += (size_t)snprintf(text + len, size - len, "/%u",
						rule->extra[a->got[i].alt]);
	}
	return text;
}

static void test_rows(void)
{
	struct assign_want want[ASSIGN_MAX];
	char names[ASSIGN_MAX][16], text[256];

	for (unsigned i = 0; i < N(rows); i++) {
		struct assign_hw a = { .want = want, .pmds = rows[i].pmds };
		int ret;

		a.n = parse(rows[i].events, want, names);
		a.taken = rows[i].taken ? rows[i].taken : "";
		ret = assign_hw(&a);
		if (rows[i].why)
			is_str(ret == -ENOSPC ? a.why : show_got(&a, text, 256),
			       rows[i].why, "line %d: %s", rows[i].line,
			       rows[i].events);
		else
			is_str(ret == 0 ? show_got(&a, text, 256) : a.why,
			       rows[i].got, "line %d: %s", rows[i].line,
			       rows[i].events);
	}
}

/*
 * Whole placings.  An event is SELECT[/WORD] in hex; "G" before it makes it the
 * portable name of that number, at user and kernel level, "C" one of a cache,
 * "S" one of the kernel, "F" a PMD that runs freely.  A place is
 * PMD[PMC=VALUE PMC=VALUE].
 */
/* clang-format off */
static const struct {
	int line;
	const char *cpu, *events;
	uint32_t taken;
	const char *got;
	int err;
	unsigned bad;
	const char *why; /* part of it */
} cpus[] = {
	/* Vectors D12 to D15 of the reference. */
	{ __LINE__, "SKL", "5300c0", 0x70000, .got = "3[3=4300c0]" },
	{ __LINE__, "SKL", "5300c0", 0, .got = "16[16=3]" },
	{ __LINE__, "SKL", "5301b7/10001", 0, .got = "3[3=4301b7 19=10001]" },
	{ __LINE__, "SKL", "530300", 0, .got = "18[16=300]" },
	{ __LINE__, "SKL", "530300", 0x40000, NULL, ENOSPC, 0, "event 'e0' needs fixed counter 2, which is not free; TAKEN" },
	{ __LINE__, "SKL", "530300 430300", 0, NULL, ENOSPC, 1, "2 events need fixed counter 2 only: 'e0', 'e1'" },
	/* Fixed counters have one PMC together. */
	{ __LINE__, "SKL", "4100c0 42003c 430300", 0, .got = "16[16=312] 17[16=312] 18[16=312]" },
	{ __LINE__, "SKL", "4100c0 4200c0 4300c4", 0, .got = "16[16=2] 3[3=4200c0] 2[2=4300c4]" },
	{ __LINE__, "SKL", "14100c0", 0, .got = "3[3=14100c0]" },
	{ __LINE__, "SKL", "G1 G0 G9", 0, .got = "16[16=333] 17[16=333] 18[16=333]" },
	{ __LINE__, "SKL", "G1 G0", 0x70000, .got = "3[3=4300c0] 2[2=43003c]" },
	{ __LINE__, "SKL", "F40 4300c4 F40", 0, .got = "64[] 3[3=4300c4] 64[]" },
	/* Bound to counters. */
	{ __LINE__, "SKL", "4300c4 4301c0", 0, .got = "3[3=4300c4] 1[1=4301c0]" },
	{ __LINE__, "SKL", "4300c4 4301c0 4101c0", 0, NULL, ENOSPC, 2, "2 events need counter 1 only: 'e1', 'e2'" },
	{ __LINE__, "SKL", "F40 4300c4 4301c4 4304c4 4308c4 4310c4 4320c4", 0, NULL, ENOSPC, 5, "5 events, 4 counters (0-3): 'e1', 'e2', 'e3', 'e4', 'e5'" },
	{ __LINE__, "SKL", "4300c4 4301c4 4304c4 4308c4", 0x1, NULL, ENOSPC, 3, "4 events, 3 free counters (1-3): 'e0', 'e1', 'e2', 'e3'; TAKEN" },
	/* Extra words. */
	{ __LINE__, "SKL", "4301b7/1 4301b7/2", 0, .got = "3[3=4301b7 19=1] 2[2=4301bb 20=2]" },
	{ __LINE__, "SKL", "4301b7/1 4101b7/1", 0, .got = "3[3=4301b7 19=1] 2[2=4101b7 19=1]" },
	{ __LINE__, "SKL", "4301b7/1 4301b7/2 4301b7/3", 0, NULL, ENOSPC, 2, "3 different offcore words, 2 registers: 'e0', 'e1', 'e2'" },
	{ __LINE__, "SKL", "4301c6/11", 0, .got = "3[3=4301c6 21=11]" },
	{ __LINE__, "SKL", "4300c0 4301b7/Ffffffffffffffff", 0, NULL, EINVAL, 1, "event 'e1': this CPU (" },
	{ __LINE__, "SKL", "4300c0/5", 0, NULL, EINVAL, 0, "no register that holds its second word 0x5" },
	/* What is no counter's. */
	{ __LINE__, "SKL", "4300c0 C0", 0, NULL, ENODEV, 1, "event 'e1' has no code of its own here" },
	{ __LINE__, "SKL", "S2", 0, NULL, ENODEV, 0, "event 'e0' is an event of the kernel: it needs --backend=perf" },
	{ __LINE__, "SKL", "4300c0 Gff", 0, NULL, ENODEV, 1, "event 'e1': this CPU (" },
	{ __LINE__, "SKL", "G100000001", 0, NULL, ENODEV, 0, "has no such event" },
	{ __LINE__, "SKL", "F7f", 0, NULL, ENODEV, 0, "event 'e0': this CPU (" },
	{ __LINE__, "SKL", "F3", 0, NULL, ENODEV, 0, "event 'e0': this CPU (" },
	{ __LINE__, "SKL", "4000c0", 0, NULL, EINVAL, 0, "neither user nor kernel level" },
	/* Pairs. */
	{ __LINE__, "ZEN", "430f03", 0, .got = "4[4=430f03 5=f004000ff]" },
	{ __LINE__, "ZEN", "4300c0 430f03 4300c1", 0, .got = "3[3=4300c0] 4[4=430f03 5=f004000ff] 2[2=4300c1]" },
	{ __LINE__, "ZEN", "430f03 430103 430203 4300c0", 0, NULL, ENOSPC, 3, "4 events, 3 of which take two counters, 6 counters (0-5): 'e0', 'e1', 'e2', 'e3'" },
	{ __LINE__, "ZEN", "430f03", 0x2a, NULL, ENOSPC, 0, "event 'e0' needs an even counter and the next, of 0-5: no two are free; TAKEN" },
	{ __LINE__, "ZEN4", "G1 G0", 0, .got = "5[5=4300c0] 4[4=430076]" },
	/* The two kinds of cores of one machine. */
	{ __LINE__, "ADLP", "4300c4 4301c4 4302c4 4304c4 4308c4 4310c4 4320c4", 0, .got = "7[7=4300c4] 6[6=4301c4] 5[5=4302c4] 4[4=4304c4] 3[3=4308c4] 2[2=4310c4] 1[1=4320c4]" },
	{ __LINE__, "ADLE", "4300c4 4301c4 4302c4 4304c4 4308c4 4310c4 4320c4", 0, NULL, ENOSPC, 6, "7 events, 6 counters (0-5): 'e0', " },
};
/* clang-format on */

static bool model_leaf(void *arg, uint32_t leaf, uint32_t sub,
		       struct cpuid_regs *r)
{
	return model_cpuid(arg, leaf, sub, r);
}

static int model_read(void *arg, uint32_t msr, uint64_t *value)
{
	return model_rdmsr(arg, msr, value);
}

static bool probe(const char *cpu, struct pfm_hw *hw)
{
	const struct model_cfg *cfg = model_cfg_find(cpu);
	struct model *m = cfg ? model_new(cfg) : NULL;
	struct hw_source src = { m, model_leaf, model_read };
	int ret = m ? hw_probe(&src, hw) : -ENOENT;

	model_free(m);
	return ret == 0;
}

/* Make the events of a row; buf holds the names. */
static unsigned make_events(const char *text, struct pfm_event *evs,
			    char names[][16])
{
	static const struct {
		char letter;
		unsigned type;
	} types[] = {
		{ 'G', PERF_TYPE_HARDWARE },
		{ 'S', PERF_TYPE_SOFTWARE },
		{ 'C', PERF_TYPE_HW_CACHE },
	};
	unsigned n = 0;

	for (char *p = (char *)text; *p; n++) {
		struct pfm_event *ev = &evs[n];
		char kind = *p;

		snprintf(names[n], 16, "e%u", n);
		*ev = (struct pfm_event){ .name = names[n], .plm = U | K };
		ev->code = strtoull(p + !!strchr("GSCF", kind), &p, 16);
		if (kind == 'F')
			ev->kind = PFM_EVENT_FREE;
		for (unsigned i = 0; i < N(types); i++)
			if (types[i].letter == kind) {
				ev->kind = PFM_EVENT_SW;
				ev->code = PFM_SW_CODE(types[i].type, ev->code);
			}
		if (*p == '/')
			ev->arg = strtoull(p + 1, &p, 16);
		p += *p == ' ';
	}
	return n;
}

static const char *show_places(const struct pfm_place *p, unsigned n,
			       char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (; n > 0; n--, p++) {
		len += (size_t)snprintf(text + len, size - len, "%s%u[",
					len ? " " : "", p->pmd);
		for (unsigned k = 0; k < p->npmcs; k++)
			len += (size_t)snprintf(text + len, size - len,
						"%s%u=%" PRIx64, k ? " " : "",
						p->pmc[k].reg_num,
						p->pmc[k].reg_value);
		len += (size_t)snprintf(text + len, size - len, "]");
	}
	return text;
}

static void test_cpus(void)
{
	struct pfm_event evs[16];
	struct pfm_place p[16];
	char names[16][16], text[512];

	for (unsigned i = 0; i < N(cpus); i++) {
		struct assign a = { .evs = evs, .places = p };
		struct pfm_hw hw = { 0 };
		uint32_t pmds;
		int ret;

		if (!ok(probe(cpus[i].cpu, &hw), "line %d: %s", cpus[i].line,
			cpus[i].cpu))
			continue;
		a.n = make_events(cpus[i].events, evs, names);
		pmds = (hw.gp | hw.fixed << HW_PMD_FIXED) & ~cpus[i].taken;
		ret = assign_msr(&hw, pmds, cpus[i].taken ? "; TAKEN" : "", &a);
		if (cpus[i].got) {
			is_str(ret < 0 ? pfm_reason() :
					 show_places(p, a.n, text, 512),
			       cpus[i].got, "line %d: %s on %s", cpus[i].line,
			       cpus[i].events, cpus[i].cpu);
			continue;
		}
		ok(ret == -cpus[i].err && strstr(pfm_reason(), cpus[i].why),
		   "line %d: %s on %s (%d: %s)", cpus[i].line, cpus[i].events,
		   cpus[i].cpu, ret, pfm_reason());
		is_u64(a.bad, cpus[i].bad, "line %d: the one to give up",
		       cpus[i].line);
	}
}

/* pfm_event_assign(): by name, on CPUs of which one has an owner. */
static void test_public(void)
{
	struct model *m[2] = { model_new(model_cfg_find("SKL")),
			       model_new(model_cfg_find("SKL")) };
	struct pfm_event evs[4];
	struct pfm_place p[4];
	unsigned n, bad = 99;
	char names[4][16], text[256];

	msr_model_set(m, 2);
	model_poke(m[1], 0x186, 0x4100c0); /* PERFEVTSEL0 */
	n = make_events("4300c4 4301c4 4304c4 4308c4", evs, names);
	is_str(pfm_event_assign("msr", 0, evs, n, p, &bad) == 0 ?
		       show_places(p, n, text, sizeof(text)) :
		       pfm_reason(),
	       "3[3=4300c4] 2[2=4301c4] 1[1=4304c4] 0[0=4308c4]",
	       "msr, a CPU nobody uses");
	is_u64(bad, 99, "nothing to give up");
	ok(pfm_event_assign("msr", 1, evs, n, p, &bad) == -1 &&
		   errno == ENOSPC && bad == 3 &&
		   strstr(pfm_reason(), "3 free counters (1-3)") &&
		   strstr(pfm_reason(), "taken by"),
	   "msr, a CPU with an owner (%s)", pfm_reason());
	is_str(pfm_event_assign("msr", 1, evs, 3, p, NULL) == 0 ?
		       show_places(p, 3, text, sizeof(text)) :
		       pfm_reason(),
	       "3[3=4300c4] 2[2=4301c4] 1[1=4304c4]",
	       "three fit beside the owner");
	ok(pfm_event_assign("msr", -1, evs, n, p, &bad) == 0,
	   "msr, on any CPU (%s)", pfm_reason());
	ok(pfm_event_assign("msr", 0, evs, 0, p, &bad) == 0, "no event");
	ok(pfm_event_assign("nobody", 0, evs, n, p, &bad) == -1 &&
		   errno == EINVAL && bad == n,
	   "an unknown backend is no event's fault (%s)", pfm_reason());
	evs[0] = (struct pfm_event){ .name = names[0],
				     .kind = PFM_EVENT_SW,
				     .code = PFM_SW_CODE(1, 2) };
	ok(pfm_event_assign("auto", -1, evs, 1, p, &bad) == 0 &&
		   p[0].pmd == PFM_PMD_SW,
	   "auto is perf");
	evs[1] = (struct pfm_event){ .name = names[1],
				     .kind = PFM_EVENT_FREE,
				     .code = HW_PMD_FREE };
	ok(pfm_event_assign("perf", -1, evs, 2, p, &bad) == -1 &&
		   errno == ENODEV && bad == 1 &&
		   strstr(pfm_reason(), "'e1'") &&
		   strstr(pfm_reason(), "--backend=msr"),
	   "perf has nothing that runs freely (%s)", pfm_reason());
	msr_model_set(NULL, 0);
	model_free(m[0]);
	model_free(m[1]);
}

/* What fits for perf: seven counters are four of one kind and three others. */
static void test_perf_rules(void)
{
	static char names[][4] = { "a", "b", "c", "d", "e", "cyc", "ins" };
	static const uint64_t codes[] = { 0x4300c4, 0x4300c5, 0x4301d1,
					  0x4308d1, 0x4381d0, 0x43003c,
					  0x4300c0 };
	struct pfm_event evs[7] = { 0 };
	struct assign a = { .evs = evs };
	struct pfm_hw hw = { 0 };
	uint32_t all;

	for (unsigned i = 0; i < 7; i++)
		evs[i] = (struct pfm_event){ .name = names[i],
					     .kind = PFM_EVENT_HW,
					     .plm = U | K,
					     .code = codes[i] };
	if (!ok(probe("SKL", &hw), "SKL"))
		return;
	all = hw_counters(&hw);
	a.n = 5;
	ok(assign_rules(&hw, all, &a) == -ENOSPC && a.bad == 4,
	   "perf: five events that no fixed counter has (%s)", pfm_reason());
	a.evs = evs + 1;
	a.n = 6;
	is_i64(assign_rules(&hw, all, &a), 0,
	       "four of them, cycles and instructions fit");
	ok(hw_watchdog(&hw) == UINT32_C(1) << 17,
	   "the watchdog has the fixed counter of cycles");
	ok(assign_rules(&hw, all & ~hw_watchdog(&hw), &a) == -ENOSPC &&
		   strstr(pfm_reason(), "the NMI watchdog's"),
	   "beside it cycles has none (%s)", pfm_reason());
	a.n = 4;
	is_i64(assign_rules(&hw, all & ~hw_watchdog(&hw), &a), 0,
	       "the four fit beside it");
	evs[1] = (struct pfm_event){ .name = names[1],
				     .kind = PFM_EVENT_SW,
				     .plm = U | K,
				     .code = PFM_SW_CODE(PERF_TYPE_SOFTWARE,
							 2) };
	a.n = 5;
	is_i64(assign_rules(&hw, all & ~hw_watchdog(&hw), &a), 0,
	       "an event of the kernel takes no counter");
	if (!ok(probe("ZEN4", &hw), "ZEN4"))
		return;
	ok(hw_watchdog(&hw) == UINT32_C(1) << 5,
	   "without fixed counters the watchdog has a general one");
}

/* A word that only the second register can hold, with the code of that. */
static void test_word(void)
{
	struct pfm_event ev = { .name = (char[]){ "e0" },
				.code = 0x4301b7,
				.arg = 0x10001 };
	struct pfm_place p = { 0 };
	struct assign a = { .evs = &ev, .n = 1, .places = &p };
	struct pfm_hw hw = { 0 };
	char text[64];

	if (!ok(probe("SKL", &hw), "SKL"))
		return;
	hw.pmc[HW_PMC_OFFCORE0].valid = 0xffff;
	is_str(assign_msr(&hw, hw.gp, "", &a) == 0 ?
		       show_places(&p, 1, text, sizeof(text)) :
		       pfm_reason(),
	       "3[3=4301bb 20=10001]", "the register that can hold the word");
}

/* On a hybrid part an event of the other cores must not be counted here. */
static void test_core_types(void)
{
	struct pfm_event ev = { .name = (char[]){ "adl_grt::X" },
				.code = 0x4300c4 };
	struct pfm_place p = { 0 };
	struct assign a = { .evs = &ev, .n = 1, .places = &p };
	struct pfm_hw hw = { 0 };
	char text[64];

	if (!ok(probe("ADLP", &hw), "ADLP"))
		return;
	is_i64(assign_msr(&hw, hw.gp, "", &a), -ENODEV,
	       "an E-core's event on a P-core");
	ok(strstr(pfm_reason(), "another type of core"), "is told as such");
	if (!ok(probe("ADLE", &hw), "ADLE"))
		return;
	is_str(assign_msr(&hw, hw.gp, "", &a) == 0 ?
		       show_places(&p, 1, text, sizeof(text)) :
		       pfm_reason(),
	       "5[5=4300c4]", "on its own");
	/* As the kernel has it where it has a PMU for each type. */
	ev.kind = PFM_EVENT_SW;
	ev.code = PFM_SW_CODE(10, 0x00c4);
	ev.plm = PFM_PLM_USER;
	is_str(assign_msr(&hw, hw.gp, "", &a) == 0 ?
		       show_places(&p, 1, text, sizeof(text)) :
		       pfm_reason(),
	       "5[5=4100c4]", "by the kernel's PMU of its type");
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Run and remark the time; the result as assign_hw(). */
static int timed(struct assign_hw *a, const char *what)
{
	double start = now_ms();
	int ret = assign_hw(a);

	diag("%s: %.3f ms", what, now_ms() - start);
	return ret;
}

/* However long the names are, what follows them is there. */
static void test_names(void)
{
	struct assign_want want[17] = { 0 };
	char name[120] = "", more[64];
	unsigned bad = 0;

	for (size_t len = 1; len < sizeof(name); len++) {
		struct assign_hw a = { .want = want,
				       .n = N(want),
				       .pmds = 0xffff,
				       .taken = TAKEN };
		unsigned shown = 0;
		const char *p;

		name[len - 1] = 'x';
		for (unsigned i = 0; i < N(want); i++) {
			want[i].name = name;
			want[i].rule.pmds = 0x1ffff;
		}
		assign_hw(&a);
		for (p = a.why; (p = strstr(p, "'x")); p++)
			shown++;
		snprintf(more, sizeof(more), "x' and %u more" TAKEN,
			 (unsigned)N(want) - shown);
		if (shown == N(want))
			snprintf(more, sizeof(more), "x'" TAKEN);
		p = strstr(a.why, more);
		if (!shown || !p || p[strlen(more)]) {
			diag("%zu: %s", len, a.why);
			bad++;
		}
	}
	is_u64(bad, 0, "the end of a reason is not cut off");
}

/* Everything as large as it may be. */
static void test_large(void)
{
	struct assign_want want[ASSIGN_MAX];
	struct assign_hw a = { .want = want, .pmds = 0xffff, .taken = TAKEN };
	unsigned i;

	for (i = 0; i < ASSIGN_MAX; i++)
		want[i] = (struct assign_want){ .rule.pmds = 0x1ffff,
						.name = "x" };
	a.n = 40;
	ok(timed(&a, "40 alike") == -ENOSPC && a.culprits == 0x1ffff,
	   "17 of 40 alike are too many for 16 counters");
	for (i = 0; i < 10; i++)
		want[i].rule.pmds = 0x1ffu & ~(1u << i);
	a.n = 10;
	ok(timed(&a, "10 all different") == -ENOSPC && a.culprits == 0x3ff,
	   "10 masks, 9 counters");
	for (i = 0; i < 64; i++)
		want[i].rule.pmds = 0xffff & ~(1u << i % 16 | 1u << i / 4);
	a.n = 64;
	ok(timed(&a, "64 nearly all different") == -ENOSPC &&
		   a.culprits == 0x1ffff,
	   "64 masks, 16 counters");
	for (i = 0; i < 32; i++)
		want[i].rule.pmds = 1u << i | 1u << (i + 1) % 32;
	a.n = 32;
	a.pmds = UINT32_MAX;
	ok(timed(&a, "32 in a ring") == 0, "32 counters in a ring");
	want[32].rule.pmds = 3;
	a.n = 33;
	ok(timed(&a, "33 in a ring") == -ENOSPC && a.culprits >> 32 == 1,
	   "and one too many, with more columns than are summed");
	for (i = 0; i < 17; i++)
		want[i].rule.pmds = i < 9 ? 0xff : 0xffff;
	for (; i < 32; i++)
		want[i].rule.pmds = 3u << (i - 1);
	want[i++].rule.pmds = 1u << 16;
	want[i++].rule.pmds = 1u << 16;
	a.n = i;
	ok(timed(&a, "a chain of 15") == -ENOSPC && a.culprits >> 32 == 3 &&
		   __builtin_popcountll(a.culprits) == 2,
	   "columns nobody contends for do not count");
}

static void test_large_sets(void)
{
	struct assign_want want[ASSIGN_MAX] = { 0 };
	struct assign_hw a = { .want = want, .taken = "" };
	unsigned i;

	for (i = 0; i < 64; i++) {
		want[i].name = "x";
		want[i].rule.pair = i < 5;
		want[i].rule.pmds = 0xffff & ~(1u << i % 16 | 1u << i / 4);
	}
	a.pmds = 0xffff;
	a.n = 64;
	ok(timed(&a, "pairs among 64") == -ENOSPC &&
		   !assign_counters_fit(&a, a.culprits),
	   "pairs among 64 events");
	a.n = 11;
	ok(timed(&a, "5 pairs and 6") == 0, "5 pairs and 6 events fit");
	for (i = 0; i < 64; i++) {
		want[i].rule = (struct hw_rule){ .pmds = 0xffff,
						 .nextra = 2,
						 .extra = { 19, 20 } };
		want[i].arg = i < 62 ? 1 : i;
	}
	a.n = 64;
	ok(timed(&a, "62 words alike and two") == -ENOSPC &&
		   __builtin_popcountll(a.culprits) == 3 && a.culprits >> 62,
	   "three words among 64 events");
}

/*
 * Random instances against a search that tries everything.
 */
#define MAX_EVENTS 9
struct instance {
	struct assign_want want[MAX_EVENTS];
	char names[MAX_EVENTS][16];
	struct assign_hw a;
	bool pairs;
};

static uint64_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void make_word(struct assign_want *w)
{
	static const uint8_t extras[][3] = {
		{ 2, 19, 20 }, { 2, 19, 20 }, { 2, 20, 19 }, { 1, 19 },
		{ 1, 20 },     { 1, 18 },     { 2, 22, 23 },
	};
	const uint8_t *e = extras[draw(N(extras))];

	w->rule.nextra = e[0];
	memcpy(w->rule.extra, e + 1, 2);
	w->arg = draw(3);
}

static void make_instance(struct instance *in)
{
	unsigned ngp = 1 + draw(8), nfix = draw(5), i;
	uint32_t gp = (1u << ngp) - 1, fixed = ((1u << nfix) - 1) << 16;
	bool words = draw(3) == 0, pairs = draw(4) == 0;

	memset(in, 0, sizeof(*in));
	in->a.want = in->want;
	in->a.taken = "; TAKEN";
	in->a.n = 1 + draw(MAX_EVENTS);
	in->a.pmds = gp | fixed;
	if (draw(3) == 0)
		in->a.pmds &= ~(1u << draw(ngp) | 1u << draw(ngp) |
				1u << (16 + draw(4)));
	for (i = 0; i < in->a.n; i++) {
		struct assign_want *w = &in->want[i];
		unsigned how = draw(4);

		snprintf(in->names[i], sizeof(in->names[i]), "<%u>", i);
		w->name = in->names[i];
		w->rule.pmds = how == 0 ? gp : gp & (draw(256) | 1u << draw(8));
		if (how == 1)
			w->rule.pmds = 1u << draw(ngp);
		if (nfix && draw(3) == 0)
			w->rule.pmds |= 1u << (16 + draw(nfix));
		if (nfix && draw(12) == 0)
			w->rule.pmds = fixed & (draw(16) + 1) << 16;
		if (!w->rule.pmds)
			w->rule.pmds = gp;
		if (pairs && draw(3) == 0) {
			w->rule.pair = in->pairs = true;
			w->rule.pmds = gp & 0x5555;
		} else if (words && draw(2) == 0) {
			make_word(w);
		}
	}
}

/* Counters as bits without holes, and the masks of places an event can take. */
static unsigned dense(uint32_t pmds)
{
	return (pmds & 0xff) | (pmds >> 16 & 0xf) << 8;
}

static unsigned ways(const struct instance *in, unsigned i, unsigned *masks)
{
	const struct hw_rule *rule = &in->want[i].rule;
	unsigned can = dense(rule->pmds & in->a.pmds), n = 0;
	unsigned have = dense(in->a.pmds);

	for (unsigned c = 0; c < 12; c++) {
		unsigned mask = (rule->pair ? 3u : 1u) << c;

		if (!(can >> c & 1) || (have & mask) != mask)
			continue;
		if (!rule->pair || (c < 8 && c % 2 == 0))
			masks[n++] = mask;
	}
	return n;
}

/*
 * Every set of counters that the events can have together: how many of them
 * are fixed at most; -1: the events do not fit.
 */
static int try_counters(const struct instance *in, unsigned set)
{
	static bool can[2][4096];
	bool(*now)[4096] = &can[0], (*next)[4096] = &can[1], (*swap)[4096];
	unsigned size = dense(in->a.pmds) + 1, masks[12];
	int best = -1;

	memset(*now, 0, size);
	(*now)[0] = true;
	for (unsigned i = 0; i < in->a.n; i++) {
		unsigned n = ways(in, i, masks);

		if (!(set >> i & 1))
			continue;
		memset(*next, 0, size);
		for (unsigned used = 0; used < size; used++)
			for (unsigned k = 0; (*now)[used] && k < n; k++)
				if (!(used & masks[k]))
					(*next)[used | masks[k]] = true;
		swap = now;
		now = next;
		next = swap;
	}
	for (unsigned used = 0; used < size; used++)
		if ((*now)[used] && __builtin_popcount(used >> 8) > best)
			best = __builtin_popcount(used >> 8);
	return best;
}

/* Every choice of alternatives, from event i on. */
static bool try_words(const struct instance *in, unsigned set, unsigned i,
		      unsigned *alts)
{
	const struct assign_want *w = in->want;

	if (i == in->a.n)
		return true;
	if (!(set >> i & 1) || !w[i].rule.nextra)
		return try_words(in, set, i + 1, alts);
	for (alts[i] = 0; alts[i] < w[i].rule.nextra; alts[i]++) {
		bool clash = false;

		for (unsigned j = 0; j < i; j++)
			clash |= set >> j & 1 && w[j].rule.nextra &&
				 w[j].rule.extra[alts[j]] ==
					 w[i].rule.extra[alts[i]] &&
				 w[j].arg != w[i].arg;
		if (!clash && try_words(in, set, i + 1, alts))
			return true;
	}
	return false;
}

static bool feasible(const struct instance *in, unsigned set)
{
	unsigned alts[MAX_EVENTS];

	return try_words(in, set, 0, alts) && try_counters(in, set) >= 0;
}

/* Is what assign_hw() says a placing, by the rules alone? */
static bool legal(const struct instance *in)
{
	uint64_t word[32];
	uint32_t used = 0, held = 0;

	for (unsigned i = 0; i < in->a.n; i++) {
		const struct hw_rule *rule = &in->want[i].rule;
		unsigned pmd = in->a.got[i].pmd, alt = in->a.got[i].alt, r;
		uint32_t mask = (rule->pair ? 3u : 1u) << pmd;

		if (pmd > 31 || !(rule->pmds >> pmd & 1) || used & mask ||
		    mask & ~in->a.pmds || (rule->pair && (pmd > 15 || pmd % 2)))
			return false;
		used |= mask;
		if (!rule->nextra)
			continue;
		if (alt >= rule->nextra)
			return false;
		r = rule->extra[alt];
		if (held >> r & 1 && word[r] != in->want[i].arg)
			return false;
		held |= 1u << r;
		word[r] = in->want[i].arg;
	}
	return true;
}

static unsigned fixed_used(const struct instance *in)
{
	unsigned n = 0;

	for (unsigned i = 0; i < in->a.n; i++)
		n += in->a.got[i].pmd >= 16;
	return n;
}

/* The fewest events that do not fit; of counters by Hall's theorem. */
static unsigned fewest(const struct instance *in)
{
	unsigned best = 99, alts[MAX_EVENTS];

	for (unsigned set = 1; set < 1u << in->a.n; set++) {
		unsigned n = (unsigned)__builtin_popcount(set);
		uint32_t any = 0;

		if (n >= best)
			continue;
		for (unsigned i = 0; i < in->a.n; i++)
			if (set >> i & 1)
				any |= in->want[i].rule.pmds & in->a.pmds;
		if ((unsigned)__builtin_popcount(any) < n ||
		    !try_words(in, set, 0, alts))
			best = n;
	}
	return best;
}

/* Is the set named one that does not fit, none of it in vain, by its names? */
static bool blames(const struct instance *in)
{
	unsigned set = (unsigned)in->a.culprits;

	if (!set || in->a.culprits >> in->a.n || feasible(in, set))
		return false;
	for (unsigned i = 0; i < in->a.n; i++) {
		bool named = strstr(in->a.why, in->names[i]);

		if (named != (set >> i & 1))
			return false;
		if (set >> i & 1 && !feasible(in, set & ~(1u << i)))
			return false;
	}
	return true;
}

static bool same_result(const struct instance *a, const struct instance *b)
{
	return a->a.culprits == b->a.culprits && !strcmp(a->a.why, b->a.why) &&
	       !memcmp(a->a.got, b->a.got, sizeof(a->a.got));
}

enum wrong { FEASIBLE, LEGAL, FIXED, BLAME, FEWEST, STABLE, NWRONG };
static const char *const wrongs[] = {
	[FEASIBLE] = "a placing is found exactly when there is one",
	[LEGAL] = "it is legal",
	[FIXED] = "with as many on fixed counters as can be",
	[BLAME] = "else, the events named do not fit, and fewer of them would",
	[FEWEST] = "without pairs, no smaller set does not fit",
	[STABLE] = "the same every time",
};

/* Check one instance; a bit of what is wrong. */
static unsigned check(const struct instance *in, bool *fits)
{
	struct instance one = *in, two = *in;
	unsigned all = (1u << in->a.n) - 1, bad = 0;
	int ret = assign_hw(&one.a);

	two.a.want = two.want;
	assign_hw(&two.a);
	*fits = feasible(in, all);
	bad |= (ret != (*fits ? 0 : -ENOSPC)) << FEASIBLE;
	bad |= !same_result(&one, &two) << STABLE;
	if (bad)
		return bad;
	if (*fits) {
		bad |= !legal(&one) << LEGAL;
		bad |= (!in->pairs &&
			(int)fixed_used(&one) != try_counters(in, all))
		       << FIXED;
		return bad;
	}
	bad |= !blames(&one) << BLAME;
	bad |= (!in->pairs &&
		(unsigned)__builtin_popcountll(one.a.culprits) != fewest(in))
	       << FEWEST;
	return bad;
}

static void show_instance(const struct instance *in, uint64_t start)
{
	diag("seed %" PRIu64 ", counters %#x:", start, in->a.pmds);
	for (unsigned i = 0; i < in->a.n; i++) {
		const struct hw_rule *r = &in->want[i].rule;

		diag("  %s %s%#x, words %u in %u %u: %" PRIu64, in->names[i],
		     r->pair ? "pair " : "", r->pmds, r->nextra, r->extra[0],
		     r->extra[1], in->want[i].arg);
	}
}

#define INSTANCES 20000
static void test_random(void)
{
	const char *given = getenv("PFM_PROP_SEED");
	unsigned failed[NWRONG] = { 0 }, nfit = 0, npairs = 0, shown = 0;
	struct instance in;
	bool fits;

	seed = given ? strtoull(given, NULL, 0) : 20061031;
	diag("%d instances, PFM_PROP_SEED=%" PRIu64, INSTANCES, seed);
	for (unsigned i = 0; i < INSTANCES; i++) {
		uint64_t start = seed;
		unsigned bad;

		make_instance(&in);
		bad = check(&in, &fits);
		nfit += fits;
		npairs += in.pairs;
		if (bad && shown++ < 3)
			show_instance(&in, start);
		for (unsigned w = 0; w < NWRONG; w++)
			failed[w] += bad >> w & 1;
	}
	for (unsigned w = 0; w < NWRONG; w++)
		is_u64(failed[w], 0, "%s", wrongs[w]);
	ok(nfit > INSTANCES / 5 && nfit < INSTANCES * 4 / 5 &&
		   npairs > INSTANCES / 10,
	   "the instances are of all kinds: %u fit, %u with pairs", nfit,
	   npairs);
}

int main(void)
{
	test_rows();
	test_cpus();
	test_word();
	test_perf_rules();
	test_core_types();
	test_public();
	test_names();
	test_large();
	test_large_sets();
	test_random();
	return done_testing();
}
