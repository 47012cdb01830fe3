/* SPDX-License-Identifier: MIT
 *
 * load.c - a synthetic load of a CPU: events that go on with the time.  No
 * thread does it: whoever looks at the CPU first lets happen what should have
 * until then (CLOCK_MONOTONIC).  Rates are exact, but which instruction belongs
 * to which branch is nobody's business.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fs.h"

#define NSEC UINT64_C(1000000000)
#define MAX_RATE UINT64_C(16000000000) /* so that rate * ns stays in 64 bits */

/*
 * Events a second, at a clock of 2.5 GHz; @REG is a register that runs freely.
 * The codes are those of the reference, section 6.5.
 */
#define INTEL_CLOCKS(n) "3c=" n ",0.3=" n ",@10=2500000000,@e7=" n ",@e8=" n
#define AMD_CLOCKS(n) "76=" n ",@10=2500000000,@e7=" n ",@e8=" n
static const struct profile {
	const char *name;
	bool amd;
	const char *text;
} profiles[] = {
	{ "idle", false, "@10=2500000000" },
	{ "idle", true, "@10=2500000000" },
	{ "user", false,
	  INTEL_CLOCKS("2500000000") ",c0=5000000000,c4=900000000,c4.20="
				     "600000000,c5=4500000,d0.81=1200000000,"
				     "d0.82=600000000,2e.4f=2000000,2e.41="
				     "100000" },
	{ "user", true,
	  AMD_CLOCKS(
		  "2500000000") ",c0=5000000000,c2=900000000,c4=600000000,"
				"c3=4500000,29.1=1200000000,29.2=600000000" },
	{ "kernel", false,
	  INTEL_CLOCKS("2500000000:k") ",c0=2500000000:k,c4=500000000:k,"
				       "c5=10000000:k,2e.4f=20000000:k,"
				       "2e.41=2000000:k" },
	{ "kernel", true,
	  AMD_CLOCKS("2500000000:k") ",c0=2500000000:k,c2=500000000:k,"
				     "c3=10000000:k" },
	{ "memory", false,
	  INTEL_CLOCKS("2500000000") ",c0=400000000,c4=60000000,c5=60000,"
				     "d0.81=150000000,2e.4f=60000000,"
				     "2e.41=30000000" },
	{ "memory", true,
	  AMD_CLOCKS("2500000000") ",c0=400000000,c2=60000000,c3=60000,"
				   "29.1=150000000" },
};

static const char *find_profile(const char *name, bool amd)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].name, name) == 0 &&
		    profiles[i].amd == amd)
			return profiles[i].text;
	}
	return NULL;
}

static const char *parse_rate(struct cpu *cpu, const char *word, struct rate *r)
{
	struct event_count e = { 0 };

	r->is_reg = word[0] == '@';
	if (r->is_reg) {
		char reg[64];

		/* The clocks of a profile may say a ring: a register has none. */
		snprintf(reg, sizeof(reg), "%s", word + 1);
		reg[strcspn(reg, ":")] = '\0';
		if (!parse_reg_value(reg, &r->reg, &r->per_s))
			return "not @REGISTER=RATE";
		if (model_advance_msr(cpu->model, r->reg, 0) < 0)
			return "no such register that runs freely";
	} else {
		if (!parse_event(word, &e))
			return "neither idle, user, kernel, memory nor "
			       "EVENT=RATE[:u|:k],...";
		r->event = e.event;
		r->umask = e.umask;
		r->cpl = e.cpl;
		r->per_s = e.n;
	}
	return r->per_s > MAX_RATE ? "more than 16 thousand million a second" :
				     NULL;
}

const char *load_set(struct cpu *cpu, const char *text)
{
	const char *profile = find_profile(text, model_config(cpu->model)->amd);
	char *copy = strdup(profile ? profile : text);
	struct load l = { 0 };
	const char *why = NULL;
	char *rest = copy;
	char *word;

	if (!copy)
		return "out of memory";
	while (!why && (word = strsep(&rest, ","))) {
		struct rate *r;

		r = reallocarray(l.rates, l.n + 1, sizeof(*r));
		if (!r) {
			why = "out of memory";
			break;
		}
		l.rates = r;
		memset(&r[l.n], 0, sizeof(*r));
		why = parse_rate(cpu, word, &r[l.n++]);
	}
	free(copy);
	if (why) {
		load_release(&l);
		return why;
	}
	load_release(&cpu->load);
	clock_gettime(CLOCK_MONOTONIC, &l.since);
	cpu->load = l;
	return NULL;
}

void load_advance(struct cpu *cpu)
{
	struct load *l = &cpu->load;
	struct timespec now;
	uint64_t s, ns;

	if (l->n == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s = (uint64_t)(now.tv_sec - l->since.tv_sec);
	if (now.tv_nsec < l->since.tv_nsec) {
		s--;
		ns = NSEC;
	} else {
		ns = 0;
	}
	ns += (uint64_t)now.tv_nsec - (uint64_t)l->since.tv_nsec;
	for (unsigned i = 0; i < l->n; i++) {
		struct rate *r = &l->rates[i];
		uint64_t due = r->per_s * s + r->per_s * ns / NSEC;

		if (r->is_reg)
			model_advance_msr(cpu->model, r->reg, due - r->given);
		else
			model_advance(cpu->model, r->event, r->umask, r->cpl,
				      due - r->given);
		r->given = due;
	}
}

void load_release(struct load *l)
{
	free(l->rates);
	l->rates = NULL;
	l->n = 0;
}
