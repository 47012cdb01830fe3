/* SPDX-License-Identifier: MIT
 *
 * msrfs.c - a file system that shows models of x86 performance registers as
 * the kernel shows registers, <dir>/cpu/N/msr and its like, so that programs
 * that read and write MSRs can be tested where there are none, or others.
 * Here: options, mount, the loop.  See README.
 */
#define FUSE_USE_VERSION 35

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fuse_lowlevel.h>

#include "fs.h"

#define MAX_CPUS 4096

struct options {
	bool foreground;
	int ready_fd; /* -1: none */
	int life_fd;  /* -1: none */
	const char *cpus, *load;
	const char *dir;
};

static const char usage[] =
	"usage: msrfs [-f] --cpus=CONFIG[*N][,...] [--access-cost=N]\n"
	"             [--load=PROFILE] [--no-msr-safe] [--ready-fd=N]\n"
	"             [--life-fd=N] DIR\n";

static void print_configs(FILE *out)
{
	const struct model_cfg *cfg;

	fprintf(out, "%sconfigurations:", usage);
	for (unsigned i = 0; (cfg = model_cfg_at(i)); i++)
		fprintf(out, " %s", cfg->name);
	fprintf(out, "\n");
}

static bool parse_unsigned(const char *what, const char *s, unsigned *n)
{
	uint64_t v;

	if (!parse_number(s, &v) || v > INT32_MAX) {
		fprintf(stderr, "msrfs: --%s: '%s' is not a number\n", what, s);
		return false;
	}
	*n = (unsigned)v;
	return true;
}

/* 0, or the exit status; -1: go on. */
static int parse_options(int argc, char **argv, struct options *o,
			 struct fs *fs)
{
	static const struct option longs[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "access-cost", required_argument, NULL, 'a' },
		{ "load", required_argument, NULL, 'l' },
		{ "no-msr-safe", no_argument, NULL, 's' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "life-fd", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned n;
	int c;

	while ((c = getopt_long(argc, argv, "fh", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->foreground = true;
			break;
		case 'c':
			o->cpus = optarg;
			break;
		case 'l':
			o->load = optarg;
			break;
		case 's':
			fs->safe = false;
			break;
		case 'a':
			if (!parse_unsigned("access-cost", optarg, &fs->cost))
				return 2;
			break;
		case 'r':
		case 'e':
			if (!parse_unsigned(c == 'r' ? "ready-fd" : "life-fd",
					    optarg, &n))
				return 2;
			*(c == 'r' ? &o->ready_fd : &o->life_fd) = (int)n;
			break;
		case 'h':
			print_configs(stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc - 1 || !o->cpus) {
		print_configs(stderr);
		return 2;
	}
	o->dir = argv[optind];
	return -1;
}

static bool add_cpus(struct fs *fs, const struct model_cfg *cfg, uint64_t n)
{
	struct cpu *cpus;

	cpus = n > MAX_CPUS - fs->ncpus ?
		       NULL :
		       reallocarray(fs->cpus, fs->ncpus + n, sizeof(*cpus));
	if (!cpus) {
		fprintf(stderr, "msrfs: no room for so many CPUs\n");
		return false;
	}
	fs->cpus = cpus;
	memset(&cpus[fs->ncpus], 0, n * sizeof(*cpus));
	while (n-- > 0) {
		struct cpu *cpu = &cpus[fs->ncpus];

		cpu->fs = fs;
		cpu->nr = fs->ncpus;
		if (cpu_init(cpu, cfg) < 0) {
			fprintf(stderr, "msrfs: out of memory\n");
			return false;
		}
		fs->ncpus++;
	}
	return true;
}

/* "SKL,ZEN4*3" */
static bool make_cpus(struct fs *fs, const char *list)
{
	char *copy = strdup(list);
	char *rest = copy;
	bool good = copy != NULL;
	char *word;

	while (good && (word = strsep(&rest, ","))) {
		const struct model_cfg *cfg;
		char *star = strchr(word, '*');
		uint64_t n = 1;

		if (star)
			*star = '\0';
		cfg = model_cfg_find(word);
		if (!cfg || (star && (!parse_number(star + 1, &n) || n == 0))) {
			fprintf(stderr,
				"msrfs: --cpus: '%s%s%s' is no "
				"configuration (--help lists them)\n",
				word, star ? "*" : "", star ? star + 1 : "");
			good = false;
		} else {
			good = add_cpus(fs, cfg, n);
		}
	}
	free(copy);
	return good;
}

static bool start_load(struct fs *fs, const char *load)
{
	for (unsigned i = 0; load && i < fs->ncpus; i++) {
		const char *why = load_set(&fs->cpus[i], load);

		if (why) {
			fprintf(stderr, "msrfs: --load=%s: CPU %u: %s\n", load,
				i, why);
			return false;
		}
	}
	return true;
}

static struct fuse_session *mount_at(struct fs *fs, const char *dir)
{
	/* As a real device: modes count, for root's mount everybody may try. */
	static char name[] = "msrfs", opt[] = "-o",
		    root[] = "fsname=msrfs,default_permissions,allow_other",
		    user[] = "fsname=msrfs,default_permissions";
	char *argv[] = { name, opt, geteuid() == 0 ? root : user };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	struct fuse_session *se;
	struct stat st;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "msrfs: /dev/fuse: %m\n");
		return NULL;
	}
	close(fd);
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		fprintf(stderr, "msrfs: %s is not a directory\n", dir);
		return NULL;
	}
	se = fuse_session_new(&args, &tree_ops, sizeof(tree_ops), fs);
	fuse_opt_free_args(&args);
	if (se && fuse_session_mount(se, dir) == 0)
		return se;
	fprintf(stderr, "msrfs: cannot be mounted on %s\n", dir);
	if (se)
		fuse_session_destroy(se);
	return NULL;
}

/*
 * Until told to end: by a command, a signal, an unmount, or when the other
 * end of the life line is closed.  Signals come by a descriptor, so that none
 * can fall between a look and a wait.
 */
static int serve(struct fs *fs, struct fuse_session *se, int life_fd)
{
	struct pollfd fds[3] = {
		{ .fd = fuse_session_fd(se), .events = POLLIN },
		{ .fd = life_fd },
	};
	struct fuse_buf buf = { 0 };
	int status = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	fds[2].fd = signalfd(-1, &set, SFD_CLOEXEC);
	fds[2].events = POLLIN;
	fcntl(fds[0].fd, F_SETFL, fcntl(fds[0].fd, F_GETFL) | O_NONBLOCK);
	while (!fuse_session_exited(se) && !fs->quit) {
		int n;

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			status = 1;
		if (status || fds[1].revents || fds[2].revents)
			break;
		n = fuse_session_receive_buf(se, &buf);
		if (n > 0)
			fuse_session_process_buf(se, &buf);
		else if (n < 0 && n != -EAGAIN && n != -EINTR)
			break;
	}
	if (fds[2].fd >= 0)
		close(fds[2].fd);
	free(buf.mem);
	return status;
}

static int run(struct fs *fs, const struct options *o)
{
	char *dir = realpath(o->dir, NULL);
	struct fuse_session *se;
	int status = 1;
	sigset_t set;

	if (!dir) {
		fprintf(stderr, "msrfs: %s: %m\n", o->dir);
		return 1;
	}
	/* No signal may leave a mount behind: serve() takes them. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	se = mount_at(fs, dir);
	if (!se)
		goto out;
	if (fuse_daemonize(o->foreground) == 0 &&
	    (o->ready_fd < 0 || write(o->ready_fd, "\n", 1) == 1))
		status = serve(fs, se, o->life_fd);
	fuse_session_unmount(se);
	fuse_session_destroy(se);
out:
	free(dir);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { .ready_fd = -1, .life_fd = -1 };
	struct fs fs = { .cost = 20,
			 .safe = true,
			 .rawio = has_rawio(getpid()) };
	int status = parse_options(argc, argv, &o, &fs);

	if (status >= 0)
		return status;
	status = 1;
	if (make_cpus(&fs, o.cpus) && start_load(&fs, o.load) &&
	    tree_init(&fs) == 0)
		status = run(&fs, &o);
	for (unsigned i = 0; i < fs.ncpus; i++)
		cpu_release(&fs.cpus[i]);
	save_release(&fs);
	tree_release_all(&fs);
	free(fs.cpus);
	free(fs.allow);
	return status;
}
