#pragma once

// Runs `body(context, slot, index)` for every index below `count` on the threads that oneDNN and OpenBLAS use
// (OpenMP's pool where the process has one), so that pools do not fight over the cores. Falls back to the calling
// thread. `slot` is below `threading_count()` and differs between calls that run at the same time.
void threading_for(int count, void *context, void (*body)(void *context, int slot, int index));

// Threads that `threading_for` and the libraries use from now on.
void threading_set_count(int count);
int threading_count(void);

// OpenMP keeps the number for each thread that starts a region, and a task of Swift may go on on another one than the
// thread that set it: called before a library's routine, on the thread that calls it.
void threading_adopt(void);

// Threads that a library's routine called from this thread would use.
int threading_library_count(void);

// Has the libraries use so many threads when this thread calls them. Returns how many they used before; 0 without
// OpenMP, where nothing is set.
int threading_exchange_library_count(int count);
