/* SPDX-License-Identifier: MIT
 *
 * t-sym.c - the symbolizer where it needs no file of a compiler: maps of made
 * code, the kernel's list, names, the vdso, and why there is nothing.  ELF files
 * are sym.test's.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sym.h"
#include "tap.h"

static const struct sym_options plain;
static char dir[] = "/tmp/t-sym.XXXXXX"; /* the root of some process */

static void write_file(const char *name, const char *text, size_t size)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f || fwrite(text, 1, size, f) != size || fclose(f) != 0) {
		fprintf(stderr, "%s: %m\n", path);
		exit(1);
	}
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	remove(path);
}

/* What is at addr: a name, or "". */
static const char *name_at(struct sym_object *o, uint64_t addr)
{
	static struct sym_loc loc;

	return sym_find(o, addr, &loc, 1) ? loc.name : "";
}

static struct sym_object *open_map(uid_t uid)
{
	int tmp = sym_open_tmp(dir);
	struct sym_object *o = sym_open_jit(
		&(struct sym_jit){ .tmp = tmp, .pid = 7, .uid = uid }, &plain);

	close(tmp);
	return o;
}

static struct sym_object *map_of(const char *text, size_t size)
{
	write_file("tmp/perf-7.map", text, size);
	return open_map((uid_t)-1);
}

struct map_row {
	unsigned line;
	uint64_t addr;
	const char *want, *name;
};

static void check_map(const char *text, size_t size, const struct map_row *row,
		      size_t n)
{
	struct sym_object *o = map_of(text, size);
	size_t i;

	for (i = 0; i < n; i++)
		is_str(name_at(o, row[i].addr), row[i].want, "line %u: %s",
		       row[i].line, row[i].name);
	sym_close(o);
}

#define CHECK_MAP(text, rows) \
	check_map(text, sizeof(text) - 1, rows, sizeof(rows) / sizeof(*(rows)))

static void test_map(void)
{
	static const char text[] = "1000 100 first\n"
				   "0x2000 10 with a 0x\n"
				   "3000 20 LazyCompile:*render app.js:88\n"
				   "4000 8 _ZN4deep5spaceEv\n"
				   "5000 8 no newline";
	static const struct map_row rows[] = {
		{ __LINE__, 0x1000, "first", "a start" },
		{ __LINE__, 0x10ff, "first", "a last byte" },
		{ __LINE__, 0x1100, "", "behind it" },
		{ __LINE__, 0xfff, "", "before all" },
		{ __LINE__, 0x2008, "with a 0x", "0x" },
		{ __LINE__, 0x3000, "LazyCompile:*render app.js:88", "blanks" },
		{ __LINE__, 0x4001, "deep::space()", "a mangled name" },
		{ __LINE__, 0x5001, "no newline", "the end of the file" },
		{ __LINE__, UINT64_MAX, "", "the last address" },
	};

	CHECK_MAP(text, rows);
}

static void test_map_overlaps(void)
{
	static const char text[] = "1000 100 old\n"
				   "1040 20 inner\n"
				   "1800 100 gone\n"
				   "1700 300 around\n"
				   "2000 100 left\n"
				   "2080 100 right\n"
				   "3000 100 first\n"
				   "3000 100 second\n"
				   "3000 10 third\n";
	static const struct map_row rows[] = {
		{ __LINE__, 0x1000, "old", "before a later line" },
		{ __LINE__, 0x1040, "inner", "a later line within" },
		{ __LINE__, 0x1060, "old", "behind it" },
		{ __LINE__, 0x1880, "around", "covered by a later line" },
		{ __LINE__, 0x1950, "around", "the rest of that" },
		{ __LINE__, 0x207f, "left", "before the next" },
		{ __LINE__, 0x2080, "right", "the next, later one" },
		{ __LINE__, 0x3000, "third", "three from one place" },
		{ __LINE__, 0x3010, "second", "two from one place" },
	};
	struct sym_object *o = map_of(text, sizeof(text) - 1);
	struct sym_loc loc = { 0 };

	sym_find(o, 0x1060, &loc, 1);
	ok(loc.start == 0x1000 && loc.size == 0x100,
	   "a function in two pieces is one");
	sym_close(o);
	CHECK_MAP(text, rows);
}

static void test_map_hostile(void)
{
	static const char text[] = "1000 ffffffffffffffff reversed\n"
				   "ffffffffffffff00 200 around the end\n"
				   "fffffffffffffff0 f the last\n"
				   "10000000000000000 10 too wide\n"
				   "-1000 10 minus\n"
				   "+1000 10 plus\n"
				   " 1000 10 blank\n"
				   "1000 0 empty\n"
				   "1000 10\n"
				   "1000 10 \n"
				   "1000\n"
				   "\n\n"
				   "xyz\n"
				   "2000 10 two\0hidden\n"
				   "3000 10 bell\a\x1b[31mred\n"
				   "4000 10 last\n";
	static const struct map_row rows[] = {
		{ __LINE__, 0x1008, "", "damaged lines are none" },
		{ __LINE__, 0x10, "", "no range goes around the end" },
		{ __LINE__, 0xfffffffffffffff3, "the last", "the end itself" },
		{ __LINE__, 0x2000, "two", "a 0 byte ends a name" },
		{ __LINE__, 0x3000, "bell??[31mred", "nothing for terminals" },
		{ __LINE__, 0x4000, "last", "lines behind a 0 byte are read" },
	};
	static const char noise[] = "\0\0\0\n\xff\xfe\n";
	struct sym_object *o;

	CHECK_MAP(text, rows);
	o = map_of(noise, sizeof(noise) - 1);
	ok(strstr(sym_why(o), "none of the 2 lines"), "noise: %s", sym_why(o));
	sym_close(o);
	o = map_of("", 0);
	ok(*sym_why(o), "an empty file: %s", sym_why(o));
	sym_close(o);
}

static void test_map_large(void)
{
	enum { LINES = 1000000, HUGE_NAME = 1 << 20 };
	size_t size = (size_t)LINES * 32 + HUGE_NAME + 64, n = 0;
	char *text = malloc(size);
	struct sym_object *o;
	unsigned i, good = 0;
	struct sym_loc loc = { 0 };

	if (!text)
		exit(1);
	/* Each begins in the one before: the worst for who goes through pairs. */
	for (i = 0; i < LINES; i++)
		n += (size_t)snprintf(text + n, size - n, "%x 100000 f%u\n",
				      0x10000000 + i * 16, i);
	n += (size_t)snprintf(text + n, size - n, "1000 10 ");
	memset(text + n, 'x', HUGE_NAME);
	n += HUGE_NAME;
	o = map_of(text, n);
	for (i = 0; i < LINES; i += 997) {
		char want[16];

		snprintf(want, sizeof(want), "f%u", i);
		good += !strcmp(name_at(o, 0x10000000 + i * 16 + 3), want);
	}
	is_u64(good, LINES / 997 + 1, "a million lines that overlap");
	sym_find(o, 0x1000, &loc, 1);
	ok(loc.name && strlen(loc.name) == 4096, "a name of a megabyte is cut");
	sym_close(o);
	free(text);
}

static void test_map_owner(void)
{
	char path[128];
	struct sym_object *o;

	write_file("tmp/perf-7.map", "1000 10 f\n", 10);
	snprintf(path, sizeof(path), "%s/tmp/perf-7.map", dir);
	if (chown(path, 12345, 12345) < 0) {
		skip("a map of another user: only root can make one");
	} else {
		o = open_map(1);
		ok(strstr(sym_why(o), "is another user's"),
		   "a map of another user: %s", sym_why(o));
		is_str(name_at(o, 0x1000), "", "and it is not read");
		sym_close(o);
		o = open_map(12345);
		is_str(name_at(o, 0x1000), "f", "a map of the process's user");
		sym_close(o);
	}
	remove_file("tmp/perf-7.map");
	o = open_map(1);
	ok(!strncmp(sym_why(o), "no /tmp/perf-7.map", 18), "no map: %s",
	   sym_why(o));
	sym_close(o);
}

/* In the process's root links lead to places below it. */
static void test_map_links(void)
{
	char path[128];
	struct sym_object *o;

	snprintf(path, sizeof(path), "%s/tmp/perf-7.map", dir);
	write_file("other", "1000 10 f\n", 10);
	if (symlink("../other", path) < 0)
		exit(1);
	o = open_map(1);
	ok(strstr(sym_why(o), "a symbolic link"), "a link: %s", sym_why(o));
	sym_close(o);
	remove_file("tmp/perf-7.map");
	if (mkfifo(path, 0600) < 0)
		exit(1);
	o = open_map(1);
	ok(strstr(sym_why(o), "no regular file"), "a pipe: %s", sym_why(o));
	sym_close(o);
	remove_file("tmp/perf-7.map");
	remove_file("other");
	/* /tmp itself: a link that in our root would lead elsewhere. */
	remove_file("tmp");
	snprintf(path, sizeof(path), "%s/var", dir);
	mkdir(path, 0700);
	write_file("var/perf-7.map", "1000 10 inside\n", 15);
	snprintf(path, sizeof(path), "%s/tmp", dir);
	if (symlink("/var", path) < 0)
		exit(1);
	o = open_map(1);
	is_str(name_at(o, 0x1000), "inside", "a link in the root: %s",
	       sym_why(o));
	sym_close(o);
	remove_file("var/perf-7.map");
	remove_file("var");
	remove_file("tmp");
	mkdir(path, 0700);
}

static const char list[] = "0000000000000000 A fixed_percpu_data\n"
			   "ffffffff81000000 T _text\n"
			   "ffffffff81000000 T _stext\n"
			   "ffffffff81000000 T startup_64\n"
			   "ffffffff81000100 t local_one\n"
			   "ffffffff81000200 W weak\n"
			   "ffffffff81000200 T strong\n"
			   "ffffffff81000300 D some_data\n"
			   "ffffffff81000400 T last_of_text\n"
			   "ffffffffa0000000 t mod_one\t[mod]\n"
			   "ffffffffa0000100 t mod_two\t[mod]\n";

static const struct map_row list_rows[] = {
	{ __LINE__, 0xffffffff80ffffff, "", "before all" },
	{ __LINE__, 0xffffffff81000000, "startup_64", "no border of sections" },
	{ __LINE__, 0xffffffff810000ff, "startup_64", "as far as the next" },
	{ __LINE__, 0xffffffff81000100, "local_one", "a local one" },
	{ __LINE__, 0xffffffff81000250, "strong", "weak and strong" },
	{ __LINE__, 0xffffffff81000401, "last_of_text", "before a gap" },
	{ __LINE__, 0xffffffff90000000, "", "within the gap" },
	{ __LINE__, 0xffffffffa0000010, "mod_one", "a module's" },
	{ __LINE__, 0xffffffffa0000110, "mod_two", "the last one" },
	{ __LINE__, 0xffffffffa0002000, "", "behind all" },
};

/* wanted: only what is about the addresses is kept. */
static void test_kernel(bool wanted)
{
	char path[128];
	struct sym_options opt = { .kallsyms = path };
	struct sym_object *o;
	size_t n = sizeof(list_rows) / sizeof(*list_rows), i;

	snprintf(path, sizeof(path), "%s/kallsyms", dir);
	write_file("kallsyms", list, sizeof(list) - 1);
	o = sym_open_kernel(&opt);
	for (i = 0; wanted && i < n; i++)
		sym_kernel_want(o, list_rows[n - 1 - i].addr, i < 3);
	for (i = 0; i < n; i++)
		is_str(name_at(o, list_rows[i].addr), list_rows[i].want,
		       "line %u, %s: %s", list_rows[i].line,
		       wanted ? "wanted" : "all", list_rows[i].name);
	is_str(sym_why(o), "", "no reason is given");
	sym_close(o);
	remove_file("kallsyms");
}

/* f(p<int, int>, p<that, that>, p<that, that>, ...): each doubles its size. */
static void test_name_bomb(void)
{
	static const char bomb[] =
		"_Z1f1pIiiES_IS0_S0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_"
		"S4_ES_IS5_S5_ES_IS6_S6_ES_IS7_S7_ES_IS8_S8_ES_IS9_S9_ES_"
		"ISA_SA_ES_ISB_SB_ES_ISC_SC_ES_ISD_SD_ES_ISE_SE_ES_ISF_SF"
		"_ES_ISG_SG_ES_ISH_SH_ES_ISI_SI_ES_ISJ_SJ_ES_ISK_SK_ES_IS"
		"L_SL_ES_ISM_SM_ES_ISN_SN_ES_ISO_SO_ES_ISP_SP_ES_ISQ_SQ_E"
		"S_ISR_SR_ES_ISS_SS_ES_IST_ST_ES_ISU_SU_ES_ISV_SV_ES_ISW_"
		"SW_ES_ISX_SX_ES_ISY_SY_ES_ISZ_SZ_ES_IS10_S10_ES_IS11_S11"
		"_ES_IS12_S12_E";
	char *name = demangle(bomb);
	size_t n = name ? strlen(name) : 0;

	ok(n > 1000 && n < 10000 && !strcmp(name + n - 3, "..."),
	   "a name that stands for gigabytes is cut: %zu bytes", n);
	ok(n && !strncmp(name, "f(p<int, int>, p<p<int, int>, ", 30),
	   "and begins as it should");
	free(name);
}

static void test_names(void)
{
	static const struct {
		const char *linkage, *want;
	} rows[] = {
		{ "_ZN4deep5space3BoxIiE3getEi",
		  "deep::space::Box<int>::get(int)" },
		{ "_ZNSt6vectorIiSaIiEE9push_backERKi",
		  "std::vector<int, std::allocator<int> >::push_back(int "
		  "const&)" },
		{ "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
		  "core::fmt::Write::write_fmt" },
		{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
		{ "_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>" },
		{ "main", NULL },
		{ "_Z", NULL },
		{ "_ZN", NULL },
		{ "_R", NULL },
		{ "", NULL },
	};
	char *name, *deep = malloc(100000);
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		name = demangle(rows[i].linkage);
		is_str(name ? name : "none",
		       rows[i].want ? rows[i].want : "none", "demangle '%s'",
		       rows[i].linkage);
		free(name);
	}
	/* What needs a deep stack, or much time, of who reads it. */
	memset(deep, 'P', 99999);
	deep[99999] = '\0';
	memcpy(deep, "_Z1f", 4);
	ok(!demangle(deep), "a name of 100,000 letters is left as it is");
	deep[8000] = '\0';
	name = demangle(deep);
	ok(true, "one of 8,000 pointers: %s", name ? "demangled" : "left");
	free(name);
	free(deep);
}

static void test_vdso(void)
{
	struct sym_object *o = sym_open_vdso(&plain);
	uint64_t addr = 0;
	unsigned char code[16];

	if (!getauxval(AT_SYSINFO_EHDR)) {
		skip("the vdso: there is none");
	} else {
		ok(sym_lookup(o, "clock_gettime", &addr) ||
			   sym_lookup(o, "__kernel_clock_gettime", &addr),
		   "the vdso has its functions");
		ok(strstr(name_at(o, addr), "clock_gettime"),
		   "and they are where they are");
		is_u64(sym_code(o, addr, 16, code), 16, "their code");
		ok(!memcmp((void *)(uintptr_t)(getauxval(AT_SYSINFO_EHDR) +
					       addr),
			   code, 16),
		   "is the code that runs");
	}
	sym_close(o);
}

static const char *why_of(int fd)
{
	static char why[256];
	struct sym_object *o = sym_open_elf(fd, "/x", NULL, &plain);

	snprintf(why, sizeof(why), "%s", sym_why(o));
	if (*name_at(o, 0) || *name_at(o, 4096))
		snprintf(why, sizeof(why), "there is a name");
	sym_close(o);
	return why;
}

static void test_why(void)
{
	char path[128];
	int fd;

	is_str(why_of(-1), "the file is gone", "no file");
	write_file("text", "#!/bin/sh\n", 10);
	snprintf(path, sizeof(path), "%s/text", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	is_str(why_of(fd), "not an ELF file", "a script");
	close(fd);
	remove_file("text");
	fd = open(dir, O_RDONLY | O_CLOEXEC);
	is_str(why_of(fd), "not an ELF file", "a directory");
	close(fd);
}

int main(void)
{
	char path[128];

	if (!mkdtemp(dir))
		exit(1);
	snprintf(path, sizeof(path), "%s/tmp", dir);
	mkdir(path, 0700);
	test_map();
	test_map_overlaps();
	test_map_hostile();
	test_map_large();
	remove_file("tmp/perf-7.map");
	test_map_owner();
	test_map_links();
	test_kernel(false);
	test_kernel(true);
	test_names();
	test_name_bomb();
	test_vdso();
	test_why();
	rmdir(path);
	rmdir(dir);
	return done_testing();
}
