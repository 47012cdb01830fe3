/* SPDX-License-Identifier: MIT
 *
 * list-verify.c - pfmon list --verify: libpfm4's codes, as it is installed,
 * against the library's table of differences.  What is said of each is a
 * verdict; the last three are failures: somebody has to look at the table again.
 */
#include "config.h"

#include "list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

enum verdict { CORRECTED, LEFT, ABSENT, GONE, USELESS, UNKNOWN, VERDICTS };

static const struct {
	const char *name, *text;
} verdicts[VERDICTS] = {
	[CORRECTED] = { "corrected", "corrected here" },
	[LEFT] = { "left", "left as libpfm4 has it" },
	[ABSENT] = { "absent", "this libpfm4 does not have the PMU" },
	[GONE] = { "gone", "the PMU is there, the event is not" },
	[USELESS] = { "useless", "libpfm4 has it right, the entry is useless" },
	[UNKNOWN] = { "unknown", "a difference that is not known" },
};

static enum verdict judge(const struct pfm_event_fix *fix)
{
	if (fix->err)
		return fix->err == ENODEV ? ABSENT : GONE;
	if ((fix->libpfm & fix->mask) == (fix->table & fix->mask))
		return USELESS;
	if ((fix->libpfm & fix->mask) != fix->known)
		return UNKNOWN;
	if (fix->left)
		return LEFT;
	return (fix->code & fix->mask) == fix->right &&
			       fix->arg == fix->table_arg ?
		       CORRECTED :
		       UNKNOWN;
}

/* "A4/02", "C2/01 cmask=1 inv"; mask has the bits that are meant. */
static void format_code(char *buf, size_t size, uint64_t code, uint64_t mask)
{
	unsigned cmask = (unsigned)(code >> 24) & 0xff;
	char umask[8] = "..", more[16] = "";

	if (mask & 0xff00)
		snprintf(umask, sizeof(umask), "%02X",
			 (unsigned)(code >> 8) & 0xff);
	if (cmask)
		snprintf(more, sizeof(more), " cmask=%u", cmask);
	snprintf(buf, size, "%02X/%s%s%s%s", (unsigned)code & 0xff, umask, more,
		 code & 1u << 23 ? " inv" : "", code & 1u << 18 ? " edge" : "");
}

static void with_word(char *buf, size_t size, uint64_t word)
{
	size_t len = strlen(buf);

	if (word)
		snprintf(buf + len, size - len, " word=%#" PRIx64, word);
}

struct texts {
	char libpfm[48], table[48], ours[48];
};

static void format_fix(struct texts *t, const struct pfm_event_fix *fix)
{
	uint64_t libpfm = fix->err ? fix->known : fix->libpfm;
	uint64_t ours = fix->err ? fix->right : fix->code;
	uint64_t word = fix->err ? fix->table_arg : fix->arg;

	format_code(t->libpfm, sizeof(t->libpfm), libpfm,
		    fix->err ? fix->mask : UINT64_MAX);
	format_code(t->table, sizeof(t->table), fix->table, fix->mask);
	with_word(t->table, sizeof(t->table), fix->table_arg);
	format_code(t->ours, sizeof(t->ours), ours,
		    fix->err ? fix->mask : UINT64_MAX);
	with_word(t->ours, sizeof(t->ours), word);
}

static void put_text(FILE *f, const struct pfm_event_fix *fix, enum verdict v)
{
	struct columns c;
	struct texts t;
	char *text;

	columns_init(&c, f);
	c.left = 9;
	format_fix(&t, fix);
	fprintf(f, "%s\n", fix->name);
	text = xasprintf("%s%s%s", verdicts[v].text, fix->left ? ": " : "",
			 fix->left ? fix->left : "");
	columns_wrap(&c, "  verdict", text);
	free(text);
	text = xasprintf("libpfm4 %s%s, table %s, pfmon %s", t.libpfm,
			 fix->err ? " in others" : "", t.table, t.ours);
	columns_wrap(&c, "  codes", text);
	free(text);
	columns_wrap(&c, "  source", fix->source);
}

static struct json_t *code_or_null(bool known, uint64_t code)
{
	return known ? js_integer((int64_t)code) : js_null();
}

static struct json_t *to_json(const struct pfm_event_fix *fix, enum verdict v)
{
	struct json_t *obj = js_object();

	js_set(obj, "name", js_text(fix->name));
	js_set(obj, "verdict", js_text(verdicts[v].name));
	js_set(obj, "mask", js_integer((int64_t)fix->mask));
	js_set(obj, "known", js_integer((int64_t)fix->known));
	js_set(obj, "table", js_integer((int64_t)fix->table));
	js_set(obj, "table_word", js_integer((int64_t)fix->table_arg));
	js_set(obj, "libpfm4", code_or_null(!fix->err, fix->libpfm));
	js_set(obj, "pfmon", code_or_null(!fix->err, fix->code));
	js_set(obj, "word", code_or_null(!fix->err, fix->arg));
	js_set(obj, "source", js_text(fix->source));
	js_set(obj, "reason", js_text(fix->left));
	return obj;
}

int list_verify(FILE *f, const struct list_opt *opt)
{
	unsigned n[VERDICTS] = { 0 }, i;
	struct json_t *array = opt->json ? js_array() : NULL;
	struct pfm_event_fix fix;
	enum verdict v;

	for (i = 0; pfm_event_fixes(i, &fix) == 0; i++) {
		if (fix.err == ENOTSUP)
			die("--verify: %s", pfm_reason());
		v = judge(&fix);
		n[v]++;
		if (array)
			js_append(array, to_json(&fix, v));
		else
			put_text(f, &fix, v);
	}
	if (array)
		list_json_put(f, "differences", array);
	else if (!opt->quiet)
		fprintf(f,
			"%u differences: %u corrected, %u left, %u of PMUs "
			"this libpfm4 has not; %u gone, %u useless, %u unknown"
			"\n",
			i, n[CORRECTED], n[LEFT], n[ABSENT], n[GONE],
			n[USELESS], n[UNKNOWN]);
	if (n[GONE] || n[USELESS] || n[UNKNOWN])
		return STATUS_FAIL;
	return 0;
}
