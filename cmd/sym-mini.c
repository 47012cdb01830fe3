/* SPDX-License-Identifier: MIT
 *
 * sym-mini.c - "MiniDebugInfo": a stripped program's own functions, in a table
 * that is an ELF file compressed by xz in its section .gnu_debugdata; GDB's
 * manual, "Debugging information in a special section".
 */
#include "config.h"

#include <lzma.h>
#include <stdlib.h>

#include "cmd.h"
#include "sym-elf.h"

/* Of a compressed table, and of what xz may need for it; xz -9: 65 MB. */
#define MOST_BYTES (64u << 20)
#define MOST_MEMORY (128u << 20)

/* All of it, or NULL: damaged, or too large. */
static unsigned char *decompress(const void *data, size_t size, size_t *out)
{
	lzma_stream x = LZMA_STREAM_INIT;
	unsigned char *to = NULL;
	size_t room = 0;
	lzma_ret ret;

	if (lzma_stream_decoder(&x, MOST_MEMORY, 0) != LZMA_OK)
		return NULL;
	x.next_in = data;
	x.avail_in = size;
	do {
		room = room ? room * 2 : 65536;
		to = xreallocarray(to, room, 1);
		x.next_out = to + x.total_out;
		x.avail_out = room - (size_t)x.total_out;
		ret = lzma_code(&x, LZMA_FINISH);
	} while (ret == LZMA_OK && !x.avail_out && room < MOST_BYTES);
	*out = (size_t)x.total_out;
	lzma_end(&x);
	if (ret == LZMA_STREAM_END)
		return to;
	free(to);
	return NULL;
}

bool elf_open_mini(struct sym_elf *e)
{
	GElf_Shdr sh;
	Elf_Scn *scn = elf_section(e->file.elf, ".gnu_debugdata", &sh);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	unsigned char *bytes = NULL;
	size_t size = 0;

	if (data && data->d_buf && sh.sh_type != SHT_NOBITS)
		bytes = decompress(data->d_buf, data->d_size, &size);
	return bytes && image_take(&e->mini, bytes, size);
}
