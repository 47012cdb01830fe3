/* SPDX-License-Identifier: MIT
 *
 * info-text.c - what was found out, for people: a column of names, plain words
 * beside it, broken at the width.  The table of registers is info-table.c.
 */
#include "config.h"

#include "info.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct page {
	FILE *f;
	unsigned width;
	bool quiet;
};

/* As much of the text as fits, to the end of a word or line. */
static int fitting(const char *text, size_t room)
{
	size_t len = strcspn(text, "\n"), n;

	if (len <= room)
		return (int)len;
	for (n = room; n > 0 && text[n] != ' '; n--)
		;
	return (int)(n ? n : room);
}

/* Text to the right of a column that is printed once. */
static void put(const struct page *p, const char *left, const char *text)
{
	int indent = (int)strlen(left), len;

	do {
		len = fitting(text, p->width - (unsigned)indent);
		fprintf(p->f, "%-*s%.*s\n", indent, left, len, text);
		text += len;
		text += *text == ' ' || *text == '\n';
		left = "";
	} while (*text);
}

__attribute__((format(printf, 3, 4))) static void
putf(const struct page *p, const char *label, const char *fmt, ...)
{
	char left[16], *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	snprintf(left, sizeof(left), " %-12s ", label);
	put(p, left, text);
	free(text);
}

static void put_cpu(const struct page *p, const struct info *info)
{
	const struct info_cpu *c = &info->cpu;
	static const char *const kinds[] = {
		"on bare metal, by its flags",
		"in a virtual machine",
	};
	char *online = cpus_format(&info->online);

	putf(p, "CPU", "%s",
	     c->name[0]   ? c->name :
	     c->vendor[0] ? c->vendor :
			    "not named in /proc/cpuinfo");
	if (c->name[0] && c->vendor[0])
		putf(p, "", "%s, family %d, model %d, stepping %d", c->vendor,
		     c->family, c->model, c->stepping);
	else if (c->vendor[0])
		putf(p, "", "architecture %d, part %#x, revision %d", c->family,
		     (unsigned)c->model, c->stepping);
	putf(p, "", "%u online: %s; %s%s%s", info->topology.cpus, online,
	     c->hypervisor < 0 ? "hypervisor or not is not known" :
				 kinds[c->hypervisor],
	     c->machine[0] ? ": " : "", c->machine);
	free(online);
}

static void put_perf(const struct page *p, const struct info *info)
{
	if (!info->perf_reason)
		putf(p, "PMU perf", "%s", info->perf.desc);
	else if (p->quiet)
		putf(p, "PMU perf", "no hardware counters");
	else
		putf(p, "PMU perf", "no hardware counters: %s",
		     info->perf_reason);
}

/* CPUs of which the same is to be said are one line. */
static void put_pmus(const struct page *p, const struct info *info)
{
	const char *label = "PMU msr";
	unsigned i, j;

	for (i = 0; i < info->npmus; i++) {
		const struct info_pmu *pmu = &info->pmus[i];
		struct cpus same = { 0 };
		bool told = false;
		char *list;

		for (j = 0; j < info->npmus; j++) {
			if (strcmp(info->pmus[j].text, pmu->text) != 0)
				continue;
			told |= j < i;
			cpus_set(&same, (unsigned)info->pmus[j].cpu);
		}
		if (told)
			continue;
		list = cpus_format(&same);
		putf(p, label, "CPU %s: %s", list,
		     p->quiet && pmu->reason ? "no PMU" : pmu->text);
		label = "";
		free(list);
	}
}

static void put_ways(const struct page *p, const char *label,
		     const struct pfm_way *ways, unsigned n)
{
	char left[64];
	unsigned i;

	for (i = 0; i < n; i++, label = "") {
		bool usable = !ways[i].err;

		snprintf(left, sizeof(left), " %-12s %-6s %-7s ", label,
			 ways[i].name, usable ? "usable" : "no");
		put(p, left,
		    usable || p->quiet ? ways[i].desc : ways[i].reason);
	}
}

static void put_libraries(const struct page *p)
{
	putf(p, "libraries", "libpfmcore  %s, of pfmon %s", pfm_core_version(),
	     PACKAGE_VERSION);
	putf(p, "", "libpfm4     %s", version_libpfm4);
	putf(p, "", "jansson     %s", version_jansson);
}

static void put_limits(const struct page *p, const struct info *info)
{
	const char *label = "limits";
	char *left, *value;
	unsigned i;

	for (i = 0; i < INFO_NLIMITS; i++, label = "") {
		const struct limit *l = &info->limits[i];

		value = l->known ? xasprintf("%" PRId64, l->value) :
				   xstrdup("-");
		/* Without a text, padding would end the line. */
		left = xasprintf(p->quiet ? " %-12s %-19s %s" :
					    " %-12s %-19s %-6s ",
				 label, l->title, value);
		put(p, left, p->quiet ? "" : l->text);
		free(left);
		free(value);
	}
}

static void put_environment(const struct page *p)
{
	const char *label = "environment";
	struct variable var;
	unsigned i;

	for (i = 0; info_variable(&i, &var); label = "")
		putf(p, label, "%s=%s%s%s", var.name, var.value,
		     p->quiet ? "" : " ", p->quiet ? "" : var.means);
}

/* The kernel's "Data" and "48K" as people write them. */
static void put_cache(FILE *f, const struct info_cache *c)
{
	const char *type = !strcmp(c->type, "Data")        ? "d" :
			   !strcmp(c->type, "Instruction") ? "i" :
							     "";
	unsigned long kib = strtoul(c->size, NULL, 10);

	fprintf(f, "L%u%s ", c->level, type);
	if (kib % 1024)
		fprintf(f, "%lu KiB", kib);
	else
		fprintf(f, "%lu MiB", kib / 1024);
	if (c->count > 1)
		fprintf(f, " x %u", c->count);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void put_caches(const struct page *p, const struct topology *t)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	unsigned i;

	if (!f)
		die("out of memory");
	for (i = 0; i < t->ncaches; i++) {
		fputs(i ? ", " : "", f);
		put_cache(f, &t->caches[i]);
	}
	if (fclose(f) != 0)
		die("out of memory");
	putf(p, "", "%s", t->ncaches ? text : "caches are not known");
	free(text);
}

static void put_topology(const struct page *p, const struct topology *t)
{
	unsigned i;
	char *list;

	if (t->packages && t->cores)
		putf(p, "topology",
		     "%u package%s, %u die%s, %u core%s, %u CPU%s", t->packages,
		     plural(t->packages), t->dies, plural(t->dies), t->cores,
		     plural(t->cores), t->cpus, plural(t->cpus));
	else
		putf(p, "topology", "packages and cores are not known");
	for (i = 0; i < t->ntypes; i++) {
		list = cpus_format(&t->types[i].cpus);
		putf(p, "", "%s: CPU%s %s", t->types[i].name,
		     plural(strpbrk(list, "-,") ? 2 : 1), list);
		free(list);
	}
	put_caches(p, t);
}

void info_text(FILE *f, const struct info *info, unsigned width)
{
	const struct page p = { f, width, info->opt->quiet };
	unsigned i;

	put_cpu(&p, info);
	put_perf(&p, info);
	put_pmus(&p, info);
	put_ways(&p, "backends", info->backends, info->nbackends);
	put_ways(&p, "transports", info->transports, info->ntransports);
	put_libraries(&p);
	put_limits(&p, info);
	put_environment(&p);
	if (info->opt->topology)
		put_topology(&p, &info->topology);
	for (i = 0; i < info->npmus && info->opt->registers; i++)
		info_table(f, &info->pmus[i], width, info->opt->verbose);
}
