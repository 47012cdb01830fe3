/* SPDX-License-Identifier: MIT
 *
 * dryrun.c - pfmon count --dry-run: which event goes to which register, and
 * whether it can be counted here.  Each is opened for a moment; nothing runs.
 */
#include "config.h"

#include "count.h"

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

static void put_line(struct output *out, const struct counter *c)
{
	const pfarg_pmc_t *pmc = &c->place.pmc[0];

	out_printf(out, " %-28s ", c->name);
	if (c->place.npmcs)
		out_printf(out, "PMC%-4u PMD%-4u %#18llx  %c%c%c  ",
			   pmc->reg_num, c->place.pmd,
			   (unsigned long long)pmc->reg_value,
			   c->ev.plm & PFM_PLM_USER ? 'u' : '-',
			   c->ev.plm & PFM_PLM_KERNEL ? 'k' : '-',
			   c->ev.plm & PFM_PLM_HV ? 'h' : '-');
	else
		out_printf(out, "%-7s %-7s %18s  %-3s  ", "-", "-", "-", "-");
	out_printf(out, "%s\n", c->reason ? c->reason : "can be counted");
}

int dry_run(struct session *s, struct output *out)
{
	int cpu = where(s), status = 0;
	unsigned i;

	/* What a run would drop, or leave the kernel out of. */
	events_relax(s, cpu < 0 ? 0 : -1, cpu);
	events_place(s);

	out_printf(out, " %-28s %-7s %-7s %18s  %-3s\n", "event", "PMC", "PMD",
		   "code", "lvl");
	for (i = 0; i < s->nctrs; i++) {
		put_line(out, &s->ctrs[i]);
		if (s->ctrs[i].reason)
			status = STATUS_FAIL;
	}
	if (s->notice)
		out_printf(out, " %s\n", s->notice);
	output_flush(out);
	return status;
}
