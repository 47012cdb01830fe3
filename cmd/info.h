/* SPDX-License-Identifier: MIT
 *
 * info.h - the parts of pfmon info: what was asked, and what was found out
 * before anything is printed.  Shared by the files of the command only.
 */
#ifndef PFM_INFO_H
#define PFM_INFO_H

#include <stdio.h>

#include <pfmcore.h>

#include "cmd.h"
#include "cpulist.h"

/* What was asked.  Strings are borrowed from argv. */
struct info_opt {
	const char *cpus;    /* -C */
	const char *output;  /* -o */
	const char *sysfs;   /* --sysfs: where the tree goes */
	const char *backend; /* of it */
	unsigned generation; /* of it: 0 v2.2, 1 v2.82 */
	bool all_cpus, registers, topology, json, quiet, verbose;
};

/* info-cpu.c: the processor, as the kernel names it. */
struct info_cpu {
	char name[128];  /* brand string, "" unknown, as the next */
	char vendor[32]; /* "GenuineIntel"; elsewhere "implementer 0x41" */
	int family, model, stepping; /* -1: unknown */
	int hypervisor;              /* 0, 1, or -1: unknown */
	char machine[96];            /* what it calls itself, or "" */
};
void info_cpu_read(struct info_cpu *cpu);

/* info-topology.c: packages, cores and caches, from sysfs. */
struct info_type {
	char name[24]; /* "core", "atom" */
	struct cpus cpus;
};
struct info_cache {
	unsigned level, count;
	char type[16], size[16]; /* the kernel's: "Data", "48K" */
};
struct topology {
	unsigned packages, dies, cores, cpus; /* 0: unknown */
	struct info_type *types;              /* of a hybrid; owned */
	unsigned ntypes;
	struct info_cache *caches; /* owned */
	unsigned ncaches;
};
void topology_read(struct topology *t, const struct cpus *online);
void topology_release(struct topology *t);

/* info-pmu.c: the PMU of one CPU as its registers. */
struct info_pmu {
	int cpu;
	char *reason; /* why there is none, or NULL; owned */
	struct pfm_pmu_info info;
	struct pfm_pmu_reg *regs; /* owned */
	int nregs;
	char *text; /* what -r is not needed for, a fact a line; owned */
};
void info_pmu_read(struct info_pmu *pmu, int cpu);
void info_pmu_release(struct info_pmu *pmu);
bool reg_is_known(const struct pfm_pmu_reg *reg); /* it could be read */

/* info-limits.c: what the kernel allows. */
struct limit {
	const char *name, *title; /* in JSON, and for people */
	bool known;               /* else there is none, or cannot be read */
	int64_t value;
	char text[128]; /* what it means */
};
#define INFO_NLIMITS 5
void limits_read(struct limit limits[INFO_NLIMITS]);

/* info.c: all of it. */
struct info {
	const struct info_opt *opt;
	struct cpus online, cpus; /* cpus: whose registers */
	struct info_cpu cpu;
	struct topology topology;
	struct pfm_pmu_info perf;
	char *perf_reason;     /* why that is empty, or NULL; owned */
	struct info_pmu *pmus; /* owned */
	unsigned npmus;
	struct pfm_way *backends, *transports; /* owned */
	unsigned nbackends, ntransports;
	struct limit limits[INFO_NLIMITS];
};
/* A variable that is set and tells the library what to use. */
struct variable {
	const char *name, *value, *means;
};
/* The next one from *i on; false when there is no more. */
bool info_variable(unsigned *i, struct variable *var);

/* info-text.c */
void info_text(FILE *f, const struct info *info, unsigned width);

/* info-table.c: the registers of one CPU. */
void info_table(FILE *f, const struct info_pmu *pmu, unsigned width,
		bool values);

/* info-sysfs.c: publish the tree of perfmon2, with the registers of a CPU. */
void info_sysfs(const struct info_opt *opt, int cpu);

/* info-json.c; a line, to be freed */
char *info_json(const struct info *info);

#endif /* PFM_INFO_H */
