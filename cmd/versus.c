/* SPDX-License-Identifier: MIT
 *
 * versus.c - pfmon count --compare and --versus: the runs just made as a record,
 * and what it is compared with, a file or the runs of another command.
 */
#include "config.h"

#include "count.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <wordexp.h>

#include "json.h"
#include "versus.h"

/* The command as words: no shell runs it, which would be measured, too. */
void versus_init(struct versus *v, const char *command)
{
	wordexp_t words;
	size_t i;

	*v = (struct versus){ 0 };
	if (!command)
		return;
	if (wordexp(command, &words, WRDE_NOCMD | WRDE_UNDEF) != 0)
		die("--versus='%s' is not one command with its arguments; for "
		    "anything else: --versus=\"sh -c '...'\"",
		    command);
	if (!words.we_wordc)
		die("--versus needs a command");
	v->argv = xcalloc(words.we_wordc + 1, sizeof(*v->argv));
	for (i = 0; i < words.we_wordc; i++)
		v->argv[i] = xstrdup(words.we_wordv[i]);
	wordfree(&words);
}

void versus_read(struct versus *v, const char *path)
{
	char *why;

	json_init_for("--compare");
	if (record_read(&v->old, path, &why) < 0)
		die("--compare: %s", why);
	v->has_old = true;
}

static struct point point_of(const struct row *row)
{
	struct point p = { .has = !row->reason, .half = -1 };
	double half = estimate_half_width(&row->est);

	if (!p.has)
		return p;
	p.value = row_value(row);
	if (row->is_scaled && half >= 0)
		p.half = half * row->ctr->ev.scale;
	return p;
}

static void add_row(struct record *rec, const struct row *row)
{
	const struct counter *ctr = row->ctr;
	struct record_row *to =
		record_add(rec, ctr->name ? ctr->name : ctr->asked, ctr->asked,
			   target_name(row->kind), row->id);

	record_text(&to->unit, ctr->unparsed ? "" : ctr->ev.unit);
	record_text(&to->comm, row->comm);
	record_text(&to->reason, row->reason ? row->reason : row->lacks);
}

static void put_fact(void *rec, const char *key, const char *text)
{
	record_fact(rec, key, text);
}

static void add_metrics(struct record *rec, const struct session *s,
			const struct result *runs, unsigned n)
{
	size_t count = metrics_count(s), first, i;
	unsigned r;

	for (first = 0; count && first < runs[0].nrows; first += runs[0].nctrs)
		for (i = 0; i < count; i++) {
			const struct row *row = &runs[0].rows[first];
			struct record_row *to = NULL;
			struct metric_value m;

			for (r = 0; r < n; r++) {
				metrics_value(s, &runs[r], first, i, &m);
				if (!to) {
					to = record_add(rec, m.mt->name,
							m.mt->name,
							target_name(row->kind),
							row->id);
					to->metric = true;
					record_text(&to->unit,
						    m.mt->unit_name ?
							    m.mt->unit_name :
							    "");
					record_text(&to->comm, row->comm);
				}
				if (!m.has)
					continue;
				to->points[r] = (struct point){
					.has = true,
					.value = m.value,
					.half = m.half > 0 ? m.half : -1,
				};
			}
		}
}

static void record_of_runs(struct record *rec, const char *name,
			   const struct session *s, const struct result *runs,
			   unsigned n)
{
	unsigned i;
	size_t r;

	record_init(rec, name);
	machine_facts(put_fact, rec);
	for (i = 0; i < n; i++)
		record_run(rec, (double)runs[i].elapsed_ns);
	for (r = 0; r < runs[0].nrows; r++) {
		add_row(rec, &runs[0].rows[r]);
		for (i = 0; i < n; i++)
			if (r < runs[i].nrows)
				rec->rows[r].points[i] =
					point_of(&runs[i].rows[r]);
	}
	add_metrics(rec, s, runs, n);
}

void versus_old_runs(struct versus *v, const struct session *s,
		     const struct result *runs, unsigned n)
{
	unsigned i;

	record_of_runs(&v->old, s->opt->versus, s, runs, n);
	v->has_old = true;
	for (i = 0; i < n; i++) {
		if (!v->failed)
			v->status = runs[i].status;
		v->failed += runs[i].status != 0;
	}
}

void versus_compare(struct versus *v, const struct session *s,
		    const struct result *runs, unsigned n)
{
	record_of_runs(&v->new, s->opt->command ? s->opt->command[0] : "now", s,
		       runs, n);
	v->has_new = true;
	compare_records(&v->cmp, &v->old, &v->new);
}

void versus_release(struct versus *v)
{
	size_t i;

	if (v->has_new) {
		compare_release(&v->cmp);
		record_release(&v->new);
	}
	if (v->has_old)
		record_release(&v->old);
	for (i = 0; v->argv && v->argv[i]; i++)
		free(v->argv[i]);
	free(v->argv);
}

static void put_line(void *arg, const char *line)
{
	out_printf(arg, "%s\n", line);
}

static char *count_runs(const struct count_opt *opt, size_t n)
{
	if (!opt->warmup)
		return xasprintf("%zu run%s", n, n == 1 ? "" : "s");
	return xasprintf("%zu run%s, %llu warm-up", n, n == 1 ? "" : "s",
			 (unsigned long long)opt->warmup);
}

/* A command that ends early is not a fast one. */
static void put_failed(struct output *out, const struct versus *v)
{
	char *text;

	if (!v->failed)
		return;
	text = xasprintf("%u of %zu runs of '%s' failed, the first with "
			 "status %d",
			 v->failed, v->old.nruns, v->old.name, v->status);
	text_note(out, "note", text);
	free(text);
}

void text_comparison(struct output *out, const struct versus *v)
{
	const struct comparison *cmp = &v->cmp;
	char *head = count_runs(out->s->opt, cmp->new->nruns);
	bool file = out->s->opt->compare;
	struct compare_style style = {
		.width = out->width,
		.old_name = file ? NULL : "versus",
		.new_name = file ? NULL : "command",
		.head = head,
		.put = put_line,
		.arg = out,
	};

	compare_text(cmp, &style);
	put_failed(out, v);
	out_printf(out, "\n");
	free(head);
}

void machine_facts(void (*put)(void *arg, const char *key, const char *text),
		   void *arg)
{
	char text[128] = "";
	struct utsname names;

	cpu_model(text, sizeof(text));
	if (text[0])
		put(arg, "cpu", text);
	if (uname(&names) == 0)
		put(arg, "kernel", names.release);
	if (read_line_of(
		    "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
		    text, sizeof(text)) == 0)
		put(arg, "governor", text);
}
