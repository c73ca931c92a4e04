#include "threading.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdatomic.h>

// libgomp's entry points (libomp exports the same names). Found at run time: the pool is whatever the process's
// oneDNN and OpenBLAS were linked against.
typedef void (*gomp_parallel_fn)(void (*)(void *), void *, unsigned, unsigned);
typedef void (*omp_set_fn)(int);
typedef int (*omp_get_fn)(void);

static gomp_parallel_fn gomp_parallel;
static omp_set_fn omp_set;
static omp_get_fn omp_get_max;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int thread_count = 1;

static void resolve(void) {
    gomp_parallel = (gomp_parallel_fn)dlsym(RTLD_DEFAULT, "GOMP_parallel");
    omp_set = (omp_set_fn)dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    omp_get_max = (omp_get_fn)dlsym(RTLD_DEFAULT, "omp_get_max_threads");
}

struct loop {
    atomic_int next;
    atomic_int workers;
    int count;
    void *context;
    void (*body)(void *, int, int);
};

static void worker(void *argument) {
    struct loop *loop = argument;
    int slot = atomic_fetch_add_explicit(&loop->workers, 1, memory_order_relaxed);
    for (;;) {
        int index = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
        if (index >= loop->count) return;
        loop->body(loop->context, slot, index);
    }
}

void threading_for(int count, void *context, void (*body)(void *, int, int)) {
    // Also where the loop stays on this thread: a library's routine in its body is on its own there.
    threading_adopt();
    struct loop loop = {.count = count, .context = context, .body = body};
    atomic_init(&loop.next, 0);
    atomic_init(&loop.workers, 0);
    if (count > 1 && thread_count > 1 && gomp_parallel != NULL) {
        gomp_parallel(worker, &loop, (unsigned)thread_count, 0);
    } else {
        worker(&loop);
    }
}

void threading_set_count(int count) {
    pthread_once(&once, resolve);
    thread_count = count < 1 ? 1 : count;
    threading_adopt();
}

void threading_adopt(void) {
    pthread_once(&once, resolve);
    if (omp_set != NULL) omp_set(thread_count);
}

int threading_count(void) { return thread_count; }

int threading_library_count(void) {
    pthread_once(&once, resolve);
    return omp_get_max != NULL ? omp_get_max() : 1;
}

int threading_exchange_library_count(int count) {
    pthread_once(&once, resolve);
    if (omp_set == NULL || omp_get_max == NULL) return 0;
    int before = omp_get_max();
    omp_set(count);
    return before;
}
