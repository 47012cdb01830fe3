/* SPDX-License-Identifier: MIT
 *
 * t-likwid.c - groups of LIKWID's as groups of ours: the whole text of three,
 * whose values are those of LIKWID's formulas; what is no group, and what must
 * not get into ours.  The files are in data/likwid: NAME.txt becomes
 * NAME-ini.txt.  Names of events are t-likwid-event.c's.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "group.h"
#include "likwid.h"
#include "pfmcore.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

static const char *src;

/* What an import gave; owned. */
struct result {
	char *ini, *notes;
	int left;
};

static struct result import_bytes(const char *text, size_t len,
				  const char *file, const char *pmu)
{
	struct result r;
	size_t sizes[2];
	FILE *in = tmpfile(), *out = open_memstream(&r.ini, &sizes[0]),
	     *notes = open_memstream(&r.notes, &sizes[1]);

	if (!in || !out || !notes || fwrite(text, 1, len, in) != len)
		exit(1);
	rewind(in);
	r.left = likwid_import(in, file, pmu, out, notes);
	fclose(in);
	fclose(out);
	fclose(notes);
	return r;
}

static struct result import(const char *text)
{
	return import_bytes(text, strlen(text), "f.txt", "skl");
}

static void release(struct result *r)
{
	free(r->ini);
	free(r->notes);
}

/* A file of data/likwid, to be freed. */
static char *data(const char *name, const char *end)
{
	char path[512], *text = calloc(1, 8192);
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/likwid/%s%s", src, name,
		 end);
	f = fopen(path, "r");
	if (!f || !text || !fread(text, 1, 8191, f)) {
		printf("Bail out! %s: %s\n", path, strerror(errno));
		exit(1);
	}
	fclose(f);
	return text;
}

/* The group reader on the text; NULL, and why. */
static struct group *read_back(const char *ini, char *why)
{
	char path[] = "/tmp/t-likwid.XXXXXX";
	int fd = mkstemp(path);
	size_t len = strlen(ini);
	struct group *g;

	if (fd < 0 || write(fd, ini, len) != (ssize_t)len)
		exit(1);
	close(fd);
	g = group_read(path, NULL, why);
	unlink(path);
	return g;
}

static const struct {
	const char *name, *pmu;
	int left;
	const char *notes;
} files[] = {
	{ "core", "skl", 0, "" },
	{ "uncore", "skl", 3,
	  "uncore.txt:7: TMP0 TEMP_CORE is left out: no equivalent of counters "
	  "such as TMP0\n"
	  "uncore.txt:8: MBOX0C1 DRAM_READS is left out: no equivalent of "
	  "counters such as MBOX0C1\n"
	  "uncore.txt:9: CBOX1C0 LLC_LOOKUP_ANY is left out: no equivalent of "
	  "counters such as CBOX1C0\n"
	  "uncore.txt:15: metric 'Temperature [C]' is left out: it needs TMP0\n"
	  "uncore.txt:16: metric 'Memory read bandwidth [MBytes/s]' is left "
	  "out: it needs MBOX0C1\n"
	  "uncore.txt:17: metric 'Per instruction' is left out: it needs "
	  "CBOX1C0\n" },
	{ "zen2", "amd64_fam17h_zen2", 0, "" },
};

static void test_files(void)
{
	char why[GROUP_WHY_MAX] = "", file[64];

	for (size_t i = 0; i < N(files); i++) {
		char *text = data(files[i].name, ".txt");
		char *want = data(files[i].name, "-ini.txt");
		struct result r;
		struct group *g;

		snprintf(file, sizeof(file), "dir/%s.txt", files[i].name);
		r = import_bytes(text, strlen(text), file, files[i].pmu);
		is_i64(r.left, files[i].left, "%s: metrics left out",
		       files[i].name);
		is_str(r.ini, want, "%s: the text", files[i].name);
		is_str(r.notes, files[i].notes, "%s: the notes", files[i].name);
		g = read_back(r.ini, why);
		ok(g, "%s: it is a group of ours %s", files[i].name, why);
		group_free(g);
		release(&r);
		free(text);
		free(want);
	}
}

/* In the order of core.txt's events, and not of its lines. */
static const double counts[] = { 8e9, 4e9, 3e9, 5e6, 1e9, 2e9, 6e9 };

static const char *get(void *arg, unsigned id, double *value, double *error)
{
	(void)arg;
	*error = 0;
	*value = id == GROUP_TIME   ? 2 :
		 id == GROUP_TSC_HZ ? 3e9 :
		 id >= GROUP_EVENT0 && id - GROUP_EVENT0 < N(counts) ?
				      counts[id - GROUP_EVENT0] :
				      NAN;
	return NULL;
}

/* By hand, of LIKWID's formulas with FIXC0 8e9, FIXC1 4e9 and so on. */
static void test_values(void)
{
	static const struct {
		const char *name;
		double value;
	} want[] = { { "runtime_rdtsc", 2 },
		     { "runtime_unhalted", 4.0 / 3 },
		     { "clock", 4000 },
		     { "cpi", 0.5 },
		     { "mispredicted", 100 * 5e6 / 7e9 },
		     { "waiting", -0.5 },
		     { "cpi_2", 0.75 } };
	char why[GROUP_WHY_MAX] = "", *text = data("core", ".txt");
	struct result r = import(text);
	struct group *g = read_back(r.ini, why);
	struct expr_result x;

	is_u64(g ? g->nmetrics : 0, N(want), "values: all metrics %s", why);
	for (size_t i = 0; g && i < N(want) && i < g->nmetrics; i++) {
		group_eval(&g->metrics[i], get, NULL, &x);
		is_str(g->metrics[i].name, want[i].name, "values: name %zu", i);
		ok(x.has && fabs(x.value - want[i].value) <=
				    1e-12 * fabs(want[i].value),
		   "values: %s is %.12g: %.12g", want[i].name, want[i].value,
		   x.value);
	}
	group_free(g);
	release(&r);
	free(text);
}

#define HEAD "SHORT s\nEVENTSET\nPMC0 UOPS_ISSUED_ANY\nMETRICS\n"
#define X60 "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
#define Y60 "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"

/* A metric that is left out, of two: the note is one line. */
static const struct {
	int line;
	const char *formula, *why;
} formulas[] = {
	{ __LINE__, "PMC0)*(PMC0", "not in the grammar: ')*(PMC0'" },
	{ __LINE__, "(PMC0", "a ')' is missing: ''" },
	{ __LINE__, "PMC0+", "the formula breaks off: ''" },
	{ __LINE__, "()", "not in the grammar: ')'" },
	{ __LINE__, "PMC0(2)", "not in the grammar: '(2)'" },
	{ __LINE__, "2PMC0", "not in the grammar: 'PMC0'" },
	{ __LINE__, "PMC0PMC0", "'PMC0PMC0' is none of its counters" },
	{ __LINE__, "FIXC1", "'FIXC1' is none of its counters" },
	{ __LINE__, "PMC", "'PMC' is none of its counters" },
	{ __LINE__, "uops_issued_any",
	  "'uops_issued_any' is none of its "
	  "counters" },
	{ __LINE__, "max(PMC0,2)", "'max' is none of its counters" },
	{ __LINE__, "1e999*PMC0", "no number: '1e999*PMC0'" },
	{ __LINE__, ".", "no number: '.'" },
	{ __LINE__, "PMC0^2", "not in the grammar: '^2'" },
	{ __LINE__, "PMC0#2", "not in the grammar: '#2'" },
	{ __LINE__, "2[lines]", "not in the grammar: '[lines]'" },
	{ __LINE__, X60 "(PMC0)" Y60, "nested over 60 deep" },
};

static void test_formulas(void)
{
	char text[1024], want[512];
	struct result r;

	for (size_t i = 0; i < N(formulas); i++) {
		snprintf(text, sizeof(text), HEAD "a PMC0\nb c %s\n",
			 formulas[i].formula);
		r = import(text);
		snprintf(want, sizeof(want),
			 "f.txt:6: metric 'b c' is left out: %s\n",
			 formulas[i].why);
		is_str(r.notes, want, "formula (line %d)", formulas[i].line);
		ok(r.left == 1 && !strstr(r.ini, "metric b"),
		   "formula (line %d): of two metrics one is left",
		   formulas[i].line);
		release(&r);
	}
	r = import(HEAD "a " X60 "PMC0" Y60 "\n");
	is_i64(r.left, 0, "60 parentheses are fine");
	release(&r);
	r = import(HEAD "a " X60 "PMC0" Y60 "*(PMC0)\n");
	is_i64(r.left, 0, "they are not added to those beside them");
	release(&r);
}

/* What is no group: the last note. */
static const struct {
	int line;
	const char *text, *why;
} bad[] = {
	{ __LINE__, "", "f.txt:1: no metric of it can be had on skl\n" },
	{ __LINE__, "hello\n",
	  "f.txt:1: 'hello' is in no section: this is no group of LIKWID's\n" },
	{ __LINE__, "SHORT s\nPMC0 UOPS_ISSUED_ANY\n",
	  "f.txt:2: 'PMC0 UOPS_ISSUED_ANY' is in no section: this is no group "
	  "of LIKWID's\n" },
	{ __LINE__, "SHORTER\n",
	  "f.txt:1: 'SHORTER' is in no section: this is no group of "
	  "LIKWID's\n" },
	{ __LINE__, "EVENTSET\nPMC0\n",
	  "f.txt:2: a line of EVENTSET is a counter and an event\n" },
	{ __LINE__, "EVENTSET\nPMC0 A B\n",
	  "f.txt:2: a line of EVENTSET is a counter and an event\n" },
	{ __LINE__, "EVENTSET\n:EDGEDETECT UOPS_ISSUED_ANY\n",
	  "f.txt:2: no name of a counter or an event: ''\n" },
	{ __LINE__, HEAD "EVENTSET\nPMC0:INVERT UOPS_ISSUED_ANY\n",
	  "f.txt:6: there is an event on PMC0 already\n" },
	{ __LINE__, HEAD "PMC0\n",
	  "f.txt:5: a line of METRICS is a name and a formula\n" },
	{ __LINE__, HEAD "a PMC0\033\n",
	  "f.txt:5: there is a byte that is no text\n" },
};

static void test_bad(void)
{
	struct result r;
	char *text;

	for (size_t i = 0; i < N(bad); i++) {
		r = import(bad[i].text);
		ok(r.left == -1 && !*r.ini, "bad (line %d): nothing is written",
		   bad[i].line);
		is_str(r.notes, bad[i].why, "bad (line %d): why", bad[i].line);
		release(&r);
	}
	r = import_bytes(HEAD "a PMC0\0b PMC0\n", sizeof(HEAD) + 13, "f.txt",
			 "skl");
	is_i64(r.left, -1, "a NUL byte");
	ok(strstr(r.notes, "a NUL byte"), "a NUL byte: why");
	release(&r);
	/* 5000 bytes in a line; then 300000 of lines. */
	text = calloc(1, 400000);
	if (!text)
		exit(1);
	snprintf(text, 8192, HEAD "%05000d\n", 1);
	r = import(text);
	is_str(r.notes, "f.txt:5: the line is too long\n", "a long line");
	is_i64(r.left, -1, "a long line: nothing");
	release(&r);
	memset(text, '\n', 300000);
	r = import(text);
	is_str(r.notes, "f.txt:1: over 262144 bytes\n", "a large file");
	release(&r);
	free(text);
}

/* n lines of a section, numbered, between two texts. */
static char *repeat(const char *before, const char *line, unsigned n,
		    const char *after)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		exit(1);
	fputs(before, f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "%s%u%s\n", line, i,
			strchr(line, ' ') ? " PMC0" : " UOPS_ISSUED_ANY");
	fputs(after, f);
	fclose(f);
	return text;
}

static void test_limits(void)
{
	char why[GROUP_WHY_MAX] = "";
	char *text = repeat("EVENTSET\n", "MBOX", 100,
			    "PMC0 UOPS_ISSUED_ANY\nMETRICS\na PMC0\n");
	struct result r = import(text);
	struct group *g;

	is_i64(r.left, 0, "100 counters of the uncore are no limit");
	release(&r);
	free(text);
	text = repeat("EVENTSET\n", "PMC", 70, "METRICS\na PMC63\nb PMC64\n");
	r = import(text);
	is_i64(r.left, 1, "64 events are");
	ok(strstr(r.notes, "f.txt:66: PMC64 UOPS_ISSUED_ANY is left out: over "
			   "64 events\n"),
	   "64 events: which is left out");
	g = read_back(r.ini, why);
	ok(g && g->nevents == 64, "64 events: they can be read %s", why);
	group_free(g);
	release(&r);
	free(text);
	text = repeat("EVENTSET\n", "MBOX", 1100, "");
	r = import(text);
	ok(r.left == -1 && strstr(r.notes, "f.txt:1026: over 1024 counters\n"),
	   "1024 counters");
	release(&r);
	free(text);
	text = repeat("EVENTSET\n", "MBOX", 1000,
		      "PMC0 UOPS_ISSUED_ANY\nMETRICS\na PMC0\n");
	r = import(text);
	ok(r.left == -1 && !*r.ini && strstr(r.notes, "over 65536 bytes as a"),
	   "what our own reader would find too long");
	release(&r);
	free(text);
	text = repeat(HEAD, "m ", 65, "");
	r = import(text);
	ok(r.left == -1 && !strcmp(r.notes, "f.txt:69: over 64 metrics\n"),
	   "64 metrics");
	release(&r);
	free(text);
}

/* Names: ours are words, each once; and nothing of theirs is a line of ours. */
static void test_names(void)
{
	static const char text[] = HEAD "time PMC0\n"
					"Time [s] time\n"
					"2nd (of two) [x y] PMC0\n"
					"[s] PMC0\n"
					"UOPS_ISSUED_ANY PMC0\n"
					"\xc2\xb5ops PMC0\n"
					"a # b = [c] PMC0\n";
	static const char *const want[] = {
		"time_2", "time_3", "m_2nd_of_two", "m_", "uops_issued_any_2",
		"ops",    "a_b"
	};
	char why[GROUP_WHY_MAX] = "";
	struct result r =
		import_bytes(text, strlen(text), "x\n[metric y]\nz", "skl");
	struct group *g = read_back(r.ini, why);

	is_u64(g ? g->nmetrics : 0, N(want), "names: all metrics %s", why);
	for (size_t i = 0; g && i < N(want) && i < g->nmetrics; i++)
		is_str(g->metrics[i].name, want[i], "names: %zu", i);
	ok(!strncmp(r.ini, "# from LIKWID's x?[metric y]?z by ", 34),
	   "names: a line end in the file's");
	group_free(g);
	release(&r);
	r = import("SHORT\r\nEVENTSET\r\nPMC0 UOPS_ISSUED_ANY\r\n"
		   "METRICS\r\na\tPMC0\r\nLONG\r\n\001\n");
	ok(r.left == 0 && strstr(r.ini, "\ntitle = f.txt\n") &&
		   strstr(r.ini, "\nexpr = uops_issued_any\ndesc = a\n"),
	   "no title, lines with \\r, and what follows LONG is not read");
	release(&r);
}

int main(void)
{
	struct pfm_event ev;

	src = getenv("srcdir");
	src = src ? src : ".";
	/* libpfm4 then knows the PMUs of other machines. */
	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	if (pfm_event_parse("skl::UOPS_ISSUED:ANY", 3, &ev) < 0)
		skip_all("events of other machines: %s", pfm_reason());
	pfm_event_release(&ev);
	test_files();
	test_values();
	test_formulas();
	test_bad();
	test_limits();
	test_names();
	return done_testing();
}
