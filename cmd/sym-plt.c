/* SPDX-License-Identifier: MIT
 *
 * sym-plt.c - the stubs through which a program calls a library have no symbols:
 * "puts@plt" is the n-th stub because puts is the n-th relocation.  Layouts:
 * System V ABI, AMD64 supplement, "Procedure Linkage Table", with .plt.sec of
 * the IBT variant; AArch64 ELF ABI.
 */
#include "config.h"

#include "cmd.h"
#include "sym-elf.h"

/* The name of the i-th relocation's symbol. */
static const char *name_of(Elf *elf, Elf_Data *rela, const GElf_Shdr *rs,
			   size_t i)
{
	Elf_Scn *scn = elf_getscn(elf, rs->sh_link);
	GElf_Shdr sh;
	GElf_Rela r;
	GElf_Sym sym;
	Elf_Data *data;

	if (!scn || !gelf_getshdr(scn, &sh) || !gelf_getrela(rela, (int)i, &r))
		return NULL;
	data = elf_getdata(scn, NULL);
	if (!data || !gelf_getsym(data, (int)GELF_R_SYM(r.r_info), &sym))
		return NULL;
	return elf_strptr(elf, sh.sh_link, sym.st_name);
}

static void add_stub(struct sym_object *o, uint64_t start, uint64_t size,
		     const char *name)
{
	struct sym_elf *e = o->priv;
	struct symbol s = { .start = start, .end = start + size };

	s.linkage = elf_keep_name(e, xasprintf("%.4096s@plt", name));
	symlist_add(&o->list, &s);
}

void elf_add_plt(struct sym_object *o, Elf *elf)
{
	GElf_Shdr rs, ps;
	Elf_Scn *rel = elf_section(elf, ".rela.plt", &rs);
	uint64_t stub, first;
	Elf_Data *rela;
	GElf_Ehdr eh;
	size_t i, n;

	if (!rel || rs.sh_entsize == 0 || !gelf_getehdr(elf, &eh))
		return;
	rela = elf_getdata(rel, NULL);
	stub = 16;
	first = 0;
	if (!elf_section(elf, ".plt.sec", &ps)) {
		if (!elf_section(elf, ".plt", &ps))
			return;
		/* The first entry calls the linker. */
		first = eh.e_machine == EM_AARCH64 ? 32 : 16;
	}
	n = (size_t)(rs.sh_size / rs.sh_entsize);
	for (i = 0; rela && i < n; i++) {
		const char *name = name_of(elf, rela, &rs, i);

		if (first + (i + 1) * stub > ps.sh_size)
			break;
		if (name && *name)
			add_stub(o, ps.sh_addr + first + i * stub, stub, name);
	}
}
