/* SPDX-License-Identifier: MIT
 *
 * cpu.c - one CPU of msrfs: what an access to one of its registers brings
 * about, in order: the load's events, the cost of the access, injected faults,
 * the access itself, foreign writers.  Not who may do it: see device.c.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "fs.h"

void cpu_catch_up(struct cpu *cpu)
{
	load_advance(cpu);
}

/* Every fault that matches counts the access; the first one due decides. */
static int inject(struct cpu *cpu, const struct access *a)
{
	struct fault **p = &cpu->faults;
	int err = 0;

	while (*p) {
		struct fault *f = *p;
		bool match = (a->write ? f->wr : f->rd) &&
			     (f->any_reg || f->reg == a->reg);

		if (match && f->nth > 1) {
			f->nth--;
		} else if (match && err == 0) {
			if (f->err >= FAULT_KILL)
				kill(cpu->fs->caller, SIGKILL);
			if (f->err != FAULT_KILL)
				err = f->err < FAULT_KILL ? -f->err : -EIO;
			if (f->count > 0 && --f->count == 0) {
				*p = f->next;
				free(f);
				continue;
			}
		}
		p = &f->next;
	}
	return err;
}

void cpu_foreign(struct cpu *cpu, const struct foreign *w)
{
	if (model_wrmsr(cpu->model, w->reg, w->value) < 0)
		cpu->stats.faulted++;
}

static void run_foreigns(struct cpu *cpu)
{
	struct foreign **p = &cpu->foreigns;

	while (*p) {
		struct foreign *w = *p;

		if (--w->after > 0) {
			p = &w->next;
			continue;
		}
		cpu_foreign(cpu, w);
		*p = w->next;
		free(w);
	}
}

static int run_access(struct cpu *cpu, struct access *a)
{
	uint64_t old = 0;
	int err;

	if (!a->write)
		return model_rdmsr(cpu->model, a->reg, &a->value);
	if (a->read_first || a->mask != UINT64_MAX) {
		err = model_rdmsr(cpu->model, a->reg, &old);
		if (err < 0)
			return err;
	}
	return model_wrmsr(cpu->model, a->reg,
			   (old & ~a->mask) | (a->value & a->mask));
}

int cpu_access(struct cpu *cpu, struct access *a)
{
	int err;

	cpu_catch_up(cpu);
	model_kernel(cpu->model, cpu->fs->cost);
	err = inject(cpu, a);
	if (err == 0)
		err = run_access(cpu, a);
	run_foreigns(cpu);
	return err;
}

void cpu_forget_faults(struct cpu *cpu)
{
	while (cpu->faults) {
		struct fault *f = cpu->faults;

		cpu->faults = f->next;
		free(f);
	}
}

void cpu_forget_foreigns(struct cpu *cpu)
{
	while (cpu->foreigns) {
		struct foreign *w = cpu->foreigns;

		cpu->foreigns = w->next;
		free(w);
	}
}

int cpu_init(struct cpu *cpu, const struct model_cfg *cfg)
{
	cpu->model = model_new(cfg);
	return cpu->model ? 0 : -ENOMEM;
}

void cpu_release(struct cpu *cpu)
{
	cpu_forget_faults(cpu);
	cpu_forget_foreigns(cpu);
	load_release(&cpu->load);
	model_free(cpu->model);
}
