/* SPDX-License-Identifier: MIT
 *
 * expr-code.c - the code of an expression while it is made: operations are
 * appended, what is constant is computed, and what is not reached dropped.  The
 * parser limits its size.
 */
#include "config.h"

#include "expr-priv.h"

#include "cmd.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A divisor in a message: enough to find it, whatever is spliced how often. */
#define TEXT_MAX 64

void code_emit(struct expr *e, struct expr_op op)
{
	if (e->nops % 16 == 0)
		e->ops = xreallocarray(e->ops, e->nops + 16, sizeof(*e->ops));
	e->ops[e->nops++] = op;
}

bool code_is_const(const struct expr *e, unsigned from)
{
	return e->nops == from + 1 && e->ops[from].code == OP_CONST;
}

void code_binary(struct expr *e, unsigned left, struct expr_op op)
{
	struct expr_op *o = e->ops + left;

	if (e->nops == left + 2 && o[0].code == OP_CONST &&
	    o[1].code == OP_CONST && !(op.code == OP_DIV && o[1].value == 0)) {
		o[0].value = expr_apply(op.code, o[0].value, o[1].value);
		e->nops--;
		return;
	}
	code_emit(e, op);
}

unsigned code_text(struct expr *e, const char *s, size_t len)
{
	bool cut = len > TEXT_MAX;

	len = cut ? TEXT_MAX - 3 : len;
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	e->texts = xreallocarray(e->texts, e->ntexts + 1, sizeof(*e->texts));
	e->texts[e->ntexts] =
		xasprintf("%.*s%s", (int)len, s, cut ? "..." : "");
	return e->ntexts++;
}

bool code_leaf(struct expr *e, const char *name, unsigned id, unsigned *leaf)
{
	unsigned i;

	for (i = 0; i < e->nleaves && e->leaves[i].id != id;)
		i++;
	*leaf = i;
	if (i < e->nleaves)
		return true;
	if (i == EXPR_LEAVES_MAX)
		return false;
	e->leaves[e->nleaves++] = (struct expr_leaf){ id, xstrdup(name) };
	return true;
}

bool code_splice(struct expr *e, const struct expr *sub)
{
	const struct expr_leaf *leaf;
	struct expr_op op;
	const char *text;

	for (unsigned i = 0; i < sub->nops; i++) {
		op = sub->ops[i];
		if (op.code == OP_VALUE) {
			leaf = &sub->leaves[op.arg];
			if (!code_leaf(e, leaf->name, leaf->id, &op.arg))
				return false;
		} else if (op.code == OP_DIV) {
			text = sub->texts[op.arg];
			op.arg = code_text(e, text, strlen(text));
		}
		code_emit(e, op);
	}
	return true;
}

void code_drop_branch(struct expr *e, unsigned first, unsigned second,
		      bool keep_first)
{
	if (!keep_first)
		memmove(e->ops + first, e->ops + second,
			(e->nops - second) * sizeof(*e->ops));
	e->nops = keep_first ? second : e->nops - (second - first);
}

void code_drop_leaves(struct expr *e)
{
	unsigned to[EXPR_LEAVES_MAX], i, n = 0;
	bool used[EXPR_LEAVES_MAX] = { false };

	for (i = 0; i < e->nops; i++)
		if (e->ops[i].code == OP_VALUE)
			used[e->ops[i].arg] = true;
	for (i = 0; i < e->nleaves; i++) {
		to[i] = n;
		if (used[i])
			e->leaves[n++] = e->leaves[i];
		else
			free(e->leaves[i].name);
	}
	e->nleaves = n;
	for (i = 0; i < e->nops; i++)
		if (e->ops[i].code == OP_VALUE)
			e->ops[i].arg = to[e->ops[i].arg];
}
