/* Long computing beside short requests.
 *
 * Once it has the CPU, even a process of low priority keeps it for some milliseconds, and short
 * requests wait for that long where all CPUs are taken. Between these two calls a process that is
 * nice(2) offers the CPU every half a millisecond, by sched_yield(2) in a handler of SIGALRM; that
 * costs a microsecond or two where nobody wants it. One of normal priority does nothing of the
 * kind.
 *
 * The signal breaks off what sleeps (EINTR), also inside libraries: only computing, and reads and
 * writes, which are taken up again, belong between the calls.
 */
#ifndef PDF_OCR_BASE_CPU_YIELD_H
#define PDF_OCR_BASE_CPU_YIELD_H

void cpu_yield_begin(void);
void cpu_yield_end(void);

#endif
