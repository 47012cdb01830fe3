/* SPDX-License-Identifier: MIT
 *
 * overflow-rate.c - how many overflows a second reach a tool: one by one, each
 * with a message and a restart; and as samples, through the formats "default"
 * and "ring".  The peer is a program that uses perf_event_open(2) by itself.
 * The source of events is a child on CPU 0, the tool is on CPU 1; both sides
 * take turns on the same child, and the median of the rounds' ratios is what is
 * compared.  Never fails on a time.
 */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>

#include <pfmcore.h>
#include <pfmcore_fmt.h>

#include "pfmcore_ring.h"
#include "raw-perf.h"
#include "sampling.h"

enum { MAX_ROUNDS = 101, RING_PAGES = 64, PERIOD = 1 };

#define BUF_SIZE (RING_PAGES * 4096u)

static unsigned nrounds = 31, round_ms = 60;
static const char *only = "";

/* What one round gave. */
struct round {
	double rate;  /* samples or notifications a second */
	double cpu;   /* ns of the tool for each */
	double bytes; /* each, as the tool got it */
	uint64_t samples, events, lost;
};

struct kase {
	const char *name;
	enum source_kind kind;
	const char *fmt;  /* NULL: notified one by one */
	unsigned nvalues; /* other PMDs in a sample, 0 or 1 */
};

static const struct kase cases[] = {
	{ "notify, calls", SOURCE_CALLS, NULL, 0 },
	{ "notify, page faults", SOURCE_FAULTS, NULL, 0 },
	{ "default, calls", SOURCE_CALLS, "default", 0 },
	{ "default, calls, 1 value", SOURCE_CALLS, "default", 1 },
	{ "default, page faults", SOURCE_FAULTS, "default", 0 },
	{ "default, page faults, 1 value", SOURCE_FAULTS, "default", 1 },
	{ "ring, calls", SOURCE_CALLS, "ring", 0 },
	{ "ring, calls, 1 value", SOURCE_CALLS, "ring", 1 },
	{ "ring, page faults", SOURCE_FAULTS, "ring", 0 },
	{ "ring, page faults, 1 value", SOURCE_FAULTS, "ring", 1 },
};

/* A stretch of time, with what the tool spent in it. */
struct span {
	uint64_t start, end, cpu;
};

static void span_begin(struct span *s, struct source *src)
{
	s->cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	s->start = now_ns();
	s->end = s->start + round_ms * UINT64_C(1000000);
	source_go(src);
}

/* Milliseconds left, or -1. */
static int span_left(const struct span *s)
{
	uint64_t now = now_ns();

	return now < s->end ? (int)((s->end - now) / 1000000u) + 1 : -1;
}

static void span_end(struct span *s, struct source *src, struct round *r)
{
	r->events = source_stop(src);
	s->end = now_ns();
}

static void fill(struct round *r, const struct span *s, const struct out *o)
{
	uint64_t cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID) - s->cpu;
	double n = o->samples ? (double)o->samples : 1;

	r->samples = o->samples;
	r->lost = o->lost;
	r->rate = (double)o->samples * 1e9 / (double)(s->end - s->start);
	r->cpu = (double)cpu / n;
	r->bytes = (double)o->bytes / n;
}

/*
 * The peer.  A sample holds what one of ours does: where, who, when, the period
 * and the value of the other event.
 */
static int raw_events(const struct kase *c, struct source *src, int *other)
{
	struct perf_event_attr attr, sw = { 0 };
	int fd;

	raw_source_attr(&attr, c->kind);
	attr.sample_period = PERIOD;
	attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			   PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU |
			   PERF_SAMPLE_PERIOD;
	attr.use_clockid = 1;
	attr.clockid = CLOCK_MONOTONIC;
	attr.disabled = 1;
	if (c->nvalues) {
		attr.sample_type |= PERF_SAMPLE_READ;
		attr.read_format = PERF_FORMAT_GROUP;
	}
	if (!c->fmt) {
		attr.wakeup_events = 1;
	} else {
		attr.watermark = 1;
		attr.wakeup_watermark = BUF_SIZE / 2;
	}
	fd = raw_open(&attr, src->pid, -1, -1);
	*other = -1;
	if (!c->nvalues)
		return fd;
	sw.type = PERF_TYPE_SOFTWARE;
	sw.config = PERF_COUNT_SW_TASK_CLOCK;
	sw.exclude_kernel = 1;
	sw.use_clockid = 1;
	sw.clockid = CLOCK_MONOTONIC;
	sw.read_format = PERF_FORMAT_GROUP;
	*other = raw_open(&sw, src->pid, -1, fd);
	return fd;
}

static void raw_loop(const struct kase *c, int fd, struct raw_ring *ring,
		     const struct span *s, struct out *o)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int left;

	while ((left = span_left(s)) > 0) {
		if (poll(&p, 1, left) <= 0)
			continue;
		if (raw_drain(ring, o) == 0 || c->fmt)
			continue;
		/* The record may be here before the event is off. */
		ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
		ioctl(fd, PERF_EVENT_IOC_REFRESH, 1);
	}
}

static void raw_round(const struct kase *c, struct source *src, struct round *r)
{
	static struct out o;
	struct raw_ring ring;
	struct span s;
	int other, fd = raw_events(c, src, &other);

	o.samples = o.lost = o.bytes = 0;
	raw_map(&ring, fd, c->fmt ? RING_PAGES : 2);
	if (c->fmt)
		ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	else
		ioctl(fd, PERF_EVENT_IOC_REFRESH, 1);
	span_begin(&s, src);
	raw_loop(c, fd, &ring, &s, &o);
	span_end(&s, src, r);
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	raw_drain(&ring, &o);
	fill(r, &s, &o);
	raw_unmap(&ring);
	if (other >= 0)
		close(other);
	close(fd);
}

/* Ours. */
struct session {
	const struct pfm_smpl_fmt *fmt;
	int fd;
	void *buf;
	size_t size, cursor;
};

/* The argument of either format begins with the size of the buffer, in bytes. */
static void session_create(struct session *s, const struct kase *c)
{
	pfarg_ctx_t ctx = { .ctx_flags = PFM_FL_NOPTRACE };
	int ret;

	*s = (struct session){ .fmt = c->fmt ? pfm_fmt_find(c->fmt) : NULL };
	if (s->fmt) {
		uint64_t arg[8] = { BUF_SIZE };

		memcpy(ctx.ctx_smpl_buf_id, s->fmt->uuid, sizeof(s->fmt->uuid));
		ret = pfm_create_context(&ctx, arg, s->fmt->arg_size);
	} else {
		ret = pfm_create_context(&ctx, NULL, 0);
	}
	if (ret < 0)
		die("create: %s", pfm_reason());
	s->fd = ctx.ctx_fd;
	s->size = ctx.ctx_smpl_buf_size;
	if (s->fmt) {
		s->buf = pfm_smpl_map(s->fd, s->size);
		if (!s->buf)
			die("map: %s", pfm_reason());
	}
}

static void session_events(const struct kase *c, struct pfm_event *evs)
{
	char name[64];

	snprintf(name, sizeof(name), "mem:%#" PRIxPTR "/8:x",
		 (uintptr_t)source_target);
	if (pfm_event_parse(c->kind == SOURCE_CALLS ? name : "page-faults",
			    PFM_PLM_USER, &evs[0]) ||
	    pfm_event_parse("task-clock", PFM_PLM_USER, &evs[1]))
		die("event: %s", pfm_reason());
}

static void session_program(struct session *s, const struct kase *c)
{
	struct pfm_event evs[2];
	struct pfm_place places[2];
	pfarg_pmd_t pmd[2] = { { 0 } };
	unsigned n = 1 + c->nvalues;

	session_events(c, evs);
	if (pfm_event_assign("perf", -1, evs, n, places, NULL) < 0)
		die("assign: %s", pfm_reason());
	for (unsigned i = 0; i < n; i++) {
		pmd[i].reg_num = places[i].pmd;
		if (pfm_write_pmcs(s->fd, places[i].pmc, places[i].npmcs))
			die("write_pmcs: %s", pfm_reason());
	}
	pmd[0].reg_flags = PFM_REGFL_OVFL_NOTIFY;
	pmd[0].reg_value = pmd[0].reg_long_reset = pmd[0].reg_short_reset =
		0 - (uint64_t)PERIOD;
	if (c->nvalues)
		pmd[0].reg_smpl_pmds[places[1].pmd / 64] |=
			UINT64_C(1) << places[1].pmd % 64;
	if (pfm_write_pmds(s->fd, pmd, (int)n))
		die("write_pmds: %s", pfm_reason());
	for (unsigned i = 0; i < 2; i++)
		pfm_event_release(&evs[i]);
}

/* As a tool has it before it writes to a file: the entry, and its values. */
static void session_take(struct session *s, struct out *o)
{
	struct pfm_ovfl e;

	while (s->fmt->next(s->buf, s->size, &s->cursor, &e) == 1) {
		size_t size = e.nvalues * sizeof(uint64_t);
		char *to = out_room(o, sizeof(e) + size);

		memcpy(to, &e, sizeof(e));
		memcpy(to + sizeof(e), e.values, size);
		o->samples++;
	}
}

/* A ring wants a restart for each half that was handed; others want one. */
static void session_empty(struct session *s, struct out *o)
{
	bool ring = strcmp(s->fmt->name, PFM_RING_NAME) == 0;

	do {
		if (ring && pfm_ring_handed(s->buf) == 0)
			return;
		session_take(s, o);
		if (pfm_restart(s->fd) < 0)
			die("restart: %s", pfm_reason());
	} while (ring);
}

/* One overflow: the message is all there is. */
static void session_answer(struct session *s, const pfm_msg_t *msg,
			   struct out *o)
{
	memcpy(out_room(o, sizeof(*msg)), msg, sizeof(*msg));
	o->samples++;
	if (pfm_restart(s->fd) < 0)
		die("restart: %s", pfm_reason());
}

static void session_loop(struct session *s, const struct span *span,
			 struct out *o)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	pfm_msg_t msg;
	int left;

	while ((left = span_left(span)) > 0) {
		if (poll(&p, 1, left) <= 0)
			continue;
		if (read(s->fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.type != PFM_MSG_OVFL)
			die("read: no message of an overflow");
		if (s->fmt)
			session_empty(s, o);
		else
			session_answer(s, &msg, o);
	}
}

static void pfm_round(const struct kase *c, struct source *src, struct round *r)
{
	static struct out o;
	struct session s;
	struct pfm_stats st;
	pfarg_load_t load = { .load_pid = (uint32_t)src->pid };
	struct span span;

	o.samples = o.lost = o.bytes = 0;
	session_create(&s, c);
	session_program(&s, c);
	if (pfm_load_context(s.fd, &load) || pfm_start(s.fd, NULL))
		die("load: %s", pfm_reason());
	span_begin(&span, src);
	session_loop(&s, &span, &o);
	span_end(&span, src, r);
	if (pfm_stop(s.fd) || pfm_get_stats(s.fd, &st))
		die("stop: %s", pfm_reason());
	if (s.fmt)
		session_take(&s, &o);
	o.lost = st.lost + st.refused;
	fill(r, &span, &o);
	if (s.buf)
		pfm_smpl_unmap(s.buf, s.size);
	close(s.fd);
}

enum { OURS, PEER, NSIDES };

static double middle(const struct round *v, size_t at)
{
	double m[MAX_ROUNDS] = { 0 };

	for (unsigned i = 0; i < nrounds; i++)
		m[i] = *(const double *)(const void *)((const char *)&v[i] +
						       at);
	return median(m, nrounds);
}

static void print_case(const struct kase *c, struct round v[NSIDES][MAX_ROUNDS])
{
	static const char *const side[NSIDES] = { "ours", "peer" };
	double ratio[MAX_ROUNDS] = { 0 };

	for (unsigned i = 0; i < nrounds; i++)
		ratio[i] = v[OURS][i].rate / v[PEER][i].rate;
	for (unsigned k = 0; k < NSIDES; k++) {
		uint64_t lost = 0, samples = 0, events = 0;

		for (unsigned i = 0; i < nrounds; i++) {
			lost += v[k][i].lost;
			samples += v[k][i].samples;
			events += v[k][i].events;
		}
		printf("%-30s %s %9.0f/s %6.0f ns %5.0f B %5.1f%% %8" PRIu64,
		       c->name, side[k],
		       middle(v[k], offsetof(struct round, rate)),
		       middle(v[k], offsetof(struct round, cpu)),
		       middle(v[k], offsetof(struct round, bytes)),
		       100.0 * (double)samples / (double)events, lost);
		if (k == OURS)
			printf("   ratio %.3f", median(ratio, nrounds));
		putchar('\n');
	}
	fflush(stdout);
}

/*
 * Some kernels leave a breakpoint stopped for ever once IOC_REFRESH has run out
 * (Linux 6.18, kernel/events/hw_breakpoint.c: hw_breakpoint_add() does not undo
 * what hw_breakpoint_stop() did).
 */
static bool refresh_works(enum source_kind kind)
{
	struct perf_event_attr attr;
	uint64_t count;
	int fd;

	if (kind != SOURCE_CALLS)
		return true;
	raw_source_attr(&attr, kind);
	attr.sample_period = 1;
	attr.disabled = 1;
	fd = raw_open(&attr, 0, -1, -1);
	for (int i = 0; i < 2; i++) {
		ioctl(fd, PERF_EVENT_IOC_REFRESH, 1);
		source_target();
	}
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		die("read: short");
	close(fd);
	return count == 2;
}

static void run_case(const struct kase *c)
{
	struct round v[NSIDES][MAX_ROUNDS];
	struct source src;

	if (!c->fmt && !refresh_works(c->kind)) {
		printf("%-30s left out: this kernel stops a breakpoint for "
		       "ever\n",
		       c->name);
		return;
	}
	source_open(&src, c->kind);
	/* The first round of each is not counted: caches, and the engine. */
	for (unsigned i = 0; i <= nrounds; i++) {
		unsigned to = i ? i - 1 : 0;

		for (unsigned k = 0; k < NSIDES; k++) {
			if ((k + i) % NSIDES == OURS)
				pfm_round(c, &src, &v[OURS][to]);
			else
				raw_round(c, &src, &v[PEER][to]);
		}
	}
	source_close(&src);
	print_case(c, v);
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:m:c:")) != -1) {
		if (opt == 'n')
			nrounds = (unsigned)strtoul(optarg, NULL, 0);
		else if (opt == 'm')
			round_ms = (unsigned)strtoul(optarg, NULL, 0);
		else if (opt == 'c')
			only = optarg;
		else
			die("usage: overflow-rate [-n rounds] [-m ms] [-c case]");
	}
	smpl_register_builtin();
	if (nrounds == 0 || nrounds > MAX_ROUNDS)
		die("1 to %d rounds", MAX_ROUNDS);
	pin(sysconf(_SC_NPROCESSORS_ONLN) > 1);
	printf("overflow-rate: period %d, %u rounds of %u ms each, medians\n"
	       "%-30s %4s %11s %9s %7s %6s %8s\n",
	       PERIOD, nrounds, round_ms, "", "", "rate", "CPU each", "bytes",
	       "taken", "lost");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strncmp(cases[i].name, only, strlen(only)) == 0)
			run_case(&cases[i]);
	return 0;
}
