/* SPDX-License-Identifier: MIT
 *
 * log.c - the reason of a refusal, kept per thread, and debug lines by
 * category.  Nothing else in the library prints.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "priv.h"

static const char *const cat_names[] = {
	[PFM_CAT_CTX] = "ctx", [PFM_CAT_SET] = "set",
	[PFM_CAT_RW] = "rw",   [PFM_CAT_OVFL] = "ovfl",
	[PFM_CAT_FMT] = "fmt", [PFM_CAT_EVENT] = "event",
	[PFM_CAT_PMU] = "pmu", [PFM_CAT_PERF] = "perf",
	[PFM_CAT_MSR] = "msr",
};
#define NCATS (sizeof(cat_names) / sizeof(cat_names[0]))

_Atomic uint32_t log_mask;
static _Atomic(void (*)(const char *)) log_sink;
static __thread char reason[256];

static void emit(const char *cat, const char *text)
{
	void (*sink)(const char *) = atomic_load(&log_sink);
	struct timespec now;
	char line[384];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(line, sizeof(line), "pfmcore: %lld.%06ld %d %s: %s",
		 (long long)now.tv_sec, now.tv_nsec / 1000, self_tid(), cat,
		 text);
	if (sink)
		sink(line);
	else
		fprintf(stderr, "%s\n", line);
}

void log_line(enum pfm_cat cat, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	emit(cat_names[cat], text);
}

int fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (atomic_load_explicit(&log_mask, memory_order_relaxed))
		emit("refused", reason);
	return -err;
}

const char *pfm_reason(void)
{
	return reason;
}

static uint32_t cat_bit(const char *name, size_t len)
{
	if (len == 3 && strncasecmp(name, "all", 3) == 0)
		return (1u << NCATS) - 1;
	for (size_t i = 0; i < NCATS; i++)
		if (strlen(cat_names[i]) == len &&
		    strncasecmp(name, cat_names[i], len) == 0)
			return 1u << i;
	return 0;
}

int pfm_set_debug(const char *categories)
{
	uint32_t mask = 0;

	if (!categories)
		return edge(fail(EFAULT, "no debug categories given"));
	while (*categories) {
		size_t len = strcspn(categories, ",");
		uint32_t bit = cat_bit(categories, len);

		if (len && !bit)
			return edge(fail(EINVAL,
					 "no debug category '%.*s': ctx, set, "
					 "rw, ovfl, fmt, event, pmu, perf, "
					 "msr or all",
					 (int)len, categories));
		mask |= bit;
		categories += len;
		categories += *categories == ',';
	}
	atomic_store(&log_mask, mask);
	return 0;
}

void pfm_set_log(void (*log)(const char *line))
{
	atomic_store(&log_sink, log);
}

/*
 * PFM_DEBUG is read once, before the first call can log.  A wrong category
 * there is nobody's call to refuse: say it where debug lines go.
 */
__attribute__((constructor)) static void log_init(void)
{
	const char *env = secure_getenv("PFM_DEBUG");

	if (env && pfm_set_debug(env) < 0)
		emit("PFM_DEBUG", reason);
}
