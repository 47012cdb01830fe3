/* SPDX-License-Identifier: MIT
 *
 * msrfs.h - a mount of msrfs for a C test: started, commanded and ended.  What
 * it shows and the commands are in msrfs/README; fs.h is the file system's own.
 *
 *	struct msrfs m;
 *
 *	if (!msrfs_start(&m, "SKL*2", NULL))
 *		skip_all("%s", m.text);
 *	msrfs_ctl(&m, "advance 0 c0=%d", 1000);
 *	msrfs_stop(&m);
 */
#ifndef PFM_MSRFS_H
#define PFM_MSRFS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

struct msrfs {
	char dir[128]; /* the mount; what PFM_CPU_PATH needs is cpu in it */
	char cpu_path[136]; /* that */
	pid_t pid;          /* of the file system */
	int ctl;            /* open control file; not for two threads or */
			    /* processes at once: the answers would mix */
	int life;           /* a pipe: the mount goes when all its copies do */
	char text[1 << 16]; /* the last answer, or why there is no mount */
};

static inline bool msrfs_no(struct msrfs *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline bool msrfs_no(struct msrfs *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->text, sizeof(m->text), fmt, ap);
	va_end(ap);
	return false;
}

/* The child: no more than exec, as there may be threads. */
static inline void msrfs_exec(const char *const argv[], int ready, int err)
{
	/* Unblocked, or it would not hear of being ended. */
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(err, STDERR_FILENO);
	fcntl(ready, F_SETFD, 0);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

/* What it complained of, its first line. */
static inline bool msrfs_failed(struct msrfs *m, int err)
{
	ssize_t n = pread(err, m->text, sizeof(m->text) - 1, 0);

	if (m->pid > 0)
		waitpid(m->pid, NULL, 0);
	m->pid = -1;
	rmdir(m->dir);
	m->text[n > 0 ? n : 0] = '\0';
	m->text[strcspn(m->text, "\n")] = '\0';
	return n > 0 ? false : msrfs_no(m, "msrfs ended without a word");
}

static inline bool msrfs_prepare(struct msrfs *m, const char *program)
{
	const char *tmp = getenv("TMPDIR");
	int fd;

	memset(m, 0, sizeof(*m));
	m->pid = m->ctl = m->life = -1;
	if (access(program, X_OK) < 0)
		return msrfs_no(m, "%s was not built (it takes fuse3)",
				program);
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return msrfs_no(m, "/dev/fuse: %s", strerror(errno));
	close(fd);
	snprintf(m->dir, sizeof(m->dir), "%s/msrfs.XXXXXX",
		 tmp && strlen(tmp) < 80 ? tmp : "/tmp");
	if (!mkdtemp(m->dir))
		return msrfs_no(m, "%s: %s", m->dir, strerror(errno));
	snprintf(m->cpu_path, sizeof(m->cpu_path), "%s/cpu", m->dir);
	return true;
}

/*
 * Mount CPUs of these configurations, option is NULL or one more option.
 * Returns when the mount can be used.  False: m->text is why; nothing is left.
 */
static inline bool msrfs_start(struct msrfs *m, const char *cpus,
			       const char *option)
{
	const char *program = getenv("MSRFS");
	char cpu_opt[256], ready_opt[32], life_opt[32], path[144], byte;
	int pipes[2] = { -1, -1 };
	int err;

	program = program ? program : "tests/msrfs/msrfs";
	if (!msrfs_prepare(m, program))
		return false;
	err = memfd_create("msrfs", MFD_CLOEXEC);
	if (err < 0 || pipe2(pipes, O_CLOEXEC) < 0) {
		rmdir(m->dir);
		return msrfs_no(m, "a pipe: %s", strerror(errno));
	}
	m->life = pipes[0];
	snprintf(cpu_opt, sizeof(cpu_opt), "--cpus=%s", cpus);
	snprintf(ready_opt, sizeof(ready_opt), "--ready-fd=%d", pipes[1]);
	snprintf(life_opt, sizeof(life_opt), "--life-fd=%d", pipes[1]);
	m->pid = fork();
	if (m->pid == 0)
		msrfs_exec((const char *const[]){ program, "-f", cpu_opt,
						  ready_opt, life_opt,
						  option ? option : m->dir,
						  option ? m->dir : NULL,
						  NULL },
			   pipes[1], err);
	close(pipes[1]);
	if (m->pid < 0 || read(m->life, &byte, 1) != 1) {
		close(m->life);
		msrfs_failed(m, err);
	} else {
		snprintf(path, sizeof(path), "%s/ctl", m->dir);
		m->ctl = open(path, O_RDWR | O_CLOEXEC);
	}
	close(err);
	return m->pid > 0;
}

/* A command; the answer is in m->text.  True: "ok". */
static inline bool msrfs_ctl(struct msrfs *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline bool msrfs_ctl(struct msrfs *m, const char *fmt, ...)
{
	char line[4096];
	size_t len = 0;
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return msrfs_no(m, "the command is too long");
	if (write(m->ctl, line, (size_t)n) != n)
		return msrfs_no(m, "%s/ctl: %s", m->dir, strerror(errno));
	while (len < sizeof(m->text) - 1) {
		n = read(m->ctl, m->text + len, sizeof(m->text) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	m->text[len] = '\0';
	return strncmp(m->text, "ok", 2) == 0;
}

/* A register's value without an access; ~0: there is none. */
static inline uint64_t msrfs_peek(struct msrfs *m, unsigned cpu, uint32_t reg)
{
	if (!msrfs_ctl(m, "peek %u 0x%x", cpu, reg))
		return UINT64_MAX;
	return strtoull(m->text + 3, NULL, 16);
}

/* If it crashed, its mount is still there. */
static inline void msrfs_detach(const char *dir)
{
	pid_t pid;

	if (umount2(dir, MNT_DETACH) == 0)
		return;
	pid = fork();
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", dir,
		       (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Unmount.  True: the file system ended well. */
static inline bool msrfs_stop(struct msrfs *m)
{
	int status = -1;

	if (m->pid < 0)
		return true;
	close(m->ctl);
	kill(m->pid, SIGTERM);
	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(m->life);
	m->pid = -1;
	if (rmdir(m->dir) < 0) {
		msrfs_detach(m->dir);
		rmdir(m->dir);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif /* PFM_MSRFS_H */
