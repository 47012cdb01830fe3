/* SPDX-License-Identifier: MIT
 *
 * info-cpu.c - the processor as /proc/cpuinfo names it.  What its PMU has is
 * the library's to say.
 */
#include "config.h"

#include "info.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * The value of "key : value" among the lines of the first processor; false when
 * there is no such line.
 */
static bool find_value(const char *text, const char *key, char *buf,
		       size_t size)
{
	size_t len = strlen(key);
	const char *p, *end;

	for (p = text; *p && *p != '\n'; p = *end ? end + 1 : end) {
		end = p + strcspn(p, "\n");
		if (strncmp(p, key, len) != 0)
			continue;
		p += len + strspn(p + len, " \t");
		if (*p++ != ':')
			continue;
		p += strspn(p, " \t");
		snprintf(buf, size, "%.*s", (int)strcspn(p, "\n"), p);
		return true;
	}
	return false;
}

/* Decimal, or hexadecimal with 0x; -1 when there is no such line. */
static int find_number(const char *text, const char *key)
{
	char buf[32];

	if (!find_value(text, key, buf, sizeof(buf)) ||
	    !isdigit((unsigned char)buf[0]))
		return -1;
	return (int)strtol(buf, NULL, 0);
}

/* Every hypervisor that does not hide itself has its flag, on x86. */
static int find_hypervisor(const char *text)
{
	static const char flag[] = " hypervisor";
	static char flags[8192];
	const char *p;

	if (!find_value(text, "flags", flags, sizeof(flags)))
		return -1;
	p = strstr(flags, flag);
	return p && (p[sizeof(flag) - 1] == ' ' || !p[sizeof(flag) - 1]);
}

/* "QEMU Standard PC", "Amazon EC2 m5.large": of the firmware's tables. */
static void read_machine(char *buf, size_t size)
{
	char vendor[48], product[48];

	if (read_line_of("/sys/class/dmi/id/sys_vendor", vendor,
			 sizeof(vendor)) < 0)
		return;
	if (read_line_of("/sys/class/dmi/id/product_name", product,
			 sizeof(product)) < 0)
		product[0] = '\0';
	snprintf(buf, size, "%s%s%s", vendor, *vendor && *product ? " " : "",
		 product);
}

/* Arm has no brand string: implementer, part, variant and revision. */
static void read_arm(const char *text, struct info_cpu *cpu)
{
	char value[16];

	if (!find_value(text, "CPU implementer", value, sizeof(value)))
		return;
	snprintf(cpu->vendor, sizeof(cpu->vendor), "implementer %s", value);
	cpu->family = find_number(text, "CPU architecture");
	cpu->model = find_number(text, "CPU part");
	cpu->stepping = find_number(text, "CPU revision");
}

void info_cpu_read(struct info_cpu *cpu)
{
	static char text[16384];

	*cpu = (struct info_cpu){ .family = -1, .model = -1, .stepping = -1 };
	cpu->hypervisor = -1;
	read_machine(cpu->machine, sizeof(cpu->machine));
	if (read_start_of("/proc/cpuinfo", text, sizeof(text)) < 0)
		return;
	find_value(text, "model name", cpu->name, sizeof(cpu->name));
	cpu->hypervisor = find_hypervisor(text);
	if (!find_value(text, "vendor_id", cpu->vendor, sizeof(cpu->vendor))) {
		read_arm(text, cpu);
		return;
	}
	cpu->family = find_number(text, "cpu family");
	cpu->model = find_number(text, "model");
	cpu->stepping = find_number(text, "stepping");
}
