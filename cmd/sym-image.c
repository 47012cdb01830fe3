/* SPDX-License-Identifier: MIT
 *
 * sym-image.c - an ELF file in memory.  It is mapped: of debug data, which may be
 * gigabytes, only what is looked at is read.  Whoever cuts the file short
 * meanwhile would end us by SIGBUS; instead the page that is gone reads as
 * zeros, from which elfutils makes an error as of any damaged file.
 */
#include "config.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sym-elf.h"

/* Those that are mapped, for the handler. */
static struct sym_image *_Atomic mapped;
static struct sigaction before;
static uintptr_t page_size;

static struct sym_image *find_mapped(uintptr_t addr)
{
	struct sym_image *im = atomic_load(&mapped);

	while (im && addr - (uintptr_t)im->data >= im->size)
		im = im->next;
	return im;
}

static void on_sigbus(int sig, siginfo_t *si, void *context)
{
	uintptr_t addr = (uintptr_t)si->si_addr & ~(page_size - 1);

	struct sym_image *im = find_mapped(addr);

	(void)context;
	if (im)
		im->cut = true;
	if (im &&
	    mmap((void *)addr, page_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return;
	/* Not ours: it happens again, to whoever is responsible. */
	sigaction(sig, &before, NULL);
}

static void guard_add(struct sym_image *im)
{
	struct sigaction act = { .sa_sigaction = on_sigbus,
				 .sa_flags = SA_SIGINFO };

	if (!atomic_load(&mapped)) {
		page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
		sigemptyset(&act.sa_mask);
		sigaction(SIGBUS, &act, &before);
	}
	im->next = atomic_load(&mapped);
	im->prev = NULL;
	if (im->next)
		im->next->prev = im;
	atomic_store(&mapped, im);
}

static void guard_remove(struct sym_image *im)
{
	if (im->next)
		im->next->prev = im->prev;
	if (im->prev)
		im->prev->next = im->next;
	else
		atomic_store(&mapped, im->next);
	if (!atomic_load(&mapped))
		sigaction(SIGBUS, &before, NULL);
}

static bool begin(struct sym_image *im)
{
	elf_version(EV_CURRENT);
	im->elf = elf_memory((char *)im->data, im->size);
	if (im->elf && elf_kind(im->elf) == ELF_K_ELF)
		return true;
	image_close(im);
	return false;
}

bool image_open(struct sym_image *im, int fd)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return false;
	/* elfutils notes in headers which sections it has decompressed. */
	data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	*im = (struct sym_image){ .data = data,
				  .size = (size_t)st.st_size,
				  .mapped = true };
	guard_add(im);
	return begin(im);
}

bool image_take(struct sym_image *im, unsigned char *data, size_t size)
{
	*im = (struct sym_image){ .data = data, .size = size };
	return begin(im);
}

void image_close(struct sym_image *im)
{
	if (im->elf)
		elf_end(im->elf);
	if (im->mapped) {
		guard_remove(im);
		munmap(im->data, im->size);
	} else {
		free(im->data);
	}
	*im = (struct sym_image){ 0 };
}
