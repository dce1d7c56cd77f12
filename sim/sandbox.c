/* Limits on resources, which every Linux has, and a filter of system calls, which needs no library: a table of those that
 * reading a file takes, in the form of <linux/filter.h>. */
#include "sim/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

static void limit(int resource, rlim_t most) { setrlimit((__rlimit_resource_t)resource, &(struct rlimit){most, most}); }

/* Bytes of address space in use, which sanitizers and valgrind make large; 0 when the system does not say. */
static double in_use(void)
{
    FILE *in = fopen("/proc/self/statm", "re");
    long pages = 0;
    if (in == NULL) return 0;
    if (fscanf(in, "%ld", &pages) != 1) pages = 0; /* NOLINT(cert-err34-c): the kernel writes this number */
    fclose(in);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void limit_resources(double seconds, unsigned megabytes)
{
    const double used = in_use();
    if (used > 0) limit(RLIMIT_AS, (rlim_t)(used + megabytes * 1e6));
    limit(RLIMIT_CPU, (rlim_t)seconds + 1);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_NOFILE, STDERR_FILENO + 2);
    alarm((unsigned)(10 * seconds) + 10); /* one that waits uses no processor */
}

#define ALLOW(call)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define REFUSE       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static void filter_calls(void)
{
    static struct sock_filter program[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        REFUSE,
        LOAD(nr),
        ALLOW(SYS_read),
        ALLOW(SYS_pread64),
        ALLOW(SYS_write),
        ALLOW(SYS_lseek),
        ALLOW(SYS_close),
        ALLOW(SYS_fstat),
        ALLOW(SYS_newfstatat),
        ALLOW(SYS_statx),
        ALLOW(SYS_readlinkat),
        ALLOW(SYS_getcwd),
        ALLOW(SYS_fcntl),
        ALLOW(SYS_mmap),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_mprotect),
        ALLOW(SYS_madvise),
        ALLOW(SYS_brk),
        ALLOW(SYS_futex),
        ALLOW(SYS_getrandom),
        ALLOW(SYS_clock_gettime),
        ALLOW(SYS_gettimeofday),
        ALLOW(SYS_getrusage),
        ALLOW(SYS_sysinfo),
        ALLOW(SYS_getpid),
        ALLOW(SYS_gettid),
        ALLOW(SYS_sched_yield),
        ALLOW(SYS_rt_sigaction),
        ALLOW(SYS_rt_sigprocmask),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_sigaltstack),
        ALLOW(SYS_exit),
        ALLOW(SYS_exit_group),
#if defined(__x86_64__)
        ALLOW(SYS_stat),
        ALLOW(SYS_lstat),
        ALLOW(SYS_readlink),
#endif
        /* Opening, for reading only. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
        REFUSE,
        LOAD(args[2]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_TMPFILE, 0, 1),
        REFUSE,
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    if (ARCHITECTURE != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

void sandbox_enter(int output, double seconds, unsigned megabytes)
{
    /* What the C library says of a heap that a hostile file has spoiled is not for the user. */
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(nothing, STDERR_FILENO) < 0)
        _exit(1);
    closefrom(STDERR_FILENO + 1);
    limit_resources(seconds, megabytes);
    filter_calls();
}
