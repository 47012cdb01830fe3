/* SPDX-License-Identifier: MIT
 *
 * knownlib.c - a library that known.c opens and closes: known_lib() takes two
 * pages, one itself and one by a function that no symbol is exported for.
 */
#include "known.h"

void known_lib(volatile char *pages);

/* Aligned and small: their code is in one page. */
static void KNOWN __attribute__((aligned(64))) lib_leaf(volatile char *page)
{
	KNOWN_FRAME();

	*page = 1;
}

void KNOWN __attribute__((aligned(64), visibility("default")))
known_lib(volatile char *pages)
{
	lib_leaf(pages);
	pages[KNOWN_PAGE] = 1;
}
