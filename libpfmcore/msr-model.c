/* SPDX-License-Identifier: MIT
 *
 * msr-model.c - the transport onto register models in this process, for tests
 * that need no device.  It lets an access cost what it would cost a kernel; it
 * knows nothing of what the registers mean.
 */
#include "config.h"

#include "insn.h"
#include "model.h"
#include "msr.h"
#include "priv.h"

extern const struct pfm_msr_ops pfm_msr_model;

/*
 * The models, and what an access costs.  The library blocks signals while it is
 * at a context, so the thread that holds the lock runs no handler of it.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct model *const *models; /* borrowed */
static unsigned nmodels, cost;

/* Under the lock; NULL: there is no such CPU, or it is offline. */
static struct model *model_of(int cpu)
{
	return cpu >= 0 && (unsigned)cpu < nmodels ? models[cpu] : NULL;
}

void msr_model_set(struct model *const *cpus, unsigned n)
{
	pthread_mutex_lock(&lock);
	models = cpus;
	nmodels = cpus ? n : 0;
	pthread_mutex_unlock(&lock);
}

void msr_model_set_cost(unsigned insns)
{
	pthread_mutex_lock(&lock);
	cost = insns;
	pthread_mutex_unlock(&lock);
}

bool msr_model_cpuid(int cpu, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
	const struct model *m;
	bool there;

	pthread_mutex_lock(&lock);
	m = model_of(cpu);
	for (unsigned i = 0; cpu < 0 && !m && i < nmodels; i++)
		m = models[i];
	there = m && model_cpuid(m, leaf, sub, r);
	pthread_mutex_unlock(&lock);
	return there;
}

static int model_open(struct msr_cpu *c)
{
	bool there, known;

	pthread_mutex_lock(&lock);
	there = model_of(c->cpu) != NULL;
	known = c->cpu >= 0 && (unsigned)c->cpu < nmodels;
	pthread_mutex_unlock(&lock);
	c->fd = -1;
	if (there)
		return 0;
	if (known)
		return fail(ENXIO, "CPU %d of the register models is offline",
			    c->cpu);
	return fail(ENXIO,
		    "CPU %d is not among the register models: "
		    "set one for it by msr_model_set()",
		    c->cpu);
}

void msr_model_advance(unsigned cpu, unsigned event, unsigned umask,
		       unsigned cpl, uint64_t n)
{
	struct model *m;

	pthread_mutex_lock(&lock);
	m = model_of((int)cpu);
	if (m)
		model_advance(m, event, umask, cpl, n);
	pthread_mutex_unlock(&lock);
}

static int run_one(struct model *m, struct msr_op *op)
{
	model_kernel(m, cost);
	if (op->write)
		return model_wrmsr(m, op->reg, op->value);
	return model_rdmsr(m, op->reg, &op->value);
}

static int model_run(struct msr_cpu *c, struct msr_op *ops, unsigned n)
{
	struct model *m;
	int ret = 0;

	pthread_mutex_lock(&lock);
	m = model_of(c->cpu);
	for (unsigned i = 0; i < n && ret == 0; i++)
		ret = ops[i].err = m ? run_one(m, &ops[i]) : -ENXIO;
	pthread_mutex_unlock(&lock);
	return ret;
}

static void model_close(struct msr_cpu *c)
{
	c->fd = -1;
}

const struct pfm_msr_ops pfm_msr_model = {
	.name = "model",
	.desc = "register models in this process",
	.open = model_open,
	.run = model_run,
	.close = model_close,
};
