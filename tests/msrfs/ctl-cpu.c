/* SPDX-License-Identifier: MIT
 *
 * ctl-cpu.c - the commands of msrfs that are for CPUs: what happens to their
 * registers, and which accesses will fail.  The commands are in README.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static bool answer(struct call *c, uint64_t n)
{
	if (!c->dry) {
		fprintf(c->out, "ok 0x%" PRIx64 "\n", n);
		c->said = true;
	}
	return true;
}

static bool advance(struct call *c, struct cpu *cpu)
{
	struct event_count e;

	for (char **a = c->arg; *a; a++) {
		if (!parse_event(*a, &e))
			return refuse(c, "'%s' is not EVENT=N[:u|:k]", *a);
		if (!c->dry)
			model_advance(cpu->model, e.event, e.umask, e.cpl, e.n);
	}
	return true;
}

static bool tick(struct call *c, struct cpu *cpu)
{
	uint64_t n;
	uint32_t reg;

	for (char **a = c->arg; *a; a++) {
		if (!parse_reg_value(*a, &reg, &n))
			return refuse(c, "'%s' is not REGISTER=N", *a);
		if (model_advance_msr(cpu->model, reg, c->dry ? 0 : n) < 0)
			return refuse(c, "CPU %u: 0x%x does not run freely",
				      cpu->nr, reg);
	}
	return true;
}

/* A value that cannot be held is found out at the time only. */
static bool poke(struct call *c, struct cpu *cpu)
{
	uint64_t v;
	uint32_t reg;

	for (char **a = c->arg; *a; a++) {
		if (!parse_reg_value(*a, &reg, &v))
			return refuse(c, "'%s' is not REGISTER=VALUE", *a);
		if (!c->dry && model_poke(cpu->model, reg, v) < 0)
			return refuse(c,
				      "CPU %u: no register 0x%x that can "
				      "hold 0x%" PRIx64,
				      cpu->nr, reg, v);
	}
	return true;
}

static bool peek(struct call *c, struct cpu *cpu)
{
	uint64_t v;
	uint32_t reg;

	if (!parse_reg(c->arg[0], &reg))
		return refuse(c, "'%s' is not a register", c->arg[0]);
	if (model_rdmsr(cpu->model, reg, &v) < 0)
		return refuse(c, "CPU %u: no register 0x%x", cpu->nr, reg);
	return answer(c, v);
}

static bool offline(struct call *c, struct cpu *cpu)
{
	if (!c->dry)
		cpu->offline = true;
	return true;
}

static bool online(struct call *c, struct cpu *cpu)
{
	if (!c->dry)
		cpu->offline = false;
	return true;
}

static bool swallow(struct call *c, struct cpu *cpu)
{
	bool on;

	if (!on_off(c, &on))
		return false;
	if (!c->dry)
		model_set_mode(cpu->model, on ? MODEL_SWALLOW : MODEL_BARE);
	return true;
}

static bool svme(struct call *c, struct cpu *cpu)
{
	bool on;

	if (!on_off(c, &on))
		return false;
	if (!c->dry)
		model_svme(cpu->model, on);
	return true;
}

static bool smi(struct call *c, struct cpu *cpu)
{
	if (!c->dry)
		model_smi(cpu->model);
	return true;
}

static bool reset(struct call *c, struct cpu *cpu)
{
	if (!c->dry)
		model_reset(cpu->model);
	return true;
}

static bool pmis(struct call *c, struct cpu *cpu)
{
	return answer(c, model_pmis(cpu->model));
}

static bool load(struct call *c, struct cpu *cpu)
{
	const char *why = c->dry ? NULL : load_set(cpu, c->arg[0]);

	return !why || refuse(c, "load '%s': %s", c->arg[0], why);
}

static bool parse_fault(struct call *c, struct fault *f)
{
	char **a = c->arg;

	f->rd = strcmp(a[0], "write") != 0;
	f->wr = strcmp(a[0], "read") != 0;
	if (f->rd && f->wr && strcmp(a[0], "any") != 0)
		return refuse(c, "'%s' is not read, write or any", a[0]);
	f->any_reg = strcmp(a[1], "any") == 0;
	if (!f->any_reg && !parse_reg(a[1], &f->reg))
		return refuse(c, "'%s' is not a register or any", a[1]);
	f->err = parse_errno(a[2]);
	if (f->err == 0)
		return refuse(c, "'%s' is not an error such as EIO", a[2]);
	f->count = 1;
	if (!parse_number(a[3], &f->nth) || f->nth == 0)
		return refuse(c, "'%s': accesses are counted from 1", a[3]);
	if (c->n == 5 && !parse_number(a[4], &f->count))
		return refuse(c, "'%s' is not how many times", a[4]);
	return true;
}

static bool add_fault(struct call *c, struct cpu *cpu, const struct fault *f)
{
	struct fault **p;

	for (p = &cpu->faults; *p; p = &(*p)->next)
		;
	*p = malloc(sizeof(*f));
	if (!*p)
		return refuse(c, "out of memory");
	**p = *f;
	return true;
}

static bool fail_access(struct call *c, struct cpu *cpu)
{
	struct fault f = { 0 };

	if (c->n == 1 && strcmp(c->arg[0], "off") == 0) {
		if (!c->dry)
			cpu_forget_faults(cpu);
		return true;
	}
	if (c->n < 4)
		return refuse(c, "fail CPU off, or "
				 "read|write|any REG|any ERRNO NTH [COUNT]");
	if (!parse_fault(c, &f) || c->dry)
		return !c->said;
	return add_fault(c, cpu, &f);
}

/* Before or after, the caller cannot tell. */
static bool kill_caller(struct call *c, struct cpu *cpu)
{
	const char *when = c->n == 2 ? c->arg[1] : "after";
	struct fault f = { .rd = true,
			   .wr = true,
			   .any_reg = true,
			   .err = FAULT_KILL,
			   .count = 1 };

	if (!parse_number(c->arg[0], &f.nth) || f.nth == 0)
		return refuse(c, "'%s': accesses are counted from 1",
			      c->arg[0]);
	if (strcmp(when, "before") == 0)
		f.err = FAULT_KILL_BEFORE;
	else if (strcmp(when, "after") != 0)
		return refuse(c, "'%s' is not before or after", when);
	return c->dry || add_fault(c, cpu, &f);
}

static bool foreign(struct call *c, struct cpu *cpu)
{
	struct foreign w = { 0 };
	struct foreign **p;

	if (c->n == 1 && strcmp(c->arg[0], "off") == 0) {
		if (!c->dry)
			cpu_forget_foreigns(cpu);
		return true;
	}
	if (c->n != 2 || !parse_reg_value(c->arg[0], &w.reg, &w.value) ||
	    !parse_number(c->arg[1], &w.after))
		return refuse(c, "foreign CPU off, or REG=VALUE AFTER");
	if (c->dry)
		return true;
	if (w.after == 0) {
		cpu_foreign(cpu, &w);
		return true;
	}
	for (p = &cpu->foreigns; *p; p = &(*p)->next)
		;
	*p = malloc(sizeof(w));
	if (!*p)
		return refuse(c, "out of memory");
	**p = w;
	return true;
}

static bool share(struct call *c, struct cpu *cpu)
{
	uint64_t n;

	if (!parse_number(c->arg[0], &n) || n >= c->fs->ncpus || n == cpu->nr)
		return refuse(c, "'%s' is not another CPU", c->arg[0]);
	if (!c->dry)
		model_share(c->fs->cpus[n].model, cpu->model);
	return true;
}

const struct command cpu_commands[] = {
	{ "advance", "CPU EVENT=N[:u|:k]...", 1, -1u, NULL, advance },
	{ "fail", "CPU off | CPU read|write|any REG|any ERRNO NTH [COUNT]", 1,
	  5, NULL, fail_access },
	{ "foreign", "CPU off | CPU REG=VALUE AFTER", 1, 2, NULL, foreign },
	{ "kill", "CPU NTH [before|after]", 1, 2, NULL, kill_caller },
	{ "load", "CPU PROFILE", 1, 1, NULL, load },
	{ "offline", "CPU", 0, 0, NULL, offline },
	{ "online", "CPU", 0, 0, NULL, online },
	{ "peek", "CPU REG", 1, 1, NULL, peek },
	{ "pmis", "CPU", 0, 0, NULL, pmis },
	{ "poke", "CPU REG=VALUE...", 1, -1u, NULL, poke },
	{ "reset", "CPU", 0, 0, NULL, reset },
	{ "share", "CPU CPU", 1, 1, NULL, share },
	{ "smi", "CPU", 0, 0, NULL, smi },
	{ "svme", "CPU on|off", 1, 1, NULL, svme },
	{ "swallow", "CPU on|off", 1, 1, NULL, swallow },
	{ "tick", "CPU REG=N...", 1, -1u, NULL, tick },
};
const unsigned ncpu_commands = sizeof(cpu_commands) / sizeof(cpu_commands[0]);
