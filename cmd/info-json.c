/* SPDX-License-Identifier: MIT
 *
 * info-json.c - what was found out as one JSON object, always with the same
 * keys; pfmon-info(1) has the schema.
 */
#include "config.h"

#include "info.h"
#include "json.h"

#include <inttypes.h>
#include <stdlib.h>

/* A text that says nothing is null. */
static struct json_t *words(const char *s)
{
	return js_text(s && *s ? s : NULL);
}

/* A number that is negative when it is not known. */
static struct json_t *natural(int n)
{
	return js_number(n >= 0, (uint64_t)n);
}

static struct json_t *cpu_list(const struct cpus *c)
{
	char *list = cpus_format(c);
	struct json_t *text = js_text(list);

	free(list);
	return text;
}

static struct json_t *cpu(const struct info *info)
{
	const struct info_cpu *c = &info->cpu;
	struct json_t *obj = js_object();

	js_set(obj, "name", words(c->name));
	js_set(obj, "vendor", words(c->vendor));
	js_set(obj, "family", natural(c->family));
	js_set(obj, "model", natural(c->model));
	js_set(obj, "stepping", natural(c->stepping));
	js_set(obj, "online", cpu_list(&info->online));
	js_set(obj, "hypervisor",
	       c->hypervisor < 0 ? js_null() : js_bool(c->hypervisor));
	js_set(obj, "machine", words(c->machine));
	return obj;
}

/* 64 bits are more than a number of JSON may have. */
static struct json_t *value(const struct pfm_pmu_reg *reg)
{
	char text[24];

	if (!reg_is_known(reg))
		return js_null();
	snprintf(text, sizeof(text), "0x%" PRIx64, reg->value);
	return js_text(text);
}

static struct json_t *registers(const struct info_pmu *pmu)
{
	struct json_t *array = js_array();
	int i;

	for (i = 0; i < pmu->nregs; i++) {
		const struct pfm_pmu_reg *reg = &pmu->regs[i];
		struct json_t *obj = js_object();
		bool known = reg_is_known(reg);

		js_set(obj, "kind", js_text(reg->is_pmd ? "pmd" : "pmc"));
		js_set(obj, "number", js_integer(reg->num));
		js_set(obj, "msr", js_integer(reg->msr));
		js_set(obj, "name", js_text(reg->name));
		js_set(obj, "bits", js_number(reg->is_pmd, reg->width));
		js_set(obj, "owner", js_text(known ? reg->owner : NULL));
		js_set(obj, "value", value(reg));
		js_append(array, obj);
	}
	return array;
}

static struct json_t *perf(const struct info *info)
{
	struct json_t *obj = js_object();

	js_set(obj, "backend", js_text("perf"));
	js_set(obj, "cpu", js_null());
	js_set(obj, "description", words(info->perf.desc));
	js_set(obj, "counters", js_integer(info->perf.ncounters));
	js_set(obj, "reason", words(info->perf_reason));
	js_set(obj, "registers", js_array());
	return obj;
}

static struct json_t *pmus(const struct info *info)
{
	struct json_t *array = js_array();
	unsigned i;

	js_append(array, perf(info));
	for (i = 0; i < info->npmus; i++) {
		const struct info_pmu *pmu = &info->pmus[i];
		struct json_t *obj = js_object();

		js_set(obj, "backend", js_text("msr"));
		js_set(obj, "cpu", natural(pmu->cpu));
		js_set(obj, "description", words(pmu->info.desc));
		js_set(obj, "counters", js_integer(pmu->info.ncounters));
		js_set(obj, "reason", words(pmu->reason));
		js_set(obj, "registers", registers(pmu));
		js_append(array, obj);
	}
	return array;
}

static struct json_t *ways(const struct pfm_way *way, unsigned n)
{
	struct json_t *array = js_array();

	for (; n--; way++) {
		struct json_t *obj = js_object();

		js_set(obj, "name", js_text(way->name));
		js_set(obj, "description", js_text(way->desc));
		js_set(obj, "usable", js_bool(!way->err));
		js_set(obj, "errno", js_integer(way->err));
		js_set(obj, "reason", words(way->reason));
		js_append(array, obj);
	}
	return array;
}

static struct json_t *libraries(void)
{
	struct json_t *obj = js_object();

	js_set(obj, "libpfmcore", js_text(pfm_core_version()));
	js_set(obj, "libpfm4", js_bool(version_libpfm4[0] == 'y'));
	js_set(obj, "jansson", js_bool(version_jansson[0] == 'y'));
	return obj;
}

static struct json_t *limits(const struct info *info)
{
	struct json_t *obj = js_object();
	unsigned i;

	for (i = 0; i < INFO_NLIMITS; i++) {
		const struct limit *l = &info->limits[i];

		js_set(obj, l->name,
		       l->known ? js_integer(l->value) : js_null());
	}
	return obj;
}

static struct json_t *environment(void)
{
	struct json_t *obj = js_object();
	struct variable var;
	unsigned i = 0;

	while (info_variable(&i, &var))
		js_set(obj, var.name, js_text(var.value));
	return obj;
}

static struct json_t *topology(const struct topology *t)
{
	struct json_t *obj = js_object(), *types = js_array();
	struct json_t *caches = js_array(), *one;
	unsigned i;

	js_set(obj, "packages", js_number(t->packages, t->packages));
	js_set(obj, "dies", js_number(t->dies, t->dies));
	js_set(obj, "cores", js_number(t->cores, t->cores));
	js_set(obj, "cpus", js_number(t->cpus, t->cpus));
	for (i = 0; i < t->ntypes; i++) {
		one = js_object();
		js_set(one, "name", js_text(t->types[i].name));
		js_set(one, "cpus", cpu_list(&t->types[i].cpus));
		js_append(types, one);
	}
	js_set(obj, "types", types);
	for (i = 0; i < t->ncaches; i++) {
		const struct info_cache *c = &t->caches[i];

		one = js_object();
		js_set(one, "level", js_integer(c->level));
		js_set(one, "type", js_text(c->type));
		js_set(one, "kib", js_integer(strtol(c->size, NULL, 10)));
		js_set(one, "count", js_integer(c->count));
		js_append(caches, one);
	}
	js_set(obj, "caches", caches);
	return obj;
}

char *info_json(const struct info *info)
{
	struct json_t *obj = js_object();

	js_set(obj, "schema", js_integer(1));
	js_set(obj, "pfmon", js_text(PACKAGE_VERSION));
	js_set(obj, "cpu", cpu(info));
	js_set(obj, "pmus", pmus(info));
	js_set(obj, "backends", ways(info->backends, info->nbackends));
	js_set(obj, "transports", ways(info->transports, info->ntransports));
	js_set(obj, "libraries", libraries());
	js_set(obj, "limits", limits(info));
	js_set(obj, "environment", environment());
	js_set(obj, "topology", topology(&info->topology));
	return js_line(obj);
}
