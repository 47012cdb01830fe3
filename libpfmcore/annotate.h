/* SPDX-License-Identifier: MIT
 *
 * annotate.h - what valgrind's helgrind cannot see by itself: that the lock of a
 * context, made of atomics, orders what is done under it.  Nothing in a build
 * without -DPFM_HELGRIND.
 */
#ifndef PFM_ANNOTATE_H
#define PFM_ANNOTATE_H

#ifdef PFM_HELGRIND
#include <valgrind/helgrind.h>
#define NOTE_ACQUIRED(lock) ANNOTATE_HAPPENS_AFTER(lock)
#define NOTE_RELEASED(lock) ANNOTATE_HAPPENS_BEFORE(lock)
#define NOTE_ATOMIC(var) VALGRIND_HG_DISABLE_CHECKING(&(var), sizeof(var))
#else
#define NOTE_ACQUIRED(lock) ((void)0)
#define NOTE_RELEASED(lock) ((void)0)
#define NOTE_ATOMIC(var) ((void)0)
#endif

#endif /* PFM_ANNOTATE_H */
