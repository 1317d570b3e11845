// Enough of CUDA for filtered_lrelu.cu to be compiled for the CPU. The threads of a block run one at a
// time, each up to the next __syncthreads(): where one is missing, the first thread finds what the
// others have not written yet. Shared memory is dirty when a block begins.

#include <math.h>
#include <string.h>
#include <ucontext.h>

#include <functional>
#include <limits>
#include <vector>

#define EMULATED
#define __device__
#define __global__
#define __shared__
#define __grid_constant__
#define __launch_bounds__(threads)

inline float widen(unsigned short v) {
    _Float16 half;
    memcpy(&half, &v, sizeof half);
    return (float)half;
}

inline void narrow(unsigned short& to, float v) {
    const _Float16 half = (_Float16)v;
    memcpy(&to, &half, sizeof half);
}

struct Index {
    unsigned x;
};
static Index threadIdx, blockIdx;

struct Thread {
    ucontext_t context;
    std::vector<char> stack;
    bool ended;
};
static ucontext_t scheduler;
static Thread* running;
static std::function<void()> body;

inline void __syncthreads() { swapcontext(&running->context, &scheduler); }

static void run_body() {
    body();
    running->ended = true;
}

// Runs a kernel whose parameter lies at `parameter`, and answers with the parameter's size.
template <class Arguments>
size_t emulate(void (*kernel)(Arguments), const void* parameter, unsigned blocks, unsigned threads,
               float* shared, size_t floats) {
    Arguments a;
    memcpy(&a, parameter, sizeof a);
    body = [&] { kernel(a); };
    std::vector<Thread> all(threads);
    for (auto& thread : all) thread.stack.resize(1 << 18);
    for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
        for (size_t i = 0; i < floats; ++i) shared[i] = std::numeric_limits<float>::quiet_NaN();
        for (auto& thread : all) {
            thread.ended = false;
            getcontext(&thread.context);
            thread.context.uc_stack.ss_sp = thread.stack.data();
            thread.context.uc_stack.ss_size = thread.stack.size();
            thread.context.uc_link = &scheduler;
            makecontext(&thread.context, run_body, 0);
        }
        while (!all[0].ended) {
            for (unsigned t = 0; t < threads; ++t) {
                threadIdx.x = t;
                running = &all[t];
                swapcontext(&scheduler, &all[t].context);
            }
        }
    }
    return sizeof a;
}
