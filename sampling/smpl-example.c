/* SPDX-License-Identifier: MIT
 *
 * smpl-example.c - a sampling format to start from: a fixed number of entries
 * of one size, where they came from and little more.  It is complete, with a
 * comment at each hook; pfmcore_fmt(3) has the contract.
 */
#include <errno.h>
#include <string.h>

#include <pfmcore_fmt.h>

/*
 * It needs nothing but the public header, and builds anywhere into a module:
 *	cc -shared -fPIC $(pkg-config --cflags pfmcore) -o example.so \
 *		smpl-example.c
 * The file's name is the format's.  Found in a directory of $PFM_SAMPLING_PATH.
 */

/*
 * What a tool passes to pfm_create_context() as its argument, and what it finds
 * in the mapped buffer.  A format of one's own has these in a header for tools;
 * only fixed-width types, so that reader and writer need not be one program.
 */
struct example_arg {
	uint32_t nentries; /* how many the buffer holds, at least 1 */
	uint32_t reserved; /* 0: may mean something one day */
};

struct example_hdr {
	uint64_t first;    /* entries of buffers that were given back */
	uint32_t count;    /* entries in this one */
	uint32_t nentries; /* as many fit */
};

struct example_entry {
	uint64_t ip;
	uint64_t tstamp;
	uint32_t tid;
	uint16_t pmd;
	uint16_t cpu;
};

/* A limit keeps the sums below from wrapping. */
#define MAX_ENTRIES (1u << 24)

/*
 * First of all: may a context be made of this argument?  arg has arg_size bytes,
 * the library has copied it, and it is not NULL.  The library makes the message
 * of a refusal from the error number.
 */
static int validate(uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct example_arg *a = arg;

	(void)ctx_flags; /* PFM_FL_*: say, one that refuses SYSTEM_WIDE */
	(void)npmds;     /* this format records no values of PMDs */
	if (a->nentries == 0 || a->nentries > MAX_ENTRIES || a->reserved != 0)
		return -EINVAL;
	return 0;
}

/* Then: how large is the buffer?  It becomes whole pages, all zero. */
static int buffer_size(uint32_t ctx_flags, const void *arg, size_t *bytes)
{
	const struct example_arg *a = arg;

	(void)ctx_flags;
	*bytes = sizeof(struct example_hdr) +
		 a->nentries * sizeof(struct example_entry);
	return 0;
}

/*
 * Then: its header.  The handler gets nothing but the buffer, so all it has to
 * know must stand there.  May be called again, when the context gets another
 * backend before it is loaded.
 */
static int init(void *buf, uint32_t ctx_flags, unsigned npmds, const void *arg)
{
	const struct example_arg *a = arg;
	struct example_hdr *h = buf;

	(void)ctx_flags;
	(void)npmds;
	h->nentries = a->nentries;
	return 0;
}

/*
 * For each overflow, with the context locked, maybe in a signal handler: it
 * allocates nothing, takes no lock, and makes no system call that waits.
 *
 * *ctrl is 0 at the call.  NOTIFY tells the tool, MASK stops monitoring until
 * pfm_restart(), both together are what a full buffer wants.  With neither, the
 * PMDs are reset and the tool never knows.
 *
 * o->values is the library's own and gone after the return.
 */
static int handler(void *buf, const struct pfm_ovfl *o, uint32_t *ctrl)
{
	struct example_hdr *h = buf;
	struct example_entry *entries = (void *)(h + 1);
	uint32_t n = h->count;

	if (n < h->nentries) {
		entries[n] = (struct example_entry){
			.ip = o->ip,
			.tstamp = o->tstamp,
			.tid = o->tid,
			.pmd = o->pmd,
			.cpu = o->cpu,
		};
		/* A reader may look at any time: first the entry, then its
		 * number. */
		__atomic_store_n(&h->count, ++n, __ATOMIC_RELEASE);
	}
	if (n < h->nentries)
		return 0;
	*ctrl = PFM_OVFL_CTRL_NOTIFY | PFM_OVFL_CTRL_MASK;
	return -ENOBUFS;
}

/*
 * pfm_restart(): the tool has read the buffer.  RESET loads the PMDs' long
 * reset values; monitoring goes on unless *ctrl has MASK.  active: it was not
 * masked, and the tool restarts all the same.
 */
static int restart(void *buf, bool active, uint32_t *ctrl)
{
	struct example_hdr *h = buf;

	(void)active;
	__atomic_store_n(&h->first, h->first + h->count, __ATOMIC_RELAXED);
	__atomic_store_n(&h->count, 0, __ATOMIC_RELEASE);
	*ctrl = PFM_OVFL_CTRL_RESET;
	return 0;
}

/*
 * A promise for the library, which may then handle as many overflows at a time:
 * it asks for nothing before the last of them.
 */
static unsigned room(const void *buf, unsigned nvalues)
{
	const struct example_hdr *h = buf;

	(void)nvalues;
	return h->nentries - h->count;
}

/* The context is freed.  The buffer still is there, and the library's. */
static void leave(void *buf)
{
	(void)buf;
}

/*
 * For readers, so nothing has to be as handler() left it: the buffer may come
 * from a file.  What is used twice is read once.
 *
 * The cursor is this function's alone, but 0 is the first entry there is, and it
 * stays good when the buffer was restarted meanwhile.  Here it is the number of
 * the entry since the context was created.
 */
static int next(const void *buf, size_t size, size_t *cursor,
		struct pfm_ovfl *out)
{
	const struct example_hdr *h = buf;
	const struct example_entry *entries = (const void *)(h + 1), *e;
	size_t first, count, i;

	if (size < sizeof(*h))
		return -EINVAL;
	count = __atomic_load_n(&h->count, __ATOMIC_ACQUIRE);
	first = (size_t)__atomic_load_n(&h->first, __ATOMIC_RELAXED);
	if (count > (size - sizeof(*h)) / sizeof(*e))
		return -EINVAL;
	i = *cursor > first ? *cursor - first : 0;
	if (i >= count)
		return 0;
	e = &entries[i];
	memset(out, 0, sizeof(*out));
	out->ip = e->ip;
	out->tstamp = e->tstamp;
	out->tid = e->tid;
	out->pmd = e->pmd;
	out->cpu = e->cpu;
	*cursor = first + i + 1;
	return 1;
}

/*
 * The format.  abi must be the first word.  The UUID is what
 * pfarg_ctx_t.ctx_smpl_buf_id names it by: make one of your own (uuidgen).
 * A hook that does nothing, as leave() here, is better left out.
 *
 * A format that is part of a program has another name here, and is given to
 * pfm_fmt_register(); nothing else differs.
 */
extern const struct pfm_smpl_fmt pfm_smpl_format;
const struct pfm_smpl_fmt pfm_smpl_format = {
	.abi = PFM_SMPL_ABI,
	.version = 1u << 16,
	.uuid = { 0x1d, 0xe9, 0x5b, 0x0d, 0x37, 0x9a, 0x4f, 0x0f, 0xb0, 0xff,
		  0x89, 0x43, 0x0c, 0x73, 0x83, 0xf2 },
	.name = "example",
	.desc = "an example: a fixed number of instruction addresses",
	.arg_size = sizeof(struct example_arg),
	.handler = handler,
	.next = next,
	.validate = validate,
	.size = buffer_size,
	.init = init,
	.restart = restart,
	.exit = leave,
	.room = room,
};
