/* SPDX-License-Identifier: MIT
 *
 * info-pmu.c - the PMU of one CPU as its registers, and the few lines that sum
 * them up: how many counters, how wide, and who has which.
 */
#include "config.h"

#include "info.h"

#include <stdlib.h>
#include <string.h>

/*
 * Logical registers of the msr backend, see libpfmcore(3): PMDs 0 to 15 are the
 * general counters, 16 and up the fixed ones, 64 and up run freely.
 */
struct kind {
	const char *name;
	unsigned first, end;
};
static const struct kind general = { "counter", 0, 16 };
static const struct kind fixed = { "fixed", 16, 64 };
static const struct kind unbound = { "", 64, UINT16_MAX + 1 };

bool reg_is_known(const struct pfm_pmu_reg *reg)
{
	return strcmp(reg->owner, "?") != 0;
}

static bool is_of(const struct pfm_pmu_reg *reg, const struct kind *k)
{
	return reg->is_pmd && reg->num >= k->first && reg->num < k->end;
}

static unsigned count_pmds(const struct info_pmu *pmu, const struct kind *k,
			   unsigned *width)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < pmu->nregs; i++) {
		if (!is_of(&pmu->regs[i], k))
			continue;
		*width = pmu->regs[i].width;
		n++;
	}
	return n;
}

/* "counter 0,2-3" or "fixed 0-2" of one owner, or ""; to be freed. */
static char *owned(const struct info_pmu *pmu, const struct kind *k,
		   const char *owner)
{
	struct cpus numbers = { 0 }; /* a set of numbers like any other */
	char *list, *text;
	int i;

	for (i = 0; i < pmu->nregs; i++)
		if (is_of(&pmu->regs[i], k) &&
		    !strcmp(pmu->regs[i].owner, owner))
			cpus_set(&numbers, pmu->regs[i].num - k->first);
	list = cpus_format(&numbers);
	text = xasprintf("%s%s%s%s", *list ? k->name : "",
			 k == &general && strpbrk(list, "-,") ? "s" : "",
			 *list ? " " : "", list);
	free(list);
	return text;
}

static void put_owner(FILE *f, const struct info_pmu *pmu, const char *owner)
{
	char *some = owned(pmu, &general, owner);
	char *more = owned(pmu, &fixed, owner);

	fprintf(f, "%s%s%s by %s", some, *some && *more ? " and " : "", more,
		owner);
	free(some);
	free(more);
}

/* Is it a counter whose owner none before it has? */
static bool is_news(const struct info_pmu *pmu, int n)
{
	const struct pfm_pmu_reg *reg = &pmu->regs[n];
	int i;

	if (!is_of(reg, &general) && !is_of(reg, &fixed))
		return false;
	for (i = 0; i < n; i++)
		if (pmu->regs[i].is_pmd &&
		    !strcmp(pmu->regs[i].owner, reg->owner))
			return false;
	return true;
}

/* "2 taken: counter 0 and fixed 1 by the NMI watchdog". */
static void put_owners(FILE *f, const struct info_pmu *pmu)
{
	unsigned taken = 0;
	const char *before;
	int i;

	for (i = 0; i < pmu->nregs; i++) {
		const struct pfm_pmu_reg *reg = &pmu->regs[i];

		if (!is_of(reg, &general) && !is_of(reg, &fixed))
			continue;
		if (!reg_is_known(reg)) {
			fputs("; not known which are taken: see transports", f);
			return;
		}
		taken += reg->owner[0] != '\0';
	}
	if (!taken) {
		fputs("; none taken", f);
		return;
	}
	fprintf(f, "; %u taken", taken);
	before = ": ";
	for (i = 0; i < pmu->nregs; i++) {
		if (!pmu->regs[i].owner[0] || !is_news(pmu, i))
			continue;
		fputs(before, f);
		put_owner(f, pmu, pmu->regs[i].owner);
		before = ", ";
	}
}

static char *sum_up(const struct info_pmu *pmu)
{
	unsigned width = 0, n;
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		die("out of memory");
	fprintf(f, "%s\n", pmu->info.desc);
	n = count_pmds(pmu, &general, &width);
	fprintf(f, "%u general counter%s", n, n == 1 ? "" : "s");
	if (n)
		fprintf(f, " of %u bits", width);
	n = count_pmds(pmu, &fixed, &width);
	if (n)
		fprintf(f, ", %u fixed of %u bits", n, width);
	put_owners(f, pmu);
	n = count_pmds(pmu, &unbound, &width);
	if (n)
		fprintf(f, "\n%u register%s that run%s freely, see -r", n,
			n == 1 ? "" : "s", n == 1 ? "s" : "");
	if (fclose(f) != 0)
		die("out of memory");
	return text;
}

/* Why the last call was refused; the CPU is named beside it. */
static char *last_reason(int cpu)
{
	const char *reason = pfm_reason();
	char name[16];
	size_t len = (size_t)snprintf(name, sizeof(name), "CPU %d: ", cpu);

	if (!*reason)
		return xasprintf("%m");
	return xstrdup(strncmp(reason, name, len) ? reason : reason + len);
}

void info_pmu_read(struct info_pmu *pmu, int cpu)
{
	int room;

	*pmu = (struct info_pmu){ .cpu = cpu };
	if (pfm_pmu_get("msr", cpu, &pmu->info) < 0) {
		pmu->reason = last_reason(cpu);
		pmu->text = xasprintf("no PMU: %s", pmu->reason);
		return;
	}
	room = pfm_pmu_regs(cpu, NULL, 0);
	if (room > 0) {
		pmu->regs = xcalloc((size_t)room, sizeof(*pmu->regs));
		pmu->nregs = pfm_pmu_regs(cpu, pmu->regs, room);
	}
	if (room < 0 || pmu->nregs < 0) {
		pmu->reason = last_reason(cpu);
		pmu->text = xasprintf("%s\nits registers: %s", pmu->info.desc,
				      pmu->reason);
		pmu->nregs = 0;
		return;
	}
	if (pmu->nregs > room)
		pmu->nregs = room;
	pmu->text = sum_up(pmu);
}

void info_pmu_release(struct info_pmu *pmu)
{
	free(pmu->reason);
	free(pmu->regs);
	free(pmu->text);
}
