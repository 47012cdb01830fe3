/* SPDX-License-Identifier: MIT
 *
 * info-table.c - the registers of one CPU, a line each.  The values are left
 * out where the terminal has no room for them beside the owners.
 */
#include "config.h"

#include "info.h"

#include <inttypes.h>
#include <string.h>

/* Columns of the parts that differ. */
struct columns {
	int name, value, owner;
};

static void widen(int *width, size_t len)
{
	if ((int)len > *width)
		*width = (int)len;
}

static struct columns measure(const struct info_pmu *pmu)
{
	struct columns c = { 4, 5, 5 };
	char value[24];
	int i;

	for (i = 0; i < pmu->nregs; i++) {
		const struct pfm_pmu_reg *reg = &pmu->regs[i];

		snprintf(value, sizeof(value), "0x%" PRIx64, reg->value);
		widen(&c.name, strlen(reg->name));
		widen(&c.value, strlen(value));
		widen(&c.owner, strlen(reg->owner));
	}
	return c;
}

static void put_line(FILE *f, const struct columns *c,
		     const char *const cells[6])
{
	char line[256];
	int len;

	len = snprintf(line, sizeof(line), "  %-6s %-10s  %-*s %4s", cells[0],
		       cells[1], c->name, cells[2], cells[3]);
	if (c->value)
		len += snprintf(line + len, sizeof(line) - (size_t)len, "  %*s",
				c->value, cells[4]);
	len += snprintf(line + len, sizeof(line) - (size_t)len, "  %s",
			cells[5]);
	while (len > 0 && line[len - 1] == ' ')
		len--;
	fprintf(f, "%.*s\n", len, line);
}

static void put_register(FILE *f, const struct columns *c,
			 const struct pfm_pmu_reg *reg)
{
	char number[16], msr[16], bits[8] = "", value[24] = "-";
	const char *const cells[6] = { number, msr,   reg->name,
				       bits,   value, reg->owner };

	snprintf(number, sizeof(number), "%s%u", reg->is_pmd ? "PMD" : "PMC",
		 reg->num);
	snprintf(msr, sizeof(msr), "%#x", reg->msr);
	if (reg->width)
		snprintf(bits, sizeof(bits), "%u", reg->width);
	if (reg_is_known(reg))
		snprintf(value, sizeof(value), "0x%" PRIx64, reg->value);
	put_line(f, c, cells);
}

void info_table(FILE *f, const struct info_pmu *pmu, unsigned width,
		bool values)
{
	static const char *const heads[6] = { "",     "MSR",   "name",
					      "bits", "value", "owner" };
	struct columns c = measure(pmu);
	int i;

	if (!values && 28 + c.name + c.value + c.owner > (int)width)
		c.value = 0;
	fprintf(f, "\n registers of CPU %d%s%s\n", pmu->cpu,
		pmu->reason ? ": " : "",
		pmu->reason ? pmu->reason :
		c.value     ? "" :
			      " (with -v their values, too)");
	if (!pmu->nregs)
		return;
	put_line(f, &c, heads);
	for (i = 0; i < pmu->nregs; i++)
		put_register(f, &c, &pmu->regs[i]);
}
