/* SPDX-License-Identifier: MIT
 *
 * dryrun.c - pfmon count --dry-run: which event goes to which register, and
 * whether it can be counted here.  Each is opened for a moment; nothing runs.
 */
#include "config.h"

#include "count.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REGS 128 /* logical registers of a CPU */

/* One CPU as it is shown. */
struct view {
	struct output *out; /* borrowed */
	const struct placing *at;
	struct pfm_pmu_reg regs[MAX_REGS];
	int nregs;
	const char *refused; /* why nothing can be counted, or NULL */
};

/* The CPU to try events on, -1: on ourselves. */
static int where(const struct session *s)
{
	struct cpus cpus = { 0 };
	int cpu = 0;

	if (!(s->flags & PFM_FL_SYSTEM_WIDE))
		return -1;
	cpus_online(&cpus);
	while (cpu < CPUS_MAX - 1 && !cpus_has(&cpus, (unsigned)cpu))
		cpu++;
	return cpu;
}

/* "PMC0", or with its MSR "PMC0 0x186". */
static void name_register(const struct view *v, bool is_pmd, unsigned num,
			  char *buf, size_t size)
{
	const struct pfm_pmu_reg *r = v->regs, *end = v->regs + v->nregs;
	const char *kind = is_pmd ? "PMD" : "PMC";

	while (r < end && (r->is_pmd != is_pmd || r->num != num))
		r++;
	if (r < end)
		snprintf(buf, size, "%s%u %#x", kind, num, r->msr);
	else
		snprintf(buf, size, "%s%u", kind, num);
}

static void put_line(const struct view *v, const struct session *s, unsigned i)
{
	const struct counter *c = &s->ctrs[i];
	const struct pfm_place *place =
		placing_at(s, v->at, placing_set(v->at, i), i);
	char pmc[32] = "-", pmd[32] = "-", code[32] = "-", plm[4] = "-";
	char sets[32] = "";
	const char *why = c->reason ? c->reason : v->refused;
	int width = s->msr ? 15 : 7;

	if (!c->reason && v->at->why[i])
		why = counter_reason(c, v->at->why[i]);
	else if (!c->reason)
		name_register(v, true, place->pmd, pmd, sizeof(pmd));
	if (pmd[0] != '-' && place->npmcs) {
		name_register(v, false, place->pmc[0].reg_num, pmc,
			      sizeof(pmc));
		snprintf(code, sizeof(code), "%#llx",
			 (unsigned long long)place->pmc[0].reg_value);
		snprintf(plm, sizeof(plm), "%c%c%c",
			 c->ev.plm & PFM_PLM_USER ? 'u' : '-',
			 c->ev.plm & PFM_PLM_KERNEL ? 'k' : '-',
			 c->ev.plm & PFM_PLM_HV ? 'h' : '-');
	}
	sets_format(v->at->in[i], v->at->nsets, sets, sizeof(sets));
	out_printf(v->out, " %-28s ", c->name);
	if (v->at->nsets > 1)
		out_printf(v->out, "%-4s ", sets);
	out_printf(v->out, "%-*s %-*s %18s  %-3s  %s\n", width, pmc, width, pmd,
		   code, plm, why ? why : "can be counted");
}

/* All counters as they are on one CPU, or anywhere; 0, or STATUS_FAIL. */
static int put_view(const struct view *v, const struct session *s)
{
	int width = s->msr ? 15 : 7, status = v->refused ? STATUS_FAIL : 0;
	unsigned i;

	out_printf(v->out, " %-28s %s%-*s %-*s %18s  %-3s\n", "event",
		   v->at->nsets > 1 ? "set  " : "", width, "PMC", width, "PMD",
		   "code", "lvl");
	for (i = 0; i < s->nctrs; i++) {
		put_line(v, s, i);
		if (s->ctrs[i].reason || v->at->why[i])
			status = STATUS_FAIL;
	}
	return status;
}

/* One CPU for all whose counters go to the same registers. */
static int show_group(struct session *s, struct output *out, unsigned i)
{
	struct slot *slot = &s->slots[i];
	struct view v = { .out = out, .at = slot->at };
	struct cpus cpus;
	char *list;
	int status;

	if (session_open(s, slot) < 0)
		v.refused = session_keep(s, pfm_reason());
	v.nregs = pfm_pmu_regs(slot->cpu, v.regs, MAX_REGS);
	if (v.nregs < 0)
		v.nregs = 0;
	if (v.nregs > MAX_REGS)
		v.nregs = MAX_REGS;
	placing_group(s, i, &cpus);
	list = cpus_format(&cpus);
	out_printf(out, "%s CPU %s%s\n", i ? "\n" : "", list,
		   s->pin.cpu >= 0 ? ", pinned" : "");
	free(list);
	status = put_view(&v, s);
	slot_close(s, slot);
	return status;
}

static int show_cpus(struct session *s, struct output *out)
{
	struct cpus cpus = { 0 };
	int status = 0, one;
	unsigned i;

	if (s->pin.cpu >= 0)
		cpus_set(&cpus, (unsigned)s->pin.cpu);
	else
		target_cpu_list(s, &cpus);
	s->flags = PFM_FL_SHARED | PFM_FL_SYSTEM_WIDE | PFM_FL_ANYCPU;
	session_plan_cpus(s, &cpus);
	for (i = 0; i < s->nslots; i++) {
		if (placing_shown(s, i))
			continue;
		one = show_group(s, out, i);
		status = one ? one : status;
	}
	return status;
}

static int show_common(struct session *s, struct output *out)
{
	struct view v = { .out = out };
	int cpu = where(s);

	/* What a run would drop, or leave the kernel out of. */
	events_relax(s, cpu < 0 ? 0 : -1, cpu);
	place_common(s);
	v.at = s->common;
	return put_view(&v, s);
}

int dry_run(struct session *s, struct output *out)
{
	int status = s->msr ? show_cpus(s, out) : show_common(s, out);

	if (s->notice)
		out_printf(out, " %s\n", s->notice);
	if (s->hint)
		out_printf(out, " %s\n", s->hint);
	output_flush(out);
	return status;
}
