/* SPDX-License-Identifier: MIT
 *
 * model-events.c - what the model counts: gates before a counter, thresholds,
 * edges, wrap, status, interrupt and freeze, for the instructions of a stream
 * (model-stream.c) as for events its owner tells of.  Follows the reference,
 * 6.3, 6.4 and 6.6; where that is a choice and not a fact of the manuals, one
 * function holds it.
 */
#include "config.h"

#include "model-priv.h"

#define AMD_MOST 32 /* events of one kind that a counter adds in a cycle */

/* What each fixed counter counts, as perf's pseudo codes (reference 1.8). */
static const struct {
	unsigned event, umask;
} fixed_codes[MODEL_MAX_FIXED] = {
	{ 0xc0, 0 },
	{ 0x3c, 0 },
	{ 0, 3 },
	{ 0, 4 },
};

/* Overflows of one step, told when all counters are through. */
struct wraps {
	uint64_t status;
	bool pmi;
};

/* Which ring an event is of, as bits of an event select. */
static uint64_t ring(const struct model_insn *g)
{
	return g->cpl ? SEL_USR : SEL_OS;
}

/* CTR_FRZ, PMCF: legacy freeze acts on the global control instead. */
static bool is_frozen(const struct model *m)
{
	if (m->cfg->amd ? !m->cfg->freeze : m->cfg->version < 4)
		return false;
	return m->s.status & STATUS_FROZEN;
}

/* Does general counter n count what g does? */
static bool gp_counts(const struct model *m, unsigned n,
		      const struct model_insn *g)
{
	uint64_t sel = m->s.sel[n];

	if (!(sel & SEL_EN) || !(sel & ring(g)) || is_frozen(m))
		return false;
	if (m->cfg->version >= 2 && !(m->s.ctl & BIT(n)))
		return false;
	/* IN_TXCP leaves aborted transactions out: here none is aborted. */
	if (!m->cfg->amd)
		return !(sel & SEL_IN_TX) || g->in_tx;
	if (!(sel & (SEL_GUEST | SEL_HOST)))
		return true;
	return m->s.svme && sel & (g->guest ? SEL_GUEST : SEL_HOST);
}

static bool fixed_counts(const struct model *m, unsigned i,
			 const struct model_insn *g)
{
	if (!(m->s.ctl & BIT(32 + i)) || is_frozen(m))
		return false;
	return m->s.fixed_ctl >> 4 * i & (g->cpl ? 2 : 1);
}

/* Event and unit mask; Intel's UMASK2 are bits 8 to 15 of the latter. */
static void decode(const struct model *m, uint64_t sel, unsigned *event,
		   unsigned *umask)
{
	*event = sel & SEL_EVENT;
	*umask = (sel & SEL_UMASK) >> 8;
	if (m->cfg->amd)
		*event |= sel >> 24 & 0xf00;
	else
		*umask |= (sel & SEL_UMASK2) >> 32;
}

/*
 * Is the signal of a counter on in a cycle with x events?  Without a threshold
 * neither INV nor EQ does anything; EQ counts equal where >= stood, and INV
 * its opposite.
 */
static bool is_asserted(uint64_t sel, uint64_t x)
{
	uint64_t cmask = (sel & SEL_CMASK) >> 24;
	bool on = sel & SEL_EQ ? x == cmask : x >= cmask;

	if (!cmask)
		return x > 0;
	return on != !!(sel & SEL_INV);
}

/* What general counter n adds in so many cycles, each with x events. */
static uint64_t gp_adds(struct model *m, unsigned n, uint64_t x,
			uint64_t cycles)
{
	uint64_t sel = m->s.sel[n], inc;
	bool on, was = m->s.asserted & 1u << n;

	if (!cycles)
		return 0;
	if (m->cfg->amd && x > AMD_MOST)
		x = AMD_MOST;
	/* On AMD bit 36 cannot be set, so is_asserted() sees no EQ. */
	on = is_asserted(sel, x);
	if (sel & SEL_EDGE)
		inc = on && !was;
	else if (sel & SEL_CMASK)
		inc = on ? cycles : 0;
	else
		inc = x * cycles;
	m->s.asserted &= ~(1u << n);
	m->s.asserted |= (uint32_t)on << n;
	return inc;
}

/* A counter that does not count forgets what its signal was. */
static void gp_rests(struct model *m, unsigned n)
{
	m->s.asserted &= ~(1u << n);
}

static void gp_add(struct model *m, unsigned n, uint64_t inc, struct wraps *w)
{
	uint64_t most = low_bits(m->cfg->width), *ctr = &m->s.ctr[n];

	if (inc > most - *ctr) {
		w->status |= BIT(n);
		w->pmi |= (m->s.sel[n] & SEL_INT) != 0;
	}
	*ctr = (*ctr + inc) & most;
}

static void fixed_add(struct model *m, unsigned i, uint64_t inc,
		      struct wraps *w)
{
	uint64_t most = low_bits(m->cfg->fixed_width), *ctr = &m->s.fixed[i];

	if (inc > most - *ctr) {
		w->status |= BIT(32 + i);
		w->pmi |= m->s.fixed_ctl >> 4 * i & 8;
	}
	*ctr = (*ctr + inc) & most;
}

/* Bits 12 and 11 of DEBUGCTL, after an overflow that interrupts. */
static void freeze(struct model *m)
{
	bool legacy = !m->cfg->amd && m->cfg->version < 4;

	if (m->cfg->amd && !m->cfg->freeze)
		return;
	if (m->s.debugctl & DEBUGCTL_FREEZE) {
		if (legacy)
			m->s.ctl = 0;
		else
			m->s.status |= STATUS_FROZEN;
	}
	if (m->s.debugctl & DEBUGCTL_FREEZE_LBR) {
		if (legacy)
			m->s.debugctl &= ~DEBUGCTL_LBR;
		else
			m->s.status |= STATUS_LBR_FROZEN;
	}
}

/* One interrupt, however many counters overflowed. */
static void finish(struct model *m, const struct wraps *w)
{
	if (m->cfg->version >= 2)
		m->s.status |= w->status;
	if (!w->pmi)
		return;
	m->s.pmis++;
	freeze(m);
	if (m->on_pmi)
		m->on_pmi(m->on_pmi_arg);
}

static void step_gp(struct model *m, unsigned n, const uint64_t *t,
		    struct wraps *w)
{
	unsigned event, umask, what;
	uint64_t each = 0, last, inc;

	decode(m, m->s.sel[n], &event, &umask);
	what = stream_what(m, event, umask);
	if (what == T_CYCLES)
		each = 1;
	else if (what == T_SLOTS)
		each = m->cfg->slots;
	last = each ? each : t[what];
	inc = gp_adds(m, n, each, t[T_CYCLES] - 1);
	inc += gp_adds(m, n, last, 1);
	gp_add(m, n, inc, w);
}

static void step_fixed(struct model *m, unsigned i, const uint64_t *t,
		       struct wraps *w)
{
	const uint64_t inc[MODEL_MAX_FIXED] = {
		t[T_INSNS],
		t[T_CYCLES],
		t[T_CYCLES],
		t[T_SLOTS],
	};

	fixed_add(m, i, inc[i], w);
}

static void step_clocks(struct model *m, const uint64_t *t)
{
	m->s.tsc += t[T_CYCLES];
	m->s.mperf += t[T_CYCLES];
	m->s.aperf += t[T_CYCLES];
	m->s.mperf_ro += t[T_CYCLES];
	m->s.aperf_ro += t[T_CYCLES];
	m->s.pperf += t[T_BUSY_CYCLES];
	m->s.irperf += t[T_INSNS];
}

void model_step(struct model *m, const struct model_insn *g, unsigned n)
{
	uint64_t t[T_NTALLIES];
	struct wraps w = { 0 };

	if (!n)
		return;
	stream_tally(m, g, n, t);
	step_clocks(m, t);
	for (unsigned i = 0; i < m->cfg->ngp; i++) {
		if (gp_counts(m, i, g))
			step_gp(m, i, t, &w);
		else
			gp_rests(m, i);
	}
	for (unsigned i = 0; i < m->cfg->nfixed; i++)
		if (fixed_counts(m, i, g))
			step_fixed(m, i, t, &w);
	finish(m, &w);
}

void model_idle(struct model *m, uint64_t cycles)
{
	m->s.tsc += cycles;
	if (cycles)
		m->s.asserted = 0;
}

/* An event that the owner says happened. */
struct happening {
	unsigned event, umask;
	struct model_insn at; /* the ring */
};

static bool gp_is_of(const struct model *m, unsigned n,
		     const struct happening *h)
{
	unsigned event, umask;

	decode(m, m->s.sel[n], &event, &umask);
	return event == h->event && umask == h->umask;
}

static bool fixed_is_of(unsigned i, const struct happening *h)
{
	return fixed_codes[i].event == h->event &&
	       fixed_codes[i].umask == h->umask;
}

/* Cycles until general counter n wraps, each with one event; 0: never. */
static uint64_t gp_left(const struct model *m, unsigned n)
{
	uint64_t sel = m->s.sel[n],
		 left = low_bits(m->cfg->width) - m->s.ctr[n] + 1;

	if (!is_asserted(sel, 1))
		return 0;
	if (sel & SEL_EDGE)
		return left == 1 && !(m->s.asserted & 1u << n);
	return left;
}

/*
 * How many of n cycles pass before an interrupt, or n: freeze and whoever is
 * told of it act from the next cycle on.
 */
static uint64_t until_pmi(const struct model *m, const struct happening *h,
			  uint64_t n)
{
	uint64_t left;

	for (unsigned i = 0; i < m->cfg->ngp; i++) {
		if (!(m->s.sel[i] & SEL_INT) || !gp_is_of(m, i, h) ||
		    !gp_counts(m, i, &h->at))
			continue;
		left = gp_left(m, i);
		if (left && left < n)
			n = left;
	}
	for (unsigned i = 0; i < m->cfg->nfixed; i++) {
		if (!(m->s.fixed_ctl >> 4 * i & 8) || !fixed_is_of(i, h) ||
		    !fixed_counts(m, i, &h->at))
			continue;
		left = low_bits(m->cfg->fixed_width) - m->s.fixed[i] + 1;
		if (left < n)
			n = left;
	}
	return n;
}

static void happens(struct model *m, const struct happening *h, uint64_t n)
{
	struct wraps w = { 0 };

	for (unsigned i = 0; i < m->cfg->ngp; i++) {
		if (!gp_is_of(m, i, h))
			continue;
		if (gp_counts(m, i, &h->at))
			gp_add(m, i, gp_adds(m, i, 1, n), &w);
		else
			gp_rests(m, i);
	}
	for (unsigned i = 0; i < m->cfg->nfixed; i++)
		if (fixed_is_of(i, h) && fixed_counts(m, i, &h->at))
			fixed_add(m, i, n, &w);
	finish(m, &w);
}

void model_advance(struct model *m, unsigned event, unsigned umask,
		   unsigned cpl, uint64_t n)
{
	const struct happening h = {
		.event = event,
		.umask = umask,
		.at = { .cpl = (uint8_t)cpl },
	};

	while (n) {
		uint64_t now = until_pmi(m, &h, n);

		happens(m, &h, now);
		n -= now;
	}
}

void model_kernel(struct model *m, uint64_t n)
{
	static const struct {
		bool amd;
		uint8_t event, umask;
	} events[] = {
		{ true, 0xc0, 0 },  { true, 0x76, 0 }, { false, 0xc0, 0 },
		{ false, 0x3c, 0 }, { false, 0, 3 },   { false, 0, 4 },
	};

	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].amd == m->cfg->amd)
			model_advance(m, events[i].event, events[i].umask, 0,
				      n);
}

/*
 * On entry to SMM the enables are cleared, on its way out they are set, also
 * those that were clear before (Intel SDM volume 3, 325384-059, "Freezing LBR
 * and Performance Counters on PMI").  AMD has no register for it but an event.
 */
void model_smi(struct model *m)
{
	if (m->cfg->amd) {
		model_advance(m, 0x2b, 0, 0, 1);
		return;
	}
	m->s.smi = (m->s.smi + 1) & low_bits(32);
	if (m->s.debugctl & DEBUGCTL_FREEZE_SMM)
		m->s.ctl |= regs_counters(m);
}
