/* SPDX-License-Identifier: MIT
 *
 * threads.c - threads T N: T threads, all alive at once, touch N pages each:
 * T x N page faults more than "threads T 0".  They start, touch and end one by
 * one: two that fault on the same page at once may both be counted.
 */
#include "work.h"

#include <pthread.h>
#include <semaphore.h>

static sem_t ready;
static unsigned long pages;

struct worker {
	pthread_t thread;
	sem_t go;
	volatile char *mem;
};

static void *run(void *arg)
{
	struct worker *w = arg;

	sem_post(&ready);
	sem_wait(&w->go);
	work_touch(w->mem, pages);
	sem_post(&ready);
	sem_wait(&w->go);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long n = work_operand(argc, argv, 1), i;
	struct worker *workers = calloc(n + 1, sizeof(*workers));

	pages = work_operand(argc, argv, 2);
	if (!workers || sem_init(&ready, 0, 0) != 0)
		return 1;
	for (i = 0; i < n; i++) {
		workers[i].mem = work_pages(pages);
		if (sem_init(&workers[i].go, 0, 0) != 0 ||
		    pthread_create(&workers[i].thread, NULL, run,
				   &workers[i]) != 0)
			return 1;
		sem_wait(&ready);
	}
	for (i = 0; i < n; i++) {
		sem_post(&workers[i].go);
		sem_wait(&ready);
	}
	for (i = 0; i < n; i++) {
		sem_post(&workers[i].go);
		pthread_join(workers[i].thread, NULL);
	}
	work_report(n * pages);
	free(workers);
	return 0;
}
