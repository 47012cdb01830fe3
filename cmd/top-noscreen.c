/* SPDX-License-Identifier: MIT
 *
 * top-noscreen.c - pfmon top without curses: what there is instead.
 */
#include "config.h"

#include "top.h"

int top_screen(struct top *t, const struct top_opt *opt)
{
	(void)t;
	(void)opt;
	set_die_status(STATUS_FAIL);
	die("this pfmon was built --without-curses: pfmon top -b prints tables");
}
