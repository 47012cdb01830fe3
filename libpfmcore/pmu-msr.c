/* SPDX-License-Identifier: MIT
 *
 * pmu-msr.c - the PMU as its registers, for the 12 calls: which logical
 * registers the CPUs of this machine have together, and who uses them.  What
 * one CPU has is in hw.h; CPUs differ where their core types do.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw.h"
#include "model.h"
#include "msr.h"
#include "priv.h"

#define MAX_CPUS 8192

_Static_assert(HW_NPMCS <= PFM_RSVD_PMCS, "every PMC has its reserved bits");

/* clang-format off */
static const struct pfm_pmc_desc pmcs[] = {
	/* INT is never set: Linux wires it to an NMI that nobody expects.  The
	 * 64 bits are made of readings, so NO_EMUL64 has nothing to clear. */
	{ 0, HW_MAX_GP - 1, PFM_REGFL_NO_EMUL64, 0, 0, SEL_INT },
	{ HW_PMC_FIXED, HW_NPMCS - 1, 0, 0, 0, 0 },
};
/* clang-format on */

/* One description for all CPUs of a kind. */
struct kind {
	struct kind *next;
	uint32_t signature, core_type; /* CPUID.01H:EAX, .1AH:EAX[31:24] */
	int err;                       /* of the probe */
	char why[256];                 /* the reason */
	struct pfm_hw hw;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kind *kinds; /* under the lock; never freed */

static bool source_cpuid(void *arg, uint32_t leaf, uint32_t sub,
			 struct cpuid_regs *r)
{
	const struct msr_cpu *c = arg;

	return msr_cpuid(c->cpu, leaf, sub, r);
}

static int source_rdmsr(void *arg, uint32_t msr, uint64_t *value)
{
	return msr_read(arg, msr, value);
}

static void probe_kind(struct kind *k, int cpu)
{
	struct msr_cpu c = { .cpu = cpu, .fd = -1 };
	struct hw_source src = { .arg = &c, .cpuid = source_cpuid };

	if (msr_open(&c, cpu) == 0)
		src.rdmsr = source_rdmsr;
	k->err = hw_probe(&src, &k->hw);
	if (k->err < 0)
		snprintf(k->why, sizeof(k->why), "%s", pfm_reason());
	if (src.rdmsr)
		msr_close(&c);
}

/* lock is held. */
static struct kind *find_kind(int cpu, uint32_t signature, uint32_t core_type)
{
	struct kind *k;

	for (k = kinds; k; k = k->next)
		if (k->signature == signature && k->core_type == core_type)
			return k;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->signature = signature;
	k->core_type = core_type;
	probe_kind(k, cpu);
	k->next = kinds;
	kinds = k;
	return k;
}

/*
 * Intel SDM volume 2, CPUID: .07H:EDX[15] hybrid, .1AH:EAX[31:24] core type.
 * The kind is enough: what firmware switches off it switches off everywhere.
 */
int pmu_hw(int cpu, const struct pfm_hw **hw)
{
	struct cpuid_regs r, type = { 0 };
	const struct kind *k;

	if (cpu < 0 || cpu >= MAX_CPUS || !msr_cpuid(cpu, 1, 0, &r))
		return fail(ENXIO,
			    "CPU %d: its CPUID cannot be read: no such CPU, "
			    "offline, or not an x86 processor",
			    cpu);
	if (msr_cpuid(cpu, 7, 0, &type) && type.edx >> 15 & 1)
		msr_cpuid(cpu, 0x1a, 0, &type);
	else
		type.eax = 0;
	pthread_mutex_lock(&lock);
	k = find_kind(cpu, r.eax, type.eax >> 24);
	pthread_mutex_unlock(&lock);
	if (!k)
		return fail(ENOMEM, "no memory to describe CPU %d", cpu);
	if (k->err < 0)
		return fail(-k->err, "%s", k->why);
	*hw = &k->hw;
	return 0;
}

static void add_hw(struct pfm_regs *regs, const struct pfm_hw *hw)
{
	unsigned n, counters = (unsigned)__builtin_popcount(hw->gp) +
			       (unsigned)__builtin_popcount(hw->fixed);

	for (n = 0; n < HW_NPMCS; n++) {
		if (!hw->pmc[n].msr)
			continue;
		/* Where CPUs differ, a bit that one of them has is taken. */
		regs->rsvd[n] &= ~hw->pmc[n].valid;
		bv_set(regs->pmcs, n);
	}
	for (n = 0; n < HW_NPMDS; n++)
		if (hw->pmd[n].msr)
			bv_set(regs->pmds, n);
	if (counters > regs->ncounters)
		regs->ncounters = counters;
}

static int regs_refused(struct pfm_regs *regs, int err)
{
	snprintf(regs->missing, sizeof(regs->missing), "%.*s",
		 (int)sizeof(regs->missing) - 1, pfm_reason());
	return err;
}

static int msr_probe_cpu(int cpu, struct pfm_regs *regs)
{
	const struct pfm_hw *hw;
	int ret = pmu_hw(cpu, &hw);

	memset(regs, 0, sizeof(*regs));
	memset(regs->rsvd, 0xff, sizeof(regs->rsvd));
	if (ret < 0)
		return regs_refused(regs, ret);
	add_hw(regs, hw);
	snprintf(regs->desc, sizeof(regs->desc), "%s", hw->desc);
	return 0;
}

/* The next CPU after cpu that can be described; -1: no more. */
static int next_cpu(DIR *dir, int cpu)
{
	const struct dirent *e;
	struct cpuid_regs r;
	char *end;
	long n;

	if (!dir)
		return msr_model_cpuid(cpu + 1, 0, 0, &r) || cpu < 0 ? cpu + 1 :
								       -1;
	while ((e = readdir(dir))) {
		n = strtol(e->d_name, &end, 10);
		if (end != e->d_name && !*end && n >= 0 && n < MAX_CPUS)
			return (int)n;
	}
	return -1;
}

/* What the CPUs have together. */
static int msr_probe(struct pfm_regs *regs)
{
	struct cpuid_regs r;
	DIR *dir = NULL;
	int cpu = -1, found = 0, err = -ENODEV;

	if (!msr_model_cpuid(0, 0, 0, &r))
		dir = opendir(msr_cpu_path());
	memset(regs->rsvd, 0xff, sizeof(regs->rsvd));
	while ((cpu = next_cpu(dir, cpu)) >= 0) {
		const struct pfm_hw *hw;
		int ret = pmu_hw(cpu, &hw);

		if (ret < 0) {
			err = ret;
			continue;
		}
		add_hw(regs, hw);
		if (!found++)
			snprintf(regs->desc, sizeof(regs->desc), "%s",
				 hw->desc);
	}
	if (dir)
		closedir(dir);
	if (!found && err == -ENODEV && !*pfm_reason())
		fail(ENODEV, "%s shows no CPU", msr_cpu_path());
	return found ? 0 : regs_refused(regs, err);
}

bool pmu_watchdog(void)
{
	int fd = open("/proc/sys/kernel/nmi_watchdog", O_RDONLY | O_CLOEXEC);
	char on = '0';

	if (fd < 0)
		return false;
	if (read(fd, &on, 1) < 0)
		on = '0';
	close(fd);
	return on == '1';
}

/* The likely owner of a counter that is on. */
static const char *owner_name(const struct pmu_owners *own)
{
	bool interrupts = false;

	for (unsigned i = 0; i < HW_MAX_GP; i++)
		interrupts |= own->taken >> i & 1 && own->sel[i] & SEL_INT;
	interrupts |= (own->fixed & UINT64_C(0x8888888888888888)) != 0;
	if (access("/sys/bus/event_source/devices/cpu", F_OK) != 0 ||
	    !interrupts)
		return "another tool";
	if (!pmu_watchdog())
		return "perf";
	/* It takes one counter of each CPU; a second one is somebody else. */
	return __builtin_popcount(own->taken) == 1 ?
		       "the NMI watchdog" :
		       "the NMI watchdog and perf";
}

/*
 * A counter whose enable or interrupt bit is set belongs to somebody, also when
 * the global control keeps it from counting just now.  The fixed counters have
 * one control register, which its user writes whole: it is his or ours.
 */
int pmu_owners(struct msr_cpu *c, const struct pfm_hw *hw,
	       struct pmu_owners *own)
{
	struct msr_op ops[HW_MAX_GP + 2];
	unsigned n = 0, i;
	int ret;

	memset(own, 0, sizeof(*own));
	if (hw->ctl)
		ops[n++] = (struct msr_op){ .reg = hw->ctl };
	if (hw->fixed)
		ops[n++] = (struct msr_op){ .reg = hw->pmc[HW_PMC_FIXED].msr };
	for (i = 0; i < HW_MAX_GP; i++)
		if (hw->gp >> i & 1)
			ops[n++] = (struct msr_op){ .reg = hw->pmc[i].msr };
	ret = c->ops->run(c, ops, n);
	if (ret < 0) {
		for (i = 0; i < n && !ops[i].err; i++)
			;
		return msr_explain(c, MSR_READ, ops[i < n ? i : 0].reg, -ret);
	}
	n = 0;
	if (hw->ctl)
		own->ctl = ops[n++].value;
	if (hw->fixed)
		own->fixed = ops[n++].value;
	for (i = 0; i < HW_MAX_GP; i++) {
		if (!(hw->gp >> i & 1))
			continue;
		own->sel[i] = ops[n++].value;
		if (own->sel[i] & (SEL_EN | SEL_INT))
			own->taken |= 1u << i;
	}
	for (i = 0; i < HW_MAX_FIXED; i++)
		if (own->fixed >> 4 * i & 0xf)
			own->taken |= hw->fixed << HW_PMD_FIXED;
	if (own->taken)
		snprintf(own->who, sizeof(own->who), "%s", owner_name(own));
	return 0;
}

void pmu_owners_text(const struct pmu_owners *own, char *text, size_t size)
{
	size_t len = 0;
	unsigned n;

	text[0] = '\0';
	for (n = 0; n < 32 && len < size; n++)
		if (own->taken >> n & 1)
			len += (size_t)snprintf(text + len, size - len, "%s %u",
						len ? "," : "", n);
	if (own->taken && len < size)
		snprintf(text + len, size - len, " taken by %s", own->who);
}

int pmu_free(int cpu, const struct pfm_hw **hw, uint32_t *pmds, char text[128])
{
	struct msr_cpu c = { .cpu = cpu < 0 ? 0 : cpu, .fd = -1 };
	struct pmu_owners own = { 0 };
	char taken[100];
	int ret = pmu_hw(c.cpu, hw);

	if (ret < 0)
		return ret;
	if (text)
		text[0] = '\0';
	*pmds = hw_counters(*hw);
	/* Without access nobody can tell; the load will say what is wrong. */
	if (cpu < 0 || msr_open(&c, cpu) < 0)
		return 0;
	if (!backend_msr_taken(cpu, &own)) {
		ret = guard_recover(&c);
		if (ret == 0)
			ret = pmu_owners(&c, *hw, &own);
	}
	msr_close(&c);
	if (ret < 0)
		return ret;
	*pmds &= ~own.taken;
	pmu_owners_text(&own, taken, sizeof(taken));
	if (text && own.taken)
		snprintf(text, 128, "; PMD%s", taken);
	return 0;
}

/* One line of pfm_pmu_regs(). */
static void fill_reg(struct pfm_pmu_reg *r, unsigned n, bool is_pmd,
		     const struct pfm_hw *hw)
{
	memset(r, 0, sizeof(*r));
	r->num = (uint16_t)n;
	r->is_pmd = is_pmd;
	r->width = is_pmd ? hw->pmd[n].width : 0;
	r->msr = is_pmd ? hw->pmd[n].msr : hw->pmc[n].msr;
	snprintf(r->name, sizeof(r->name), "%s",
		 is_pmd ? hw->pmd[n].name : hw->pmc[n].name);
}

/* PMC n holds what selects the events of these PMDs. */
static uint32_t pmds_of(unsigned n, bool is_pmd)
{
	if (is_pmd)
		return n < 32 ? 1u << n : 0;
	if (n == HW_PMC_FIXED)
		return UINT32_MAX << HW_PMD_FIXED;
	return n < HW_MAX_GP ? 1u << n : 0;
}

/* Who uses the registers of a CPU, as far as it can be told. */
struct users {
	struct pmu_owners own;
	char holder[80]; /* of the lock */
	unsigned nheld;
	uint32_t held[GUARD_UNDOS];
};

/* By its address to write. */
static bool is_held(const struct users *u, uint32_t wr)
{
	for (unsigned i = 0; i < u->nheld; i++)
		if (u->held[i] == wr)
			return true;
	return false;
}

/* wr: the address it is written at, 0 when it is not. */
static void look_at_reg(struct pfm_pmu_reg *r, uint32_t wr, struct msr_cpu *c,
			const struct users *u)
{
	if (!c->ops || msr_read(c, r->msr, &r->value) < 0) {
		r->value = 0;
		snprintf(r->owner, sizeof(r->owner), "?");
		return;
	}
	if (u->own.taken & pmds_of(r->num, r->is_pmd))
		snprintf(r->owner, sizeof(r->owner), "%s", u->own.who);
	if (is_held(u, wr))
		snprintf(r->owner, sizeof(r->owner), "%s", u->holder);
}

/* Those of an open CPU; c->ops is NULL when it cannot be opened. */
static void find_users(struct msr_cpu *c, int cpu, const struct pfm_hw *hw,
		       struct users *u)
{
	if (msr_open(c, cpu) < 0)
		c->ops = NULL;
	else if (pmu_owners(c, hw, &u->own) == 0)
		u->nheld = guard_holder(cpu, u->holder, sizeof(u->holder),
					u->held);
}

/* Register i of all PMCs, then PMDs; false: this CPU has none there. */
static bool nth_reg(const struct pfm_hw *hw, unsigned i, unsigned *num,
		    bool *is_pmd)
{
	*is_pmd = i >= HW_NPMCS;
	*num = *is_pmd ? i - HW_NPMCS : i;
	return (*is_pmd ? hw->pmd[*num].msr : hw->pmc[*num].msr) != 0;
}

int pfm_pmu_regs(int cpu, struct pfm_pmu_reg *regs, int n)
{
	struct msr_cpu c = { .cpu = cpu, .fd = -1 };
	struct users u = { 0 };
	const struct pfm_hw *hw;
	int total = 0, ret = pmu_hw(cpu, &hw);

	if (ret < 0)
		return edge(ret);
	find_users(&c, cpu, hw, &u);
	for (unsigned i = 0; i < HW_NPMCS + HW_NPMDS; i++) {
		unsigned num;
		bool is_pmd;

		if (!nth_reg(hw, i, &num, &is_pmd))
			continue;
		if (total < n) {
			fill_reg(&regs[total], num, is_pmd, hw);
			look_at_reg(&regs[total],
				    is_pmd ? hw->pmd[num].wr : hw->pmc[num].msr,
				    &c, &u);
		}
		total++;
	}
	if (c.ops)
		msr_close(&c);
	return total;
}

static void describe_reg(struct pfm_reg_desc *d, unsigned num, bool is_pmd,
			 const struct pfm_hw *hw)
{
	d->num = (uint16_t)num;
	d->is_pmd = is_pmd;
	d->width = is_pmd ? hw->pmd[num].width : 0;
	d->addr = is_pmd ? hw->pmd[num].msr : hw->pmc[num].msr;
	snprintf(d->name, sizeof(d->name), "%s",
		 is_pmd ? hw->pmd[num].name : hw->pmc[num].name);
}

/* What a context of ours holds was nobody's before. */
static bool is_taken(const struct users *u, const struct pfm_hw *hw,
		     unsigned num, bool is_pmd)
{
	unsigned pmc = is_pmd && num >= HW_PMD_FIXED ? HW_PMC_FIXED : num;

	return u->own.taken & pmds_of(num, is_pmd) &&
	       !is_held(u, hw->pmc[pmc].msr);
}

static int msr_describe(int cpu, struct pfm_reg_desc *descs, int n)
{
	struct msr_cpu c = { .cpu = cpu, .fd = -1 };
	struct users u = { 0 };
	const struct pfm_hw *hw;
	int total = 0, ret = pmu_hw(cpu, &hw);

	if (ret < 0)
		return ret;
	find_users(&c, cpu, hw, &u);
	for (unsigned i = 0; i < HW_NPMCS + HW_NPMDS; i++) {
		unsigned num;
		bool is_pmd;

		if (!nth_reg(hw, i, &num, &is_pmd))
			continue;
		if (total < n) {
			describe_reg(&descs[total], num, is_pmd, hw);
			descs[total].taken = is_taken(&u, hw, num, is_pmd);
		}
		total++;
	}
	if (c.ops)
		msr_close(&c);
	return total;
}

const struct pfm_pmu pfm_pmu_msr = {
	.name = "msr",
	.pmcs = pmcs,
	.probe = msr_probe,
	.probe_cpu = msr_probe_cpu,
	.describe = msr_describe,
};
