/* SPDX-License-Identifier: MIT
 *
 * t-group.c - metric groups: what a file may say, what is wrong in it with its
 * line, and where files are looked for.  Expressions are t-expr.c's, the groups
 * of the source tree t-group-data.c's.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "group.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

static char dir[] = "/tmp/t-group.XXXXXX";

/* Write dir/sub/name; returns its path. */
static const char *put(const char *sub, const char *name, const char *text)
{
	static char path[512];
	FILE *f;

	for (const char *slash = sub; *slash; slash++) {
		slash += strcspn(slash, "/");
		snprintf(path, sizeof(path), "%s/%.*s", dir, (int)(slash - sub),
			 sub);
		mkdir(path, 0700);
		if (!*slash)
			break;
	}
	snprintf(path, sizeof(path), "%s/%s/%s", dir, sub, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(1);
	return path;
}

/* In the order of ids; an event's number is its place. */
static const double given[] = {
	[GROUP_TIME] = 2,      [GROUP_CLOCK_HZ] = 1e9,    [GROUP_TSC_HZ] = 2e9,
	[GROUP_CPUS] = 4,      [GROUP_SMT] = 1,           [GROUP_WIDTH] = 6,
	[GROUP_EVENT0] = 1000, [GROUP_EVENT0 + 1] = 3000,
};

static const char *get(void *arg, unsigned id, double *value, double *error)
{
	(void)arg;
	if (id >= N(given))
		return "not given";
	*value = given[id];
	*error = id == GROUP_EVENT0 ? 10 : 0;
	return NULL;
}

static const char whole[] = "; a comment\n"
			    "[metric late]  # metrics in any order\n"
			    "expr = 2 * early\n"
			    "[group]\n"
			    "name = all\n"
			    "title = everything # but this\n"
			    "desc = goes on\n"
			    "   below\r\n"
			    "pmu = skl, adl_glc\n"
			    "source = a book\n"
			    "lacks = much\n"
			    "\n"
			    "[events]\n"
			    "cyc = UNHALTED_CORE_CYCLES [cycles]\n"
			    "miss-es = MEM_LOAD_RETIRED:L1_MISS\n"
			    "[metric early]\n"
			    "expr = mem_load_retired.l1_miss\n"
			    "       / cyc\n"
			    "unit = misses/kcycle\n"
			    "desc = what it is\n"
			    "good = < 1, > 5000\n"
			    "bad = > 2000\n"
			    "advice = none\n"
			    "source = elsewhere\n"
			    "needs = cpu, no-smt\n"
			    "[metric rate]\n"
			    "expr = cyc / time\n"
			    "unit = kHz\n";

static void test_file(void)
{
	char why[GROUP_WHY_MAX] = "", buf[64];
	struct group *g = group_read(put("skl", "all.ini", whole), NULL, why);
	const struct group_metric *mt;
	struct expr_result r;

	if (!ok(g, "a file with all there is")) {
		diag("%s", why);
		return;
	}
	is_str(g->name, "all", "its name is the file's");
	is_str(g->title, "everything", "a comment ends a value");
	is_str(g->desc, "goes on below", "a value goes on");
	is_str(g->source, "a book", "source");
	is_str(g->lacks, "much", "lacks");
	ok(!strcmp(g->pmus[0], "skl") && !strcmp(g->pmus[1], "adl_glc") &&
		   !g->pmus[2],
	   "a list of PMUs");
	is_u64(g->nevents, 2, "events");
	is_str(g->events[0].string, "UNHALTED_CORE_CYCLES", "an event's text");
	is_str(g->events[0].unit_name, "cycles", "an event's unit");
	is_str(g->events[1].unit_name, "count", "which is count else");
	is_u64(g->nmetrics, 3, "metrics, in the order of the file");
	mt = &g->metrics[1];
	is_str(mt->name, "early", "a metric's name");
	ok(!strcmp(mt->desc, "what it is") && !strcmp(mt->advice, "none") &&
		   !strcmp(mt->source, "elsewhere"),
	   "its texts");
	is_u64(mt->needs, GROUP_NEEDS_CPU | GROUP_NEEDS_NO_SMT, "its needs");
	is_u64(mt->line, 17, "the line of its expression");
	group_eval(mt, get, NULL, &r);
	if (!ok(r.has && r.value == 3000, "its value is in its unit"))
		diag("%g %s", r.value, r.why);
	ok(fabs(r.error - 30) < 1e-9, "its error, too: 3000/1000^2 * 10");
	is_i64(group_verdict(mt, 2001), GROUP_BAD, "above a bad limit");
	is_i64(group_verdict(mt, 2000), GROUP_NEITHER, "on it");
	is_i64(group_verdict(mt, 0.5), GROUP_GOOD, "below a good limit");
	is_i64(group_verdict(mt, 6000), GROUP_BAD, "bad goes first");
	group_eval(&g->metrics[0], get, NULL, &r);
	ok(r.has && r.value == 6, "a metric of a metric below it");
	is_str(g->metrics[0].unit_name, "count/cycles",
	       "without a unit it has the one that it gives");
	is_i64(group_verdict(&g->metrics[0], 1e9), GROUP_NEITHER, "no limit");
	group_eval(&g->metrics[2], get, NULL, &r);
	ok(r.has && r.value == 0.5,
	   "a constant: 1000 cycles in 2 s are 0.5 kHz");
	group_event_on(&g->events[0], "skl", buf, sizeof(buf));
	is_str(buf, "skl::UNHALTED_CORE_CYCLES", "an event on its PMU");
	group_free(g);
}

/* The text, and what is said of it behind the path. */
/* clang-format off */
#define HEAD "[group]\npmu=perf\n[events]\na=cs [switches]\nb=faults [faults]\n" \
	     "c=x [cycles]\n[metric m]\n" /* 7 lines */
static const struct {
	int line;
	const char *text, *why;
} wrong[] = {
	{ __LINE__, "", ":1: the group has no pmu" },
	{ __LINE__, "[group]\npmu = skl\n", ":3: the group has no metric" },
	{ __LINE__, "pmu = skl\n", ":1: 'pmu' stands before the first [section]" },
	{ __LINE__, "[group]\nnonsense\n", ":2: neither [section] nor key = value: 'nonsense'" },
	{ __LINE__, "[group]\n= x\n", ":2: neither [section] nor key = value: '= x'" },
	{ __LINE__, "[group\n", ":1: a section is one [name] on its line" },
	{ __LINE__, "[group] x\n", ":1: a section is one [name] on its line" },
	{ __LINE__, "[set]\n", ":1: unknown section [set]; there are [group], [events], [metric NAME]" },
	{ __LINE__, "[metric]\n", ":1: unknown section [metric]; there are [group], [events], [metric NAME]" },
	{ __LINE__, "[group]\ncpu = skl\n", ":2: unknown key 'cpu'; a group has title, desc, pmu, source, lacks, name, units" },
	{ __LINE__, "[group]\ntitle=a\n\ntitle=b\n", ":4: 'title' twice" },
	{ __LINE__, "[group]\npmu=a\npmu=b\n", ":3: 'pmu' twice" },
	{ __LINE__, "[group]\npmu=a, ../b\n", ":2: pmu: no PMU's name, '../b'" },
	{ __LINE__, "[group]\npmu=\n", ":2: pmu: there is none" },
	{ __LINE__, "[group]\nname=other\n", ":2: the name is 'other', the file's 'bad'" },
	{ __LINE__, "[group]\nunits=some\n", ":2: units are checked or unchecked, not 'some'" },
	{ __LINE__, "[group]\ntitle=\033[2J\n", ":2: a control character, 0x1b" },
	{ __LINE__, "[events]\na =\n", ":2: the event 'a' has no text" },
	{ __LINE__, "[events]\na = X [furlong]\n", ":2: unknown unit 'furlong'" },
	{ __LINE__, "[events]\na.b = X\n", ":2: 'a.b': a name consists of letters, digits, '_' and '-'" },
	{ __LINE__, "[events]\n2a = X\n", ":2: '2a' starts with a digit, a name does not" },
	{ __LINE__, "[events]\ntime = X\n", ":2: 'time' is a constant's name" },
	{ __LINE__, "[events]\nmax = X\n", ":2: 'max' is a function's name" },
	{ __LINE__, "[events]\na = X\na = Y\n", ":3: there is an event 'a' already" },
	{ __LINE__, "[events]\na = X\n[metric a]\n", ":3: there is an event 'a' already" },
	{ __LINE__, "[metric a]\n[metric a]\n", ":2: there is a metric 'a' already" },
	{ __LINE__, "[metric a b]\n", ":1: 'a b': a name consists of letters, digits, '_' and '-'" },
	{ __LINE__, HEAD, ":7: metric 'm' has no expr" },
	{ __LINE__, HEAD "expr=a\nexpr=b\n", ":9: 'expr' twice" },
	{ __LINE__, HEAD "formula=a\n", ":8: unknown key 'formula'; a metric has expr, unit, desc, bad, good, advice, source, needs" },
	{ __LINE__, HEAD "desc=x\nexpr=a + zz\n", ":9: metric 'm': unknown name 'zz', at \"zz\"" },
	{ __LINE__, HEAD "expr=a +\n", ":8: metric 'm': the expression is not complete, at the end" },
	{ __LINE__, HEAD "expr=a\n  + c\n", ":8: metric 'm': the units differ: count + cycles, at \"+ c\"" },
	{ __LINE__, HEAD "expr=a / time\nunit=GB/s\n", ":8: metric 'm': the unit is said to be GB/s, but the expression gives count/s" },
	{ __LINE__, HEAD "expr=a\nunit=ells\n", ":8: metric 'm': unknown unit 'ells'" },
	{ __LINE__, HEAD "expr=a\nbad=0.5\n", ":9: bad: '0.5' is not \"< NUMBER\", \"> NUMBER\" or both" },
	{ __LINE__, HEAD "expr=a\nbad=> x\n", ":9: bad: '> x' is not \"< NUMBER\", \"> NUMBER\" or both" },
	{ __LINE__, HEAD "expr=a\nbad=> nan\n", ":9: bad: '> nan' is not \"< NUMBER\", \"> NUMBER\" or both" },
	{ __LINE__, HEAD "expr=a\ngood=> 1, > 2\n", ":9: good: '> 1, > 2' is not \"< NUMBER\", \"> NUMBER\" or both" },
	{ __LINE__, HEAD "expr=a\nbad=> 1\nbad=< 0\n", ":10: 'bad' twice" },
	{ __LINE__, HEAD "expr=a\nneeds=cpu, luck\n", ":9: needs: 'luck' is none of cpu, package, no-smt" },
	{ __LINE__, HEAD "expr=m\n", ":8: metric 'm' needs itself: it needs 'm'" },
	{ __LINE__, HEAD "expr=n\n[metric n]\nexpr=a+o\n[metric o]\nexpr=n\n",
	  ":10: metric 'n' needs itself: it needs 'o', which needs 'n'" },
	/* no value of 'a' for "a-n" while n is not parsed */
	{ __LINE__, HEAD "expr=a\n[metric a-n]\nexpr=zz\n[metric z]\nexpr=a-n\n",
	  ":10: metric 'a-n': unknown name 'zz', at \"zz\"" },
};
/* clang-format on */

static void test_wrong(void)
{
	char why[GROUP_WHY_MAX], want[GROUP_WHY_MAX];
	const char *path;
	struct group *g;

	for (size_t i = 0; i < N(wrong); i++) {
		path = put("x", "bad.ini", wrong[i].text);
		snprintf(want, sizeof(want), "%s%s", path, wrong[i].why);
		*why = '\0';
		g = group_read(path, NULL, why);
		ok(!g, "line %d: it is refused", wrong[i].line);
		is_str(why, want, "line %d: why", wrong[i].line);
		group_free(g);
	}
}

/* A file whose text is what a loop made. */
static void check_refused(const char *what, FILE *f, char **text,
			  const char *why_end)
{
	char why[GROUP_WHY_MAX] = "";
	struct group *g;
	size_t len, end = strlen(why_end);

	fclose(f);
	g = group_read(put("x", "big.ini", *text), NULL, why);
	len = strlen(why);
	ok(!g, "%s is refused", what);
	if (!ok(len >= end && !strcmp(why + len - end, why_end),
		"it is said: %s", why_end))
		diag("%s", why);
	group_free(g);
	free(*text);
}

static FILE *start(char **text)
{
	static size_t size;
	FILE *f = open_memstream(text, &size);

	if (!f)
		exit(1);
	return f;
}

static void test_hostile(void)
{
	char why[GROUP_WHY_MAX] = "", *text, path[256];
	struct group *g;
	FILE *f;

	f = start(&text);
	for (int i = 0; i < 65536; i++)
		fputs("\n", f);
	fputs("#", f);
	check_refused("a large file", f, &text, ": over 65536 bytes");
	f = start(&text);
	fputs("[events]\n", f);
	for (int i = 0; i < 65; i++)
		fprintf(f, "e%d = x\n", i);
	check_refused("the 65th event", f, &text, ":66: over 64 events");
	f = start(&text);
	for (int i = 0; i < 65; i++)
		fprintf(f, "[metric m%d]\n", i);
	check_refused("the 65th metric", f, &text, ":65: over 64 metrics");
	f = start(&text);
	fprintf(f, "[metric %064d]\n", 0);
	check_refused("a long name", f, &text,
		      ": a name has 1 to 63 bytes: '00000000000000000000000000"
		      "00000000000000000000000000000000000000'");
	f = start(&text);
	fputs("[group]\npmu = a", f);
	for (int i = 0; i < 32; i++)
		fputs(" a", f);
	check_refused("the 33rd PMU", f, &text, ":2: over 32 PMUs");
	/* Each needs the next, all the way; then the last one the first. */
	f = start(&text);
	fputs("[group]\npmu = a\n", f);
	for (int i = 0; i < 64; i++)
		fprintf(f, "[metric m%d]\nexpr = 1 + m%d\n", i, (i + 1) % 64);
	check_refused(
		"a cycle of 64 metrics", f, &text,
		", which needs 'm3' ..., which needs 'm63', which needs 'm0'");
	f = start(&text);
	fputs("[group]\npmu = a\n", f);
	for (int i = 0; i < 63; i++)
		fprintf(f, "[metric m%d]\nexpr = time + m%d\n", i, i + 1);
	fputs("[metric m63]\nexpr = time\n", f);
	fclose(f);
	g = group_read(put("x", "long.ini", text), NULL, why);
	ok(g, "a chain of 64 metrics is none: %s", why);
	group_free(g);
	free(text);
	g = group_read(dir, NULL, why);
	ok(!g && strstr(why, ": not a regular file"), "nor a directory: %s",
	   why);
	snprintf(path, sizeof(path), "%s/fifo.ini", dir);
	ok(!mkfifo(path, 0600) && !group_read(path, NULL, why) &&
		   strstr(why, ": not a regular file"),
	   "a fifo is not waited for");
	snprintf(path, sizeof(path), "%s/missing.ini", dir);
	ok(!group_read(path, NULL, why) && strstr(why, strerror(ENOENT)),
	   "a missing file is said");
}

/* --metric: a group that is put together. */
static void test_add(void)
{
	char why[GROUP_WHY_MAX] = "";
	struct group *g = group_new();
	struct expr_result r;

	ok(group_add_event(g, "instructions:u", "instructions:u", NULL, why) &&
		   group_add_event(g, "cycles", "cycles", "cycles", why),
	   "events without a file");
	ok(group_add_metric(g, "half=instructions:u/2", NULL, why),
	   "a metric of them: %s", why);
	ok(group_add_metric(g, "cpi=cycles/half[cycles/instr]", NULL, why),
	   "one of that, with a unit");
	group_eval(&g->metrics[1], get, NULL, &r);
	ok(r.has && r.value == 6, "3000 / (1000 / 2)");
	ok(!group_add_metric(g, "x=cycles+half", NULL, why) && g->nmetrics == 2,
	   "a wrong one is not added: %s", why);
	ok(!group_add_metric(g, "y=1+y", NULL, why) && g->nmetrics == 2,
	   "nor one that needs itself: %s", why);
	ok(!group_add_metric(g, "cpi=1", NULL, why), "nor a name twice: %s",
	   why);
	ok(!group_add_metric(g, "only", NULL, why), "nor a name alone: %s",
	   why);
	ok(!group_add_metric(g, "z=half*2[%]", NULL, why),
	   "nor with a unit that it has not: %s", why);
	group_free(g);
}

#define PLAIN(pmu, title)                        \
	"[group]\npmu = " pmu "\ntitle = " title \
	"\n[events]\ne = cs\n[metric m]"         \
	"\nexpr = smt == 1 ? e : 2[count]\n"

/* Also one that is parsed later. */
static void test_longest_name(void)
{
	static const char text[] = "[group]\npmu=a\n[events]\na=x\nb=y\n"
				   "[metric m]\nexpr=a-b\n"
				   "[metric a-b]\nexpr=b\n";
	char why[GROUP_WHY_MAX] = "";
	struct group *g = group_read(put("x", "n.ini", text), NULL, why);
	struct expr_result r = { 0 };

	if (g)
		group_eval(&g->metrics[0], get, NULL, &r);
	ok(r.has && r.value == 3000, "a-b is the metric, not 1000 - 3000: %s",
	   why);
	group_free(g);
}

static void test_machine(void)
{
	struct group_machine m = { .value = { [GROUP_SMT] = 2 } };
	char why[GROUP_WHY_MAX] = "";
	struct group *g =
		group_read(put("x", "m.ini", PLAIN("perf", "")), &m, why);
	struct expr_result r;
	unsigned id;

	if (!ok(g, "a group for a machine"))
		return;
	ok(!expr_leaf(g->metrics[0].expr, 0, &id),
	   "what the machine decides needs no event");
	group_eval(&g->metrics[0], get, NULL, &r);
	ok(r.has && r.value == 2, "and has its value");
	group_free(g);
}

/* NAME of PMU is the one with that title; NULL: there is none. */
static void check_found(const struct group_machine *m, const char *name,
			const char *pmu, const char *title)
{
	struct group_list list;
	const char *got = "none";
	unsigned n = 0;

	group_list_load(&list, m, name);
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(group_pmu(list.v[i], m), pmu) != 0)
			continue;
		got = list.v[i]->title;
		n++;
		ok(!strcmp(list.v[i]->name, name), "only %s is loaded", name);
	}
	is_str(got, title, "%s of %s", name, pmu);
	ok(n == (strcmp(title, "none") != 0), "it is one");
	group_list_free(&list);
}

static void test_path(void)
{
	static const char *const zen[] = { "zen9", NULL };
	static const char *const hybrid[] = { "big9", "small9", NULL };
	struct group_machine m = { .pmus = zen }, h = { .pmus = hybrid };
	struct group_list list;
	char path[1024];

	put("p1/zen9", "zz-a.ini", PLAIN("zen9", "p1"));
	put("p2/zen9", "zz-a.ini", PLAIN("zen9", "p2"));
	put("p2/zen9", "zz-b.ini", PLAIN("zen9", "p2"));
	put("p2/other", "zz-c.ini", PLAIN("other9", "p2"));
	put("xdg/pfmon/groups/zen9", "zz-b.ini", PLAIN("zen9", "xdg"));
	put("xdg/pfmon/groups/zen9", "zz-d.ini", PLAIN("zen9", "xdg"));
	put("xdg/pfmon/groups/any", "zz-e.ini", PLAIN("perf", "any"));
	put("xdg/pfmon/groups/any", "zz-f.ini", "[group]\n");
	put("xdg/pfmon/groups/any", "zz-g.txt", PLAIN("perf", "txt"));
	put("xdg/pfmon/groups/any", ".zz-h.ini", PLAIN("perf", "hidden"));
	put("xdg/pfmon/groups/any", "zz j.ini", PLAIN("perf", "a blank"));
	put("p1/big9", "zz-i.ini", PLAIN("big9, huge9", "big"));
	put("p1/small9", "zz-i.ini", PLAIN("small9", "small"));
	snprintf(path, sizeof(path), "%s/p1::%s/p2:/nonexistent", dir, dir);
	setenv("PFM_GROUP_PATH", path, 1);
	snprintf(path, sizeof(path), "%s/xdg", dir);
	setenv("XDG_CONFIG_HOME", path, 1);
	check_found(&m, "zz-a", "zen9", "p1");
	check_found(&m, "zz-b", "zen9", "p2");
	check_found(&m, "zz-c", "other9", "none");
	check_found(&m, "zz-d", "zen9", "xdg");
	check_found(&m, "zz-e", "perf", "any");
	check_found(&m, "zz-g", "perf", "none");
	check_found(&m, ".zz-h", "perf", "none");
	check_found(&m, "zz j", "perf", "none");
	check_found(&h, "zz-i", "big9", "big");
	check_found(&h, "zz-i", "small9", "small");
	group_list_load(&list, &m, "zz-f");
	ok(!list.n && list.nbad == 1 &&
		   strstr(list.bad[0], "zz-f.ini:2: the group has no pmu"),
	   "a file in error is left out and said");
	group_list_free(&list);
	group_list_load(&list, NULL, "zz-a");
	is_u64(list.n, 2, "for no machine all there are");
	group_list_free(&list);
	/* $HOME counts where the other is not, or is relative. */
	snprintf(path, sizeof(path), "%s/home", dir);
	setenv("HOME", path, 1);
	put("home/.config/pfmon/groups/zen9", "zz-d.ini",
	    PLAIN("zen9", "home"));
	setenv("XDG_CONFIG_HOME", "xdg", 1);
	check_found(&m, "zz-d", "zen9", "home");
}

static void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		diag("%s stays", dir);
}

int main(void)
{
	if (!mkdtemp(dir))
		skip_all("no directory in /tmp: %s", strerror(errno));
	test_file();
	test_wrong();
	test_hostile();
	test_add();
	test_longest_name();
	test_machine();
	test_path();
	remove_dir();
	return done_testing();
}
