/* SPDX-License-Identifier: MIT
 *
 * out-text.c - results for people: a head that says what was counted, by whom
 * and how, the table of out-table.c, and notes for what does not fit a cell.
 */
#include "config.h"

#include "count.h"
#include "versus.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_EVERY 25 /* lines of intervals between two heads */
#define NOTE_INDENT 8

/* Text after a label, broken between words at the width. */
void text_note(struct output *out, const char *label, const char *text)
{
	size_t room = out->width - NOTE_INDENT, len;
	char line[256];

	while (*text) {
		len = strlen(text);
		if (len > room)
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
		if (!len)
			len = room;
		snprintf(line, sizeof(line), " %-*s%.*s", NOTE_INDENT - 1,
			 label, (int)len, text);
		text_line(out, line, NULL);
		text += len + strspn(text + len, " ");
		label = "";
	}
}

/* The words of the command, cut to size, on one line whatever is in them. */
static void join_command(char *const *argv, char *buf, size_t size)
{
	size_t len = 0, n;
	char *p;

	for (; *argv && len + 1 < size; argv++) {
		n = (size_t)snprintf(buf + len, size - len, "%s%s",
				     len ? " " : "", *argv);
		len = n < size - len ? len + n : size - 1;
	}
	for (p = buf; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
}

/* What was counted: the command, or the targets of the options. */
static void describe_target(const struct output *out, char *buf, size_t size)
{
	const struct count_opt *opt = out->s->opt;
	size_t len;

	if (opt->command) {
		join_command(opt->command, buf, size);
		return;
	}
	if (opt->pids.n)
		len = (size_t)snprintf(buf, size, "process %s", opt->pids.v[0]);
	else if (opt->tids.n)
		len = (size_t)snprintf(buf, size, "thread %s", opt->tids.v[0]);
	else if (opt->cpus)
		len = (size_t)snprintf(buf, size, "CPUs %s", opt->cpus);
	else
		len = (size_t)snprintf(buf, size, "all CPUs");
	if (len < size && opt->pids.n + opt->tids.n > 1)
		snprintf(buf + len, size - len, " and others");
}

static void format_time(uint64_t ns, char *buf, size_t size)
{
	if (ns < NS_PER_S)
		snprintf(buf, size, "%.3f ms", (double)ns / 1e6);
	else
		snprintf(buf, size, "%.3f s", (double)ns / 1e9);
}

static void describe_end(const struct output *out, const struct result *res,
			 char *buf, size_t size)
{
	const struct count_opt *opt = out->s->opt;
	char time[32];
	int len;

	format_time(res->elapsed_ns, time, sizeof(time));
	if (opt->interval_ns && res->partial)
		len = snprintf(buf, size, "every %.3f s",
			       (double)opt->interval_ns / 1e9);
	else if (res->nruns)
		len = snprintf(buf, size, "exit %d, %u runs of %s", res->status,
			       res->nruns, time);
	else if (res->partial)
		len = snprintf(buf, size, "so far, after %s", time);
	else if (!opt->command)
		len = snprintf(buf, size, "%s", time);
	else if (res->signal)
		len = snprintf(buf, size, "killed by signal %d after %s",
			       res->signal, time);
	else
		len = snprintf(buf, size, "exit %d after %s", res->status,
			       time);
	if (res->nthreads && len > 0 && (size_t)len < size)
		snprintf(buf + len, size - (size_t)len, ", %u thread%s",
			 res->nthreads, res->nthreads == 1 ? "" : "s");
}

static void put_what(struct output *out, const struct result *res)
{
	char what[256], end[96], line[256];
	int room;

	describe_target(out, what, sizeof(what));
	describe_end(out, res, end, sizeof(end));
	room = (int)out->width - (int)strlen(end) - 4;
	if (room > 52)
		room = 52;
	if ((int)strlen(what) > room)
		snprintf(what + room - 3, 4, "...");
	snprintf(line, sizeof(line), " %-*s  %s", room, what, end);
	text_line(out, line, "\033[1m");
}

void cpu_model(char *buf, size_t size)
{
	char text[1024];
	const char *p = NULL;

	if (read_start_of("/proc/cpuinfo", text, sizeof(text)) == 0)
		p = strstr(text, "model name");
	if (p)
		p = strchr(p, ':');
	if (!p)
		return;
	p += 1 + strspn(p + 1, " ");
	snprintf(buf, size, "%.*s", (int)strcspn(p, "\n"), p);
}

/* The levels that all counters have in common, or "mixed levels". */
static const char *levels(const struct session *s)
{
	const unsigned both = PFM_PLM_USER | PFM_PLM_KERNEL;
	unsigned all = both, any = 0, i;

	for (i = 0; i < s->nctrs; i++) {
		if (s->ctrs[i].reason || s->ctrs[i].ev.kind == PFM_EVENT_FREE)
			continue;
		all &= s->ctrs[i].ev.plm;
		any |= s->ctrs[i].ev.plm & both;
	}
	if (!any)
		return "all levels";
	if (all != any)
		return "mixed levels";
	if (any == both)
		return "user+kernel";
	return any == PFM_PLM_USER ? "user level" : "kernel level";
}

static void describe_backend(const struct session *s, char *buf, size_t size)
{
	if (s->pin.cpu >= 0)
		snprintf(buf, size, "%s, CPU %d, pinned%s", s->backend,
			 s->pin.cpu, s->opt->isolate ? ", isolated" : "");
	else
		snprintf(buf, size, "%s",
			 !strcmp(s->backend, "perf") ? "perf_event" :
						       s->backend);
}

/* "not multiplexed", by the kernel, or in so many sets. */
static void describe_sets(const struct result *res, char *buf, size_t size)
{
	unsigned nsets = 1;
	bool scaled = false;
	size_t r;

	for (r = 0; r < res->nrows; r++) {
		scaled |= res->rows[r].running_ns < res->rows[r].enabled_ns;
		if (res->rows[r].nsets > nsets)
			nsets = res->rows[r].nsets;
	}
	if (nsets > 1)
		snprintf(buf, size, "in %u sets", nsets);
	else
		snprintf(buf, size, "%smultiplexed", scaled ? "" : "not ");
}

/* Processor, backend, levels; the name of the processor gives way. */
static void put_backend(struct output *out, unsigned counted,
			const struct result *res)
{
	char sets[32];
	char model[96] = "", backend[64], rest[160], line[320];
	int room;

	describe_backend(out->s, backend, sizeof(backend));
	describe_sets(res, sets, sizeof(sets));
	snprintf(rest, sizeof(rest), "%s . %s . %u event%s, %s", backend,
		 levels(out->s), counted, counted == 1 ? "" : "s", sets);
	cpu_model(model, sizeof(model));
	room = (int)out->width - (int)strlen(rest) - 4;
	if (room > (int)strlen(model))
		room = (int)strlen(model);
	if (room > 0)
		snprintf(line, sizeof(line), " %.*s . %s", room, model, rest);
	else
		snprintf(line, sizeof(line), " %s", rest);
	text_line(out, line, NULL);
}

static void put_how(struct output *out, const struct result *res)
{
	const struct session *s = out->s;
	unsigned counted = 0, i;
	char line[256];

	for (i = 0; i < s->nctrs; i++)
		counted += !s->ctrs[i].reason;
	if (counted && s->backend)
		put_backend(out, counted, res);
	if (s->pmu.missing[0])
		snprintf(line, sizeof(line),
			 " %s: hardware events cannot be counted here",
			 s->pmu.missing);
	else if (s->msr_chosen)
		snprintf(line, sizeof(line), " %s", s->hint);
	else
		return;
	text_line(out, line, NULL);
}

static void put_head(struct output *out, const struct result *res)
{
	out_printf(out, "\n");
	put_what(out, res);
	put_how(out, res);
	out_printf(out, "\n");
}

static void put_time(struct output *out, const struct result *res)
{
	char line[256], elapsed[32], user[32], system[32];

	if (!out->s->opt->command || res->partial)
		return;
	out_printf(out, "\n");
	format_time(res->elapsed_ns, elapsed, sizeof(elapsed));
	format_time(res->user_ns, user, sizeof(user));
	format_time(res->system_ns, system, sizeof(system));
	snprintf(line, sizeof(line),
		 " time   %s elapsed    %s user    %s system", elapsed, user,
		 system);
	text_line(out, line, NULL);
}

/* Each reason once, with the first of the events it holds for. */
static void put_reasons(struct output *out, const struct result *res)
{
	size_t i, k;
	char *text;

	for (i = 0; i < res->nrows; i++) {
		const struct row *row = &res->rows[i];

		if (!row->reason || text_is_no_pmu(out, row))
			continue;
		for (k = 0; k < i; k++)
			if (res->rows[k].reason &&
			    !strcmp(res->rows[k].reason, row->reason))
				break;
		if (k < i)
			continue;
		text = xasprintf("%s: %s", row->ctr->label, row->reason);
		text_note(out, "note", text);
		free(text);
	}
}

/* What a value of several CPUs lacks; once for a CPU that did not last. */
static void put_lacks(struct output *out, const struct result *res)
{
	pid_t told = -1;
	char *text;
	size_t i;

	for (i = 0; i < res->nrows; i++) {
		const struct row *row = &res->rows[i];
		bool cpu = row->kind == TARGET_CPU;

		if (!row->lacks || row->reason || (cpu && row->id == told))
			continue;
		if (cpu)
			text = xasprintf("CPU %d %s", (int)row->id, row->lacks);
		else
			text = xasprintf("%s: %s", row->ctr->label, row->lacks);
		if (cpu)
			told = row->id;
		text_note(out, "note", text);
		free(text);
	}
}

static void put_register(struct output *out, const char *cpus,
			 const struct counter *c, const struct pfm_place *place)
{
	char pmc[64] = "";
	char *text;

	if (place->npmcs)
		snprintf(pmc, sizeof(pmc), "PMC%u = %#llx  ",
			 place->pmc[0].reg_num,
			 (unsigned long long)place->pmc[0].reg_value);
	text = xasprintf("%sPMD%u  %s%s", cpus, place->pmd, pmc, c->name);
	text_note(out, "where", text);
	free(text);
}

static void put_placing(struct output *out, const struct placing *at,
			const char *cpus)
{
	const struct session *s = out->s;
	unsigned i;

	for (i = 0; i < s->nctrs; i++)
		if (!s->ctrs[i].reason && !at->why[i])
			put_register(out, cpus, &s->ctrs[i],
				     placing_at(s, at, placing_set(at, i), i));
}

/* -v: which register counts what; the same on all that perf counts. */
static void put_registers(struct output *out)
{
	const struct session *s = out->s;
	char *list, *text;
	struct cpus cpus;
	unsigned i;

	if (!s->msr)
		put_placing(out, s->common, "");
	for (i = 0; s->msr && i < s->nslots; i++) {
		if (placing_shown(s, i))
			continue;
		placing_group(s, i, &cpus);
		list = cpus_format(&cpus);
		text = xasprintf("CPU %s  ", list);
		put_placing(out, s->slots[i].at, text);
		free(text);
		free(list);
	}
}

/* -v: registers, and how far apart the CPUs were started. */
static void put_details(struct output *out)
{
	const struct session *s = out->s;
	char *text;

	put_registers(out);
	if (s->nslots < 2 || s->slots[0].cpu < 0)
		return;
	text = xasprintf("first to last CPU started in %.1f us",
			 (double)s->skew_ns / 1e3);
	text_note(out, "note", text);
	free(text);
}

static void put_share(struct output *out, const struct result *res)
{
	char text[256];

	if (out->s->pin.cpu < 0 || res->partial)
		return;
	pin_describe(out->s->pin.cpu, &res->share, text, sizeof(text));
	text_note(out, "pinned", text);
}

/* Estimates: what they are from, and whether that was enough. */
static void put_turns(struct output *out, const struct result *res)
{
	const struct count_opt *opt = out->s->opt;
	unsigned long long least = 0;
	unsigned nsets = 1;
	char *text;
	size_t r;

	for (r = 0; r < res->nrows; r++) {
		const struct row *row = &res->rows[r];

		if (row->nsets < 2 || row->reason || !row->in)
			continue;
		if (nsets == 1 || row->est.slices < least)
			least = row->est.slices;
		nsets = row->nsets;
	}
	if (nsets == 1 || opt->exact)
		return;
	if (out->s->switch_period)
		text = xasprintf("%u sets take turns, each until %s; +- is "
				 "half of the 95 %% interval of an estimate",
				 nsets, opt->switch_overflow);
	else
		text = xasprintf("%u sets take turns of %g ms on average; +- "
				 "is half of the 95 %% interval of an estimate",
				 nsets, (double)opt->switch_ns / 1e6);
	text_note(out, "sets", text);
	free(text);
	if (least >= ESTIMATE_SLICES)
		return;
	text = xasprintf(
		"a set had %llu turns: with less than %d an error is a "
		"guess; count longer, or let the turns be shorter",
		least, ESTIMATE_SLICES);
	text_note(out, "note", text);
	free(text);
}

static bool breakpoint_may_kill(const struct session *s,
				const struct result *res)
{
	size_t i;

	for (i = 0; i < s->nctrs && res->signal == SIGTRAP; i++)
		if (is_breakpoint(&s->ctrs[i].ev))
			return true;
	return false;
}

static void put_notes(struct output *out, const struct result *res, bool cut)
{
	const struct session *s = out->s;

	put_share(out, res);
	put_turns(out, res);
	if (res->alike)
		text_note(out, "runs", res->alike);
	if (cut)
		put_reasons(out, res);
	put_lacks(out, res);
	if (s->notice)
		text_note(out, "note", s->notice);
	if (s->hint && !s->msr_chosen)
		text_note(out, "note", s->hint);
	if (breakpoint_may_kill(s, res))
		text_note(out, "note", sigtrap_note);
	if (s->opt->per == PER_THREAD && s->opt->pids.n)
		text_note(out, "note",
			  "a thread created later is counted with "
			  "the thread that created it");
	if (s->opt->verbose)
		put_details(out);
}

static void text_result(struct output *out, const struct result *res)
{
	const struct count_opt *opt = out->s->opt;
	bool interval = opt->interval_ns && res->partial;
	bool quiet = opt->quiet, first = !out->printed, head = !quiet, cut;

	if (interval)
		head = head && out->printed % HEAD_EVERY == 0;
	if (!quiet && (!interval || first))
		put_head(out, res);
	cut = text_table(out, res, head);
	if (quiet || (interval && !first))
		return;
	text_metrics(out, res);
	if (!interval)
		put_time(out, res);
	put_notes(out, res, cut);
	if (!interval)
		out_printf(out, "\n");
	if (res->versus)
		text_comparison(out, res->versus);
}

const struct writer writer_text = { .result = text_result };
