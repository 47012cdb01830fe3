/* SPDX-License-Identifier: MIT
 *
 * unwind-elf.h - ELF files made of nothing but call frame information, for the
 * unwinder's tests: a segment of CODE_SIZE bytes at CODE_VADDR, an .eh_frame
 * without a table.
 */
#ifndef PFM_UNWIND_ELF_H
#define PFM_UNWIND_ELF_H

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ELF_CODE = 0x1000, ELF_CODE_VADDR = 0x5000, ELF_CODE_SIZE = 0x2000 };
enum { ELF_SECTIONS = 0x100, ELF_NAMES = 0x300 };

/* A function: its size and instructions.  They lie one behind the other. */
struct elf_function {
	uint32_t size;
	uint32_t ninsn; /* at most 32 */
	const char *insn;
};

struct elf_image {
	_Alignas(8) uint8_t data[0x4000];
	size_t frame_at, frame_size;
};

static inline size_t elf_put(uint8_t *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return size;
}

/* Version 1, "zR" with absolute pointers; CFA: rsp + 8; return address there.*/
static inline size_t elf_cie(uint8_t *to)
{
	static const uint8_t cie[] = {
		20,   0,    0,  0, 0, 0,    0, 0, 1,    'z', 'R', 0,
		0x01, 0x78, 16, 1, 0, 0x0c, 7, 8, 0x90, 1,   0,   0,
	};

	return elf_put(to, cie, sizeof(cie));
}

static inline size_t elf_fde(uint8_t *to, uint32_t cie_back, uint64_t start,
			     const struct elf_function *f)
{
	struct {
		uint32_t size, cie;
		uint64_t start, length;
		uint8_t augmentation, insn[35];
	} __attribute__((packed))
	fde = { .size = sizeof(fde) - 4, .cie = cie_back };

	fde.start = start;
	fde.length = f->size;
	memcpy(fde.insn, f->insn, f->ninsn);
	return elf_put(to, &fde, sizeof(fde));
}

static inline void elf_make(struct elf_image *e, uint16_t machine,
			    const struct elf_function *f, unsigned n)
{
	static const char names[] = "\0.eh_frame\0.shstrtab\0.debug_frame";
	Elf64_Ehdr eh = { .e_ident = ELFMAG,
			  .e_machine = machine,
			  .e_phoff = sizeof(eh),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 1,
			  .e_shoff = ELF_SECTIONS,
			  .e_shentsize = sizeof(Elf64_Shdr),
			  .e_shnum = 3,
			  .e_shstrndx = 2 };
	Elf64_Phdr ph = { .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_offset = ELF_CODE,
			  .p_vaddr = ELF_CODE_VADDR,
			  .p_filesz = ELF_CODE_SIZE };
	Elf64_Shdr sh[3] = { { 0 } };
	uint64_t start = ELF_CODE_VADDR;
	size_t at;

	memset(e, 0, sizeof(*e));
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e->frame_at = ELF_CODE + ELF_CODE_SIZE;
	at = e->frame_at + elf_cie(e->data + e->frame_at);
	for (unsigned i = 0; i < n; i++) {
		at += elf_fde(e->data + at, (uint32_t)(at + 4 - e->frame_at),
			      start, &f[i]);
		start += f[i].size;
	}
	e->frame_size = at - e->frame_at;
	sh[1] = (Elf64_Shdr){ .sh_name = 1,
			      .sh_type = SHT_PROGBITS,
			      .sh_offset = e->frame_at,
			      .sh_size = e->frame_size };
	sh[2] = (Elf64_Shdr){ .sh_name = 11,
			      .sh_type = SHT_STRTAB,
			      .sh_offset = ELF_NAMES,
			      .sh_size = sizeof(names) };
	elf_put(e->data, &eh, sizeof(eh));
	elf_put(e->data + eh.e_phoff, &ph, sizeof(ph));
	elf_put(e->data + eh.e_shoff, sh, sizeof(sh));
	elf_put(e->data + ELF_NAMES, names, sizeof(names));
}

/* The same records as .debug_frame has them. */
static inline void elf_debug_frame(struct elf_image *e)
{
	Elf64_Shdr *sh = (void *)(e->data + ELF_SECTIONS);
	uint8_t *at = e->data + e->frame_at, *end = at + e->frame_size;
	uint32_t size, id = UINT32_MAX;

	sh[1].sh_name = 21;
	for (; at < end; at += 4 + size) {
		memcpy(&size, at, 4);
		memcpy(at + 4, &id, 4);
		id = 0;
	}
}

/* A file of it that nothing else has; -1 with errno. */
static inline int elf_file(const void *data, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return -1;
	}
	return fd;
}

#endif /* PFM_UNWIND_ELF_H */
