/* SPDX-License-Identifier: MIT
 *
 * t-msr-model.c - the transport onto register models: which CPUs there are,
 * where a list of accesses ends, what an access costs, and several threads.
 */
#include "config.h"

#include "insn.h"
#include "model-test.h"
#include "msr.h"
#include "priv.h"

#define NACCESSES 20000

extern const struct pfm_msr_ops pfm_msr_model;

static struct model *cpus[3]; /* the third is offline */

static int open_cpu(struct msr_cpu *c, int cpu)
{
	*c = (struct msr_cpu){ .ops = &pfm_msr_model, .cpu = cpu };
	return c->ops->open(c);
}

static struct msr_op rd(uint32_t reg)
{
	return (struct msr_op){ .reg = reg, .err = 1 };
}

static struct msr_op wr(uint32_t reg, uint64_t value)
{
	return (struct msr_op){
		.reg = reg, .write = true, .err = 1, .value = value
	};
}

static void test_open(void)
{
	struct cpuid_regs r;
	struct msr_cpu c;

	is_i64(open_cpu(&c, 0), -ENXIO, "without models there is no CPU");
	ok(!msr_model_cpuid(0, 0, 0, &r), "nor its CPUID");
	ok(!msr_model_cpuid(-1, 0, 0, &r), "nor that of any");
	msr_model_set(cpus, 3);
	is_i64(open_cpu(&c, 0), 0, "CPU 0 is a model");
	is_i64(c.fd, -1, "it has no descriptor");
	is_i64(open_cpu(&c, 1), 0, "CPU 1 is one");
	is_i64(open_cpu(&c, 2), -ENXIO, "CPU 2 is not");
	is_str(pfm_reason(), "CPU 2 of the register models is offline",
	       "and the reason says so");
	is_i64(open_cpu(&c, 3), -ENXIO, "CPU 3 is not");
	ok(strstr(pfm_reason(), "CPU 3 is not among"), "for another reason");
	is_i64(open_cpu(&c, -1), -ENXIO, "CPU -1 is none");
}

static void test_cpuid(void)
{
	struct cpuid_regs r;

	ok(msr_model_cpuid(1, 0xa, 0, &r) && r.eax == 0x07300404,
	   "CPUID of a CPU is its model's");
	ok(msr_model_cpuid(0, 1, 0, &r) && r.eax == 0xa10f10,
	   "another's is another");
	ok(msr_model_cpuid(-1, 1, 0, &r) && r.eax == 0xa10f10,
	   "of any, the first");
	ok(!msr_model_cpuid(0, 0x23, 0, &r), "there is no leaf 23H");
	ok(!msr_model_cpuid(2, 0, 0, &r), "nothing of one that is offline");
}

static void test_run(void)
{
	struct msr_op ops[] = { wr(0x186, 0x4300c0), rd(0x186), wr(0x38f, 1),
				wr(0x38e, 0), wr(0x186, 0) };
	struct msr_cpu c;

	open_cpu(&c, 1);
	is_i64(c.ops->run(&c, ops, 5), -EIO, "a list ends at a #GP");
	ok(ops[0].err == 0 && ops[1].err == 0 && ops[2].err == 0,
	   "what stands before is done");
	is_u64(ops[1].value, 0x4300c0, "in order");
	is_i64(ops[3].err, -EIO, "the access has the error");
	is_i64(ops[4].err, 1, "what stands behind is not tried");
	is_u64(reads(cpus[1], 0x186), 0x4300c0, "nor done");
	is_i64(c.ops->run(&c, ops, 0), 0, "an empty list is no error");
	ops[0] = rd(0x999);
	is_i64(c.ops->run(&c, ops, 1), -EIO, "no such register");
	c.ops->close(&c);
	model_reset(cpus[1]);
}

/* The kernel's own instructions retire before the access acts. */
static void test_cost(int cpu, uint32_t sel, uint32_t ctr)
{
	uint64_t cycles = model_config(cpus[cpu])->amd ? 0x76 : 0x3c;
	struct msr_op ops[] = { wr(sel, 0x4200c0), rd(ctr), rd(ctr), wr(sel, 0),
				rd(ctr) };
	const char *name = model_config(cpus[cpu])->name;
	struct msr_cpu c;

	open_cpu(&c, cpu);
	msr_model_set_cost(20);
	c.ops->run(&c, ops, 5);
	is_u64(ops[1].value, 20, "%s: the access that enables is not counted",
	       name);
	is_u64(ops[2].value, 40, "%s: each access costs its instructions",
	       name);
	is_u64(ops[4].value, 60, "%s: the access that disables is counted",
	       name);
	ops[0] = wr(sel, 0x420000 | cycles);
	c.ops->run(&c, ops, 2);
	is_u64(ops[1].value, 80, "%s: and as many cycles", name);
	ops[0] = wr(sel, 0x4100c0);
	c.ops->run(&c, ops, 2);
	is_u64(ops[1].value, 100, "%s: the cycles of the write, the last",
	       name);
	c.ops->run(&c, ops, 2);
	is_u64(ops[1].value, 100, "%s: none of it in ring 3", name);
	msr_model_set_cost(0);
	c.ops->close(&c);
}

/* Fixed counters are tried out by what an access costs, too. */
static void test_cost_fixed(void)
{
	struct msr_op ops[] = { wr(0x38f, UINT64_C(7) << 32), wr(0x38d, 0x111),
				rd(0x309), rd(0x30a), rd(0x30b) };
	struct msr_cpu c;

	open_cpu(&c, 1);
	msr_model_set_cost(7);
	c.ops->run(&c, ops, 5);
	is_u64(ops[2].value, 7, "fixed counter 0 pays for its own access");
	is_u64(ops[3].value, 14, "counter 1 for that and its own");
	is_u64(ops[4].value, 21, "counter 2 for all three");
	msr_model_set_cost(0);
	model_reset(cpus[1]);
}

static void *access_often(void *arg)
{
	struct msr_op op = rd(0x10);
	struct msr_cpu c;
	intptr_t bad = open_cpu(&c, (int)(intptr_t)arg);

	for (int i = 0; i < NACCESSES; i++)
		bad |= c.ops->run(&c, &op, 1);
	return (void *)bad;
}

/* Three threads, two of them on one CPU: no access is lost. */
static void test_threads(void)
{
	static const intptr_t where[] = { 0, 1, 1 };
	pthread_t thread[3];
	bool good = true;
	void *bad;

	model_reset(cpus[0]);
	model_reset(cpus[1]);
	model_wrmsr(cpus[0], 0xc0010200, 0x4200c0);
	model_wrmsr(cpus[1], 0x186, 0x4200c0);
	msr_model_set_cost(1);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, access_often,
			       (void *)where[i]);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], &bad);
		good &= !bad;
	}
	msr_model_set_cost(0);
	ok(good, "threads can access the same CPU");
	is_u64(reads(cpus[0], 0xc0010201), NACCESSES, "one CPU alone");
	is_u64(reads(cpus[1], 0xc1), 2 * NACCESSES, "one CPU by two");
}

static void test_gone(void)
{
	struct msr_op op = rd(0x10);
	struct msr_cpu c;

	open_cpu(&c, 1);
	msr_model_set(cpus, 1);
	is_i64(c.ops->run(&c, &op, 1), -ENXIO, "a CPU that went offline");
	is_i64(op.err, -ENXIO, "each access says so");
	msr_model_set(NULL, 3);
	is_i64(open_cpu(&c, 0), -ENXIO, "no models any more");
}

int main(void)
{
	cpus[0] = make("ZEN4");
	cpus[1] = make("SKL");
	test_open();
	test_cpuid();
	test_run();
	test_cost(0, 0xc0010200, 0xc0010201);
	test_cost(1, 0x186, 0xc1);
	test_cost_fixed();
	test_threads();
	test_gone();
	model_free(cpus[0]);
	model_free(cpus[1]);
	return done_testing();
}
