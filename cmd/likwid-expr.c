/* SPDX-License-Identifier: MIT
 *
 * likwid-expr.c - a formula of LIKWID's, "1.E-06*(FIXC1/FIXC2)/inverseClock",
 * with our names in it.  It has numbers, names, "+-*" and "/", and parentheses,
 * as ours have; it is read in full, so that what is written can be read again.
 */
#include "config.h"

#include "likwid.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "expr.h"

#define DEPTH_MAX 60 /* our own formulas may go a little deeper */

struct formula {
	const char *p; /* what is still to be read */
	likwid_name_fn call;
	const void *arg;
	FILE *out;
	unsigned depth;
	char *why;
};

static bool sum(struct formula *f);

static void skip_blanks(struct formula *f)
{
	f->p += strspn(f->p, " \t");
}

static bool wrong(struct formula *f, const char *what)
{
	snprintf(f->why, LIKWID_WHY_MAX, "%s: '%.20s'", what, f->p);
	return false;
}

static bool number(struct formula *f)
{
	char *end;
	double x = strtod(f->p, &end);

	if (end == f->p || !isfinite(x))
		return wrong(f, "no number");
	fprintf(f->out, "%.15g", x);
	f->p = end;
	return true;
}

static bool name(struct formula *f)
{
	const char *ours;
	size_t len = 0;

	while (isalnum((unsigned char)f->p[len]) || f->p[len] == '_')
		len++;
	ours = f->call(f->arg, f->p, len, f->why);
	if (!ours)
		return false;
	fputs(ours, f->out);
	f->p += len;
	return true;
}

static bool nested(struct formula *f)
{
	if (f->depth == DEPTH_MAX) {
		snprintf(f->why, LIKWID_WHY_MAX, "nested over %d deep",
			 DEPTH_MAX);
		return false;
	}
	f->depth++;
	fputc(*f->p++, f->out);
	if (!sum(f))
		return false;
	if (*f->p != ')')
		return wrong(f, "a ')' is missing");
	fputc(*f->p++, f->out);
	f->depth--;
	return true;
}

static bool operand(struct formula *f)
{
	bool ok;

	skip_blanks(f);
	if (*f->p == '-') {
		fputc(*f->p++, f->out);
		skip_blanks(f);
	}
	if (*f->p == '(')
		ok = nested(f);
	else if (isdigit((unsigned char)*f->p) || *f->p == '.')
		ok = number(f);
	else if (isalpha((unsigned char)*f->p) || *f->p == '_')
		ok = name(f);
	else
		return wrong(f, *f->p ? "not in the grammar" :
					"the formula breaks off");
	skip_blanks(f);
	return ok;
}

/* What binds how is the same in ours: it need not be told apart. */
static bool sum(struct formula *f)
{
	while (operand(f)) {
		if (!*f->p || !strchr("+-*/", *f->p))
			return true;
		fputc(*f->p++, f->out);
	}
	return false;
}

char *likwid_formula(const char *text, likwid_name_fn call, const void *arg,
		     char why[LIKWID_WHY_MAX])
{
	struct formula f = { .p = text, .call = call, .arg = arg, .why = why };
	char *ours = NULL;
	size_t size;
	bool ok;

	f.out = open_memstream(&ours, &size);
	if (!f.out)
		die("out of memory");
	ok = sum(&f) && (!*f.p || wrong(&f, "not in the grammar"));
	if (fclose(f.out) != 0)
		die("out of memory");
	if (ok && size > EXPR_TEXT_MAX) {
		snprintf(why, LIKWID_WHY_MAX, "over %d bytes with our names",
			 EXPR_TEXT_MAX);
		ok = false;
	}
	if (ok)
		return ours;
	free(ours);
	return NULL;
}
