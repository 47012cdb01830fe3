/* SPDX-License-Identifier: MIT
 *
 * t-model.c - the register vectors of tests/data/msr-vectors.txt against the
 * model; the notation is explained there.  A step that is not understood is a
 * failure of its vector.  What the vectors leave out is in t-model-regs.c and
 * t-model-events.c.
 */
#include "config.h"

#include <errno.h>

#include "model-test.h"

#define NVECTORS 101

static struct model *model;

static bool misread(const char *step)
{
	return diag("not understood: %s", step);
}

static bool step_write(const char *step)
{
	uint32_t addr;
	uint64_t v;

	if (sscanf(step, "w %" SCNx32 "=%" SCNx64, &addr, &v) != 2)
		return misread(step);
	return model_wrmsr(model, addr, v) == 0 || diag("#GP: %s", step);
}

static bool step_write_insn(const char *step)
{
	uint32_t addr;
	uint64_t v;

	if (sscanf(step, "wi %" SCNx32 "=%" SCNx64, &addr, &v) != 2)
		return misread(step);
	return model_wrmsr_insn(model, addr, v) == 0 || diag("#GP: %s", step);
}

static bool step_write_fault(const char *step)
{
	struct image before = image_of(model), after;
	uint32_t addr;
	uint64_t v;

	if (sscanf(step, "w! %" SCNx32 "=%" SCNx64, &addr, &v) != 2)
		return misread(step);
	if (model_wrmsr(model, addr, v) != -EIO)
		return diag("no #GP: %s", step);
	after = image_of(model);
	return image_same(&before, &after) || diag("changed by %s", step);
}

static bool step_read(const char *step)
{
	uint64_t want, v = 0;
	uint32_t addr;

	if (sscanf(step, "r %" SCNx32 "==%" SCNx64, &addr, &want) != 2)
		return misread(step);
	if (model_rdmsr(model, addr, &v) != 0)
		return diag("#GP: %s", step);
	return v == want || diag("%s: got %" PRIx64, step, v);
}

static bool step_read_fault(const char *step)
{
	uint32_t addr;
	uint64_t v;

	if (sscanf(step, "r! %" SCNx32, &addr) != 1)
		return misread(step);
	return model_rdmsr(model, addr, &v) == -EIO || diag("no #GP: %s", step);
}

static bool step_pmi(const char *step)
{
	uint64_t want;

	if (sscanf(step, "pmi==%" SCNx64, &want) != 1)
		return misread(step);
	return model_pmis(model) == want ||
	       diag("%s: got %" PRIx64, step, model_pmis(model));
}

static bool step_svme(const char *step)
{
	unsigned on;

	if (sscanf(step, "svme %x", &on) != 1)
		return misread(step);
	model_svme(model, on);
	return true;
}

static bool set_branch(struct model_insn *g, const char *kind)
{
	static const char *const kinds[] = {
		[MODEL_BR_COND] = "cond", [MODEL_BR_UNCOND] = "uncond",
		[MODEL_BR_CALL] = "call", [MODEL_BR_RET] = "ret",
		[MODEL_BR_IND] = "ind",   [MODEL_BR_FAR] = "far",
	};

	for (uint8_t i = MODEL_BR_COND; i <= MODEL_BR_FAR; i++)
		if (strcmp(kind, kinds[i]) == 0) {
			g->br = i;
			return true;
		}
	return false;
}

static bool set_attr(struct model_insn *g, const char *attr)
{
	if (strncmp(attr, "br=", 3) == 0)
		return set_branch(g, attr + 3);
	if (sscanf(attr, "ip=%" SCNx64, &g->ip) == 1 ||
	    sscanf(attr, "to=%" SCNx64, &g->target) == 1)
		return true;
	if (strcmp(attr, "t") == 0)
		g->taken = 1;
	else if (strcmp(attr, "ld") == 0)
		g->ld = 1;
	else if (strcmp(attr, "st") == 0)
		g->st = 1;
	else if (strcmp(attr, "llc") == 0)
		g->llc_ref = 1;
	else if (strcmp(attr, "miss") == 0)
		g->llc_miss = 1;
	else if (strcmp(attr, "guest") == 0)
		g->guest = 1;
	else if (strcmp(attr, "misp") == 0)
		g->br = MODEL_BR_COND, g->taken = 1, g->misp = 1;
	else
		return false;
	return true;
}

/* "u 9 br=cond,t", "k 3", "g 4" */
static bool step_retire(const char *step)
{
	struct model_insn g[64];
	char attrs[64] = "", *rest = attrs, *attr;
	unsigned n;

	if (sscanf(step + 1, "%u %63s", &n, attrs) < 1 || n == 0 || n > 64)
		return misread(step);
	g[0] = (struct model_insn){ .ip = 0x1000, .misp = -1 };
	g[0].cpl = *step == 'k' ? 0 : 3;
	while ((attr = strsep(&rest, ",")))
		if (*attr && !set_attr(&g[0], attr))
			return misread(step);
	for (unsigned i = 1; i < n; i++)
		g[i] = g[0];
	if (*step == 'g')
		model_step(model, g, n);
	for (unsigned i = 0; i < n && *step != 'g'; i++)
		model_step(model, g, 1);
	return true;
}

static bool do_step(const char *step)
{
	static const struct {
		const char *start;
		bool (*run)(const char *step);
	} steps[] = {
		{ "w ", step_write },        { "wi ", step_write_insn },
		{ "w! ", step_write_fault }, { "r ", step_read },
		{ "r! ", step_read_fault },  { "u ", step_retire },
		{ "k ", step_retire },       { "g ", step_retire },
		{ "pmi==", step_pmi },       { "svme ", step_svme },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strncmp(step, steps[i].start, strlen(steps[i].start)) == 0)
			return steps[i].run(step);
	return misread(step);
}

static bool run_vector(const char *config, char *sequence)
{
	const struct model_cfg *cfg = model_cfg_find(config);
	bool good = true;
	char *step;

	if (!cfg)
		return diag("no such configuration: %s", config);
	model = model_new(cfg);
	while (good && (step = strsep(&sequence, ";")))
		good = do_step(step + strspn(step, " "));
	model_free(model);
	return good;
}

/* Without its newline; false: the end. */
static bool next_line(FILE *f, char *line, int size)
{
	if (!fgets(line, size, f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

int main(void)
{
	const char *dir = getenv("srcdir");
	char path[4096], line[1024], what[1024] = "", id[8], config[8];
	int n = 0, at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/msr-vectors.txt",
		 dir ? dir : ".");
	f = fopen(path, "r");
	ok(f != NULL, "%s can be read: %s", path, f ? "yes" : strerror(errno));
	while (f && next_line(f, line, sizeof(line))) {
		if (line[0] == '#')
			snprintf(what, sizeof(what), "%s", line + 1);
		if (line[0] == '#' || line[0] == '\0')
			continue;
		if (sscanf(line, "%7s %7s %n", id, config, &at) != 2) {
			ok(false, "%s is a row", line);
			continue;
		}
		ok(run_vector(config, line + at), "%s on %s:%s", id, config,
		   what);
		n++;
	}
	if (f)
		fclose(f);
	is_i64(n, NVECTORS, "all register vectors were there");
	return done_testing();
}
