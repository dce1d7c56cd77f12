/* A process that reads what may be hostile gives up all it does not need: whatever takes it over can do nothing with it. */
#ifndef SIM_SANDBOX_H
#define SIM_SANDBOX_H

/* For a child process. From here on it can open one file more, for reading; it cannot write to a file, start a program, reach a
 * network or another process, dump core, take more than `megabytes` of memory beyond what it has, or work longer than
 * `seconds`. What it printed goes to the descriptor `output` alone. Where the kernel knows no filter of system calls, the
 * limits on resources still hold. */
void sandbox_enter(int output, double seconds, unsigned megabytes);

#endif
