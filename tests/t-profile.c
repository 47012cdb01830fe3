/* SPDX-License-Identifier: MIT
 *
 * t-profile.c - .pfm files: what is put comes back.  What becomes of a file that
 * is cut, changed or forged is t-profile-bad.c's.
 */
#include "config.h"

#include "pfm-file.h"

static void check_events(const struct profile *p)
{
	const struct prof_event *ev = p->events;

	if (!ok(p->nevents == 2, "two events"))
		return;
	is_str(p->strings[ev[0].name], "cycles", "an event's name");
	is_str(p->strings[ev[0].unit], "", "of no unit");
	is_str(p->strings[ev[0].skid], "up to 3", "its skid");
	ok(ev[0].scale == 1 && ev[0].weight == PROF_FREQ && ev[0].set == 0 &&
		   ev[0].period == 4000 && ev[0].nvalues == 0,
	   "its numbers");
	is_str(p->strings[ev[1].unit], "Joules", "another one's unit");
	ok(ev[1].scale == 6.103515625e-05 && ev[1].weight == PROF_CLOCK &&
		   ev[1].set == 3 && ev[1].period == UINT64_MAX &&
		   ev[1].nvalues == PROF_MAX_VALUES,
	   "its numbers, the scale to the last bit");
	is_str(p->strings[ev[1].values[15]], "cycles", "its last counter");
	is_str(p->strings[ev[1].values[14]], "energy", "and the one before");
}

static void check_things(const struct profile *p)
{
	const struct prof_object *o = p->objects;
	const struct prof_task *t = p->tasks;
	unsigned bad = 0;

	ok(p->nobjects == 2 && o[0].kind == PROF_ELF && o[1].kind == PROF_JIT,
	   "two objects");
	is_str(p->strings[o[0].path], "/bin/true", "a path");
	is_str(p->strings[o[0].build_id], "0123abcd", "a build-id");
	is_str(p->strings[o[1].why], "no map", "what was learnt of it later");
	ok(p->ntasks == 3 && t[1].pid == 7 && t[1].tid == 8 &&
		   t[2].pid == UINT32_MAX && t[2].tid == 0,
	   "three tasks");
	is_str(p->strings[t[1].comm], "two", "a name");
	is_u64(p->nframes, 5, "five frames");
	for (uint32_t i = 0; i < p->nframes; i++) {
		const struct prof_frame *f = &p->frames[i];

		bad += f->object != i % 2 ||
		       f->addr != (i % 2 ? UINT64_MAX - i : 0x1000 + i) ||
		       f->flags != (i ? PROF_FRAME_CALLER : 0);
	}
	is_u64(bad, 0, "their objects, addresses and flags");
	is_u64(p->nnodes, 6, "five nodes above the root");
	ok(p->nodes[0].parent == PROF_NONE && p->nodes[0].frame == PROF_NONE,
	   "which has neither caller nor frame");
	for (uint32_t i = 1; i < p->nnodes; i++)
		bad += p->nodes[i].parent != (i == 4 ? 1 : i - 1) ||
		       p->nodes[i].frame != i - 1;
	is_u64(bad, 0, "their callers and frames");
}

static void check_symbols(const struct profile *p)
{
	const struct prof_func *f = p->funcs;
	const struct prof_loc *l = &p->locs[p->frames[3].loc];
	const struct prof_code *c = p->codes;

	if (!ok(p->nfuncs == 2 && p->ncodes == 1 && p->nlocs == 3,
		"two functions, code of one"))
		return;
	is_str(p->strings[f[0].name], "std::sort()", "a name");
	is_str(p->strings[f[0].linkage], "_Zs", "as the linker has it");
	is_str(p->strings[f[0].file], "a.cc", "its file");
	ok(f[0].object == 0 && f[0].line == 12 && f[0].start == 0x1000 &&
		   f[0].size == 64,
	   "its place");
	ok(f[1].object == 1 && f[1].start == UINT64_MAX - 9 && f[1].size == 0,
	   "and another's");
	ok(p->frames[3].nlocs == 2 && l[0].func == 1 && l[0].line == 99 &&
		   l[1].func == 0 && l[1].line == 13,
	   "a frame of two functions, innermost first");
	l = &p->locs[p->frames[0].loc];
	ok(p->frames[0].nlocs == 1 && l->func == PROF_NONE && l->line == 0 &&
		   p->strings[l->file][0] == '\0',
	   "a frame that no function was found for");
	ok(p->frames[1].nlocs == 0, "and one that was not looked for");
	ok(c->func == 0 && c->nbytes == 4 &&
		   memcmp(c->bytes, code_bytes, 4) == 0,
	   "the bytes of code");
	ok(c->nlines == 2 && c->lines[0].addr == 0x1000 &&
		   c->lines[0].line == 12 && c->lines[1].addr == 0x1003 &&
		   c->lines[1].line == 7 && c->lines[1].file == 0,
	   "its lines");
}

static void check_totals(const struct prof_totals *t)
{
	ok(t->start_ns == totals.start_ns && t->duration_ns == 42 &&
		   t->samples == MANY && t->lost == 3 &&
		   t->dropped == UINT64_MAX && t->throttled == 5 &&
		   t->stacks == 6 && t->complete == 7 && t->processes == 8 &&
		   t->threads == 9 && t->status == -1,
	   "the totals");
}

/* Also with blocks that have neither addresses nor values. */
static void test_all(void)
{
	struct prof_writer *w = writer_new();
	struct walk walk = { .plain = MANY / 2 };
	struct profile *p;
	struct stat st;
	struct prof_sample s;

	prof_put_meta(w, "command", "true");
	prof_put_meta(w, "cpu", "");
	put_tables(w);
	for (uint32_t i = 0; i < MANY; i++) {
		s = sample(i, i >= MANY / 2);
		prof_put_sample(w, &s);
	}
	put_symbols(w);
	prof_flush(w);
	is_i64(prof_error(w), 0, "no error");
	is_i64(stat(path, &st), 0, "there is a file");
	is_u64(prof_bytes(w), (uint64_t)st.st_size, "of prof_bytes()");
	ok(st.st_size < (off_t)MANY * 40, "smaller than its samples: %jd",
	   (intmax_t)st.st_size);
	is_i64(prof_end(w, &totals), 0, "the end");
	p = open_it();
	if (!ok(p && p->ended, "it is read to its end"))
		return;
	is_str(p->path, path, "its path");
	is_str(prof_meta(p, "command"), "true", "a fact");
	is_str(prof_meta(p, "cpu"), "", "an empty one");
	ok(!prof_meta(p, "kernel"), "and one that is not there");
	check_events(p);
	check_things(p);
	check_symbols(p);
	check_totals(&p->totals);
	is_u64(p->nsamples, MANY, "all samples are there");
	is_i64(prof_samples(p, on_sample, &walk), 0, "a walk over them");
	ok(walk.n == MANY && walk.bad == 0, "%u of %u are as they were",
	   walk.n - walk.bad, MANY);
	walk = (struct walk){ .plain = MANY / 2, .stop = 20000 };
	is_i64(prof_samples(p, on_sample, &walk), 77, "a walk that is ended");
	is_u64(walk.n, 20000, "ends there");
	prof_close(p);
}

/* Equal things have one number, whatever was written meanwhile. */
static void test_intern(void)
{
	struct prof_writer *w = writer_new();
	uint32_t str[5000] = { 0 }, frame[5000] = { 0 };
	uint32_t node[5000] = { 0 };
	unsigned bad = 0;
	char text[32];
	struct profile *p;

	put_tables(w);
	is_u64(prof_put_string(w, ""), 0, "string 0 is empty");
	is_u64(prof_put_string(w, "one"), prof_put_string(w, "one"),
	       "equal strings");
	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			uint32_t s, f, n;

			snprintf(text, sizeof(text), "string %u", i);
			s = prof_put_string(w, text);
			f = prof_put_frame(w, i % 2, i / 4, i / 2 % 2);
			n = prof_put_node(w, i % 6, f);
			if (round == 0) {
				str[i] = s;
				frame[i] = f;
				node[i] = n;
			}
			bad += s != str[i] || f != frame[i] || n != node[i];
		}
		prof_flush(w);
	}
	is_u64(bad, 0, "5000 strings, frames, nodes, put twice");
	/* put_tables() has five, none of them among these. */
	is_u64(prof_nframes(w), 5005, "so many frames");
	ok(prof_frame_at(w, frame[4999])->addr == 1249 &&
		   prof_frame_at(w, frame[4999])->object == 1 &&
		   prof_frame_at(w, frame[4999])->flags == 1,
	   "each is what it was");
	prof_end(w, &totals);
	p = open_it();
	if (!ok(p && p->nframes == 5005 && p->nnodes == 5006,
		"and no more in the file"))
		return;
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "string %u", i);
		bad += strcmp(p->strings[str[i]], text) != 0 ||
		       p->frames[frame[i]].addr != i / 4 ||
		       p->nodes[node[i]].parent != i % 6 ||
		       p->nodes[node[i]].frame != frame[i];
	}
	is_u64(bad, 0, "each under its number");
	prof_close(p);
}

static char *long_text(size_t n, char fill)
{
	char *text = malloc(n + 1);

	if (!text)
		abort();
	memset(text, fill, n);
	text[n] = '\0';
	return text;
}

/* More than one block has room for; what no block may have is cut. */
static void test_large(void)
{
	struct prof_writer *w = writer_new();
	char *text = long_text(PROF_TEXT_MOST + 5, 'x'), *fill;
	struct prof_code code = { .nbytes = PROF_CODE_MOST + 7 };
	struct prof_line *lines = calloc(70000, sizeof(*lines));
	struct prof_func f = { 0 };
	struct profile *p;
	unsigned i;

	put_tables(w);
	f.name = prof_put_string(w, text);
	for (i = 0; i < 40000; i++) {
		f.start = i;
		prof_put_func(w, &f);
	}
	code.bytes =
		(const unsigned char *)(fill = long_text(code.nbytes, 'c'));
	code.nlines = 70000;
	code.lines = lines;
	prof_put_code(w, &code);
	prof_put_meta(w, "command", text);
	prof_end(w, &totals);
	p = open_it();
	if (!ok(p && p->ended && p->nfuncs == 40000, "40000 functions"))
		return;
	ok(p->funcs[0].start == 0 && p->funcs[39999].start == 39999 &&
		   p->funcs[20000].start == 20000,
	   "each with its start, over many blocks");
	is_u64(strlen(p->strings[p->funcs[7].name]), PROF_TEXT_MOST,
	       "a text of no end is cut");
	is_u64(strlen(prof_meta(p, "command")), PROF_TEXT_MOST,
	       "a fact as well");
	ok(p->codes[0].nbytes == PROF_CODE_MOST &&
		   p->codes[0].nlines == PROF_LINES_MOST &&
		   p->codes[0].bytes[PROF_CODE_MOST - 1] == 'c',
	   "and the code of a function");
	prof_close(p);
	free(lines);
	free(fill);
	free(text);
}

/* A million stacks: what they take is bounded. */
static void test_many_nodes(void)
{
	struct prof_writer *w = prof_create(open("/dev/null", O_WRONLY), 3);
	uint32_t *node = calloc(1000000, sizeof(*node)), i;
	unsigned bad = !node;

	put_tables(w);
	for (i = 0; node && i < 1000000; i++)
		node[i] = prof_put_node(w, i, i % 5);
	for (i = 0; node && i < 1000000; i++)
		bad += prof_put_node(w, i, i % 5) != node[i] ||
		       (i > 6 && node[i] != node[i - 1] + 1);
	is_u64(bad, 0, "a million nodes, each found again");
	free(node);
	is_i64(prof_end(w, &totals), 0, "and written");
}

/* No text of a file is a command for a terminal. */
static void test_text(void)
{
	struct prof_writer *w = writer_new();
	struct profile *p;
	uint32_t s;

	put_tables(w);
	s = prof_put_string(w, "a\033[2Jb\x7f\xc2\x9b"
			       "c\xc3\xa9");
	prof_put_meta(w, "k", "x\ny");
	prof_end(w, &totals);
	p = open_it();
	if (!ok(p != NULL, "control characters"))
		return;
	is_str(p->strings[s], "a [2Jb   c\xc3\xa9", "are blanks in a string");
	is_str(prof_meta(p, "k"), "x y", "and in a fact");
	prof_close(p);
}

static void test_disk_full(void)
{
	int fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	struct prof_writer *w;

	if (fd < 0) {
		skip("no /dev/full");
		return;
	}
	w = prof_create(fd, 3);
	put_tables(w);
	prof_flush(w);
	is_i64(prof_error(w), ENOSPC, "a full disk");
	is_u64(prof_bytes(w), 0, "has taken nothing");
	errno = 0;
	ok(prof_end(w, &totals) == -1 && errno == ENOSPC,
	   "and the end tells it");
}

static void refused(const char *file, const char *says, const char *what)
{
	char *why = NULL;
	struct profile *p = prof_open(file, &why);

	if (!ok(!p && why && strstr(why, file) == why && strstr(why, says) &&
			!strchr(why, '\n'),
		"%s", what))
		diag("%s", why);
	prof_close(p);
	free(why);
}

static void test_messages(void)
{
	static const unsigned char text[] = "#!/bin/sh\necho none of ours\n";
	unsigned char head[PROF_HEAD] = PROF_MAGIC;

	refused(dir, "not a .pfm file", "a directory");
	refused("/nonexistent/x.pfm", "No such file or directory",
		"a file that is not there");
	refused("/dev/null", "not a .pfm file", "a device");
	save(NULL, 0);
	refused(path, "not a .pfm file", "an empty file");
	save(text, sizeof(text));
	refused(path, "not a .pfm file", "a file of text");
	head[8] = 1;
	save(head, sizeof(head));
	refused(path, "cut before its first event", "a head and nothing else");
	head[8] = 2;
	save(head, sizeof(head));
	refused(path, "written by a later version (2); this pfmon reads 1",
		"a later version");
	if (geteuid() == 0 || chmod(path, 0) != 0) {
		skip("root may read every file");
		return;
	}
	refused(path, "Permission denied", "a file of somebody else");
}

int main(void)
{
	begin_files("t-profile");
	test_all();
	test_intern();
	test_large();
	test_many_nodes();
	test_text();
	test_disk_full();
	test_messages();
	end_files();
	return done_testing();
}
