/* SPDX-License-Identifier: MIT
 *
 * t-events.c - event strings: what each becomes, what is said of a wrong one,
 * and that nothing breaks the parser.  The PMUs and tracepoints are files of
 * our own; libpfm4 is told that this is a Skylake.  No event is opened here.
 */
#include "config.h"

#include <errno.h>
#include <ftw.h>
#include <linux/perf_event.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event.h"
#include "pfmcore.h"
#include "pmu.h"
#include "bits.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define U PFM_PLM_USER
#define K PFM_PLM_KERNEL
#define H PFM_PLM_HV

enum { ANY, X86, LIBPFM }; /* where a row holds; LIBPFM is x86 as well */

static const bool x86 =
#if defined(__x86_64__) || defined(__i386__)
	true;
#else
	false;
#endif
static bool libpfm; /* libpfm4 can be loaded */
static char root[] = "/tmp/t-events.XXXXXX";

/* clang-format off */
#define PMUS "bus/event_source/devices/"
static const struct {
	const char *path, *text;
} files[] = {
	{ PMUS "cpu/type", "4\n" },
	{ PMUS "cpu/format/event", "config:0-7\n" },
	{ PMUS "cpu/format/umask", "config:8-15\n" },
	{ PMUS "cpu/format/inv", "config:23\n" },
	{ PMUS "cpu/format/split", "config:0-3,32-35\n" },
	{ PMUS "cpu/format/ldlat", "config1:0-15\n" },
	{ PMUS "cpu/format/third", "config2:0-7\n" },
	{ PMUS "cpu/format/broken", "config:64\n" },
	{ PMUS "cpu/events/cpu-cycles", "event=0x3c\n" },
	{ PMUS "cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n" },
	{ PMUS "cpu/events/nested", "cpu-cycles\n" },
	{ PMUS "cpu/events/open", "event=?\n" },
	{ PMUS "atom/type", "10\n" },
	{ PMUS "atom/cpus", "4-7\n" },
	{ PMUS "atom/format/event", "config:0-7\n" },
	{ PMUS "power/type", "20\n" },
	{ PMUS "power/cpumask", "0,8\n" },
	{ PMUS "power/format/event", "config:0-7\n" },
	{ PMUS "power/events/energy-pkg", "event=0x02\n" },
	{ PMUS "power/events/energy-pkg.scale", "2.3283064365386962890625e-10\n" },
	{ PMUS "power/events/energy-pkg.unit", "Joules\n" },
	{ PMUS "msr/type", "9\n" },
	{ PMUS "msr/format/event", "config:0-63\n" },
	{ PMUS "msr/events/tsc", "event=0x00\n" },
	{ PMUS "wide/type", "65536\n" },
	{ PMUS "torn/type", "x\n" },
	{ "kernel/tracing/events/sched/sched_switch/id", "314\n" },
	{ "kernel/tracing/events/sched/sched_waking/id", "315\n" },
	{ "kernel/tracing/events/sched/torn/id", "x\n" },
};

#define SW(type, config) PFM_SW_CODE(PERF_TYPE_##type, config)
static const struct row {
	int line, where;
	const char *str;
	unsigned plm;     /* given as default */
	const char *name; /* canonical */
	unsigned counted; /* levels */
	uint64_t code, arg;
} rows[] = {
	{ __LINE__, ANY, "cycles", U | K, "perf::CYCLES:u:k", U | K, SW(HARDWARE, 0), 0 },
	{ __LINE__, ANY, "cpu-cycles", U, "perf::CYCLES:u", U, SW(HARDWARE, 0), 0 },
	{ __LINE__, ANY, "Instructions.K", U, "perf::INSTRUCTIONS:k", K, SW(HARDWARE, 1), 0 },
	{ __LINE__, ANY, "branch-instructions:h", U, "perf::BRANCHES:h", H, SW(HARDWARE, 4), 0 },
	{ __LINE__, ANY, "cache-misses:uk", U | K | H, "perf::CACHE-MISSES:u:k", U | K, SW(HARDWARE, 3), 0 },
	{ __LINE__, ANY, "ref-cycles:k:u", U, "perf::REF-CYCLES:u:k", U | K, SW(HARDWARE, 9), 0 },
	{ __LINE__, ANY, "perf::PAGE_FAULTS:u=1:k=0", K, "perf::PAGE-FAULTS:u", U, SW(SOFTWARE, 2), 0 },
	{ __LINE__, ANY, "PERF::PAGE-FAULTS", K, "perf::PAGE-FAULTS:k", K, SW(SOFTWARE, 2), 0 },
	{ __LINE__, ANY, "faults", U, "perf::PAGE-FAULTS:u", U, SW(SOFTWARE, 2), 0 },
	{ __LINE__, ANY, "cs", U | K, "perf::CONTEXT-SWITCHES:u:k", U | K, SW(SOFTWARE, 3), 0 },
	{ __LINE__, ANY, "migrations", K, "perf::CPU-MIGRATIONS:k", K, SW(SOFTWARE, 4), 0 },
	{ __LINE__, ANY, "emulation-faults", U, "perf::EMULATION-FAULTS:u", U, SW(SOFTWARE, 8), 0 },
	{ __LINE__, ANY, "L1-dcache-load-misses", U, "perf::L1-DCACHE-LOAD-MISSES:u", U, SW(HW_CACHE, 0x10000), 0 },
	{ __LINE__, ANY, "node-prefetch-misses:k", U, "perf::NODE-PREFETCH-MISSES:k", K, SW(HW_CACHE, 0x10206), 0 },
	{ __LINE__, ANY, "perf::LLC_STORES", U, "perf::LLC-STORES:u", U, SW(HW_CACHE, 0x102), 0 },
	{ __LINE__, X86, "r01c2", U | K | H, "perf_raw::r1c2:u:k", U | K, 0x4301c2, 0 },
	{ __LINE__, X86, "R1701C2:k", U, "perf_raw::r1701c2:k", K, 0x4601c2, 0 },
	{ __LINE__, X86, "perf_raw::rc0:u", K, "perf_raw::rc0:u", U, 0x4100c0, 0 },
	{ __LINE__, ANY, "mem:0x401130:x", U, sizeof(long) == 8 ? "mem:0x401130/8:x:u" : "mem:0x401130/4:x:u", U, SW(BREAKPOINT, 4 | sizeof(long) << 8), 0x401130 },
	{ __LINE__, ANY, "mem:0x1000", K, "mem:0x1000/4:rw:k", K, SW(BREAKPOINT, 0x403), 0x1000 },
	{ __LINE__, ANY, "MEM.0x1008/8.W.u", K, "mem:0x1008/8:w:u", U, SW(BREAKPOINT, 0x802), 0x1008 },
	{ __LINE__, ANY, "msr/tsc/", U, "msr/tsc/", U | K | H, PFM_SW_CODE(9, 0), 0 },
	{ __LINE__, ANY, "MSR/TSC/ukh", U, "msr/TSC/", U | K | H, PFM_SW_CODE(9, 0), 0 },
	{ __LINE__, ANY, "msr/event=7/", U, "msr/event=7/", U | K | H, PFM_SW_CODE(9, 7), 0 },
	{ __LINE__, ANY, "power/energy-pkg/", U, "power/energy-pkg/", U | K | H, PFM_SW_CODE(20, 2), 0 },
	{ __LINE__, ANY, "atom/event=0xc0/", U, "atom/event=0xc0/:u", U, PFM_SW_CODE(10, 0xc0), 0 },
	{ __LINE__, X86, "cpu/event=0x3c,umask=0/", U | K, "cpu/event=0x3c,umask=0/:u:k", U | K, 0x43003c, 0 },
	{ __LINE__, X86, "cpu/cpu-cycles,inv/:u", K, "cpu/cpu-cycles,inv/:u", U, 0xc1003c, 0 },
	{ __LINE__, X86, "cpu/mem-loads,ldlat=0x30/k", U, "cpu/mem-loads,ldlat=0x30/:k", K, 0x4201cd, 0x30 },
	{ __LINE__, X86, "cpu/split=0xa5/", U, "cpu/split=0xa5/:u", U, 0xa00410005, 0 },
	{ __LINE__, X86, "cpu/config=0x1ff,umask=2/", U, "cpu/config=0x1ff,umask=2/:u", U, 0x4102ff, 0 },
	{ __LINE__, ANY, "sched:sched_switch", U | K, "sched:sched_switch:u:k", U | K, SW(TRACEPOINT, 314), 0 },
	{ __LINE__, ANY, "sched.sched_waking.k", U, "sched:sched_waking:k", K, SW(TRACEPOINT, 315), 0 },
	{ __LINE__, LIBPFM, "inst_retired", U | K, "skl::INST_RETIRED:ANY_P:u:k", U | K, 0x4300c0, 0 },
	{ __LINE__, LIBPFM, "SKL::INST_RETIRED.any_p:u", K, "skl::INST_RETIRED:ANY_P:u", U, 0x4100c0, 0 },
	{ __LINE__, LIBPFM, "INST_RETIRED:k:c=2:i", U, "skl::INST_RETIRED:ANY_P:i=1:c=2:k", K, 0x2c200c0, 0 },
	{ __LINE__, LIBPFM, "INST_RETIRED:TOTAL_CYCLES", U, "skl::INST_RETIRED:PREC_DIST:i=1:c=10:u", U, 0xac101c0, 0 },
	{ __LINE__, LIBPFM, "MEM_TRANS_RETIRED:LOAD_LATENCY:ldlat=30", U, "skl::MEM_TRANS_RETIRED:LOAD_LATENCY:ldlat=30:u", U, 0x4101cd, 30 },
	{ __LINE__, LIBPFM, "OFFCORE_RESPONSE_0", U, "skl::OFFCORE_RESPONSE_0:ANY_REQUEST:ANY_RESPONSE:u", U, 0x4101b7, 0x18007 },
};

static const struct {
	int line, where;
	const char *str;
	int err;
	const char *reason; /* part of it */
} wrong[] = {
	{ __LINE__, ANY, "", EINVAL, "empty name" },
	{ __LINE__, ANY, ":u", EINVAL, "nothing precedes" },
	{ __LINE__, ANY, "cycles:", EINVAL, "nothing follows" },
	{ __LINE__, ANY, "cyc les", EINVAL, "blank" },
	{ __LINE__, ANY, "cycles\x80", EINVAL, "0x80" },
	{ __LINE__, ANY, "cycles:x", EINVAL, "unknown modifier 'x'" },
	{ __LINE__, ANY, "cycles:u=2", EINVAL, "unknown modifier 'u=2'" },
	{ __LINE__, ANY, "cycles:u=0", EINVAL, "no privilege level" },
	{ __LINE__, ANY, "r1c2:z", EINVAL, "unknown modifier 'z'" },
	{ __LINE__, ANY, "r11111111111111111", EINVAL, "64 bits" },
	{ __LINE__, X86, "r1c2:h", EINVAL, "u and k only" },
	{ __LINE__, ANY, "mem", EINVAL, "mem:0xADDRESS" },
	{ __LINE__, ANY, "mem:401130:x", EINVAL, "mem:0xADDRESS" },
	{ __LINE__, ANY, "mem:0x1000/3", EINVAL, "1, 2, 4 or 8" },
	{ __LINE__, ANY, "mem:0x1000/", EINVAL, "bad address or length" },
	{ __LINE__, ANY, "mem:0x10000000000000000", EINVAL, "bad address" },
	{ __LINE__, ANY, "mem:0x1000:q", EINVAL, "unknown access 'q'" },
	{ __LINE__, ANY, "mem:0x1000:w:q", EINVAL, "unknown modifier 'q'" },
	{ __LINE__, ANY, "mem:0x1000/2:x", EINVAL, "no length" },
	{ __LINE__, X86, "mem:0x1000:r", EINVAL, "use rw" },
	{ __LINE__, X86, "mem:0x1001/8:w", EINVAL, "multiple" },
	{ __LINE__, ANY, "nopmu/x/", ENODEV, "no PMU 'nopmu'" },
	{ __LINE__, ANY, "../x/", ENODEV, "no PMU '..'" },
	{ __LINE__, ANY, "msr/tsc", EINVAL, "write PMU/" },
	{ __LINE__, ANY, "msr/../cpu/type/", EINVAL, "write PMU/" },
	{ __LINE__, ANY, "msr/../", ENOENT, "has no '..'" },
	{ __LINE__, ANY, "msr/tsc/u", EINVAL, "every level only" },
	{ __LINE__, ANY, "msr/tsc/x", EINVAL, "unknown modifier 'x'" },
	{ __LINE__, ANY, "msr/tsc,,tsc/", EINVAL, "has no ''" },
	{ __LINE__, ANY, "msr/foo/", ENOENT, "it has: event, tsc" },
	{ __LINE__, ANY, "msr/foo=1/", EINVAL, "it has: event, tsc" },
	{ __LINE__, ANY, "msr/event=0x1000000000000/", EINVAL, "exceeds" },
	{ __LINE__, ANY, "power/energy-pkg.unit/", ENOENT, "has no 'energy-pkg.unit'" },
	{ __LINE__, ANY, "cpu/umask=0x100/", EINVAL, "does not fit 'umask', 8 bits" },
	{ __LINE__, ANY, "cpu/umask=-1/", EINVAL, "not a number" },
	{ __LINE__, ANY, "cpu/umask=/", EINVAL, "not a number" },
	{ __LINE__, ANY, "cpu/third=1/", EINVAL, "lies in 'config2'" },
	{ __LINE__, ANY, "cpu/config2=1/", EINVAL, "lies in 'config2'" },
	{ __LINE__, ANY, "cpu/broken/", EINVAL, "cannot read the format" },
	{ __LINE__, ANY, "cpu/nested/", EINVAL, "has no 'cpu-cycles'" },
	{ __LINE__, ANY, "cpu/open/", EINVAL, "'?' is not a number" },
	{ __LINE__, ANY, "wide/config=1/", EINVAL, "exceeds" },
	{ __LINE__, ANY, "torn/config=1/", EINVAL, "cannot read its type" },
	{ __LINE__, ANY, "sched:sched_switch:x", EINVAL, "unknown modifier 'x'" },
	{ __LINE__, ANY, "sched:torn", EINVAL, "cannot read its id" },
	{ __LINE__, LIBPFM, "sched:sched_swich", ENOENT, "nearest: sched:sched_switch, sched:sched_waking" },
	{ __LINE__, LIBPFM, "shed:sched_switch", ENOENT, "nearest: sched:sched_switch" },
	{ __LINE__, LIBPFM, "instrucions", ENOENT, "nearest: instructions, " },
	{ __LINE__, LIBPFM, "page_faults", ENOENT, "nearest: page-faults, " },
	{ __LINE__, LIBPFM, "inst_retird:any_p", ENOENT, "nearest: INST_RETIRED, " },
	{ __LINE__, LIBPFM, "energy-pk", ENOENT, "nearest: power/energy-pkg/, " },
	{ __LINE__, LIBPFM, "inst_retired:any_q", EINVAL, "nearest: ANY_P, " },
	{ __LINE__, LIBPFM, "inst_retired:c=1000", EINVAL, "value" },
	{ __LINE__, LIBPFM, "inst_retired:mg", EINVAL, "guests alone" },
	{ __LINE__, LIBPFM, "cycle_activity", EINVAL, "unit masks: CYCLES_L2_MISS, " },
	{ __LINE__, LIBPFM, "nopmu::inst_retired", ENODEV, "it has: skl" },
};
/* clang-format on */

/* Can the row be checked here?  It is skipped if not. */
static bool holds(int where, int line)
{
	if (where == ANY || (x86 && (where == X86 || libpfm)))
		return true;
	skip("line %d: for x86%s", line, where == X86 ? "" : " with libpfm4");
	return false;
}

static bool write_file(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			return false;
		*p = '/';
	}
	f = fopen(full, "w");
	return f && fputs(text, f) >= 0 && !fclose(f);
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	return (void)st, (void)type, (void)ftw, remove(path);
}

/* Does the canonical name give the same event, whatever the default level? */
static bool repeats(const struct pfm_event *ev)
{
	struct pfm_event again;
	bool same;

	if (pfm_event_parse(ev->name, U | K | H, &again))
		return false;
	same = again.kind == ev->kind && again.code == ev->code &&
	       again.arg == ev->arg && again.plm == ev->plm &&
	       again.scale == ev->scale && !strcmp(again.unit, ev->unit);
	pfm_event_release(&again);
	return same;
}

static void test_rows(void)
{
	struct pfm_event ev;

	for (unsigned i = 0; i < N(rows); i++) {
		const struct row *r = &rows[i];

		if (!holds(r->where, r->line))
			continue;
		if (pfm_event_parse(r->str, r->plm, &ev)) {
			ok(false, "line %d: '%s' (%s)", r->line, r->str,
			   pfm_reason());
			continue;
		}
		is_str(ev.name, r->name, "line %d: '%s', name", r->line,
		       r->str);
		is_u64(ev.code, r->code, "line %d: '%s', code", r->line,
		       r->str);
		is_u64(ev.arg, r->arg, "line %d: '%s', arg", r->line, r->str);
		ok(ev.plm == r->counted && !strcmp(ev.asked, r->str) &&
			   repeats(&ev),
		   "line %d: '%s', levels, and its name is accepted again",
		   r->line, r->str);
		pfm_event_release(&ev);
	}
}

static void test_wrong(void)
{
	struct pfm_event ev;
	int ret, err;

	for (unsigned i = 0; i < N(wrong); i++) {
		if (!holds(wrong[i].where, wrong[i].line))
			continue;
		errno = 0;
		ret = pfm_event_parse(wrong[i].str, U, &ev);
		err = errno;
		ok(ret == -1 && err == wrong[i].err &&
			   strstr(pfm_reason(), wrong[i].reason),
		   "line %d is refused (%d, %s)", wrong[i].line, err,
		   pfm_reason());
	}
	ok(pfm_event_parse("cycles", 8, &ev) && errno == EINVAL,
	   "an unknown level is refused");
	ok(pfm_event_parse("cycles", 0, &ev) && errno == EINVAL,
	   "no level at all is refused");
	ok(pfm_event_parse(NULL, U, &ev) && errno == EINVAL,
	   "no string is refused");
}

static void test_long(void)
{
	char str[2 * EVENT_MAX];
	struct pfm_event ev;

	memset(str, 'a', sizeof(str));
	str[EVENT_MAX] = '\0';
	ok(pfm_event_parse(str, U, &ev) && errno == EINVAL,
	   "one byte too many is refused");
	str[EVENT_MAX - 1] = '\0';
	ok(pfm_event_parse(str, U, &ev) && errno != EINVAL,
	   "the longest string is looked up");
	for (unsigned i = 1; i < EVENT_MAX - 1; i += 2)
		str[i] = ':';
	ok(pfm_event_parse(str, U, &ev) && errno == EINVAL,
	   "too many modifiers are refused");
}

static void test_units(void)
{
	struct event_draft d = { .str = "rapl", .type = 20, .config = 2 };
	struct pfm_event ev;

	ok(!pfm_event_parse("task-clock:u", U, &ev), "task-clock");
	is_str(ev.unit, "ns", "task-clock has a unit");
	ok(ev.scale == 1 && ev.plm_asked, "and no scale, and asked a level");
	pfm_event_release(&ev);
	ok(!pfm_event_parse("power/energy-pkg/", U, &ev), "energy");
	is_str(ev.unit, "Joules", "energy has a unit");
	is_str(ev.cpus, "0,8", "and CPUs to count it on");
	ok(ev.scale == 0x1p-32 && !ev.plm_asked, "and a scale");
	pfm_event_release(&ev);
	ok(!ev.name && !ev.cpus, "a released event holds nothing");
	ok(!event_sysfs_adorn(&d), "an event encoded by its number");
	is_str(d.unit, "Joules", "gets the unit");
	is_str(d.cpus, "0,8", "and the CPUs");
	ok(d.scale == 0x1p-32 && d.no_levels, "and the scale");
	free(d.unit);
	free(d.cpus);
}

static void test_set_plm(void)
{
	struct pfm_event ev;

	ok(!pfm_event_parse("page-faults", U | K, &ev), "page-faults");
	ok(!pfm_event_set_plm(&ev, K), "at kernel level");
	is_str(ev.name, "perf::PAGE-FAULTS:k", "its name follows");
	ok(ev.plm == K && repeats(&ev), "its level does");
	ok(pfm_event_set_plm(&ev, 0) && errno == EINVAL && ev.plm == K,
	   "no level is refused and changes nothing");
	pfm_event_release(&ev);
	ok(!pfm_event_parse("msr/tsc/", U, &ev), "msr/tsc/");
	ok(pfm_event_set_plm(&ev, U) && errno == EINVAL, "has no levels");
	ok(!pfm_event_set_plm(&ev, U | K | H), "but all of them");
	pfm_event_release(&ev);
	if (!x86) {
		skip("raw codes have levels on x86 only");
		return;
	}
	ok(!pfm_event_parse("r1c2", U | K, &ev), "r1c2");
	ok(!pfm_event_set_plm(&ev, K | H) && repeats(&ev), "at kernel level");
	is_u64(ev.code, 0x4201c2, "its code follows");
	ok(pfm_event_set_plm(&ev, H) && errno == EINVAL, "not h alone");
	pfm_event_release(&ev);
}

static void test_assign(void)
{
	const uint64_t SW = PFM_SW_CODE(PERF_TYPE_SOFTWARE, 2);
	char names[5][2] = { "a", "b", "c", "d", "e" };
	struct pfm_event evs[5] = {
		{ .kind = PFM_EVENT_HW, .plm = U, .code = 1, .name = names[0] },
		{ .kind = PFM_EVENT_SW,
		  .plm = U,
		  .code = SW,
		  .name = names[1] },
		{ .kind = PFM_EVENT_HW, .code = 3, .arg = 4, .name = names[2] },
		{ .kind = PFM_EVENT_SW,
		  .plm = K,
		  .code = SW,
		  .arg = 5,
		  .name = names[3] },
		{ .kind = PFM_EVENT_HW, .name = names[4] },
	};
	struct pfm_regs regs = { .ncounters = 2 };
	struct pfm_place p[5] = { 0 };
	struct assign a = { .evs = evs, .n = 4, .places = p };

	bv_set(regs.pmds, 1);
	bv_set(regs.pmds, 4);
	for (unsigned i = PFM_PMD_SW; i < PFM_MAX_PMDS; i++)
		bv_set(regs.pmds, i);
	ok(assign_perf(&regs, &a) == 0, "four events fit");
	ok(p[0].pmd == 1 && p[0].npmcs == 1 && p[0].pmc[0].reg_num == 1 &&
		   p[0].pmc[0].reg_value == 1 && !p[0].pmc[0].reg_flags,
	   "the first counter that exists, levels in the code");
	ok(p[1].pmd == 256 && p[1].pmc[0].reg_num == 256 &&
		   p[1].pmc[0].reg_flags ==
			   (PFM_REGFL_NO_KERNEL | PFM_REGFL_NO_HV),
	   "the first software register, levels in the flags");
	ok(p[2].pmd == 4 && p[2].npmcs == 2 &&
		   p[2].pmc[1].reg_num == PFM_PMC_HW_ARG + 4 &&
		   p[2].pmc[1].reg_value == 4,
	   "the extra word of a counter");
	ok(p[3].pmd == 257 && p[3].npmcs == 2 &&
		   p[3].pmc[1].reg_num == PFM_PMC_SW_ARG + 1 &&
		   p[3].pmc[1].reg_value == 5,
	   "the second word of a kernel event");
	a.n = 5;
	is_i64(assign_perf(&regs, &a), -ENOSPC, "the fifth does not");
	is_u64(a.bad, 4, "it is the one to give up");
	is_str(pfm_reason(),
	       "3 events need a hardware counter, 2 exist: 'e' does not fit",
	       "and that is said");
	evs[1].code = PFM_SW_CODE(PERF_TYPE_HARDWARE, 0);
	a.n = 3;
	ok(assign_perf(&regs, &a) == -ENOSPC && a.bad == 2,
	   "a portable name takes one of the same counters");
	a.n = 4;
	ok(assign_perf(&regs, &a) == -ENOSPC && a.bad == 2,
	   "it is the first one too many that is given up");
	evs[0].kind = PFM_EVENT_FREE;
	ok(assign_perf(&regs, &a) == -ENODEV && a.bad == 0,
	   "the kernel has none that runs freely (%s)", pfm_reason());
	evs[1].kind = PFM_EVENT_HW;
	a.evs = evs + 1;
	a.n = 1;
	regs = (struct pfm_regs){ .ncounters = 0 };
	ok(assign_perf(&regs, &a) == -ENODEV && a.bad == 0 &&
		   strstr(pfm_reason(), "'b' needs a hardware counter"),
	   "without a PMU, none (%s)", pfm_reason());
}

static void test_assign_many(void)
{
	struct pfm_event evs[65];
	char name[] = "cs";
	struct pfm_place p[65];
	unsigned bad = 99;

	for (unsigned i = 0; i < N(evs); i++)
		evs[i] = (struct pfm_event){
			.kind = PFM_EVENT_SW,
			.code = PFM_SW_CODE(PERF_TYPE_SOFTWARE, 3),
			.name = name,
		};
	ok(!pfm_event_assign("perf", -1, evs, 64, p, &bad),
	   "64 kernel events fit");
	is_u64(bad, 99, "none is given up");
	is_u64(p[63].pmd, 319, "the last gets the last register");
	ok(pfm_event_assign("perf", -1, evs, 65, p, &bad) && errno == ENOSPC &&
		   bad == 64,
	   "65 do not (%s)", pfm_reason());
	ok(!pfm_event_assign("auto", -1, evs, 0, p, NULL),
	   "no event is no trouble");
}

/* Strings made from good ones by a fixed sequence of damage. */
static void test_damage(void)
{
	static const char alphabet[] = "u:k.h/=,0x1_-amrRL9\x01\xff%s ";
	uint64_t seed = 1, bad = 0, silent = 0;
	char str[EVENT_MAX + 8];
	struct pfm_event ev;
	size_t len;

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(str, sizeof(str), "%s%s", rows[seed % N(rows)].str,
			 i % 3 ? "" : wrong[seed / 64 % N(wrong)].str);
		len = strlen(str);
		for (unsigned j = 0; j <= i % 4; j++) {
			seed = seed * 6364136223846793005u +
			       1442695040888963407u;
			str[(seed >> 33) % (len + 1)] =
				alphabet[(seed >> 20) % N(alphabet)];
			str[len + 1] = '\0';
		}
		if (pfm_event_parse(str, U | K, &ev)) {
			silent += !*pfm_reason();
			continue;
		}
		if (!repeats(&ev)) {
			diag("'%s' is '%s', which is not it", str, ev.name);
			bad++;
		}
		pfm_event_release(&ev);
	}
	is_u64(bad, 0, "what is accepted has a name that is accepted");
	is_u64(silent, 0, "what is refused has a reason");
}

/* With libpfm4's other PMUs: in a child, for libpfm4 decides once. */
static bool corrected(void)
{
	struct pfm_event ev;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		unsetenv("LIBPFM_FORCE_PMU");
		setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
		_exit(pfm_event_parse("icl::TOPDOWN:BACKEND_BOUND_SLOTS:c=1", U,
				      &ev) ||
		      ev.code != 0x14102a4 || !repeats(&ev));
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

/* With libpfm4's other PMUs, in a child: what each correction says is done. */
static bool corrected_all(void)
{
	struct pfm_event_fix fix;
	struct pfm_event ev;
	int status = -1, bad = 0;
	unsigned n = 0;
	pid_t pid = fork();

	if (pid)
		return waitpid(pid, &status, 0) == pid && !status;
	unsetenv("LIBPFM_FORCE_PMU");
	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	for (unsigned i = 0; !pfm_event_fixes(i, &fix); i++) {
		if (fix.err)
			continue;
		n++;
		if (pfm_event_parse(fix.name, U, &ev)) {
			bad++;
			continue;
		}
		bad += (ev.code & fix.mask) != fix.right ||
		       (ev.code & fix.mask) != (fix.code & fix.mask) ||
		       ev.arg != fix.arg || !repeats(&ev);
		bad += !fix.left &&
		       (ev.code & fix.mask) != (fix.table & fix.mask) &&
		       !strstr(fix.name, ":THREAD");
		pfm_event_release(&ev);
	}
	/* The user's own counter mask is not the divider's. */
	if (!pfm_event_parse("spr::ARITH:IDIV_ACTIVE:c=2", U, &ev)) {
		bad += ev.code != 0x24108b0;
		pfm_event_release(&ev);
	}
	_exit(bad || !n);
}

struct seen {
	unsigned n, refused, mods;
	char names[4096];
};

static int see_mod(const struct pfm_event_mod *mod, void *arg)
{
	char *name = arg;
	struct pfm_event ev;
	size_t len = strlen(name);

	if (mod->kind != PFM_MOD_UMASK)
		return 0;
	snprintf(name + len, EVENT_MAX - len, ":%s", mod->name);
	if (!pfm_event_parse(name, U, &ev)) {
		pfm_event_release(&ev);
		return 1;
	}
	name[len] = '\0';
	return 0;
}

/* The library may be used from within: an event is encoded, with a mask. */
static int see(const struct pfm_event_desc *desc, void *arg)
{
	struct seen *s = arg;
	char name[EVENT_MAX];
	size_t len = strlen(s->names);
	struct pfm_event ev;

	s->n++;
	if (strcmp(desc->source, "libpfm4") != 0)
		snprintf(s->names + len, sizeof(s->names) - len, " %s",
			 desc->name);
	snprintf(name, sizeof(name), "%s", desc->name);
	if (!pfm_event_parse(name, U, &ev))
		pfm_event_release(&ev);
	else if (pfm_event_mods(desc, see_mod, name) != 1)
		s->refused++;
	return 0;
}

static int stop_at_third(const struct pfm_event_desc *desc, void *arg)
{
	return (void)desc, ++*(int *)arg == 3 ? 7 : 0;
}

static void test_list(void)
{
	static struct seen all, skl, power;
	int n = 0;

	is_i64(pfm_event_list(NULL, see, &all), 0, "the events of the machine");
	ok(strstr(all.names, " cycles ") && strstr(all.names, " page-faults "),
	   "portable names are among them");
	ok(strstr(all.names, " power/energy-pkg/") &&
		   strstr(all.names, " msr/tsc/"),
	   "and those of sysfs");
	ok(!strstr(all.names, "energy-pkg.scale") &&
		   !strstr(all.names, "/open/"),
	   "but not its attributes, nor what wants a parameter");
	ok(strstr(all.names, " sched:sched_switch"), "and tracepoints");
	is_i64(pfm_event_list("power", see, &power), 0, "those of one PMU");
	is_str(power.names, " power/energy-pkg/", "are that PMU's alone");
	is_i64(pfm_event_list(NULL, stop_at_third, &n), 7, "a call ends it");
	is_i64(n, 3, "at once");
	ok(pfm_event_list("powr", see, &power) == -1 && errno == ENODEV &&
		   strstr(pfm_reason(), "nearest: power"),
	   "an unknown PMU is refused (%s)", pfm_reason());
	ok(pfm_event_list(NULL, NULL, NULL) == -1 && errno == EINVAL,
	   "and so is no function");
	/* The file of one names another, the id of one is no number. */
	is_u64(all.refused, 2, "all but what is broken can be parsed");
	if (!holds(LIBPFM, __LINE__))
		return;
	is_i64(pfm_event_list("SKL", see, &skl), 0, "those of libpfm4");
	ok(skl.n > 50, "are many (%u)", skl.n);
	is_u64(skl.refused, 0, "each alone or with a unit mask");
}

static void test_no_tracefs(void)
{
	struct pfm_event ev;

	setenv("PFM_SYSFS_ROOT", "/dev/null", 1);
	ok(pfm_event_parse("sched:sched_switch", U, &ev) && errno == ENOENT &&
		   strstr(pfm_reason(), "mount -t tracefs"),
	   "without tracefs, how to mount it (%s)", pfm_reason());
	ok(pfm_event_parse("msr/tsc/", U, &ev) && errno == ENODEV,
	   "without sysfs, no PMU");
}

int main(void)
{
	struct pfm_event ev;
	bool right, all_right;

	if (!mkdtemp(root))
		skip_all("cannot make a directory in /tmp");
	setenv("PFM_SYSFS_ROOT", root, 1);
	setenv("LIBPFM_FORCE_PMU", "skl", 1);
	for (unsigned i = 0; i < N(files); i++)
		if (!write_file(files[i].path, files[i].text))
			ok(false, "%s is written", files[i].path);
	right = corrected();
	all_right = corrected_all();
	libpfm = pfm_event_parse("nopmu::x", U, &ev) && errno == ENODEV;
	if (holds(LIBPFM, __LINE__))
		ok(right && all_right, "wrong codes of libpfm4 are corrected");
	test_rows();
	test_wrong();
	test_long();
	test_units();
	test_set_plm();
	test_assign();
	test_assign_many();
	test_damage();
	test_list();
	test_no_tracefs();
	nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return done_testing();
}
