// CUDA's streams: reading back beside the work, and graphs. Through libtorch's registries, since CUDA
// itself is not linked. Not yet run on a GPU.

#include "border.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace {

constexpr c10::DeviceType CUDA = c10::DeviceType::CUDA;

c10::Device numbered(int device) { return {CUDA, static_cast<c10::DeviceIndex>(device)}; }

// A copy on its way to page-locked memory, whole when `done` is.
struct ReadBack {
    at::Tensor host;
    c10::Event done;
};

// libtorch's at::cuda::CUDAGraph, which keeps the memory of what it recorded from all others. Its header
// asks for the CUDA toolkit's, so its members are found by their names in the library.
class CudaGraph {
public:
    CudaGraph() : destroy(member<void()>("D1Ev")) { member<void(bool)>("C1Eb")(self(), false); }
    ~CudaGraph() { destroy(self()); }
    CudaGraph(const CudaGraph&) = delete;
    CudaGraph& operator=(const CudaGraph&) = delete;

    // Other threads may go on using the device meanwhile.
    void begin() {
        using Pool = std::pair<unsigned long long, unsigned long long>;
        constexpr int THREAD_LOCAL = 1;
        const auto call = member<void(Pool, int)>("13capture_beginESt4pairIyyE21cudaStreamCaptureMode");
        call(self(), Pool(), THREAD_LOCAL);
    }
    void end() { member<void()>("11capture_endEv")(self()); }
    void replay() { member<void()>("6replayEv")(self()); }

private:
    template <class Signature>
    struct Member;
    template <class... Arguments>
    struct Member<void(Arguments...)> {
        using Pointer = void (*)(void*, Arguments...);
    };

    template <class Signature>
    static typename Member<Signature>::Pointer member(const char* suffix) {
        const std::string name = std::string("_ZN2at4cuda9CUDAGraph") + suffix;
        void* found = dlsym(RTLD_DEFAULT, name.c_str());
        if (!found) throw std::runtime_error("this libtorch has no CUDA graphs (" + name + ")");
        return reinterpret_cast<typename Member<Signature>::Pointer>(found);
    }

    void* self() { return object; }

    const Member<void()>::Pointer destroy;
    // libtorch 2.11's takes less than a tenth of it.
    alignas(64) unsigned char object[4096] = {};
};

// Work recorded on a stream of its own, which is the thread's while `recording`.
struct Graph {
    explicit Graph(c10::Stream stream) : recording(std::in_place, stream) { work.begin(); }
    std::optional<c10::StreamGuard> recording;
    CudaGraph work;
};

}  // namespace

extern "C" {

// The driver's handle of the stream that libtorch uses on this thread for a CUDA device.
int sg3_current_stream(int device, uint64_t* stream) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl cuda(CUDA);
        *stream = reinterpret_cast<uint64_t>(cuda.getStream(numbered(device)).native_handle());
    });
}

// Makes a device the one that CUDA means on this thread where none is named.
int sg3_select(int device) {
    return guarded([&] { c10::impl::VirtualGuardImpl(CUDA).setDevice(numbered(device)); });
}

// Whether the work of this thread's current stream is done.
int sg3_is_idle(int device, bool* idle) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl cuda(CUDA);
        *idle = cuda.queryStream(cuda.getStream(numbered(device)));
    });
}

// Waits for the work of this thread's current stream.
int sg3_synchronize(int device) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl cuda(CUDA);
        cuda.synchronizeStream(cuda.getStream(numbered(device)));
    });
}

// Begins to copy a CUDA tensor, as it is when the work queued so far is done. On another stream: the next
// batch does not wait for it.
int sg3_read_back(const at::Tensor* x, ReadBack** begun) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl cuda(CUDA);
        const c10::Stream work = cuda.getStream(x->device());
        const c10::Stream copies = cuda.getNewStream(x->device());
        c10::Event computed(CUDA);
        computed.record(work);
        computed.block(copies);
        const auto options = x->options().device(at::kCPU).pinned_memory(true);
        auto made = std::make_unique<ReadBack>(
            ReadBack{at::empty(x->sizes(), options), c10::Event(CUDA)});
        {
            const c10::StreamGuard guard(copies);
            made->host.copy_(*x, /*non_blocking=*/true);
        }
        // The memory is not given to others before the copy is done.
        x->record_stream(copies);
        made->done.record(copies);
        *begun = made.release();
    });
}

// Waits for the copy and takes it. Frees `begun` whatever comes of it.
int sg3_read_back_take(ReadBack* begun, at::Tensor** host) {
    return guarded([&] {
        const std::unique_ptr<ReadBack> owned(begun);
        owned->done.synchronize();
        *host = new at::Tensor(owned->host);
    });
}

void sg3_read_back_drop(ReadBack* begun) {
    // The event's end may fail where the device is lost; there is nobody to tell.
    guarded([&] { delete begun; });
}

// From here on this thread's work is recorded, not done, until the matching end.
int sg3_graph_begin(int device, Graph** made) {
    return guarded([&] {
        *made = new Graph(c10::impl::VirtualGuardImpl(CUDA).getNewStream(numbered(device)));
    });
}

int sg3_graph_end(Graph* graph) {
    return guarded([&] {
        // Whatever comes of it, the thread gets its stream back.
        struct Leaving {
            Graph* graph;
            ~Leaving() { graph->recording.reset(); }
        } leaving{graph};
        graph->work.end();
    });
}

// Queues what was recorded on this thread's current stream.
int sg3_graph_replay(Graph* graph) {
    return guarded([&] { graph->work.replay(); });
}

void sg3_graph_drop(Graph* graph) {
    guarded([&] { delete graph; });
}

// Returns to the device what libtorch keeps but does not use.
int sg3_empty_cache() {
    return guarded([&] { at::getDeviceAllocator(CUDA)->emptyCache(); });
}

}  // extern "C"
