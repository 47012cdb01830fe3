/* SPDX-License-Identifier: MIT
 *
 * dump.c - pfmon dump: every sample of a profile in its order, as text or as
 * JSON lines.  What is added up is pfmon report's.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "prof-filter.h"
#include "profile-module.h"

static const char examples[] =
	"  pfmon dump x.pfm                  samples with their stacks\n"
	"  pfmon dump -F time,comm,weight    these fields only\n"
	"  pfmon dump -j x.pfm               an object a line\n";

#define PUT_AT 65536 /* bytes of text that are written at once */

enum field {
	FIELD_COMM,
	FIELD_PID,
	FIELD_TID,
	FIELD_CPU,
	FIELD_TIME,
	FIELD_EVENT,
	FIELD_WEIGHT,
	FIELD_ADDR,
	FIELD_VALUES,
	FIELD_STACK,
	FIELD_LINE, /* of the stack's frames; on demand */
	FIELD_COUNT
};

static const char *const names[FIELD_COUNT] = {
	[FIELD_COMM] = "comm",     [FIELD_PID] = "pid",
	[FIELD_TID] = "tid",       [FIELD_CPU] = "cpu",
	[FIELD_TIME] = "time",     [FIELD_EVENT] = "event",
	[FIELD_WEIGHT] = "weight", [FIELD_ADDR] = "addr",
	[FIELD_VALUES] = "values", [FIELD_STACK] = "stack",
	[FIELD_LINE] = "line",
};

static const char *const weights[] = {
	[PROF_PERIOD] = "period",
	[PROF_FREQ] = "frequency",
	[PROF_CLOCK] = "clock",
};

struct dumping {
	struct profile *p;
	struct prof_filter filter;
	bool filtered, json, header;
	bool in_line; /* some field is in it */
	bool field[FIELD_COUNT];
	FILE *f;
	char *text; /* what is not yet written; f's */
	size_t size;
};

static void choose_fields(struct dumping *d, const char *list)
{
	const char *p;
	size_t len;
	unsigned i;

	if (list && !*list)
		usage_error(&cmd_dump_entry, "-F names no field");
	for (i = 0; i < FIELD_COUNT; i++)
		d->field[i] = !list && i != FIELD_LINE;
	for (p = list; p && *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		for (i = 0; i < FIELD_COUNT; i++)
			if (strlen(names[i]) == len &&
			    !memcmp(names[i], p, len))
				break;
		if (i < FIELD_COUNT)
			d->field[i] = true;
		else
			usage_error(&cmd_dump_entry,
				    "-F: '%.*s' is none of comm, pid, tid, "
				    "cpu, time, event, weight, addr, values, "
				    "stack, line",
				    (int)len, p);
	}
	d->field[FIELD_STACK] |= d->field[FIELD_LINE];
}

/* Place n of a frame in the source; NULL: it is not known. */
static const struct prof_loc *loc_of(const struct profile *p,
				     const struct prof_frame *f, uint32_t n)
{
	const struct prof_loc *l = n < f->nlocs ? &p->locs[f->loc + n] : NULL;

	return l && l->func != PROF_NONE ? l : NULL;
}

/* The last place is where the code is; the others were inlined. */
static bool is_inlined(const struct prof_frame *f, uint32_t n)
{
	return n + 1 < f->nlocs;
}

static uint32_t places(const struct prof_frame *f)
{
	return f->nlocs ? f->nlocs : 1;
}

static void put_function(struct dumping *d, const struct prof_frame *f,
			 uint32_t n)
{
	const struct prof_loc *l = loc_of(d->p, f, n);
	const struct prof_func *func;

	if (!l) {
		fputs("[unresolved]", d->f);
		return;
	}
	func = &d->p->funcs[l->func];
	fputs(d->p->strings[func->name], d->f);
	if (is_inlined(f, n))
		fputs(" (inlined)", d->f);
	else if (f->addr >= func->start)
		fprintf(d->f, "+0x%" PRIx64, f->addr - func->start);
}

static void put_frame(struct dumping *d, const struct prof_frame *f)
{
	const struct profile *p = d->p;
	const struct prof_loc *l;
	uint32_t i;

	for (i = 0; i < places(f); i++) {
		l = loc_of(p, f, i);
		fprintf(d->f, "\t%16" PRIx64 " ", f->addr);
		put_function(d, f, i);
		fprintf(d->f, " (%s)", p->strings[p->objects[f->object].path]);
		if (l && l->file && d->field[FIELD_LINE])
			fprintf(d->f, " %s:%u", p->strings[l->file], l->line);
		fputc('\n', d->f);
	}
}

/* Between two fields. */
static void space(struct dumping *d)
{
	if (d->in_line)
		fputc(' ', d->f);
	d->in_line = true;
}

#define PUT(d, field_, ...)                           \
	do {                                          \
		if ((d)->field[field_]) {             \
			space(d);                     \
			fprintf((d)->f, __VA_ARGS__); \
		}                                     \
	} while (0)

static void put_rest(struct dumping *d, const struct prof_sample *s)
{
	const struct prof_event *e = &d->p->events[s->event];
	unsigned i;

	if (s->addr)
		PUT(d, FIELD_ADDR, "0x%" PRIx64, s->addr);
	for (i = 0; i < s->nvalues && i < e->nvalues; i++)
		PUT(d, FIELD_VALUES, "%s=%" PRIu64, d->p->strings[e->values[i]],
		    s->values[i]);
}

/* As perf script has it: "comm pid/tid [cpu] time: weight event: ...". */
static void put_text(struct dumping *d, const struct prof_sample *s)
{
	const struct profile *p = d->p;
	const struct prof_task *t = &p->tasks[s->task];
	uint32_t node;

	d->in_line = false;
	PUT(d, FIELD_COMM, "%s", p->strings[t->comm]);
	if (d->field[FIELD_PID] && d->field[FIELD_TID]) {
		PUT(d, FIELD_PID, "%u/%u", t->pid, t->tid);
	} else {
		PUT(d, FIELD_PID, "%u", t->pid);
		PUT(d, FIELD_TID, "%u", t->tid);
	}
	PUT(d, FIELD_CPU, "[%03u]", s->cpu);
	PUT(d, FIELD_TIME, "%" PRIu64 ".%09" PRIu64 ":",
	    (uint64_t)(s->time / NS_PER_S), (uint64_t)(s->time % NS_PER_S));
	PUT(d, FIELD_WEIGHT, "%" PRIu64, s->weight);
	PUT(d, FIELD_EVENT, "%s:", p->strings[p->events[s->event].name]);
	put_rest(d, s);
	fputc('\n', d->f);
	if (!d->field[FIELD_STACK])
		return;
	for (node = s->node; node; node = p->nodes[node].parent)
		put_frame(d, &p->frames[p->nodes[node].frame]);
	fputc('\n', d->f);
}

/* In hex: half of the kernel's are no number that JSON's readers can hold. */
static struct json_t *js_address(uint64_t addr)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, addr);
	return js_text(text);
}

static struct json_t *place_json(const struct profile *p,
				 const struct prof_frame *f, uint32_t n)
{
	const struct prof_loc *l = loc_of(p, f, n);
	const struct prof_object *o = &p->objects[f->object];
	struct json_t *obj = js_object();

	js_set(obj, "address", js_address(f->addr));
	js_set(obj, "function",
	       js_text(l ? p->strings[p->funcs[l->func].name] : NULL));
	if (!l && o->why)
		js_set(obj, "reason", js_text(p->strings[o->why]));
	js_set(obj, "object", js_text(p->strings[o->path]));
	js_set(obj, "file", js_text(l && l->file ? p->strings[l->file] : NULL));
	js_set(obj, "line", js_number(l && l->line, l ? l->line : 0));
	js_set(obj, "inlined", js_bool(l && is_inlined(f, n)));
	return obj;
}

static struct json_t *stack_json(const struct profile *p, uint32_t node)
{
	struct json_t *array = js_array();
	uint32_t i;

	for (; node; node = p->nodes[node].parent) {
		const struct prof_frame *f = &p->frames[p->nodes[node].frame];

		for (i = 0; i < places(f); i++)
			js_append(array, place_json(p, f, i));
	}
	return array;
}

static struct json_t *values_json(const struct profile *p,
				  const struct prof_sample *s)
{
	const struct prof_event *e = &p->events[s->event];
	struct json_t *obj = js_object();
	unsigned i;

	for (i = 0; i < s->nvalues && i < e->nvalues; i++)
		js_set(obj, p->strings[e->values[i]],
		       js_number(true, s->values[i]));
	return obj;
}

static struct json_t *field_json(const struct profile *p,
				 const struct prof_sample *s, enum field field)
{
	const struct prof_task *t = &p->tasks[s->task];

	switch (field) {
	case FIELD_COMM:
		return js_text(p->strings[t->comm]);
	case FIELD_PID:
		return js_number(true, t->pid);
	case FIELD_TID:
		return js_number(true, t->tid);
	case FIELD_CPU:
		return js_number(true, s->cpu);
	case FIELD_TIME:
		return js_number(true, s->time);
	case FIELD_EVENT:
		return js_text(p->strings[p->events[s->event].name]);
	case FIELD_WEIGHT:
		return js_number(true, s->weight);
	case FIELD_ADDR:
		return s->addr ? js_address(s->addr) : js_null();
	case FIELD_VALUES:
		return values_json(p, s);
	case FIELD_STACK:
		return stack_json(p, s->node);
	default:
		return NULL; /* within the stack */
	}
}

static void put_object(struct dumping *d, struct json_t *obj)
{
	char *line = js_line(obj);

	fprintf(d->f, "%s\n", line);
	free(line);
}

static void put_json(struct dumping *d, const struct prof_sample *s)
{
	struct json_t *obj = js_object();
	unsigned i;

	for (i = 0; i < FIELD_LINE; i++)
		if (d->field[i])
			js_set(obj, i == FIELD_TIME ? "time_ns" : names[i],
			       field_json(d->p, s, (enum field)i));
	put_object(d, obj);
}

static void write_text(struct dumping *d)
{
	if (fflush(d->f) != 0)
		die("out of memory");
	print_out("%.*s", (int)ftello(d->f), d->text);
	rewind(d->f);
}

static int put_sample(const struct prof_sample *s, void *arg)
{
	struct dumping *d = arg;
	struct prof_sample any;

	if (d->filtered) {
		any = *s;
		/* Without -e those of all events. */
		if (!d->filter.event)
			any.event = prof_filter_event(&d->filter);
		if (!prof_filter_match(&d->filter, &any))
			return 0;
	}
	if (d->json)
		put_json(d, s);
	else
		put_text(d, s);
	if (ftello(d->f) > PUT_AT)
		write_text(d);
	return 0;
}

static struct json_t *events_json(const struct profile *p)
{
	struct json_t *array = js_array();
	uint32_t i;

	for (i = 0; i < p->nevents; i++) {
		const struct prof_event *e = &p->events[i];
		struct json_t *obj = js_object();

		js_set(obj, "name", js_text(p->strings[e->name]));
		js_set(obj, "unit", js_text(p->strings[e->unit]));
		js_set(obj, "scale", js_real(e->scale));
		js_set(obj, "weight", js_text(weights[e->weight]));
		js_set(obj, "period", js_number(true, e->period));
		js_set(obj, "set", js_number(true, e->set));
		js_set(obj, "skid", js_text(p->strings[e->skid]));
		js_append(array, obj);
	}
	return array;
}

static void put_head_json(struct dumping *d)
{
	const struct profile *p = d->p;
	struct json_t *obj = js_object(), *meta = js_object();
	uint32_t i;

	for (i = 0; i < p->nmetas; i++)
		js_set(meta, p->metas[i].key, js_text(p->metas[i].text));
	js_set(obj, "recording", meta);
	js_set(obj, "events", events_json(p));
	js_set(obj, "start_ns", js_number(p->ended, p->totals.start_ns));
	js_set(obj, "duration_ns", js_number(p->ended, p->totals.duration_ns));
	js_set(obj, "samples", js_number(true, p->nsamples));
	js_set(obj, "lost", js_number(p->ended, p->totals.lost));
	js_set(obj, "dropped", js_number(p->ended, p->totals.dropped));
	js_set(obj, "ended", js_bool(p->ended));
	put_object(d, obj);
}

static void put_head_text(struct dumping *d)
{
	const struct profile *p = d->p;
	uint32_t i;

	for (i = 0; i < p->nmetas; i++)
		fprintf(d->f, "# %s: %s\n", p->metas[i].key, p->metas[i].text);
	for (i = 0; i < p->nevents; i++) {
		const struct prof_event *e = &p->events[i];

		fprintf(d->f, "# event: %s, %s %" PRIu64 "%s%s\n",
			p->strings[e->name], weights[e->weight], e->period,
			e->skid ? ", addresses: " : "", p->strings[e->skid]);
	}
	fprintf(d->f, "# samples: %" PRIu64, p->nsamples);
	if (p->ended)
		fprintf(d->f, ", %" PRIu64 " lost, %" PRIu64 " dropped",
			p->totals.lost, p->totals.dropped);
	fputc('\n', d->f);
}

static void put_all(struct dumping *d)
{
	d->f = open_memstream(&d->text, &d->size);
	if (!d->f)
		die("out of memory");
	if (d->header && d->json)
		put_head_json(d);
	else if (d->header)
		put_head_text(d);
	prof_samples(d->p, put_sample, d);
	write_text(d);
	fclose(d->f);
	free(d->text);
}

static void filter_init(struct dumping *d)
{
	char *bad;

	d->filtered = d->filter.event || prof_filter_leaves_out(&d->filter);
	bad = d->filtered ? prof_filter_init(&d->filter, d->p) : NULL;
	if (bad)
		die("%s", bad);
}

static void filter_end(struct prof_filter *f)
{
	prof_filter_release(f);
	free(f->func.v);
	free(f->dso.v);
	free(f->comm.v);
	free(f->pid.v);
	free(f->tid.v);
}

static int dump_run(int argc, char **argv)
{
	struct strlist operands = { .n = 0 };
	struct dumping d = { 0 };
	const char *fields = NULL;
	/* clang-format off */
	const struct opt opts[] = {
		{ OPT_FLAG, 'j', "json", NULL, "JSON, an object a line",
		  &d.json, 0, 0, NULL },
		{ OPT_STRING, 'F', "fields", "LIST",
		  "comm pid tid cpu time event weight addr values stack line",
		  &fields, 0, 0, NULL },
		{ OPT_FLAG, 0, "header", NULL, "the recording itself first",
		  &d.header, 0, 0, NULL },
		PROF_FILTER_OPTS(d.filter),
		{ OPT_END, 0, NULL, NULL, NULL, NULL, 0, 0, NULL },
	};
	/* clang-format on */

	operands_parse(&cmd_dump_entry, opts, argc, argv, &operands);
	set_die_status(STATUS_FAIL);
	choose_fields(&d, fields);
	if (d.json)
		json_init();
	d.p = prof_open_operand(&cmd_dump_entry, &operands);
	filter_init(&d);
	put_all(&d);
	if (!d.p->ended)
		warn("%s: the recording was cut at byte %" PRIu64 "; these are "
		     "its samples up to there",
		     d.p->path, d.p->whole);
	filter_end(&d.filter);
	free(operands.v);
	prof_close(d.p);
	return 0;
}

const struct cmd_entry cmd_dump_entry = {
	.name = "dump",
	.summary = "every sample of a profile",
	.usage = "[OPTION]... [FILE]",
	.examples = examples,
	.usage_status = STATUS_USAGE,
	.run = dump_run,
};
